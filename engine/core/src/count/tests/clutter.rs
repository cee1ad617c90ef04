//! What other trades draw over a symbol is neither the example's nor a reason to leave an instance out.

use super::super::pose::Pose;
use super::super::{CountOutcome, CountParams};
use super::sheet::{
    Habit, PEN, Sheet, Symbol, Tally, at, box_around, count, families, line, middle, rect, summary, tally,
};
use crate::geom::PxPoint;
use crate::page::display::{Paint, Style, Verb};

fn closet() -> Symbol {
    families().into_iter().find(|f| f.0 == "closet").unwrap().1.remove(0)
}

/// Twelve of a symbol in a row; `clutter` draws over each.
fn row(clutter: &dyn Fn(&mut Sheet, usize, &Pose)) -> (Sheet, Vec<PxPoint>, CountOutcome) {
    let mut sheet = Sheet::new(800.0, 120.0, 31);
    let symbol = closet();
    let poses: Vec<Pose> = (0..12)
        .map(|i| {
            at(60.0 + 60.0 * f64::from(i), 60.0, if i == 0 { 0.0 } else { 30.0 * f64::from(i) }, 1.0, false)
        })
        .collect();
    let mut truth = Vec::new();
    for (i, pose) in poses.iter().enumerate() {
        sheet.symbol(&symbol, pose, Habit::Polylines(32), 0);
        truth.push(middle(&sheet, &symbol, pose));
        clutter(&mut sheet, i, pose);
    }
    let drawn = box_around(&sheet, &symbol, &poses[0], 1.0);
    let outcome = count(&sheet, drawn, &CountParams::default());
    (sheet, truth, outcome)
}

#[track_caller]
fn all_found(truth: &[PxPoint], outcome: &CountOutcome) {
    let all = Tally { right: truth.len(), wrong: 0, missed: 0 };
    assert_eq!(tally(&outcome.detections, truth), all, "{}", summary(outcome, truth));
}

#[test]
fn a_note_across_the_example_is_not_what_it_says() {
    // The words in the middle fit into the outline, the note does not; another closet has the same note.
    let note = |sheet: &mut Sheet, i: usize, pose: &Pose| {
        if i < 2 {
            sheet.text("SEE NOTE 4", pose.x - 9.0, pose.y, 4.0);
        }
    };
    let (_, truth, outcome) = row(&note);
    assert!(outcome.other_lettering.is_empty(), "{:?}", outcome.other_lettering);
    all_found(&truth, &outcome);
}

#[test]
fn a_name_that_the_examples_own_lines_strike_is_not_what_it_says_though_others_have_it_too() {
    let light = Symbol(vec![rect(-12.0, -6.0, 12.0, 6.0), line(-11.0, 0.5, 11.0, 0.5)]);
    let mut sheet = Sheet::new(800.0, 120.0, 31);
    let mut truth = Vec::new();
    for k in 0..12 {
        let pose = at(60.0 + 60.0 * f64::from(k), 60.0, 0.0, 1.0, false);
        sheet.symbol(&light, &pose, Habit::Polylines(32), 0);
        truth.push(middle(&sheet, &light, &pose));
        // The names of rooms: three are the same.
        if k % 4 == 0 {
            sheet.text("EXAM", pose.x - 4.8, pose.y + 2.5, 4.0);
        }
    }
    let drawn = box_around(&sheet, &light, &at(60.0, 60.0, 0.0, 1.0, false), 1.0);
    let outcome = count(&sheet, drawn, &CountParams::default());
    assert!(outcome.other_lettering.is_empty(), "{:?}", outcome.other_lettering);
    all_found(&truth, &outcome);
}

#[test]
fn a_hatch_that_ends_just_outside_the_examples_box_is_not_its_own() {
    // Its lines lie in the box almost from end to end, those beside the box as long.
    let hatched = |sheet: &mut Sheet, i: usize, pose: &Pose| {
        let b = closet().bounds(pose);
        let (top, bottom) = (f64::from(b.top) - 1.8, f64::from(b.bottom) + 0.5);
        for k in (0..16).filter(|_| i == 0) {
            let x = pose.x + 1.0 + 1.5 * f64::from(k);
            sheet.line([x, top], [x, bottom], 0);
        }
    };
    let (_, truth, outcome) = row(&hatched);
    assert!(outcome.trimmed.is_none(), "nothing of the example is left out");
    all_found(&truth, &outcome);
}

#[test]
fn dots_in_the_examples_box_are_not_its_own() {
    // Carpet that a program drew as small filled squares, under every third closet.
    let carpet = |sheet: &mut Sheet, i: usize, pose: &Pose| {
        let fill = sheet.style(Style { paint: Paint::FillNonZero, ..PEN });
        for k in (0..100).filter(|_| i.is_multiple_of(3)) {
            let (x, y) = (pose.x - 22.0 + f64::from(k % 10) * 4.6, pose.y - 22.0 + f64::from(k / 10) * 4.6);
            let corners = [[x, y], [x + 0.5, y], [x + 0.5, y + 0.5], [x, y + 0.5]];
            sheet.path(&[Verb::Move, Verb::Line, Verb::Line, Verb::Line, Verb::Close], &corners, fill);
        }
    };
    let (_, truth, outcome) = row(&carpet);
    assert!(outcome.trimmed.is_none() && outcome.lacking_a_part == 0, "{}", summary(&outcome, &truth));
    all_found(&truth, &outcome);
}

#[test]
fn a_side_of_a_box_that_ends_in_the_example_is_not_its_own() {
    // Three sides of the box leave the example; the fourth lies in it from end to end.
    let boxed = |sheet: &mut Sheet, i: usize, pose: &Pose| {
        if i == 0 {
            let (x, y) = (pose.x - 4.0, pose.y);
            let corners = [[x, y - 5.0], [x + 46.0, y - 5.0], [x + 46.0, y + 5.0], [x, y + 5.0]];
            sheet.path(&[Verb::Move, Verb::Line, Verb::Line, Verb::Line, Verb::Close], &corners, 0);
        }
    };
    let (_, truth, outcome) = row(&boxed);
    let found = tally(&outcome.detections, &truth);
    // The second closet has a side of the box in it.
    assert!(found.wrong == 0 && found.missed <= 1, "{}", summary(&outcome, &truth));
}

#[test]
fn what_another_pen_drew_across_an_instance_is_something_else() {
    let across = |sheet: &mut Sheet, i: usize, pose: &Pose| {
        let pen = sheet.style(Style { width: 0.2, rgba: 0x9090_90ff, ..PEN });
        if i > 0 {
            // From the middle of the bowl to the outside, not far.
            let [x, y] = pose.apply([0.0, -2.0]);
            let corner = [[x, y], [x + 2.0, y], [x + 2.0, y + 16.0]];
            sheet.path(&[Verb::Move, Verb::Line, Verb::Line], &corner, pen);
        }
    };
    let (_, truth, outcome) = row(&across);
    all_found(&truth, &outcome);
}

#[test]
fn the_example_with_another_pens_drawing_over_it_is_told() {
    // A table that happens to stand on the example, wholly inside its box.
    let table = |sheet: &mut Sheet, i: usize, pose: &Pose| {
        let pen = sheet.style(Style { width: 0.2, rgba: 0x9090_90ff, ..PEN });
        if i == 0 {
            for k in 0..9 {
                let y = pose.y - 7.0 + f64::from(k * k) * 0.21;
                sheet.line(
                    [pose.x - 5.0, y],
                    [pose.x + 5.0 - f64::from(k % 3), y + 0.3 * f64::from(k % 2)],
                    pen,
                );
            }
        }
    };
    let (_, _, outcome) = row(&table);
    assert!(outcome.found <= 4, "{}", outcome.found);
    assert!(outcome.lacking_a_part >= 8, "{}", summary(&outcome, &[]));
}

#[test]
fn what_passes_the_example_may_end_near_an_instance() {
    // A rail over the foot of each; that of the example goes on, the others bend to the wall close by.
    let rail = |sheet: &mut Sheet, i: usize, pose: &Pose| {
        let reach = if i == 0 { 40.0 } else { 9.0 };
        for y in [5.0, 6.0] {
            let [a, b] = [pose.apply([-reach, y]), pose.apply([reach, y])];
            let [c, d] = [pose.apply([-reach, 11.0]), pose.apply([reach, 11.0])];
            sheet.path(&[Verb::Move, Verb::Line, Verb::Line, Verb::Line], &[c, a, b, d], 0);
        }
    };
    let (_, truth, outcome) = row(&rail);
    all_found(&truth, &outcome);
    // The same rail where the example has none, on some of them, makes others of those.
    let elsewhere = |sheet: &mut Sheet, i: usize, pose: &Pose| {
        rail(sheet, i, pose);
        if i > 8 {
            let [a, b] = [pose.apply([-9.0, -4.0]), pose.apply([9.0, -4.0])];
            let [c, d] = [pose.apply([-9.0, -9.0]), pose.apply([9.0, -9.0])];
            sheet.path(&[Verb::Move, Verb::Line, Verb::Line, Verb::Line], &[c, a, b, d], 0);
        }
    };
    let (_, truth, outcome) = row(&elsewhere);
    assert_eq!(tally(&outcome.detections, &truth[..9]).right, 9, "{}", summary(&outcome, &truth));
    assert_eq!(outcome.found, 9, "{}", summary(&outcome, &truth));
}

/// A box around each but the example, so far from it to the left, above, to the right and below.
fn boxed(gaps: &'static dyn Fn(usize) -> [f64; 4]) -> impl Fn(&mut Sheet, usize, &Pose) {
    move |sheet, i, pose| {
        if i > 0 {
            let b = closet().bounds(pose);
            let g = gaps(i);
            let (l, t) = (f64::from(b.left) - g[0], f64::from(b.top) - g[1]);
            let (r, s) = (f64::from(b.right) + g[2], f64::from(b.bottom) + g[3]);
            sheet.path(
                &[Verb::Move, Verb::Line, Verb::Line, Verb::Line, Verb::Close],
                &[[l, t], [r, t], [r, s], [l, s]],
                0,
            );
        }
    }
}

#[test]
fn what_stands_around_instances_here_so_and_there_otherwise_is_no_frame() {
    let (_, truth, outcome) = row(&boxed(&|i| {
        let k = i as f64 * 0.45;
        [0.5 + k, 5.5 - k, 1.0 + k / 2.0, 1.5]
    }));
    all_found(&truth, &outcome);
}

#[test]
fn one_frame_around_many_makes_another_symbol_of_them() {
    let symbol = closet();
    let mut sheet = Sheet::new(800.0, 120.0, 31);
    let mut truth = Vec::new();
    for i in 0..12 {
        let pose = at(60.0 + 60.0 * f64::from(i), 60.0, 0.0, 1.0, false);
        sheet.symbol(&symbol, &pose, Habit::Polylines(32), 0);
        if i < 6 {
            truth.push(middle(&sheet, &symbol, &pose));
        } else {
            boxed(&|_| [2.0; 4])(&mut sheet, i as usize, &pose);
        }
    }
    let drawn = box_around(&sheet, &symbol, &at(60.0, 60.0, 0.0, 1.0, false), 1.0);
    let outcome = count(&sheet, drawn, &CountParams::default());
    all_found(&truth, &outcome);
    assert_eq!(outcome.near_misses.iter().filter(|d| d.framed).count(), 6, "that is told");
    assert!(outcome.detections.iter().all(|d| !d.framed));
}
