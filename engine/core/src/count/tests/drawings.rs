//! Real drawings, found through `TAKEOFF_CORPUS`.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::{Compare, CountOutcome, CountParams, Detection, Exemplar, PageIndex, find};
use super::sheet::summary;
use crate::budget::Budget;
use crate::geom::{PxPoint, PxRect};
use crate::page::display::DisplayList;
use crate::page::request::{FileType, ParseLimits};

/// A drawing of the corpus; `None`, said loudly, where there is no corpus. Fails under CI.
#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "tests find the corpus by themselves")]
fn corpus(name: &str) -> Option<PathBuf> {
    match std::env::var("TAKEOFF_CORPUS") {
        Ok(root) => Some(PathBuf::from(root).join(name)),
        Err(_) if std::env::var("CI").is_ok() => panic!("TAKEOFF_CORPUS is not set, but CI is"),
        Err(_) => {
            eprintln!("SKIPPED: {name} needs TAKEOFF_CORPUS");
            None
        }
    }
}

fn page(name: &str, index: u32) -> Option<DisplayList> {
    let bytes = std::fs::read(corpus(name)?).unwrap();
    let limits = ParseLimits::default();
    let mut file = crate::page::open(Arc::new(bytes), FileType::Pdf, &limits).unwrap();
    Some(file.walk_page(index, &limits, &Budget::unlimited()).unwrap().list)
}

/// A box in PDF points, origin bottom-left.
fn px(list: &DisplayList, [left, bottom, right, top]: [f64; 4]) -> PxRect {
    let s = list.space.px_per_unit;
    let height = f64::from(list.space.height_px);
    PxRect::new(left * s, height - top * s, (right - left) * s, (top - bottom) * s)
}

fn count(list: &DisplayList, area: [f64; 4]) -> CountOutcome {
    let budget = Budget::unlimited();
    let page = PageIndex::build(list, &budget).unwrap();
    let exemplar = Exemplar::cut(&page, px(list, area), &budget).unwrap();
    find(&page, &exemplar, &CountParams::default(), &budget).value
}

#[test]
fn the_finish_plan_has_fifteen_new_water_closets() {
    let Some(list) = page("plans/opentakeoff/sample-finish-plan.pdf", 0) else { return };
    let outcome = count(&list, [1906.9, 826.0, 1921.9, 847.7]);
    assert_eq!(outcome.found, 15, "{}", summary(&outcome, &[]));
    let mut quarters = [0; 4];
    // A grab bar hides a piece of the valve of one.
    let sure = outcome.detections.iter().filter(|d| d.confidence >= 0.9).count();
    assert!(sure >= 14, "{}", summary(&outcome, &[]));
    for d in &outcome.detections {
        assert!(d.confidence >= 0.85 && !d.in_legend, "{d:?}");
        let turns = d.angle_deg / 90.0;
        assert!((turns - turns.round()).abs() < 0.01, "{d:?}");
        quarters[turns.round() as usize % 4] += 1;
        // The five existing ones are west of the new work.
        assert!(d.center.x > 2600.0, "{d:?}");
    }
    assert!(quarters.iter().all(|q| *q > 0), "{quarters:?}");
    assert!(outcome.near_misses.is_empty(), "{}", summary(&outcome, &[]));
    assert!(outcome.detections[0].is_exemplar && outcome.complete);
}

/// Middles of the new water closets and how they are turned, points of the upright page, origin top-left.
const NEW_CLOSETS: [([f64; 2], bool); 15] = [
    ([1914.4, 1323.2], true),
    ([1914.4, 1358.8], true),
    ([2208.0, 832.1], true),
    ([2084.3, 501.3], false),
    ([1600.8, 532.8], true),
    ([1459.6, 907.6], false),
    ([1550.3, 472.0], true),
    ([2105.2, 1346.7], true),
    ([1971.0, 456.4], false),
    ([1949.6, 915.6], true),
    ([1509.8, 977.5], false),
    ([1859.9, 503.7], false),
    ([2084.3, 467.5], false),
    ([2145.1, 1286.4], true),
    ([1295.9, 577.6], true),
];

#[test]
fn any_of_the_water_closets_may_be_the_example() {
    let Some(list) = page("plans/opentakeoff/sample-finish-plan.pdf", 0) else { return };
    let budget = Budget::unlimited();
    let index = PageIndex::build(&list, &budget).unwrap();
    let k = list.space.px_per_unit;
    let mut right = 0;
    for ([x, y], upright) in NEW_CLOSETS {
        let (w, h) = if upright { (17.4, 24.1) } else { (24.1, 17.4) };
        let drawn = PxRect::new((x - w / 2.0) * k, (y - h / 2.0) * k, w * k, h * k);
        let exemplar = Exemplar::cut(&index, drawn, &budget).unwrap();
        let outcome = find(&index, &exemplar, &CountParams::default(), &budget).value;
        let is_new = |d: &Detection| {
            NEW_CLOSETS
                .iter()
                .any(|([x, y], _)| (d.center.x / k - x).abs() + (d.center.y / k - y).abs() < 4.0)
        };
        assert!(outcome.detections.iter().all(is_new), "{}", summary(&outcome, &[]));
        // What is not counted for the grab bars that are drawn with the example is at hand for review.
        let places = outcome.detections.iter().chain(&outcome.near_misses).map(|d| d.center);
        let told: Vec<PxPoint> = places.chain(outcome.partly.iter().copied()).collect();
        let unknown = NEW_CLOSETS
            .iter()
            .filter(|([x, y], _)| !told.iter().any(|p| (p.x - x * k).hypot(p.y - y * k) < 15.0));
        assert_eq!(unknown.count(), 0, "{}", summary(&outcome, &[]));
        assert!(outcome.found >= 10, "{}", summary(&outcome, &[]));
        right += outcome.found;
    }
    assert!(right >= 195, "{right} of 225");
}

/// The oval basins without a drain drawn in them, as a person would box them: page pixels.
const BASINS: [PxRect; 10] = [
    PxRect::new(4103.5, 2668.5, 29.0, 34.0),
    PxRect::new(4588.0, 1838.5, 34.0, 29.5),
    PxRect::new(4446.25, 968.5, 33.5, 30.0),
    PxRect::new(4445.5, 1017.0, 34.5, 30.5),
    PxRect::new(3153.5, 1872.0, 26.0, 34.0),
    PxRect::new(3338.5, 873.5, 29.0, 34.5),
    PxRect::new(4458.0, 2886.5, 34.5, 29.5),
    PxRect::new(3978.0, 1036.5, 34.5, 29.5),
    PxRect::new(3011.0, 2015.5, 30.0, 34.5),
    PxRect::new(2745.5, 1068.5, 35.0, 30.0),
];

#[test]
fn any_of_the_basins_may_be_the_example() {
    let Some(list) = page("plans/opentakeoff/sample-finish-plan.pdf", 0) else { return };
    let budget = Budget::unlimited();
    let index = PageIndex::build(&list, &budget).unwrap();
    let mut right = 0;
    for drawn in BASINS {
        let exemplar = Exemplar::cut(&index, drawn, &budget).unwrap();
        let outcome = find(&index, &exemplar, &CountParams::default(), &budget).value;
        let is_basin = |d: &Detection| BASINS.iter().any(|b| b.contains(d.center));
        assert!(outcome.detections.iter().all(is_basin), "{}", summary(&outcome, &[]));
        right += outcome.found;
    }
    // Counters close around some of them alike.
    assert!(right >= 74, "{right} of 100");
}

#[test]
fn the_existing_water_closets_are_a_symbol_of_their_own() {
    let Some(list) = page("plans/opentakeoff/sample-finish-plan.pdf", 0) else { return };
    // One of two beside each other in the west wing.
    let outcome = count(&list, [301.0, 1153.4, 318.5, 1176.6]);
    assert_eq!(outcome.found, 5, "{}", summary(&outcome, &[]));
    assert!(outcome.detections.iter().all(|d| d.center.x < 1000.0), "{}", summary(&outcome, &[]));
}

#[test]
fn the_symbol_fixtures_are_counted_on_every_page() {
    let Some(list) = page("plans/opentakeoff/symbol-plan.pdf", 0) else { return };
    let outcome = count(&list, [98.0, 98.0, 136.0, 122.0]);
    // Four as drawn, one turned, one mirrored; not the one with a longer diagonal, not the bare square.
    assert_eq!(outcome.found, 6, "{}", summary(&outcome, &[]));
    assert_eq!(outcome.detections.iter().filter(|d| d.mirrored).count(), 1);
    assert!(outcome.detections.iter().all(|d| d.confidence > 0.95));

    let budget = Budget::unlimited();
    let first = page("plans/opentakeoff/symbol-set.pdf", 0).unwrap();
    let own = PageIndex::build(&first, &budget).unwrap();
    let exemplar = Exemplar::cut(&own, px(&first, [118.0, 428.0, 156.0, 452.0]), &budget).unwrap();
    let found: Vec<usize> = (0..4)
        .map(|i| page("plans/opentakeoff/symbol-set.pdf", i).unwrap())
        .map(|list| PageIndex::build(&list, &budget).unwrap())
        .map(|index| find(&index, &exemplar, &CountParams::default(), &budget).value.found)
        .collect();
    assert_eq!(found, [4, 2, 1, 1]);
}

#[test]
fn a_text_without_a_drawing_is_counted_by_its_words() {
    let Some(list) = page("plans/opentakeoff/sample-finish-plan.pdf", 0) else { return };
    let budget = Budget::unlimited();
    let index = PageIndex::build(&list, &budget).unwrap();
    let word = list.words.iter().find(|w| w.text == "CG").unwrap();
    let drawn = list.space.rect_to_px(&word.bounds);
    let exemplar = Exemplar::cut(&index, drawn, &budget).unwrap();
    let outcome = find(&index, &exemplar, &CountParams::default(), &budget).value;
    assert_eq!(outcome.found, 35, "{}", summary(&outcome, &[]));
    assert_eq!(outcome.detections.iter().filter(|d| d.is_exemplar).count(), 1);
    let legend: Vec<f64> = outcome.detections.iter().filter(|d| d.in_legend).map(|d| d.center.x).collect();
    assert!(legend.len() == 1 && legend[0] > 5200.0, "{legend:?}");
}

#[test]
fn a_tag_counts_its_own_kind_and_not_the_shape() {
    let name = "plans/opentakeoff/symbol-set.pdf";
    let (Some(first), Some(second)) = (page(name, 0), page(name, 1)) else { return };
    let budget = Budget::unlimited();
    let pages = [&first, &second].map(|l| PageIndex::build(l, &budget).unwrap());
    let exemplar = Exemplar::cut(&pages[0], PxRect::new(285.0, 830.0, 55.0, 55.0), &budget).unwrap();
    assert_eq!(exemplar.words(), ["T1"]);
    let count = |lettering: Option<Compare>| {
        let mut params = CountParams { lettering, ..CountParams::default() };
        let mut all = Vec::new();
        for page in &pages {
            let outcome = find(page, &exemplar, &params, &budget).value;
            params.lettering = outcome.lettering;
            all.push(outcome);
        }
        all
    };
    // A T2 and an empty diamond of the same shape are other things.
    let auto = count(None);
    let found: usize = auto.iter().map(|o| o.found).sum();
    assert_eq!(found, 5, "{}", summary(&auto[0], &[]));
    let others: Vec<(&str, usize)> =
        auto.iter().flat_map(|o| &o.other_lettering).map(|(w, n)| (w.as_str(), *n)).collect();
    assert_eq!(others.iter().map(|(_, n)| n).sum::<usize>(), 2, "{others:?}");
    assert!(others.contains(&("", 1)) && others.contains(&("T2", 1)), "{others:?}");
    assert!(auto.iter().flat_map(|o| &o.detections).all(|d| d.words == ["T1"]));

    let shape: usize = count(Some(Compare::Nothing)).iter().map(|o| o.found).sum();
    assert_eq!(shape, 7, "without the letters all diamonds are one symbol");
    let whole: usize = count(Some(Compare::Whole)).iter().map(|o| o.found).sum();
    assert_eq!(whole, 5);
}
