//! Scales that belong to another thing, another size or to nothing sure.

use super::detect;
use super::detect_tests::{Placed, best, found, page, paper};

/// The reason why nothing is taken, where `ratio` is a candidate.
fn withheld(lines: &[Placed], ratio: f64) -> String {
    let record = found(lines).value;
    assert!(record.best.is_none(), "{lines:?} gave {:?}", record.best);
    assert!(record.candidates.iter().any(|c| (c.ratio - ratio).abs() < 1e-9), "{lines:?}: {record:?}");
    record.withheld.unwrap()
}

#[test]
fn an_inset_s_scale_is_offered_and_not_taken() {
    let inset: &[Placed] = &[(0.0, 0.0, "SITE LOCATION PLAN"), (0.0, 12.0, "SCALE 1:1250")];
    assert!(withheld(inset, 1250.0).contains("SITE LOCATION PLAN"));
    for line in ["AERIAL IMAGE 1:2000", "PHOTO SCALE 1:2000", "VICINITY MAP SCALE: 1:2000"] {
        assert!(withheld(&[(0.0, 0.0, line)], 2000.0).contains("only a part of the sheet"), "{line}");
    }
    // The sheet's own is, and the inset is said.
    let mut both = inset.to_vec();
    both.extend([(500.0, 900.0, "FLOOR PLAN"), (500.0, 912.0, "SCALE 1:100")]);
    let all = found(&both);
    assert_eq!(all.value.best.map(|b| b.ratio), Some(100.0));
    assert!(all.findings.iter().any(|f| f.code == "scale_beside" && f.message.contains("1:1250")));
    // Under a line and wide leading, too.
    for below in [24.0, 30.0, 40.0] {
        let apart: &[Placed] = &[(0.0, 0.0, "LOCATION PLAN"), (0.0, below, "SCALE 1:1250")];
        assert!(withheld(apart, 1250.0).contains("LOCATION PLAN"), "{below}");
    }
    // The nearer title counts.
    let stacked: &[Placed] = &[(0.0, 0.0, "KEY PLAN"), (0.0, 30.0, "FLOOR PLAN"), (0.0, 42.0, "SCALE 1:100")];
    assert_eq!(best(stacked), Some(100.0));
    assert_eq!(best(&[(0.0, 0.0, "KEY PLAN"), (0.0, 12.0, "FLOOR PLAN 1:100")]), Some(100.0));
    // What shows where things on the site are is a drawing.
    assert_eq!(best(&[(0.0, 0.0, "BORING LOCATION PLAN"), (0.0, 12.0, "SCALE: 1\" = 20'")]), Some(240.0));
}

#[test]
fn a_ratio_beside_words_that_are_no_title_is_theirs() {
    let theirs = |lines: &[Placed]| {
        let why = withheld(lines, 50.0);
        why.contains("nothing says") || why.contains("may be that slope")
    };
    for words in ["SHELF", "FLOOR LEVEL", "SHOWER TRAY", "FALL", "RAMP"] {
        let row: &[Placed] =
            &[(100.0, 100.0, words), (100.0 + 6.0 * words.len() as f32 + 20.0, 100.0, "1:50")];
        assert!(theirs(row), "{words}");
        // The sheet's own scale is taken beside it.
        let mut both = row.to_vec();
        both.push((900.0, 900.0, "SCALE 1:100"));
        assert_eq!(best(&both), Some(100.0), "{words}");
    }
    for words in ["FALL", "SLOPE DOWN", "RAMP UP"] {
        assert!(theirs(&[(100.0, 100.0, words), (110.0, 115.0, "1:50")]), "{words}");
        assert!(theirs(&[(110.0, 100.0, "1:50"), (100.0, 115.0, words)]), "{words}");
    }
    for line in ["SHELF AT FLOOR LEVEL 1:50", "WINDOW SHELF 1:50"] {
        assert!(withheld(&[(0.0, 0.0, line)], 50.0).contains("nothing says"), "{line}");
    }
    assert_eq!(best(&[(0.0, 0.0, "RAMP DETAIL 1:12")]), None);
    // A title, a caption and a place of its own still vouch for one.
    let titles: [&[Placed]; 6] = [
        &[(100.0, 100.0, "GROUND FLOOR"), (200.0, 100.0, "1:50")],
        &[(100.0, 100.0, "GROUND FLOOR 1:50")],
        &[(100.0, 100.0, "RAMP PLAN"), (100.0, 112.0, "1:50")],
        &[(100.0, 100.0, "SCALE @ A1"), (100.0, 112.0, "1:50")],
        &[(100.0, 100.0, "2"), (120.0, 100.0, "1:50")],
        &[(100.0, 100.0, "1:50")],
    ];
    for lines in titles {
        let a1 = paper(841.0, 594.0);
        assert_eq!(detect(&page(a1, lines)).value.best.map(|b| b.ratio), Some(50.0), "{lines:?}");
    }
}

#[test]
fn the_scale_of_an_original_is_offered_and_not_taken() {
    for line in [
        "ORIGINAL SCALE: 1/8\" = 1'-0\"",
        "BASE DRAWING SCALE 1:96",
        "EXISTING DRAWING SCALE: 1/8\" = 1'-0\"",
        "SOURCE SCALE 1:96",
    ] {
        assert!(withheld(&[(0.0, 0.0, line)], 96.0).contains("another drawing or print"), "{line}");
    }
    assert_eq!(best(&[(0.0, 0.0, "EXISTING PLAN SCALE 1:100")]), Some(100.0));
    let a1 = paper(841.0, 594.0);
    let of_paper = detect(&page(a1, &[(100.0, 100.0, "ORIGINAL SCALE 1:50 @ A1")])).value;
    assert_eq!(of_paper.best.map(|b| b.ratio), Some(50.0));
}

#[test]
fn a_scale_that_a_line_gives_to_something_else_is_offered_and_not_taken() {
    for (line, ratio) in [
        ("EXISTING PLAN SCANNED FROM 1/8\" = 1'-0\" ORIGINAL", 96.0),
        ("SCANNED AT 1/8\" = 1'-0\"", 96.0),
        ("1/8\" = 1'-0\" SHOP DRAWINGS REQUIRED", 96.0),
        ("BASE DRAWING 1\" = 50' BY SURVEYOR", 600.0),
        ("TOPO BASE: 1\"=20' DATED 2019", 240.0),
        ("SURVEY DATUM 1\" = 30' SEE CIVIL", 360.0),
        ("THERMAL EXPANSION 1/2\" = 100'", 2_400.0),
        ("MODEL SCALE 1:87", 87.0),
        ("GRAPH SCALE 1:10", 10.0),
    ] {
        let said = withheld(&[(0.0, 0.0, "FLOOR PLAN"), (500.0, 500.0, line)], ratio);
        assert!(said.contains("may be that of another drawing"), "{line}: {said}");
        // Beside the sheet's own it takes nothing from that.
        let own: &[Placed] = &[(0.0, 0.0, "SCALE: 1/4\" = 1'-0\""), (500.0, 500.0, line)];
        assert_eq!(best(own), Some(48.0), "{line}");
    }
    for (line, ratio) in [
        ("TOPOGRAPHIC SURVEY 1\" = 20'", 240.0),
        ("GRAPHIC SCALE 1\" = 20'", 240.0),
        ("BASE BID FLOOR PLAN SCALE: 1/8\" = 1'-0\"", 96.0),
        ("SCALE: 1/8\" = 1'-0\" BY: AB", 96.0),
        ("FIRST FLOOR PLAN - 1/8\" = 1'-0\"", 96.0),
    ] {
        assert_eq!(best(&[(0.0, 0.0, line)]), Some(ratio), "{line}");
    }
}

#[test]
fn a_scale_that_is_about_right_is_offered_and_not_taken() {
    for line in ["SCALE: APPROX. 1:50", "SCALE ~1:50", "SCALE 1:50 ±", "APPROXIMATE SCALE 1:50"] {
        assert!(withheld(&[(0.0, 0.0, line)], 50.0).contains("about right"), "{line}");
    }
    assert_eq!(best(&[(0.0, 0.0, "SCALE 1:50 APPROX."), (0.0, 500.0, "FLOOR PLAN 1:50")]), Some(50.0));
}

#[test]
fn a_stray_ratio_is_not_the_scale_of_a_sheet_without_one() {
    for line in ["SCALE: NTS", "N.T.S.", "NOT TO SCALE"] {
        let stray: &[Placed] = &[(0.0, 0.0, line), (500.0, 500.0, "1:50")];
        assert!(withheld(stray, 50.0).contains("1:50 stands on it"), "{line}");
    }
    assert!(withheld(&[(0.0, 0.0, "1:50 NTS")], 50.0).contains("stands beside"));
    // Details that are not to scale say nothing of the plan.
    let details: [&[Placed]; 3] = [
        &[(0.0, 0.0, "DETAIL 3 N.T.S."), (500.0, 500.0, "1:50")],
        &[(0.0, 0.0, "DETAIL 3"), (0.0, 12.0, "N.T.S."), (500.0, 500.0, "1:50")],
        &[(0.0, 0.0, "SCALE: NTS"), (500.0, 500.0, "FLOOR PLAN"), (500.0, 512.0, "1:50")],
    ];
    for lines in details {
        assert_eq!(best(lines), Some(50.0), "{lines:?}");
    }
}

#[test]
fn a_print_that_was_reduced_has_no_scale_by_its_text() {
    let scale = (0.0, 0.0, "SCALE: 1/8\" = 1'-0\"");
    for note in ["THIS DRAWING HAS BEEN REDUCED", "REDUCED", "REDUCED PRINT"] {
        assert!(withheld(&[scale, (0.0, 500.0, note)], 96.0).contains("REDUCED"), "{note}");
    }
    let conditional: &[Placed] = &[
        scale,
        (0.0, 500.0, "IF THE BAR DOES NOT MEASURE ONE INCH"),
        (0.0, 512.0, "THIS DRAWING HAS BEEN REDUCED"),
        (0.0, 524.0, "SCALE ACCORDINGLY"),
    ];
    assert_eq!(best(conditional), Some(96.0));
    // By half is by how much.
    let halved = [scale, (0.0, 500.0, "REDUCED SET"), (0.0, 600.0, "HALF SIZE")];
    let record = detect(&page(paper(17.0 * 25.4, 11.0 * 25.4), &halved)).value;
    assert_eq!(record.best.map(|b| b.ratio), Some(192.0));
}

#[test]
fn a_sheet_made_for_another_paper_has_its_scale_offered_corrected() {
    let a3 = paper(420.0, 297.0);
    for note in ["ORIGINAL SHEET SIZE A1", "PRINTED ON A1", "A1 ORIGINAL"] {
        let lines: &[Placed] = &[(0.0, 0.0, "SCALE 1:100"), (0.0, 500.0, note)];
        let record = detect(&page(a3, lines)).value;
        let why = record.withheld.unwrap_or_else(|| panic!("{note}: {:?}", record.best));
        assert!(why.contains("A1 paper") && why.contains("16.5 x 11.7 in") && why.contains("1:200"), "{why}");
        let ratios: Vec<f64> = record.candidates.iter().map(|c| c.ratio).collect();
        assert_eq!(ratios, [100.0, 200.0]);
        let copy = &record.candidates[1];
        assert_eq!((copy.text.as_str(), copy.px_per_foot, copy.confidence), ("1:200", Some(9.0), 0.50));
        // On its own paper it holds.
        let a1 = detect(&page(paper(841.0, 594.0), lines)).value;
        assert_eq!(a1.best.map(|b| b.ratio), Some(100.0), "{note}");
    }
    let own = detect(&page(a3, &[(0.0, 0.0, "SCALE 1:100 @ A1")])).value;
    assert_eq!(own.candidates.last().map(|c| c.ratio), Some(200.0));
    let tabloid = paper(17.0 * 25.4, 11.0 * 25.4);
    let lines: &[Placed] =
        &[(0.0, 0.0, "SCALE: 1/8\" = 1'-0\""), (0.0, 500.0, "WHEN PLOTTED AT 22\" X 34\"")];
    let record = detect(&page(tabloid, lines)).value;
    assert_eq!((record.best, record.candidates.last().map(|c| c.ratio)), (None, Some(192.0)));
    // A half-size print says so, and is what it should be.
    let mut half = lines.to_vec();
    half.push((0.0, 700.0, "HALF SIZE"));
    assert_eq!(detect(&page(tabloid, &half)).value.best.map(|b| b.ratio), Some(192.0));
    // Another shape is no copy: nothing is corrected.
    let square = detect(&page(paper(400.0, 400.0), &[(0.0, 0.0, "SCALE 1:100 @ A1")])).value;
    assert_eq!((square.best, square.candidates.len()), (None, 1));
    // One of two papers is this.
    let two: &[Placed] =
        &[(0.0, 0.0, "SCALE 1:100"), (0.0, 500.0, "SHEET SIZE A1"), (0.0, 600.0, "PRINTED ON A3")];
    assert_eq!(detect(&page(a3, two)).value.best.map(|b| b.ratio), Some(100.0));
}
