//! The scale of real drawings.

use std::path::PathBuf;
use std::sync::Arc;

use takeoff_core::budget::Budget;
use takeoff_core::page;
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::request::{FileType, ParseLimits};
use takeoff_core::scale::{Notation, detect, parse_all};

/// The folder of real drawings; a machine without it skips, except where tests must not be skipped.
fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("TAKEOFF_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        assert!(std::env::var_os("CI").is_none(), "TAKEOFF_CORPUS must name the folder of real drawings");
        std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: TAKEOFF_CORPUS is not set\n").unwrap();
    }
    folder
}

fn pages(name: &str) -> Option<Vec<DisplayList>> {
    let path = corpus()?.join("plans/opentakeoff").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let limits = ParseLimits::default();
    let mut file = page::open(Arc::new(bytes), FileType::Pdf, &limits).unwrap();
    let count = file.opened().pages.len() as u32;
    Some((0..count).map(|i| file.walk_page(i, &limits, &Budget::unlimited()).unwrap().list).collect())
}

fn notations(list: &DisplayList) -> Vec<Notation> {
    list.lines.iter().flat_map(|l| parse_all(&l.text)).collect()
}

#[test]
fn the_finish_plan_has_one_scale_and_its_schedules_none() {
    let Some(pages) = pages("sample-finish-plan.pdf") else { return };
    assert_eq!(pages.len(), 2);

    let plan = detect(&pages[0]).value;
    let best = plan.best.as_ref().expect("page 1 states one scale");
    assert_eq!((best.ratio, best.px_per_foot, best.confidence), (96.0, Some(18.75), 0.90));
    assert_eq!(plan.candidates.len(), 1, "{:?}", plan.candidates);
    assert!(!plan.needs_calibration);

    let schedules = detect(&pages[1]).value;
    assert!(schedules.best.is_none() && schedules.needs_calibration);
    assert!(schedules.candidates.is_empty(), "{:?}", schedules.candidates);
    assert_eq!(notations(&pages[1]), []);
    // The border's ruler words are there, and count for nothing.
    assert!(pages[1].lines.iter().any(|l| l.text.contains("one eighth inch = one foot")));
}

#[test]
fn the_small_plan_has_its_quarter_inch() {
    let Some(pages) = pages("sample-plan.pdf") else { return };
    assert_eq!(detect(&pages[0]).value.best.map(|b| b.ratio), Some(48.0));
}
