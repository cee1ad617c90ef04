//! Pages that are, or are not, the paper that their scale was written for.

use super::detect;
use super::detect_tests::{Placed, page, paper};
use super::notation::{parse_all, read};
use crate::found::{Finding, Found};

const SCALE: Placed = (200.0, 200.0, "SCALE: 1/8\" = 1'-0\"");

/// A page of so many inches.
fn inches(w: f64, h: f64) -> crate::geom::PageSpace {
    paper(w * 25.4, h * 25.4)
}

#[test]
fn papers_of_every_series_are_read_in_their_spellings() {
    for (text, name) in [
        ("@ A1", "A1"),
        ("@ ISO A1", "A1"),
        ("@ DIN-A1", "A1"),
        ("@ 594 x 841 MM", "A1"),
        ("(ARCH D)", "ARCH D"),
        ("@ ARCH. D", "ARCH D"),
        ("@ ARCH-E1", "ARCH E1"),
        ("@ ARCHD", "ARCH D"),
        ("@ Architectural E", "ARCH E"),
        ("ON ANSI D", "ANSI D"),
        ("AT ANSI-B", "ANSI B"),
        ("@ D SIZE", "D SIZE"),
        ("@ E1-SIZE", "ARCH E1"),
        ("@ 24\"x36\"", "24X36"),
        ("@ 24 IN. X 36 IN.", "24X36"),
        ("@ 8.5x11", "8.5X11"),
    ] {
        let text = format!("1/8\" = 1'-0\" {text}");
        let found = parse_all(&text);
        assert_eq!(found.iter().map(|n| n.paper.as_deref()).collect::<Vec<_>>(), [Some(name)], "{text}");
    }
    for text in ["@ A5", "@ A101", "(A1.01)", "(A1-01)", "@ ARCH F", "@ A SIZE", "@ ARCHITECT", "(D)"] {
        let text = format!("1/8\" = 1'-0\" {text}");
        assert!(parse_all(&text).iter().all(|n| n.paper.is_none()), "{text}: {:?}", parse_all(&text));
    }
}

#[test]
fn a_sheet_names_its_paper_in_many_ways() {
    for (text, name) in [
        ("DRAWN ON ARCH D", "ARCH D"),
        ("DRAWN ON A1", "A1"),
        ("THIS SHEET IS DRAWN ON A1", "A1"),
        ("SHEET SIZE: ARCH E1", "ARCH E1"),
        ("ORIGINAL SHEET SIZE 30x42", "30X42"),
        ("ORIGINAL SHEET SIZE: 30\" X 42\"", "30X42"),
        ("SHEET SIZE:\tA1", "A1"),
        ("PAPER: A1", "A1"),
        ("FORMAT: A2", "A2"),
        ("DRAWING SIZE ANSI D", "ANSI D"),
        ("FORMATTED FOR 24X36", "24X36"),
        ("A1 PAPER", "A1"),
        ("PLOT ON ARCH D", "ARCH D"),
    ] {
        let sheet = read(text).sheet.unwrap_or_else(|| panic!("{text}"));
        assert_eq!((sheet.name.as_str(), sheet.or_number), (name, false), "{text}");
    }
    let sheet = read("SHEET: A1").sheet.unwrap();
    assert!(sheet.or_number && sheet.name == "A1");
    for text in [
        "SHEET A1",
        "SHEET: A101",
        "SHEET: A1 OF 7",
        "DRAWN FOR A1 BUILDERS",
        "STAIR DRAWN ON A3",
        "DOOR SIZE\t36X48",
        "ARCH D",
    ] {
        assert_eq!(read(text).sheet, None, "{text}");
    }
}

#[test]
fn words_of_the_full_size_sheet_hold_for_the_whole_page() {
    for note in [
        "FULL SIZE PRINT IS 24 X 36",
        "THIS SHEET IS 24\"x36\" AT FULL SIZE",
        "SCALE CORRECT AT 24x36 ONLY",
        "SCALES SHOWN ARE FOR 24x36 SHEETS",
        "SCALES VALID ON ARCH D ONLY",
        "DRAWN ON ARCH D",
        "SHEET SIZE: ARCH D",
        "ORIGINAL SHEET SIZE 24x36",
    ] {
        let lines = [SCALE, (200.0, 500.0, note)];
        let full = detect(&page(inches(36.0, 24.0), &lines)).value;
        assert_eq!(full.best.map(|b| b.ratio), Some(96.0), "{note}");
        // 12 x 18 in is a copy by half.
        let half = detect(&page(inches(18.0, 12.0), &lines)).value;
        let why = half.withheld.unwrap_or_else(|| panic!("{note}: {:?}", half.best));
        assert!(why.contains("18.0 x 12.0 in") && why.ends_with("its scale is 1:192"), "{note}: {why}");
        let offered: Vec<f64> = half.candidates.iter().map(|c| c.ratio).collect();
        assert_eq!(offered, [96.0, 192.0], "{note}");
        // 11 x 17 in was made to fit.
        let fit = detect(&page(inches(17.0, 11.0), &lines)).value;
        let offered = fit.candidates.last().unwrap();
        assert!(fit.best.is_none() && (offered.ratio - 96.0 * 24.0 / 11.0).abs() < 1e-6, "{note}");
        assert_eq!(offered.text, "1:209.45");
    }
}

#[test]
fn a_sheet_whose_number_may_be_a_paper_is_withheld_where_it_may_be_reduced() {
    let lines = [(200.0, 200.0, "SCALE 1:100"), (200.0, 500.0, "SHEET: A1")];
    let a3 = detect(&page(paper(420.0, 297.0), &lines)).value;
    let why = a3.withheld.unwrap();
    assert!(why.contains("\"SHEET: A1\", which may be its paper") && why.contains("1:200"), "{why}");
    for other in [inches(36.0, 24.0), inches(17.0, 11.0), paper(841.0, 594.0)] {
        assert_eq!(detect(&page(other, &lines)).value.best.map(|b| b.ratio), Some(100.0));
    }
    // A print that is larger than its paper is rarer than a sheet of that number.
    let larger = [(200.0, 200.0, "SCALE 1:100"), (200.0, 500.0, "SHEET: A2")];
    assert_eq!(detect(&page(paper(841.0, 594.0), &larger)).value.best.map(|b| b.ratio), Some(100.0));
}

#[test]
fn of_scales_for_two_papers_the_page_s_own_is_taken() {
    let both: &[Placed] = &[(200.0, 200.0, "1:100 @ A1 / 1:200 @ A3")];
    for (space, taken, other) in
        [(paper(841.0, 594.0), 100.0, "1:200"), (paper(297.0, 420.0), 200.0, "1:100")]
    {
        let Found { value, findings } = detect(&page(space, both));
        assert_eq!(value.best.as_ref().map(|b| (b.ratio, b.confidence)), Some((taken, 0.90)));
        let said = findings.iter().find(|f| f.code == "scale_for_other_paper").unwrap();
        assert!(said.message.contains(other), "{said:?}");
        let unsure = value.candidates.iter().find(|c| c.ratio != taken).unwrap();
        assert_eq!(unsure.confidence, 0.30);
    }
    // Neither, but a copy of both.
    let a2 = detect(&page(paper(594.0, 420.0), both)).value;
    let why = a2.withheld.unwrap();
    assert!(why.contains("1:100 for A1; 1:200 for A3") && why.contains("none of these papers"), "{why}");
    assert!(a2.best.is_none() && why.contains("1:141.42"), "{why}");
    assert_eq!(a2.candidates.len(), 3);
    // Neither, and no copy.
    let odd = detect(&page(inches(36.0, 24.0), both)).value;
    assert!(odd.best.is_none() && odd.candidates.len() == 2, "{odd:?}");
    // A page whose size nobody knows.
    let unknown = crate::geom::PageSpace::of_raster(4000, 3000, None);
    assert!(detect(&page(unknown, both)).value.best.is_none());
}

#[test]
fn a_scale_for_smaller_paper_says_both_of_what_it_may_be() {
    let record = detect(&page(inches(42.0, 30.0), &[(200.0, 200.0, "SCALE 1:100 @ A1")])).value;
    assert!(record.best.is_none());
    let why = record.withheld.unwrap();
    assert_eq!(
        why,
        "1:100 holds for A1 paper, but this page measures 42.0 x 30.0 in; if it is a copy of that, made 1.27 times as \
         large to fill the page, its scale is 1:78.83, and if it only lies on larger paper, it is 1:100 still"
    );
    let texts: Vec<&str> = record.candidates.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(texts, ["1:100", "1:78.83"]);
}

#[test]
fn the_paper_of_a_caption_is_that_of_the_scale_under_it() {
    let field: &[Placed] = &[(200.0, 200.0, "SCALE @ A1"), (200.0, 214.0, "1:50")];
    assert_eq!(detect(&page(paper(841.0, 594.0), field)).value.best.map(|b| b.ratio), Some(50.0));
    let why = detect(&page(paper(420.0, 297.0), field)).value.withheld.unwrap();
    assert!(why.contains("holds for A1 paper") && why.contains("1:100"), "{why}");
    // What the scale itself names is no other's, whatever is said of the sheet.
    let named: &[Placed] = &[(200.0, 200.0, "SCALE 1:50 @ A1"), (200.0, 600.0, "PRINTED ON A3")];
    assert!(detect(&page(paper(420.0, 297.0), named)).value.best.is_none());
}

#[test]
fn a_picture_whose_file_contradicts_itself_has_no_scale_by_its_text() {
    let mut list = page(inches(36.0, 24.0), &[SCALE]);
    assert!(detect(&list).value.best.is_some());
    list.findings.push(Finding::new(Finding::RESOLUTION_CONTRADICTED, "300 and 150."));
    let record = detect(&list).value;
    assert!(record.best.is_none() && record.needs_calibration && record.candidates.len() == 1);
    assert!(record.withheld.unwrap().contains("two resolutions"));
}
