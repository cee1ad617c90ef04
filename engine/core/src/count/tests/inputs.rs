//! Parameters, poses that are reported, and input that is no exemplar.

use super::super::{CountOutcome, CountParams, Exemplar, ExemplarError, PageIndex, find};
use super::sheet::{
    Habit, Sheet, Symbol, Tally, at, box_around, circle, count, families, line, middle, rect, tally,
};
use crate::budget::Budget;
use crate::geom::PxRect;
use crate::page::display::{DisplayList, PageKind};

fn switch() -> Symbol {
    families()[1].1[0].clone()
}

#[test]
fn turn_mirroring_and_size_are_reported() {
    let symbol = switch();
    let mut sheet = Sheet::new(600.0, 200.0, 1);
    let first = at(50.0, 50.0, 0.0, 1.0, false);
    sheet.symbol(&symbol, &first, Habit::Polylines(24), 0);
    let cases = [(90.0, 1.0, false), (37.0, 1.1, false), (250.0, 0.9, true), (0.0, 1.0, true)];
    for (i, (turn, scale, mirrored)) in cases.into_iter().enumerate() {
        let pose = at(120.0 + 60.0 * i as f64, 50.0, turn, scale, mirrored);
        sheet.symbol(&symbol, &pose, Habit::Exploded(24), 0);
        let outcome = count(&sheet, box_around(&sheet, &symbol, &first, 1.0), &CountParams::default());
        let place = middle(&sheet, &symbol, &pose);
        let d = outcome.detections.iter().find(|d| d.center.distance(place) < 1.0).expect("found");
        assert!((d.angle_deg - turn).abs() < 0.5 && d.mirrored == mirrored, "{d:?}");
        assert!((d.scale - scale).abs() < 0.01 && !d.is_exemplar, "{d:?}");
        let exact = box_around(&sheet, &symbol, &pose, 0.0);
        assert!(d.bbox.iou(&exact) > 0.9, "{:?} for {exact:?}", d.bbox);
    }
}

#[test]
fn a_symmetric_symbol_is_one_detection_with_the_smallest_turn() {
    let square = Symbol(vec![rect(-5.0, -5.0, 5.0, 5.0)]);
    let round = Symbol(vec![circle(5.0), circle(3.0)]);
    for (symbol, is_round) in [(square, false), (round, true)] {
        let mut sheet = Sheet::new(600.0, 200.0, 1);
        let first = at(50.0, 50.0, 0.0, 1.0, false);
        sheet.symbol(&symbol, &first, Habit::Polylines(40), 0);
        for i in 0..8 {
            sheet.symbol(
                &symbol,
                &at(100.0 + 40.0 * f64::from(i), 50.0, 25.0 + 90.0 * f64::from(i), 1.0, i % 2 == 1),
                Habit::Exploded(40),
                0,
            );
        }
        let outcome = count(&sheet, box_around(&sheet, &symbol, &first, 1.0), &CountParams::default());
        assert_eq!(outcome.detections.len(), 9, "{outcome:#?}");
        for d in outcome.detections.iter().filter(|d| !d.is_exemplar) {
            assert!(!d.mirrored, "{d:?}");
            // Odd ones are mirrored: a square turned by -25 looks like one turned by 65.
            let turn = d.angle_deg.min(360.0 - d.angle_deg);
            assert!(if is_round { turn == 0.0 } else { (turn - 25.0).abs() < 0.6 }, "{d:?}");
        }
    }
}

#[test]
fn a_symbol_that_is_its_own_image_is_none_whatever_turns_are_asked_for() {
    let spoke = |degrees: f64| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        line(1.0 * cos, 1.0 * sin, 8.0 * cos, 8.0 * sin)
    };
    // Its axes of symmetry are not those of the page.
    let symbol = Symbol(vec![circle(9.0), spoke(10.0), spoke(130.0), spoke(250.0)]);
    let mut sheet = Sheet::new(600.0, 200.0, 1);
    let first = at(50.0, 50.0, 0.0, 1.0, false);
    sheet.symbol(&symbol, &first, Habit::Polylines(40), 0);
    for (i, turn) in [30.0, 10.0, 20.0].into_iter().enumerate() {
        let pose = at(100.0 + 50.0 * i as f64, 50.0, turn, 1.0, false);
        sheet.symbol(&symbol, &pose, Habit::Polylines(40), 0);
    }
    let drawn = box_around(&sheet, &symbol, &first, 1.0);
    let of = |mirrored| {
        let params = CountParams { rotation_tolerance: Some(3.0), mirrored, ..CountParams::default() };
        let found = count(&sheet, drawn, &params).detections;
        assert!(found.iter().all(|d| !d.mirrored), "{found:#?}");
        found.len()
    };
    assert_eq!((of(true), of(false)), (3, 3), "one more way of seeing it is at a quarter turn");
}

#[test]
fn tolerances_and_mirroring_limit_what_counts() {
    let symbol = switch();
    let mut sheet = Sheet::new(900.0, 200.0, 1);
    let first = at(50.0, 50.0, 0.0, 1.0, false);
    let mut x = 50.0;
    for (turn, scale, mirrored) in [
        (0.0, 1.0, false),
        (90.0, 1.0, false),
        (184.0, 1.0, false),
        (45.0, 1.0, false),
        (0.0, 1.15, false),
        (0.0, 1.35, false),
        (0.0, 1.0, true),
    ] {
        sheet.symbol(&symbol, &at(x, 50.0, turn, scale, mirrored), Habit::Polylines(24), 0);
        x += 60.0;
    }
    let drawn = box_around(&sheet, &symbol, &first, 1.0);
    let found = |params: CountParams| count(&sheet, drawn, &params).found;
    let any = CountParams::default();
    assert_eq!(found(any), 6, "all but the one that is 35 % larger");
    assert_eq!(found(CountParams { rotation_tolerance: Some(0.0), ..any }), 4);
    assert_eq!(found(CountParams { rotation_tolerance: Some(15.0), ..any }), 5);
    assert_eq!(found(CountParams { rotation_tolerance: Some(45.0), ..any }), 6);
    assert_eq!(found(CountParams { scale_tolerance: 0.05, ..any }), 5);
    assert_eq!(found(CountParams { scale_tolerance: 0.5, ..any }), 7);
    assert_eq!(found(CountParams { mirrored: false, ..any }), 5);
}

#[test]
fn an_exemplar_counts_on_other_pages_of_other_resolution() {
    let symbol = switch();
    let mut own = Sheet::new(600.0, 200.0, 1);
    let first = at(50.0, 50.0, 0.0, 1.0, false);
    own.symbol(&symbol, &first, Habit::Polylines(24), 0);
    // Large enough that its resolution is lowered.
    let mut other = Sheet::new(9000.0, 6000.0, 2);
    let mut truth = Vec::new();
    for i in 0..20 {
        let pose = at(100.0 + 400.0 * f64::from(i), 3000.0, 33.0 * f64::from(i), 1.0, i % 3 == 0);
        other.symbol(&symbol, &pose, Habit::Exploded(24), 0);
        truth.push(middle(&other, &symbol, &pose));
    }
    assert!(own.list.space.dpi != other.list.space.dpi);
    let budget = Budget::unlimited();
    let exemplar = Exemplar::cut(&own.index(), box_around(&own, &symbol, &first, 1.0), &budget).unwrap();
    let outcome = find(&other.index(), &exemplar, &CountParams::default(), &budget).value;
    assert_eq!(tally(&outcome.detections, &truth), Tally { right: 20, wrong: 0, missed: 0 });
    assert!(outcome.detections.iter().all(|d| !d.is_exemplar));
    // A copy of its own page is not its own page when the caller says so.
    let copy = find(&own.index(), &exemplar.as_foreign(), &CountParams::default(), &budget).value;
    assert!(copy.found == 1 && !copy.detections[0].is_exemplar);
}

#[test]
fn boxes_that_hold_no_symbol_are_refused_with_the_reason() {
    let mut sheet = Sheet::new(600.0, 400.0, 1);
    let symbol = switch();
    sheet.symbol(&symbol, &at(50.0, 50.0, 0.0, 1.0, false), Habit::Polylines(24), 0);
    sheet.hatch([200.0, 100.0, 500.0, 350.0], 2.0, 0);
    let page = sheet.index();
    let cut = |x: f64, y: f64, w: f64, h: f64| {
        Exemplar::cut(&page, PxRect::new(x, y, w, h), &Budget::unlimited()).unwrap_err()
    };
    assert!(matches!(cut(5000.0, 10.0, 50.0, 50.0), ExemplarError::OutsidePage { width: 1250, height: 833 }));
    assert!(matches!(cut(100.0, 100.0, 2.0, 2.0), ExemplarError::TooSmall { .. }));
    assert!(matches!(cut(0.0, 0.0, 1250.0, 833.0), ExemplarError::TooLarge { .. }));
    assert!(matches!(cut(20.0, 600.0, 60.0, 60.0), ExemplarError::Blank));
    assert!(matches!(cut(600.0, 400.0, 60.0, 60.0), ExemplarError::OnlyBackground));
    assert!(matches!(cut(f64::NAN, 0.0, 60.0, 60.0), ExemplarError::Invalid(_)));
    assert!(matches!(cut(10.0, 0.0, -60.0, 60.0), ExemplarError::Invalid(_)));
    let whole = cut(0.0, 0.0, 1250.0, 833.0).to_string();
    assert!(whole.contains("100 % of the page"), "{whole}");
}

#[test]
fn pages_without_vectors_say_so() {
    let blank = Sheet::new(600.0, 400.0, 1);
    let picture = DisplayList::empty(blank.list.space, PageKind::Raster);
    for list in [&blank.list, &picture] {
        let page = PageIndex::build(list, &Budget::unlimited()).unwrap();
        let drawn = PxRect::new(100.0, 100.0, 60.0, 60.0);
        assert_eq!(Exemplar::cut(&page, drawn, &Budget::unlimited()).unwrap_err(), ExemplarError::NoVectors);
    }
}

#[test]
fn an_exemplar_that_runs_through_its_box_is_background() {
    let mut sheet = Sheet::new(600.0, 400.0, 1);
    sheet.line([0.0, 60.0], [600.0, 60.0], 0);
    sheet.line([0.0, 66.0], [600.0, 66.0], 0);
    let cut = Exemplar::cut(&sheet.index(), PxRect::new(200.0, 100.0, 60.0, 60.0), &Budget::unlimited());
    assert_eq!(cut.unwrap_err(), ExemplarError::OnlyBackground);
}

#[test]
fn a_budget_that_ends_leaves_what_was_found_and_says_so() {
    let symbol = switch();
    let mut sheet = Sheet::new(900.0, 900.0, 1);
    for i in 0..200 {
        let pose =
            at(40.0 + 55.0 * f64::from(i % 15), 40.0 + 55.0 * f64::from(i / 15), f64::from(i), 1.0, false);
        sheet.symbol(&symbol, &pose, Habit::Exploded(24), 0);
    }
    let page = sheet.index();
    let drawn = box_around(&sheet, &symbol, &at(40.0, 40.0, 0.0, 1.0, false), 1.0);
    let exemplar = Exemplar::cut(&page, drawn, &Budget::unlimited()).unwrap();
    let mut last = 0;
    for steps in [0, 5_000, 20_000, 50_000] {
        let found = find(&page, &exemplar, &CountParams::default(), &Budget::with_steps(steps));
        assert!(!found.value.complete, "{steps} steps: {}", found.value.found);
        assert_eq!(found.findings[0].code, "count_incomplete");
        assert!(found.value.found >= last && found.value.detections[0].is_exemplar);
        last = found.value.found;
    }
    let found = find(&page, &exemplar, &CountParams::default(), &Budget::unlimited());
    assert!(found.value.complete && found.findings.is_empty() && found.value.found == 200);
    let cancelled = Budget::unlimited();
    cancelled.cancel();
    assert!(PageIndex::build(&sheet.list, &cancelled).is_err());
}

#[test]
fn the_same_question_has_the_same_answer() {
    let symbol = Symbol(vec![circle(5.0), line(0.0, 5.0, 0.0, 11.0), line(5.0, 0.0, 9.0, 0.0)]);
    let mut sheet = Sheet::new(900.0, 900.0, 1);
    for i in 0..120 {
        let pose = at(
            40.0 + 55.0 * f64::from(i % 15),
            40.0 + 55.0 * f64::from(i / 15),
            f64::from(i) * 11.0,
            1.0,
            i % 4 == 1,
        );
        sheet.symbol(&symbol, &pose, Habit::Exploded(24), 0);
    }
    sheet.hatch([0.0, 0.0, 400.0, 400.0], 3.0, 0);
    let drawn = box_around(&sheet, &symbol, &at(40.0, 40.0, 0.0, 1.0, false), 1.0);
    let first = count(&sheet, drawn, &CountParams::default());
    assert_eq!(first.found, 120);
    let same =
        |other: &CountOutcome| first.detections == other.detections && first.near_misses == other.near_misses;
    assert!(same(&count(&sheet, drawn, &CountParams::default())));
    let elsewhere =
        std::thread::scope(|s| s.spawn(|| count(&sheet, drawn, &CountParams::default())).join().unwrap());
    assert!(same(&elsewhere));
}

/// Circles in a raster, every second one with a bar across: another symbol that holds the same circle.
fn circles(columns: usize, rows: usize) -> (Sheet, PxRect) {
    let (plain, barred) = (Symbol(vec![circle(4.0)]), Symbol(vec![circle(4.0), line(0.0, -4.0, 0.0, 4.0)]));
    let mut sheet = Sheet::new(columns as f64 * 12.0 + 20.0, rows as f64 * 12.0 + 20.0, 1);
    for i in 0..columns * rows {
        let pose =
            at(16.0 + 12.0 * (i % columns) as f64, 16.0 + 12.0 * (i / columns) as f64, 0.0, 1.0, false);
        sheet.symbol(if i % 2 == 0 { &plain } else { &barred }, &pose, Habit::Polylines(24), 0);
    }
    let area = box_around(&sheet, &plain, &at(16.0, 16.0, 0.0, 1.0, false), 1.0);
    (sheet, area)
}

#[test]
fn a_round_symbol_is_found_wherever_it_stands_however_many_circles_there_are() {
    let (sheet, area) = circles(41, 25);
    let outcome = count(&sheet, area, &CountParams { max_detections: 5_000, ..CountParams::default() });
    assert_eq!(outcome.found, 513);
    assert!(outcome.complete && outcome.detections.iter().all(|d| d.confidence >= 0.95));
}

#[test]
fn a_page_with_more_places_than_are_looked_at_says_so() {
    let (sheet, area) = circles(161, 141);
    let budget = Budget::unlimited();
    let page = PageIndex::build(&sheet.list, &budget).unwrap();
    let exemplar = Exemplar::cut(&page, area, &budget).unwrap();
    let found = find(&page, &exemplar, &CountParams::default(), &budget);
    assert!(!found.value.complete && found.value.found > 500);
    let said = found.findings.iter().find(|f| f.code == "count_incomplete").expect("a finding");
    assert!(said.message.contains("20000 places"), "{}", said.message);
}
