//! Stamps of half-size and fitted prints with other words beside them, and what is kept for one who gives the scale all the
//! same.

use super::detect_tests::{Placed, page, paper};
use super::{HalfSize, ScaleRecord, detect, read};
use crate::found::Found;

const SCALE: Placed = (0.0, 0.0, "SCALE: 1/4\" = 1'-0\"");

fn on(width_in: f64, height_in: f64, lines: &[Placed]) -> Found<ScaleRecord> {
    detect(&page(paper(width_in * 25.4, height_in * 25.4), lines))
}

fn on_tabloid(said: &'static str) -> ScaleRecord {
    on(17.0, 11.0, &[SCALE, (0.0, 500.0, said)]).value
}

#[test]
fn a_half_size_stamp_with_other_words_is_never_taken_for_none() {
    // Nothing else can be meant.
    for said in [
        "HALF SIZE",
        "HALF SIZE - DO NOT SCALE",
        "DO NOT SCALE - HALF SIZE",
        "THIS SET IS HALF SIZE, DO NOT SCALE",
        "HALF SIZE. DO NOT SCALE DRAWINGS",
    ] {
        let best = on_tabloid(said).best.unwrap_or_else(|| panic!("{said}"));
        assert_eq!(best.px_per_foot, Some(18.75), "{said}");
    }
    for said in [
        "HALF SIZE - FOR BIDDING",
        "HALF SIZE (FOR REVIEW ONLY)",
        "ISSUED FOR BID - HALF SIZE, NOT FOR CONSTRUCTION",
        "HALF SIZE - NOT FULL SIZE",
        "HALF SIZE SHEETS - DO NOT SCALE",
        "NOT FULL SIZE",
        "THIS PRINT IS NOT AT FULL SCALE",
        "DRAWINGS ARE NOT PRINTED FULL SIZE",
        "SCALED TO FIT",
        "(SCALED TO FIT PAGE)",
        "PRINTED TO FIT 11X17",
        "SHRINK TO FIT",
        "SCALE TO FIT PAPER",
        "FIT TO PAGE",
        "(AT FULL SIZE)",
        "SCALES ARE AT FULL SIZE",
        "WHEN PRINTED AT FULL SIZE",
        "IF SHEET IS NOT FULL SIZE, USE BAR SCALE",
    ] {
        let record = on_tabloid(said);
        assert_eq!(record.best, None, "{said}");
        let why = record.withheld.unwrap();
        assert!(["HALF", "FULL", "FIT"].iter().any(|word| why.contains(word)), "{said}: {why}");
    }
    let beside = |text| on(17.0, 11.0, &[(0.0, 0.0, text)]).value.best;
    for text in [
        "SCALE: 1/4\" = 1'-0\" (AT FULL SIZE)",
        "FLOOR PLAN 1/4\" = 1'-0\" AT FULL SIZE",
        "SCALE: 1/4\" = 1'-0\" FULL SIZE",
        "1:50 (FULL SIZE PRINT)",
    ] {
        assert_eq!(beside(text), None, "{text}");
    }
}

#[test]
fn things_of_half_or_full_size_say_nothing_of_the_print() {
    for said in [
        "HALF SIZE DETAIL",
        "FULL SIZE DETAIL",
        "HALF SIZE BRICK",
        "FULL SIZE BED",
        "BED NOT FULL SIZE",
        "NOT A FULL SIZE BED",
        "SINK - HALF SIZE",
        "PROVIDE HALF SIZE OPENINGS",
        "SILL DETAIL - HALF SIZE",
        "PROVIDE FULL SIZE MOCKUP AT FULL SIZE KITCHEN",
        "PANELS SCALED TO FIT OPENING",
        "CUT TO FIT",
        "FIT TO EXISTING WALL",
        "PARK AT FULL SIZE STALLS",
    ] {
        let best = on_tabloid(said).best.unwrap_or_else(|| panic!("{said}"));
        assert_eq!(best.px_per_foot, Some(37.5), "{said}");
    }
    for said in ["HALF SIZE DETAIL", "SILL DETAIL - HALF SIZE", "FULL AND HALF SIZE LOCKERS"] {
        assert_eq!(read(said).half_size, None, "{said}");
    }
    assert_eq!(read("HALF SIZE - FOR BIDDING").half_size, Some(HalfSize::Mentioned));
    // A full-size sheet may say what holds at full size.
    let large = on(36.0, 24.0, &[(0.0, 0.0, "SCALE: 1/4\" = 1'-0\" (AT FULL SIZE)")]).value;
    assert_eq!(large.best.unwrap().px_per_foot, Some(37.5));
}

#[test]
fn what_speaks_against_a_scale_that_is_stated_is_kept_with_what_it_would_be_on_a_copy() {
    let of = |said| on_tabloid(said).reservation;
    for (said, times) in [
        ("FULL SIZE SHEET 24 x 36", 24.0 / 11.0),
        ("REDUCED 50%", 2.0),
        ("PLOTTED AT 64%", 100.0 / 64.0),
        ("22x34 SHEETS", 2.0),
        ("HALF SIZE PRINTS AVAILABLE", 2.0),
    ] {
        let reservation = of(said).unwrap_or_else(|| panic!("{said}"));
        let copy = reservation.px_per_foot_of_copy.unwrap_or_else(|| panic!("{said}"));
        assert!((copy - 37.5 / times).abs() < 1e-6, "{said}: {copy}");
        assert!(reservation.why.contains("1:"), "{said}: {}", reservation.why);
    }
    for said in ["REDUCED BY 30%", "SCALED TO FIT"] {
        assert_eq!(of(said).unwrap().px_per_foot_of_copy, None, "{said}");
    }
    let unscaled = on(36.0, 24.0, &[(0.0, 0.0, "SCALE: NTS")]).value.reservation.unwrap();
    assert!(unscaled.why.contains("not to scale") && unscaled.px_per_foot_of_copy.is_none());
    let a1 = on(33.11, 23.39, &[(0.0, 0.0, "SCALE 1:100 @ A3")]).value;
    assert_eq!(a1.reservation.unwrap().px_per_foot_of_copy, Some(36.0));
    // That nothing was found, or too much, speaks against nothing.
    let several = on(36.0, 24.0, &[SCALE, (0.0, 500.0, "SCALE: 1\" = 1'-0\"")]).value;
    assert!(several.several && several.reservation.is_none() && several.best.is_none());
    let none = on(36.0, 24.0, &[(0.0, 0.0, "GENERAL NOTES")]).value;
    assert!(!none.several && none.reservation.is_none() && none.withheld.is_some());
    assert!(on_tabloid("DOOR SCHEDULE").reservation.is_none());
}

#[test]
fn a_scale_on_paper_that_no_sheet_has_is_taken_with_a_finding() {
    let told = |w, h| {
        let Found { value, findings } = on(w, h, &[SCALE]);
        assert!(value.best.is_some(), "{w} x {h}");
        findings.iter().any(|f| f.code == ScaleRecord::TAKEN_ON_NO_SHEET)
    };
    assert!(told(8.5, 5.5) && told(23.0, 15.4));
    for (w, h) in
        [(36.0, 24.0), (11.0, 8.5), (17.0, 11.0), (33.11, 23.39), (40.0, 30.0), (44.0, 34.0), (120.0, 36.0)]
    {
        assert!(!told(w, h), "{w} x {h}");
    }
}
