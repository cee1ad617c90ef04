//! What real sheets do to a symbol: neighbours, crossing lines, hatch, cuts, pens, text.

use rand::Rng;

use super::super::pose::Pose;
use super::super::{CountOutcome, CountParams, Detection, Exemplar, find};
use super::sheet::{
    HABITS, Habit, PEN, Sheet, Stroke, Symbol, Tally, at, box_around, circle, count, families, line, middle,
    rect, summary, tally,
};
use crate::budget::Budget;
use crate::geom::{PxPoint, PxRect};
use crate::page::display::{Paint, Style, Verb};

const ALL: CountParams = CountParams {
    threshold: 0.80,
    rotation_tolerance: None,
    scale_tolerance: 0.20,
    mirrored: true,
    same_pen: true,
    lettering: None,
    max_detections: 500,
};

fn family(name: &str) -> Vec<Symbol> {
    families().into_iter().find(|f| f.0 == name).unwrap().1
}

/// `n` instances at random turns on a raster of 60 units, the first one upright: where they are,
/// and a person's box around the first.
fn scatter(sheet: &mut Sheet, symbol: &Symbol, n: usize, style: u32) -> (Vec<PxPoint>, Vec<Pose>, PxRect) {
    let (mut truth, mut poses) = (Vec::new(), Vec::new());
    for i in 0..n {
        let turn = if i == 0 { 0.0 } else { sheet.rng.random_range(0.0..360.0) };
        let mirrored = i > 0 && sheet.rng.random_bool(0.3);
        let (x, y) = (60.0 + 60.0 * (i % 12) as f64, 60.0 + 60.0 * (i / 12) as f64);
        let pose = at(x, y, turn, 1.0, mirrored);
        let habit = if i == 0 { Habit::Polylines(32) } else { HABITS[i % HABITS.len()] };
        sheet.symbol(symbol, &pose, habit, style);
        truth.push(middle(sheet, symbol, &pose));
        poses.push(pose);
    }
    let drawn = box_around(sheet, symbol, &poses[0], 1.0);
    (truth, poses, drawn)
}

#[track_caller]
fn expect_all(outcome: &CountOutcome, truth: &[PxPoint], what: &str) {
    let all = Tally { right: truth.len(), wrong: 0, missed: 0 };
    assert_eq!(tally(&outcome.detections, truth), all, "{what}: {}", summary(outcome, truth));
    assert!(outcome.complete && !outcome.truncated, "{what}");
}

#[test]
fn symbols_in_touching_rows_are_told_apart() {
    let square = Symbol(vec![rect(-4.0, -4.0, 4.0, 4.0), line(-4.0, 4.0, 4.0, -4.0), circle(1.5)]);
    for (pitch, habit) in
        [(9.0, Habit::Polylines(24)), (8.5, Habit::Exploded(24)), (8.0, Habit::Exploded(24))]
    {
        let mut sheet = Sheet::new(400.0, 400.0, 3);
        let mut truth = Vec::new();
        for row in 0..8 {
            for column in 0..20 {
                let pose =
                    at(60.0 + pitch * f64::from(column), 60.0 + pitch * f64::from(row), 0.0, 1.0, false);
                sheet.symbol(&square, &pose, habit, 0);
                truth.push(middle(&sheet, &square, &pose));
            }
        }
        let drawn =
            box_around(&sheet, &square, &at(60.0 + pitch * 7.0, 60.0 + pitch * 3.0, 0.0, 1.0, false), 0.3);
        expect_all(&count(&sheet, drawn, &ALL), &truth, &format!("pitch {pitch}, {habit:?}"));
    }
}

/// Rows of three such symbols, touching: their lines pass for a hatch, and end on the wall that the example's line ends on.
#[test]
fn lines_of_other_symbols_in_rows_are_no_hatch() {
    let simplex = || vec![circle(4.0), line(0.0, -6.5, 0.0, 4.0)];
    let end = 12_f64.sqrt();
    let more = [line(-2.0, -6.5, -2.0, end), line(2.0, -6.5, 2.0, end)];
    let triplex = Symbol(simplex().into_iter().chain(more).collect());
    let simplex = Symbol(simplex());
    let mut sheet = Sheet::new(400.0, 300.0, 3);
    let (mut truth, mut poses) = (Vec::new(), Vec::new());
    for (row, habit) in [Habit::Exploded(24), Habit::Halves(36), Habit::Polylines(24)].into_iter().enumerate()
    {
        let y = 60.0 + 60.0 * row as f64;
        sheet.line([20.0, y - 6.5], [380.0, y - 6.5], 0);
        for x in [40.0, 90.0] {
            let pose = at(x, y, 0.0, 1.0, false);
            sheet.symbol(&simplex, &pose, habit, 0);
            truth.push(middle(&sheet, &simplex, &pose));
            poses.push(pose);
        }
        for n in 0..3 {
            sheet.symbol(
                &triplex,
                &at(180.0 + 8.0 * f64::from(n), y, 0.0, 1.0, false),
                Habit::Exploded(24),
                0,
            );
        }
    }
    let outcome = count(&sheet, box_around(&sheet, &simplex, &poses[0], 1.0), &ALL);
    expect_all(&outcome, &truth, "one line");
}

#[test]
fn lines_and_cables_that_cross_do_not_hide_a_symbol() {
    for name in ["receptacle", "switch", "closet"] {
        let mut sheet = Sheet::new(800.0, 400.0, 4);
        let (truth, _, drawn) = scatter(&mut sheet, &family(name)[0], 48, 0);
        for _ in 0..40 {
            let y = sheet.rng.random_range(20.0..380.0);
            let rise = sheet.rng.random_range(-80.0..80.0);
            sheet.line([0.0, y], [800.0, y + rise], 0);
        }
        for i in 0..12 {
            // A cable in short chords, each its own path.
            let phase = f64::from(i);
            let at = |k: i32| {
                let x = f64::from(k) * 4.0;
                [x, 30.0 + phase * 30.0 + 20.0 * (x / 50.0 + phase).sin()]
            };
            (0..200).for_each(|k| sheet.line(at(k), at(k + 1), 0));
        }
        expect_all(&count(&sheet, drawn, &ALL), &truth, name);
    }
}

#[test]
fn tiles_under_the_symbols_do_not_matter_whatever_pen_drew_them() {
    let grey = Style { rgba: 0x8585_85ff, width: 0.24, ..PEN };
    for pen in [grey, PEN] {
        let mut sheet = Sheet::new(800.0, 400.0, 5);
        let symbol = &family("closet")[0];
        let (truth, _, drawn) = scatter(&mut sheet, symbol, 36, 0);
        let tiles = sheet.style(pen.clone());
        // Half of the symbols lie on tiles, the exemplar too.
        sheet.hatch([20.0, 20.0, 420.0, 380.0], 1.44, tiles);
        expect_all(&count(&sheet, drawn, &ALL), &truth, &format!("{pen:?}"));
    }
}

#[test]
fn dots_inside_and_a_cable_over_the_symbol_do_not_matter() {
    let symbol = Symbol(vec![circle(6.0), line(-6.0, 0.0, -12.0, 0.0), line(0.0, -6.0, 0.0, 6.0)]);
    let mut sheet = Sheet::new(800.0, 300.0, 6);
    let (truth, poses, drawn) = scatter(&mut sheet, &symbol, 30, 0);
    for pose in poses {
        for _ in 0..1000 {
            let (x, y) =
                (pose.x + sheet.rng.random_range(-4.0..4.0), pose.y + sheet.rng.random_range(-4.0..4.0));
            sheet.line([x, y], [x, y], 0);
        }
        sheet.line([pose.x - 28.0, pose.y - 20.0], [pose.x + 25.0, pose.y + 24.0], 0);
    }
    expect_all(&count(&sheet, drawn, &ALL), &truth, "dots");
}

#[test]
fn a_symbol_cut_by_a_table_edge_is_still_counted_and_half_a_symbol_is_not() {
    let symbol = &family("closet")[0];
    let mut sheet = Sheet::new(800.0, 300.0, 7);
    let (mut truth, _, drawn) = scatter(&mut sheet, symbol, 10, 0);
    // Everything right of x = edge is trimmed off; the table's edge is drawn there only for the first.
    let trimmed = |sheet: &mut Sheet, x: f64, y: f64, edge: f64, table: bool| {
        let pose = at(x, y, 0.0, 1.0, false);
        let window = crate::geom::ListRect { left: 0.0, top: 0.0, right: edge as f32, bottom: 300.0 };
        let first = sheet.list.paths.len();
        sheet.symbol(symbol, &pose, Habit::Exploded(48), 0);
        for path in &mut sheet.list.paths[first..] {
            path.visible.right = path.visible.right.min(window.right);
        }
        sheet.list.paths.retain(|p| p.visible.left <= p.visible.right);
        if table {
            sheet.path(
                &[Verb::Move, Verb::Line, Verb::Line, Verb::Line, Verb::Close],
                &[[edge, y - 30.0], [edge + 60.0, y - 30.0], [edge + 60.0, y + 30.0], [edge, y + 30.0]],
                0,
            );
        }
        middle(sheet, symbol, &pose)
    };
    let cut = trimmed(&mut sheet, 100.0, 220.0, 102.5, true);
    truth.push(cut);
    let half = trimmed(&mut sheet, 300.0, 220.0, 302.5, false);
    let outcome = count(&sheet, drawn, &ALL);
    expect_all(&outcome, &truth, "cut");
    let confidence = outcome.detections.iter().find(|d| d.center.distance(cut) < 2.0).unwrap().confidence;
    assert!((0.8..0.95).contains(&confidence), "the cut one has {confidence}");
    assert!(outcome.detections.iter().all(|d| d.center.distance(half) > 5.0));
}

#[test]
fn a_piece_of_a_neighbour_in_the_box_is_left_out_of_the_exemplar() {
    for name in ["receptacle", "switch", "closet"] {
        let symbol = &family(name)[0];
        let mut sheet = Sheet::new(800.0, 300.0, 21);
        let (truth, poses, tight) = scatter(&mut sheet, symbol, 24, 0);
        let b = symbol.bounds(&poses[0]);
        let (right, bottom) = (f64::from(b.right) + 1.5, f64::from(b.bottom) + 1.5);
        let corner = [[right, f64::from(b.top) - 1.0], [right, bottom], [f64::from(b.left) - 1.0, bottom]];
        sheet.path(&[Verb::Move, Verb::Line, Verb::Line], &corner, 0);
        let outcome = count(&sheet, tight, &ALL);
        assert!(outcome.trimmed.is_none() && outcome.lacking_a_part == 0, "{name}");
        let outcome = count(&sheet, box_around(&sheet, symbol, &poses[0], 3.0), &ALL);
        expect_all(&outcome, &truth, name);
        assert!(outcome.trimmed.is_some() && outcome.lacking_a_part == 0, "{name}");
    }
}

#[test]
fn what_hangs_on_the_exemplar_is_never_left_out_but_told() {
    // Twenty valves without a stem, and one box around a valve with one.
    let symbols = family("valve");
    let mut sheet = Sheet::new(800.0, 300.0, 23);
    let (_, _, drawn) = scatter(&mut sheet, &symbols[0], 1, 0);
    for i in 1..12 {
        let pose = at(60.0 + 60.0 * f64::from(i), 160.0, 30.0, 1.0, false);
        sheet.symbol(&Symbol(symbols[0].0[..2].to_vec()), &pose, Habit::Polylines(32), 0);
    }
    let outcome = count(&sheet, drawn, &ALL);
    assert_eq!((outcome.found, outcome.trimmed.is_some()), (1, false), "{}", summary(&outcome, &[]));
    assert_eq!(outcome.lacking_a_part, 11, "{}", summary(&outcome, &[]));
    let listed = |d: &PxPoint| outcome.detections.iter().all(|found| !found.bbox.contains(*d));
    assert!(outcome.lacking_at.len() == 11 && outcome.lacking_at.iter().all(listed));
}

#[test]
fn other_symbols_never_trim_an_exemplar() {
    for (name, symbols) in families() {
        let mut sheet = Sheet::new(800.0, 300.0, 22);
        let (_, _, drawn) = scatter(&mut sheet, &symbols[0], 3, 0);
        for (i, other) in symbols[1..].iter().enumerate() {
            for k in 0..2 {
                let pose = at(60.0 + 60.0 * i as f64, 160.0 + 60.0 * f64::from(k), 30.0, 1.0, false);
                sheet.symbol(other, &pose, Habit::Curves, 0);
            }
        }
        let outcome = count(&sheet, drawn, &ALL);
        assert!(outcome.trimmed.is_none(), "{name}");
    }
}

#[test]
fn another_pen_is_another_meaning_unless_told_otherwise() {
    let symbol = &family("receptacle")[0];
    for other in [
        Style { width: 0.9, ..PEN },
        Style { rgba: 0xa0a0_a0ff, ..PEN },
        Style { dash: vec![2.0, 1.0], ..PEN },
    ] {
        let mut sheet = Sheet::new(800.0, 300.0, 8);
        let (truth, _, drawn) = scatter(&mut sheet, symbol, 20, 0);
        let existing = sheet.style(other.clone());
        let mut both = truth.clone();
        for i in 0..8 {
            let pose = at(60.0 + 60.0 * f64::from(i), 240.0, 31.0 * f64::from(i), 1.0, false);
            sheet.symbol(symbol, &pose, Habit::Curves, existing);
            both.push(middle(&sheet, symbol, &pose));
        }
        let outcome = count(&sheet, drawn, &ALL);
        expect_all(&outcome, &truth, &format!("{other:?}"));
        assert_eq!(outcome.near_misses.len(), 8, "the others are worth a look: {:#?}", outcome.near_misses);
        assert!(outcome.near_misses.iter().all(|d| d.other_pen), "and it is told why: {other:?}");
        assert!(outcome.detections.iter().all(|d| !d.other_pen));
        // With the exemplar on another page of the set, all count, and it is told of the same eight.
        let mut elsewhere = Sheet::new(800.0, 300.0, 9);
        let (_, _, boxed) = scatter(&mut elsewhere, symbol, 2, 0);
        let exemplar = Exemplar::cut(&elsewhere.index(), boxed, &Budget::unlimited()).unwrap();
        let found =
            |params: &CountParams| find(&sheet.index(), &exemplar, params, &Budget::unlimited()).value;
        let outcome = found(&ALL);
        expect_all(&outcome, &both, &format!("{other:?}, boxed elsewhere"));
        let marked: Vec<Detection> = outcome.detections.iter().filter(|d| d.other_pen).cloned().collect();
        let told = Tally { right: 8, wrong: 0, missed: 0 };
        assert_eq!(tally(&marked, &both[truth.len()..]), told, "{other:?}");
        let outcome = found(&CountParams { same_pen: false, ..ALL });
        expect_all(&outcome, &both, &format!("{other:?}, any pen, boxed elsewhere"));
        let outcome = count(&sheet, drawn, &CountParams { same_pen: false, ..ALL });
        expect_all(&outcome, &both, &format!("{other:?}, any pen"));
        let unsure = |d: &&Detection| d.other_pen && d.confidence < 0.9;
        assert_eq!(
            outcome.detections.iter().filter(unsure).count(),
            8,
            "they are told and looked at: {other:?}"
        );
    }
}

#[test]
fn a_filled_body_is_not_an_outline() {
    let corners = vec![[-5.0, 4.0], [5.0, 4.0], [0.0, -6.0]];
    let open = Symbol(vec![Stroke::Closed(corners.clone())]);
    let solid = Symbol(vec![Stroke::Solid(corners)]);
    let mut sheet = Sheet::new(800.0, 300.0, 9);
    let (truth, _, drawn) = scatter(&mut sheet, &open, 12, 0);
    for i in 0..6 {
        sheet.symbol(&solid, &at(60.0 + 60.0 * f64::from(i), 200.0, 50.0, 1.0, false), Habit::Curves, 0);
    }
    expect_all(&count(&sheet, drawn, &ALL), &truth, "triangle");
}

#[test]
fn text_inside_may_differ() {
    let symbol = Symbol(vec![circle(9.0)]);
    let mut sheet = Sheet::new(800.0, 300.0, 10);
    let (truth, poses, drawn) = scatter(&mut sheet, &symbol, 24, 0);
    for (i, pose) in poses.iter().enumerate() {
        sheet.text(&format!("{}", i + 1), pose.x - 3.0, pose.y + 3.0, 6.0);
    }
    expect_all(&count(&sheet, drawn, &ALL), &truth, "bubbles");
}

#[test]
fn words_in_the_box_and_not_in_the_symbol_are_told_apart() {
    let symbol = Symbol(vec![circle(9.0)]);
    let mut sheet = Sheet::new(800.0, 300.0, 10);
    let (_, poses, drawn) = scatter(&mut sheet, &symbol, 24, 0);
    sheet.text("3", poses[0].x - 2.0, poses[0].y + 3.0, 6.0);
    sheet.text("GFI", poses[0].x + 12.0, poses[0].y + 3.0, 6.0);
    let index = sheet.index();
    let words = |drawn: PxRect| {
        let exemplar = Exemplar::cut(&index, drawn, &Budget::unlimited()).unwrap();
        (exemplar.words().to_vec(), exemplar.words_beside().to_vec())
    };
    assert_eq!(words(drawn), (vec!["3".to_owned()], Vec::new()));
    let scale = index.space.px_per_unit;
    let wide = PxRect { w: drawn.w + 16.0 * scale, ..drawn };
    assert_eq!(words(wide), (vec!["3".to_owned()], vec!["GFI".to_owned()]));
}

#[test]
fn one_path_for_the_whole_page_is_read_like_many() {
    let symbols = family("switch");
    let mut sheet = Sheet::new(800.0, 300.0, 11);
    let (truth, _, drawn) = scatter(&mut sheet, &symbols[0], 20, 0);
    for (i, other) in symbols[1..].iter().enumerate() {
        sheet.symbol(other, &at(60.0 + 60.0 * i as f64, 220.0, 75.0, 1.0, false), Habit::Polylines(24), 0);
    }
    let stroked = |s: &Style| s.paint == Paint::Stroke;
    let (mut verbs, mut coords, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for entry in std::mem::take(&mut sheet.list.paths) {
        let (v, c) = sheet.list.path(&entry);
        if stroked(&sheet.list.styles[entry.style as usize]) {
            verbs.extend_from_slice(v);
            coords.extend(c.iter().map(|c| [f64::from(c[0]), f64::from(c[1])]));
        } else {
            rest.push(entry);
        }
    }
    sheet.list.paths = rest;
    sheet.path(&verbs, &coords, 0);
    expect_all(&count(&sheet, drawn, &ALL), &truth, "merged");
}

#[test]
fn a_page_with_more_than_the_cap_keeps_the_strongest_and_says_so() {
    let symbol = &family("switch")[0];
    let mut sheet = Sheet::new(1000.0, 800.0, 12);
    let mut truth = Vec::new();
    let mut drawn = None;
    for i in 0..600 {
        let pose = at(
            40.0 + f64::from(i % 30) * 30.0,
            40.0 + f64::from(i / 30) * 34.0,
            f64::from(i) * 7.0,
            1.0,
            false,
        );
        sheet.symbol(symbol, &pose, HABITS[i as usize % HABITS.len()], 0);
        drawn.get_or_insert(box_around(&sheet, symbol, &pose, 1.0));
        truth.push(middle(&sheet, symbol, &pose));
    }
    let outcome = count(&sheet, drawn.unwrap(), &ALL);
    assert_eq!((outcome.found, outcome.detections.len(), outcome.truncated), (600, 500, true));
    assert_eq!(tally(&outcome.detections, &truth), Tally { right: 500, wrong: 0, missed: 100 });
    assert!(outcome.detections.windows(2).all(|w| w[0].confidence >= w[1].confidence));
    let outcome = count(&sheet, drawn.unwrap(), &CountParams { max_detections: 600, ..ALL });
    expect_all(&outcome, &truth, "600");
}

#[test]
fn the_sample_in_a_legend_is_told_from_the_instances() {
    let symbols = family("receptacle");
    for heading in [Some("ELECTRICAL LEGEND"), None] {
        let mut sheet = Sheet::new(1200.0, 400.0, 13);
        let (mut truth, _, drawn) = scatter(&mut sheet, &symbols[0], 24, 0);
        if let Some(text) = heading {
            sheet.text(text, 900.0, 40.0, 9.0);
        }
        sheet.text("SEE LEGEND FOR TYPES", 60.0, 300.0, 6.0);
        let rows = ["DUPLEX RECEPTACLE", "SINGLE POLE SWITCH", "FLOOR BOX", "JUNCTION BOX", "DATA OUTLET"];
        for (i, text) in rows.into_iter().enumerate() {
            let (x, y) = (905.0, 60.0 + 24.0 * i as f64);
            let symbol = if i == 0 { &symbols[0] } else { &families()[1].1[i - 1] };
            sheet.symbol(symbol, &at(x, y, 0.0, 1.0, false), Habit::Polylines(32), 0);
            sheet.text(text, x + 20.0, y + 3.0, 6.0);
        }
        truth.push(middle(&sheet, &symbols[0], &at(905.0, 60.0, 0.0, 1.0, false)));
        let outcome = count(&sheet, drawn, &ALL);
        expect_all(&outcome, &truth, "legend");
        let samples: Vec<_> = outcome.detections.iter().filter(|d| d.in_legend).collect();
        assert!(samples.len() == 1 && samples[0].center.x > 1800.0, "{heading:?}: {samples:#?}");
    }
}

/// Twenty of a symbol, every other one with something upon it: how many are counted, and how many of these are to be
/// looked at. No place counts twice, and those with nothing upon them are all that is sure.
fn counted_upon(symbol: &Symbol, upon: impl Fn(&mut Sheet, &Pose)) -> [usize; 2] {
    let mut sheet = Sheet::new(800.0, 200.0, 5);
    let (truth, poses, drawn) = scatter(&mut sheet, symbol, 20, 0);
    poses.iter().skip(1).step_by(2).for_each(|pose| upon(&mut sheet, pose));
    let outcome = count(&sheet, drawn, &ALL);
    let near = |d: &Detection, t: &PxPoint| (d.center.x - t.x).hypot(d.center.y - t.y) < 8.0;
    for (i, t) in truth.iter().enumerate() {
        let there: Vec<_> = outcome.detections.iter().filter(|d| near(d, t)).collect();
        assert!(there.len() <= 1, "{}", summary(&outcome, &truth));
        assert!(i % 2 == 1 || there.len() == 1 && there[0].confidence > 0.9);
    }
    assert_eq!(outcome.detections.iter().filter(|d| d.confidence > 0.9).count(), 10);
    let doubtful = outcome.detections.iter().filter(|d| d.variant && d.confidence <= 0.89).count();
    [outcome.detections.len(), doubtful]
}

#[test]
fn an_outline_within_another_and_a_symbol_drawn_twice_are_one_and_told() {
    let ring = Symbol(vec![circle(6.0)]);
    let square = Symbol(vec![rect(-6.0, -6.0, 6.0, 6.0), line(-6.0, -6.0, 6.0, 6.0)]);
    for symbol in [&ring, &square] {
        for (scale, shift) in [(1.15, 0.0), (0.87, 0.0), (1.0, 1.2), (1.0, 2.4)] {
            let again = |sheet: &mut Sheet, pose: &Pose| {
                let (x, y) = (pose.x + shift * 0.8, pose.y + shift * 0.6);
                let pose = at(x, y, pose.angle_deg(), scale, pose.mirrored);
                sheet.symbol(symbol, &pose, Habit::Polylines(32), 0);
            };
            let [all, doubtful] = counted_upon(symbol, again);
            assert_eq!(all, 10 + doubtful, "{scale} {shift}");
            // What has more in it than the exemplar is another symbol; a larger outline about it is in doubt.
            assert!(scale < 1.0 || shift > 0.0 || doubtful == 10, "{doubtful} {scale} {shift}");
        }
    }
}
