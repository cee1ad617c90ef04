//! Sheets as a scanner sees them: drawn with a pen of some pixels, grainy, traced, and counted by the picture.

use super::super::ink::Ink;
use super::super::pose::Pose;
use super::super::{CountOutcome, CountParams, Detection, Exemplar, PageIndex, find, suggest};
use super::sheet::{
    Habit, Sheet, Stroke, Symbol, Tally, at, box_around, circle, line, middle, rect, summary, tally,
};
use crate::budget::Budget;
use crate::geom::{PageSpace, PxPoint, PxRect};
use crate::page::display::{DisplayList, Paint, Style};
use crate::trace::{Gray, trace};

const DPI: f64 = 150.0;
const PX: f64 = DPI / 72.0;

/// The strokes of a sheet in ink of a darkness for each style, 0 to 255, on grainy paper.
fn scanned(sheet: &Sheet, darkness: &[f32]) -> DisplayList {
    let space = sheet.list.space;
    let times = PX / space.px_per_unit;
    let (w, h) = (f64::from(space.width_px) * times, f64::from(space.height_px) * times);
    let (w, h) = (w.round() as usize, h.round() as usize);
    let mut ink = vec![0.0_f32; w * h];
    for s in &Ink::of(&sheet.list, &Budget::unlimited()).unwrap().segments {
        let (a, b) = (s.a.map(|v| v * PX as f32), s.b.map(|v| v * PX as f32));
        let (ex, ey) = (b[0] - a[0], b[1] - a[1]);
        let n = (ex * ex + ey * ey).max(f32::MIN_POSITIVE);
        let span = |i: usize, most: usize| {
            let low = (a[i].min(b[i]) - 3.0).max(0.0) as usize;
            low..((a[i].max(b[i]) + 3.0) as usize).min(most)
        };
        for (y, x) in span(1, h).flat_map(|y| span(0, w).map(move |x| (y, x))) {
            let (px, py) = (x as f32 + 0.5 - a[0], y as f32 + 0.5 - a[1]);
            let t = ((px * ex + py * ey) / n).clamp(0.0, 1.0);
            let off = (px - ex * t).hypot(py - ey * t);
            let dark = darkness[s.style as usize] * (1.5 - off).clamp(0.0, 1.0);
            let at = &mut ink[y * w + x];
            *at = at.max(dark);
        }
    }
    let mut grain = 12_345_u32;
    let pixels: Vec<u8> = ink
        .into_iter()
        .map(|ink| {
            grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (244.0 - ink * 0.9 + (grain >> 24) as f32 / 16.0 - 8.0).clamp(0.0, 255.0) as u8
        })
        .collect();
    let gray = Gray::new(w, h, &pixels).unwrap();
    trace(&gray, &PageSpace::of_raster(w as u32, h as u32, Some(DPI)), &Budget::unlimited()).unwrap()
}

/// From pixels of the sheet to those of its scan.
fn on_scan(sheet: &Sheet, p: PxPoint) -> PxPoint {
    let times = PX / sheet.list.space.px_per_unit;
    PxPoint::new(p.x * times, p.y * times)
}

fn counted(list: &DisplayList, drawn: PxRect) -> CountOutcome {
    let page = PageIndex::build(list, &Budget::unlimited()).unwrap();
    let exemplar = Exemplar::cut(&page, drawn, &Budget::unlimited()).unwrap();
    find(&page, &exemplar, &CountParams::default(), &Budget::unlimited()).value
}

/// A receptacle, and the same with a bar.
fn receptacles() -> [Symbol; 2] {
    let plain = vec![circle(6.0), line(-2.0, -5.7, -2.0, 10.0), line(2.0, -5.7, 2.0, 10.0)];
    let barred = [plain.clone(), vec![line(-5.8, 0.0, 5.8, 0.0)]].concat();
    [Symbol(plain), Symbol(barred)]
}

struct Drawn {
    list: DisplayList,
    truth: Vec<PxPoint>,
    /// Around the first instance.
    first: PxRect,
}

/// Rows of a symbol, turned and mirrored, and of its look-alike, half of them on hatch in a fainter ink.
fn rows(symbol: &Symbol, look_alike: &Symbol) -> Drawn {
    mixed(symbol, look_alike, |row, _| row % 2 == 0, &Symbol(Vec::new()))
}

/// The same where `which` says by row and column which is the symbol, and what lies over the first.
fn mixed(symbol: &Symbol, look_alike: &Symbol, which: fn(usize, usize) -> bool, over: &Symbol) -> Drawn {
    let mut sheet = Sheet::new(500.0, 300.0, 7);
    let faint = sheet.style(Style { paint: Paint::Stroke, rgba: 0x5050_50ff, width: 0.1, dash: Vec::new() });
    sheet.hatch([250.0, 10.0, 490.0, 290.0], 5.0, faint);
    let mut truth = Vec::new();
    let mut first = None;
    for (row, column) in (0..6).flat_map(|row| (0..10).map(move |column| (row, column))) {
        let (n, turn) = (row * 10 + column, row as f64 * 90.0 + column as f64 * 7.0);
        let (x, y) = (30.0 + column as f64 * 48.0, 30.0 + row as f64 * 48.0);
        let pose = at(x, y, if n == 0 { 0.0 } else { turn }, 1.0, n % 3 == 1);
        if n == 0 {
            sheet.symbol(over, &pose, Habit::Polylines(40), 0);
        }
        if !which(row, column) {
            sheet.symbol(look_alike, &pose, Habit::Polylines(40), 0);
            continue;
        }
        sheet.symbol(symbol, &pose, Habit::Polylines(40), 0);
        let place = middle(&sheet, symbol, &pose);
        truth.push(on_scan(&sheet, place));
        let b = box_around(&sheet, symbol, &pose, 1.6);
        let corner = on_scan(&sheet, PxPoint::new(b.x, b.y));
        let other = on_scan(&sheet, PxPoint::new(b.x + b.w, b.y + b.h));
        first.get_or_insert(PxRect::from_corners(corner, other));
    }
    let mut darkness = vec![220.0; sheet.list.styles.len()];
    darkness[faint as usize] = 60.0;
    Drawn { list: scanned(&sheet, &darkness), truth, first: first.unwrap() }
}

#[test]
fn turned_and_on_hatch_a_symbol_is_found_and_ranks_before_its_look_alike() {
    let [plain, barred] = receptacles();
    for (symbol, other) in [(&plain, &barred), (&barred, &plain)] {
        let drawn = rows(symbol, other);
        let outcome = counted(&drawn.list, drawn.first);
        let all = Tally { right: 30, wrong: 0, missed: 0 };
        let first = &outcome.detections[..outcome.detections.len().min(30)];
        assert_eq!(tally(first, &drawn.truth), all, "{}", summary(&outcome, &drawn.truth));
        let sure = |d: &&Detection| d.confidence >= 0.9 && !d.is_exemplar;
        assert_eq!(outcome.detections.iter().filter(sure).count(), 0, "nothing scanned is sure");
    }
}

#[test]
fn symbols_that_repeat_on_a_scan_are_suggested_with_their_counts_and_short_strokes_are_not() {
    let [plain, barred] = receptacles();
    let mut sheet = Sheet::new(500.0, 420.0, 3);
    let dash = Symbol(vec![line(0.0, -9.0, 0.0, 9.0), line(1.5, -9.0, 1.5, 9.0)]);
    for (row, symbol) in [&plain, &barred, &dash].into_iter().enumerate() {
        for n in 0..18 - row * 3 {
            let (x, y) = (40.0 + n as f64 % 9.0 * 48.0, 40.0 + row as f64 * 130.0 + (n / 9) as f64 * 60.0);
            sheet.symbol(symbol, &at(x, y, n as f64 * 37.0, 1.0, false), Habit::Polylines(40), 0);
        }
    }
    let page = PageIndex::build(&scanned(&sheet, &[220.0]), &Budget::unlimited()).unwrap();
    let found = suggest(&page, &CountParams::default(), &Budget::unlimited()).value;
    let counts: Vec<(usize, bool)> = found.list.iter().map(|s| (s.count, s.confidence.is_some())).collect();
    assert_eq!(counts, [(18, true), (15, true)], "{found:#?}");
}

/// What others show besides may stand at any turn of a symbol that lies on itself turned.
#[test]
fn what_many_share_at_any_turn_of_a_round_symbol_makes_them_another() {
    let round = Symbol(vec![circle(7.0)]);
    let spoked = Symbol(vec![circle(7.0), line(0.0, 0.0, 10.0, 0.0)]);
    let square = Symbol(vec![rect(-6.0, -6.0, 6.0, 6.0)]);
    let halved = Symbol(vec![rect(-6.0, -6.0, 6.0, 6.0), line(0.0, 0.0, 6.0, 0.0)]);
    for (symbol, other) in [(&round, &spoked), (&square, &halved)] {
        let drawn = rows(symbol, other);
        let outcome = counted(&drawn.list, drawn.first);
        let all = Tally { right: 30, wrong: 0, missed: 0 };
        assert_eq!(tally(&outcome.detections, &drawn.truth), all, "{}", summary(&outcome, &drawn.truth));
    }
}

#[test]
fn what_lies_over_the_exemplar_alone_is_not_the_symbols() {
    let [plain, _] = receptacles();
    let lettering = Symbol(vec![line(-4.5, -1.5, -3.0, 1.5), line(-3.0, 1.5, -1.0, -1.0)]);
    let other = Symbol(vec![rect(-7.0, -7.0, 7.0, 7.0)]);
    let drawn = mixed(&plain, &other, |row, _| row % 2 == 0, &lettering);
    let outcome = counted(&drawn.list, drawn.first);
    let all = Tally { right: 30, wrong: 0, missed: 0 };
    assert_eq!(tally(&outcome.detections, &drawn.truth), all, "{}", summary(&outcome, &drawn.truth));
    // It is told, and other pages are searched without.
    let page = PageIndex::build(&drawn.list, &Budget::unlimited()).unwrap();
    let again = find(&page, &outcome.trimmed.unwrap(), &CountParams::default(), &Budget::unlimited()).value;
    assert_eq!(tally(&again.detections, &drawn.truth), all, "{}", summary(&again, &drawn.truth));
    assert!(again.trimmed.is_none() && counted(&rows(&plain, &other).list, drawn.first).trimmed.is_none());
}

/// A symbol at these poses, of which the first is the example.
fn placed(symbol: &Symbol, size: [f64; 2], poses: &[Pose]) -> Drawn {
    let mut sheet = Sheet::new(size[0], size[1], 3);
    let mut truth = Vec::new();
    for pose in poses {
        sheet.symbol(symbol, pose, Habit::Polylines(24), 0);
        let place = middle(&sheet, symbol, pose);
        truth.push(on_scan(&sheet, place));
    }
    let b = box_around(&sheet, symbol, &poses[0], 1.6);
    let corner = on_scan(&sheet, PxPoint::new(b.x, b.y));
    let other = on_scan(&sheet, PxPoint::new(b.x + b.w, b.y + b.h));
    Drawn { list: scanned(&sheet, &[220.0]), truth, first: PxRect::from_corners(corner, other) }
}

fn asked(drawn: &Drawn, params: &CountParams) -> CountOutcome {
    let page = PageIndex::build(&drawn.list, &Budget::unlimited()).unwrap();
    let exemplar = Exemplar::cut(&page, drawn.first, &Budget::unlimited()).unwrap();
    find(&page, &exemplar, params, &Budget::unlimited()).value
}

/// More than are tried where most are none.
#[test]
fn thousands_of_a_symbol_are_all_found() {
    let [plain, _] = receptacles();
    let pose = |n: usize| {
        at(30.0 + 24.0 * (n % 52) as f64, 30.0 + 25.0 * (n / 52) as f64, 47.0 * n as f64, 1.0, false)
    };
    let drawn = placed(&plain, [1300.0, 1080.0], &(0..52 * 41).map(pose).collect::<Vec<_>>());
    let outcome = asked(&drawn, &CountParams { max_detections: 5_000, ..CountParams::default() });
    let all = Tally { right: drawn.truth.len(), wrong: 0, missed: 0 };
    assert_eq!(tally(&outcome.detections, &drawn.truth), all);
    assert!(outcome.complete);
}

#[test]
fn instances_of_every_size_that_is_allowed_are_found() {
    let [plain, _] = receptacles();
    let sizes = [1.0, 0.85, 0.9, 1.12, 1.18];
    let pose = |n: usize| {
        let (x, y) = (30.0 + 40.0 * (n % 5) as f64, 30.0 + 40.0 * (n / 5) as f64);
        at(x, y, 47.0 * n as f64, sizes[n % sizes.len()], false)
    };
    let drawn = placed(&plain, [240.0, 240.0], &(0..25).map(pose).collect::<Vec<_>>());
    let size_of = |d: &Detection| {
        let n = drawn.truth.iter().position(|t| (t.x - d.center.x).hypot(t.y - d.center.y) < 4.0);
        sizes[n.expect("an instance") % sizes.len()]
    };
    let all = asked(&drawn, &CountParams::default());
    let right = Tally { right: 25, wrong: 0, missed: 0 };
    assert_eq!(tally(&all.detections, &drawn.truth), right, "{}", summary(&all, &drawn.truth));
    for d in &all.detections {
        assert!((d.scale / size_of(d)).ln().abs() < 0.05, "{d:?}");
    }
    // Of a symbol of so few pixels, a tenth is hardly to be told.
    let same = asked(&drawn, &CountParams { scale_tolerance: 0.05, ..CountParams::default() });
    assert!(same.detections.iter().all(|d| (0.9..1.15).contains(&size_of(d))));
    assert!(same.detections.iter().filter(|d| size_of(d) == 1.0).count() == 5);
}

/// All but a hook are alike, so that most of a mirror image fits.
#[test]
fn mirror_images_are_told_and_not_counted_where_they_are_not_asked_for() {
    let [mut hooked, _] = receptacles();
    hooked.0.extend([line(6.0, 0.0, 9.0, 0.0), line(9.0, 0.0, 9.0, 3.5)]);
    for size in [1.0, 2.0] {
        let pose = |n: usize| {
            let [x, y] = [n % 5, n / 5].map(|v| size * (20.0 + 30.0 * v as f64));
            at(x, y, 47.0 * n as f64, size, n % 3 == 1)
        };
        let drawn = placed(&hooked, [160.0 * size, 160.0 * size], &(0..25).map(pose).collect::<Vec<_>>());
        let both = asked(&drawn, &CountParams::default());
        let told = summary(&both, &drawn.truth);
        assert_eq!(tally(&both.detections, &drawn.truth), Tally { right: 25, wrong: 0, missed: 0 }, "{told}");
        assert_eq!(both.detections.iter().filter(|d| d.mirrored).count(), 8, "{told}");
        let plain = asked(&drawn, &CountParams { mirrored: false, ..CountParams::default() });
        assert_eq!(tally(&plain.detections, &drawn.truth), Tally { right: 17, wrong: 0, missed: 8 });
    }
}

/// Whether it lies over the symbol or makes it another cannot be told, but that others agree without it.
#[test]
fn where_all_lack_the_same_of_the_exemplar_that_is_told_and_none_counted() {
    let [plain, _] = receptacles();
    let lettering = Symbol(vec![
        line(-8.0, 3.0, -5.0, -3.0),
        line(-5.0, -3.0, -2.5, 3.0),
        line(0.0, -3.0, 0.0, 3.0),
        line(0.0, 0.0, 4.0, 0.5),
        line(4.0, -3.0, 4.0, 3.0),
    ]);
    let other = Symbol(vec![rect(-7.0, -7.0, 7.0, 7.0)]);
    let drawn = mixed(&plain, &other, |row, _| row % 2 == 0, &lettering);
    let outcome = counted(&drawn.list, drawn.first);
    assert_eq!(outcome.detections.len(), 1, "{}", summary(&outcome, &drawn.truth));
    assert!((25..30).contains(&outcome.lacking_a_part), "{}", outcome.lacking_a_part);
    for at in &outcome.lacking_at {
        assert!(drawn.truth.iter().any(|t| t.distance(*at) < 3.0), "{at:?}");
    }
    let clean = counted(&rows(&plain, &other).list, drawn.first);
    assert_eq!(clean.lacking_a_part, 0);
}

/// Letters of a word, of which the example's box takes in a piece and leaves the rest.
#[test]
fn lettering_over_the_exemplar_that_goes_on_beyond_its_box_is_not_the_symbols() {
    let [plain, _] = receptacles();
    let letter =
        |x: f64| [line(x, 7.0, x, 14.0), line(x, 7.0, x + 3.0, 14.0), line(x + 3.0, 14.0, x + 3.0, 7.0)];
    let word: Vec<Stroke> = [-20.0, -13.0, -6.0, 1.0, 8.0, 15.0].into_iter().flat_map(letter).collect();
    let other = Symbol(vec![rect(-7.0, -7.0, 7.0, 7.0)]);
    let drawn = mixed(&plain, &other, |row, _| row % 2 == 0, &Symbol(word));
    let outcome = counted(&drawn.list, drawn.first);
    let all = Tally { right: 30, wrong: 0, missed: 0 };
    assert_eq!(tally(&outcome.detections, &drawn.truth), all, "{}", summary(&outcome, &drawn.truth));
    assert!(outcome.trimmed.is_some(), "it is told");
}

/// No strokes can be traced in it.
#[test]
fn a_small_symbol_that_is_dark_all_over_is_found() {
    let drain =
        Symbol(vec![circle(1.9), circle(1.0), line(-1.0, -1.0, 1.0, 1.0), line(-1.0, 1.0, 1.0, -1.0)]);
    let drawn = rows(&drain, &Symbol(vec![rect(-7.0, -7.0, 7.0, 7.0)]));
    let outcome = counted(&drawn.list, drawn.first);
    let all = Tally { right: 30, wrong: 0, missed: 0 };
    assert_eq!(tally(&outcome.detections, &drawn.truth), all, "{}", summary(&outcome, &drawn.truth));
}

#[test]
fn what_many_share_beside_the_symbol_makes_them_another() {
    let [plain, _] = receptacles();
    let quad = [plain.0.clone(), vec![line(-5.7, -2.0, 5.7, -2.0), line(-5.7, 2.0, 5.7, 2.0)]].concat();
    let (quad, nothing) = (Symbol(quad), Symbol(Vec::new()));
    for (symbol, other) in [(&plain, &quad), (&quad, &plain)] {
        let few: fn(usize, usize) -> bool = |row, column| row == 0 && column % 2 == 0;
        let most: fn(usize, usize) -> bool = |row, _| row != 3;
        for (which, right) in [(few, 5), (most, 50)] {
            let drawn = mixed(symbol, other, which, &nothing);
            let outcome = counted(&drawn.list, drawn.first);
            let all = Tally { right, wrong: 0, missed: 0 };
            assert_eq!(tally(&outcome.detections, &drawn.truth), all, "{}", summary(&outcome, &drawn.truth));
        }
    }
}

/// An arrowhead on a stem is its own image a third of a turn on, but for the stem.
#[test]
fn a_symbol_that_is_almost_the_same_turned_is_found_at_every_turn() {
    let head = vec![line(0.0, -7.5, 6.75, 4.5), line(6.75, 4.5, -6.75, 4.5), line(-6.75, 4.5, 0.0, -7.5)];
    let outlet = Symbol([head, vec![line(0.0, 4.5, 0.0, 9.75)]].concat());
    let drawn = rows(&outlet, &Symbol(vec![rect(-7.0, -7.0, 7.0, 7.0)]));
    let outcome = counted(&drawn.list, drawn.first);
    let all = Tally { right: 30, wrong: 0, missed: 0 };
    assert_eq!(tally(&outcome.detections, &drawn.truth), all, "{}", summary(&outcome, &drawn.truth));
}

#[test]
fn a_symbol_that_hangs_on_a_wall_of_the_same_pen_is_found() {
    let basin = Symbol(vec![
        line(-9.0, 0.0, -9.0, 14.0),
        line(9.0, 0.0, 9.0, 14.0),
        line(-9.0, 14.0, 9.0, 14.0),
        Stroke::Arc([0.0, 7.0], 5.0, 0.0, 360.0),
    ]);
    hangs_on_a_wall(&basin, &[]);
}

/// Its box takes in the wall, which the others do not have.
#[test]
fn an_example_that_hangs_on_a_wall_is_found_where_none_is() {
    let basin = Symbol(vec![rect(-9.0, 0.0, 9.0, 14.0), Stroke::Arc([0.0, 7.0], 5.0, 0.0, 360.0)]);
    let mut sheet = Sheet::new(400.0, 200.0, 3);
    let wall = Symbol(vec![line(-180.0, 0.0, 180.0, 0.0), line(-180.0, -3.0, 180.0, -3.0)]);
    sheet.symbol(&wall, &at(200.0, 50.0, 0.0, 1.0, false), Habit::Polylines(40), 0);
    let free = (0..6).map(|n| at(40.0 + f64::from(n) * 60.0, 130.0, f64::from(n) * 37.0, 1.0, false));
    let poses: Vec<_> = [at(60.0, 50.0, 0.0, 1.0, false)].into_iter().chain(free).collect();
    for pose in &poses {
        sheet.symbol(&basin, pose, Habit::Polylines(40), 0);
    }
    let list = scanned(&sheet, &vec![220.0; sheet.list.styles.len()]);
    let b = box_around(&sheet, &basin, &poses[0], 5.0);
    let [p, q] = [PxPoint::new(b.x, b.y), PxPoint::new(b.x + b.w, b.y + b.h)].map(|p| on_scan(&sheet, p));
    let outcome = counted(&list, PxRect::from_corners(p, q));
    let truth: Vec<PxPoint> = poses.iter().map(|p| on_scan(&sheet, middle(&sheet, &basin, p))).collect();
    let all = Tally { right: 7, wrong: 0, missed: 0 };
    assert_eq!(tally(&outcome.detections, &truth), all, "{}", summary(&outcome, &truth));
}

/// Scans show crossings of hatch darker than its lines.
#[test]
fn an_example_on_hatch_that_hangs_on_a_wall_is_found_off_it() {
    let door = Symbol(vec![line(-9.0, 0.0, -9.0, 18.0), Stroke::Arc([-9.0, 0.0], 18.0, 0.0, 90.0)]);
    let on = |from: f64, to: f64| (0..).map(move |k| from + f64::from(k) * 2.5).take_while(move |v| *v < to);
    let crossings: Vec<[f64; 2]> =
        on(20.0, 100.0).flat_map(|x| on(52.0, 90.0).map(move |y| [x, y])).collect();
    hangs_on_a_wall(&door, &crossings);
}

/// All of a symbol on two walls are found by the first, with faint crossings of hatch in places of the page.
fn hangs_on_a_wall(symbol: &Symbol, crossings: &[[f64; 2]]) {
    let mut sheet = Sheet::new(400.0, 200.0, 3);
    let wall = Symbol(vec![line(-180.0, 0.0, 180.0, 0.0), line(-180.0, -6.0, 180.0, -6.0)]);
    sheet.symbol(&wall, &at(200.0, 50.0, 0.0, 1.0, false), Habit::Polylines(40), 0);
    sheet.symbol(&wall, &at(200.0, 150.0, 180.0, 1.0, false), Habit::Polylines(40), 0);
    let faint = sheet.style(Style { paint: Paint::Stroke, rgba: 0x5050_50ff, width: 0.1, dash: Vec::new() });
    for &[x, y] in crossings {
        let dot = Symbol(vec![line(-0.1, 0.0, 0.1, 0.0)]);
        sheet.symbol(&dot, &at(x, y, 0.0, 1.0, false), Habit::Polylines(40), faint);
    }
    sheet.symbol(
        &Symbol(vec![rect(-7.0, -7.0, 7.0, 7.0)]),
        &at(200.0, 100.0, 0.0, 1.0, false),
        Habit::Polylines(40),
        0,
    );
    let poses =
        [60.0, 140.0, 230.0, 320.0].map(|x| [at(x, 50.0, 0.0, 1.0, false), at(x, 150.0, 180.0, 1.0, false)]);
    for pose in poses.iter().flatten() {
        sheet.symbol(symbol, pose, Habit::Polylines(40), 0);
    }
    let mut darkness = vec![220.0; sheet.list.styles.len()];
    darkness[faint as usize] = 140.0;
    let list = scanned(&sheet, &darkness);
    let b = box_around(&sheet, symbol, &poses[0][0], 1.5);
    let [p, q] = [PxPoint::new(b.x, b.y), PxPoint::new(b.x + b.w, b.y + b.h)].map(|p| on_scan(&sheet, p));
    let outcome = counted(&list, PxRect::from_corners(p, q));
    for pose in poses.iter().flatten() {
        let place = on_scan(&sheet, middle(&sheet, symbol, pose));
        assert!(outcome.detections.iter().any(|d| d.center.distance(place) < 5.0), "{place:?} {outcome:#?}");
    }
    assert_eq!(outcome.detections.len(), 8, "{outcome:#?}");
}

#[test]
fn a_stored_scan_counts_as_it_did_and_a_list_of_before_counts_by_its_strokes() {
    let [plain, barred] = receptacles();
    let drawn = rows(&plain, &barred);
    let stored = DisplayList::decode(&drawn.list.encode(), 1 << 24).unwrap();
    assert_eq!(stored, drawn.list);
    let (now, then) = (counted(&drawn.list, drawn.first), counted(&stored, drawn.first));
    assert_eq!(now.detections, then.detections);

    let body = postcard::to_allocvec(&DisplayList { picture: None, ..drawn.list.clone() }).unwrap();
    // The last byte says that there is no picture; the format before had none to speak of.
    let packed = zstd::bulk::compress(&body[..body.len() - 1], 3).unwrap();
    let old = DisplayList::decode(&[&2_u16.to_le_bytes()[..], &packed].concat(), 1 << 24).unwrap();
    assert_eq!(old, DisplayList { picture: None, ..drawn.list });
    assert!(counted(&old, drawn.first).complete);
}

#[test]
fn a_scan_that_ends_early_says_so() {
    let [plain, barred] = receptacles();
    let drawn = rows(&plain, &barred);
    let page = PageIndex::build(&drawn.list, &Budget::unlimited()).unwrap();
    let exemplar = Exemplar::cut(&page, drawn.first, &Budget::unlimited()).unwrap();
    let found = find(&page, &exemplar, &CountParams::default(), &Budget::with_steps(2_000));
    assert!(!found.value.complete && found.findings[0].code == "count_incomplete", "{:?}", found.findings);
}
