//! Symbols under what others drew: fine hatch, pipes.

use super::super::exemplar::Body;
use super::super::pose::Pose;
use super::super::{CountParams, Exemplar, find};
use super::sheet::{
    HABITS, Habit, PEN, Sheet, Symbol, Tally, at, box_around, count, line, middle, rect, summary, tally,
};
use crate::budget::Budget;
use crate::geom::PxPoint;
use crate::page::display::{Style, Verb};

/// A light with two lamps, half as long as `x`.
fn light(x: f64) -> Symbol {
    let (frame, lens) = (rect(-x, -9.0, x, 9.0), rect(2.0 - x, -7.0, x - 2.0, 7.0));
    let lamps = [-2.0, 2.0].map(|y| line(2.0 - x, y, x - 2.0, y));
    Symbol([vec![frame, lens], lamps.to_vec()].concat())
}

/// Twenty lights of 18 units by 36 and as many that are square, at quarter turns, in turns; `over` draws over each.
fn lights(sheet: &mut Sheet, over: &dyn Fn(&mut Sheet, usize, &Pose)) -> [Vec<(Pose, PxPoint)>; 2] {
    let kinds = [light(18.0), light(9.0)];
    let mut drawn = [Vec::new(), Vec::new()];
    for i in 0..40 {
        let (x, y) = (70.0 + 80.0 * (i % 8) as f64, 70.0 + 80.0 * (i / 8) as f64);
        let pose = at(x, y, [0.0, 90.0][i / 2 % 2], 1.0, false);
        sheet.symbol(&kinds[i % 2], &pose, HABITS[i % HABITS.len()], 0);
        drawn[i % 2].push((pose, middle(sheet, &kinds[i % 2], &pose)));
        over(sheet, i, &pose);
    }
    drawn
}

#[track_caller]
fn finds(kinds: &[usize], over: &dyn Fn(&mut Sheet, usize, &Pose)) {
    let mut sheet = Sheet::new(720.0, 470.0, 17);
    let drawn = lights(&mut sheet, over);
    for &kind in kinds {
        let x = [18.0, 9.0][kind];
        let example = box_around(&sheet, &light(x), &drawn[kind][0].0, 1.0);
        let found = count(&sheet, example, &CountParams::default());
        let truth: Vec<PxPoint> = drawn[kind].iter().map(|d| d.1).collect();
        let expected = Tally { right: 20, wrong: 0, missed: 0 };
        assert_eq!(tally(&found.detections, &truth), expected, "{kind} {}", summary(&found, &truth));
    }
}

#[test]
fn lines_of_a_fine_hatch_are_not_the_sides_that_half_of_a_longer_symbol_lacks() {
    // Closer than a side may be off, so that there is one wherever a side is looked for.
    finds(&[0, 1], &|sheet, i, pose| {
        let thin = sheet.style(Style { width: 0.15, rgba: 0x9999_99ff, ..PEN });
        for k in (0..48).filter(|_| i > 1) {
            let off = f64::from(k) * 1.5 - 36.0;
            let (a, b) = match i / 2 % 2 {
                0 => ([pose.x + off, pose.y - 15.0], [pose.x + off, pose.y + 15.0]),
                _ => ([pose.x - 15.0, pose.y + off], [pose.x + 15.0, pose.y + off]),
            };
            sheet.line(a, b, thin);
        }
    });
}

/// Pipes that bend, no longer than the symbol, drawn with a pen that is a little thinner and lighter.
fn pipes(sheet: &mut Sheet, from: [f64; 2], bend: f64) {
    let pen = sheet.style(Style { width: 0.25, rgba: 0x3333_33ff, ..PEN });
    for k in 0..6 {
        let (y, x) = (from[1] + 4.0 * f64::from(k), from[0] + bend + 3.0 * f64::from(k * 5 % 6));
        let way = [[from[0], y], [x, y], [x, y + 16.0], [x + 18.0, y + 16.0]];
        sheet.path(&[Verb::Move, Verb::Line, Verb::Line, Verb::Line], &way, pen);
    }
}

#[test]
fn pipes_over_a_symbol_make_no_other_one_of_it() {
    finds(&[0], &|sheet, i, pose| {
        if i > 1 && i % 5 < 3 {
            pipes(sheet, [pose.x - 22.0 - (i % 3) as f64, pose.y - 19.0 + (i % 4) as f64], 14.0);
        }
    });
}

#[test]
fn a_line_of_the_example_on_the_raster_of_pipes_beside_it_is_its_own() {
    let mut sheet = Sheet::new(200.0, 200.0, 17);
    let pose = at(100.0, 100.0, 0.0, 1.0, false);
    sheet.symbol(&light(18.0), &pose, Habit::Curves, 0);
    // Both lamps lie where a pipe would, and a little of the pipes in the box.
    pipes(&mut sheet, [115.0, 90.0], 14.0);
    let drawn = box_around(&sheet, &light(18.0), &pose, 1.0);
    let exemplar = Exemplar::cut(&sheet.index(), drawn, &Budget::unlimited()).unwrap();
    let Body::Ink(_, pieces) = &exemplar.body else { panic!("{exemplar}") };
    assert_eq!(pieces.ink.segments.len(), 10, "{exemplar}");
}

/// Crossed squares in rows, some of them drawn with another pen.
fn squares(rows: u32, of_others: impl Fn(u32) -> bool) -> (Sheet, Symbol, Vec<Pose>, usize) {
    let symbol = Symbol(vec![rect(-5.0, -5.0, 5.0, 5.0), line(-5.0, -5.0, 5.0, 5.0)]);
    let mut sheet = Sheet::new(1_000.0, 30.0 + 16.0 * f64::from(rows), 17);
    let thin = sheet.style(Style { width: 0.15, rgba: 0x9999_99ff, ..PEN });
    let (mut own, mut others) = (Vec::new(), 0);
    for n in 0..60 * rows {
        let pose = at(24.0 + 16.0 * f64::from(n % 60), 24.0 + 16.0 * f64::from(n / 60), 0.0, 1.0, false);
        let is_other = of_others(n);
        sheet.symbol(&symbol, &pose, Habit::Curves, if is_other { thin } else { 0 });
        if is_other {
            others += 1;
        } else {
            own.push(pose);
        }
    }
    (sheet, symbol, own, others)
}

#[test]
fn all_that_another_pen_drew_are_near_misses_and_none_of_the_exemplars_is_lost_among_them() {
    let (sheet, symbol, own, others) = squares(15, |n| n % 50 > 0);
    let params = CountParams { max_detections: 2_000, ..CountParams::default() };
    let found = count(&sheet, box_around(&sheet, &symbol, &own[0], 1.0), &params);
    assert_eq!((found.detections.len(), found.near_misses.len()), (own.len(), others));
    assert!(found.near_misses.iter().all(|d| d.other_pen));
}

/// Two pages are taken for one by where their ink is.
#[test]
fn pens_of_a_page_with_the_same_ink_are_its_own() {
    let drawn = || squares(6, |n| n % 3 > 0);
    let ((sheet, symbol, own, _), (mut other, ..)) = (drawn(), drawn());
    // Others come first that drew nothing.
    let more = [0.5, 0.7, 1.0].map(|width| Style { width, rgba: 0xff00_00ff, ..PEN });
    other.list.paths.iter_mut().for_each(|p| p.style += more.len() as u32);
    other.list.styles.splice(0..0, more);
    let example = box_around(&sheet, &symbol, &own[0], 1.0);
    let exemplar = Exemplar::cut(&other.index(), example, &Budget::unlimited()).unwrap();
    for page in [&other, &sheet] {
        let found = find(&page.index(), &exemplar, &CountParams::default(), &Budget::unlimited()).value;
        assert_eq!((found.detections.len(), found.near_misses.len()), (own.len(), 240));
    }
}
