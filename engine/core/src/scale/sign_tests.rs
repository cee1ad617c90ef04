use super::hedge::Doubt;
use super::notation::{parse_all, read};
use super::notation_tests::one;

#[test]
fn what_has_a_sign_is_no_scale() {
    let mut wrong = Vec::new();
    for sign in ["-", "−", "–", "－", "+", "±"] {
        for text in [
            format!("{sign}1:100"),
            format!("SCALE: {sign}1:100"),
            format!("SCALE:{sign}1:100"),
            format!("SCALE {sign}1:100"),
            format!("SCALE = {sign}1:100"),
            format!("({sign}1:100)"),
            format!("FLOOR PLAN {sign}1:100"),
            format!("1:{sign}100"),
            format!("SCALE: 1:{sign}100"),
            format!("SCALE: 1: {sign}100"),
            format!("SCALE: 1{sign}:100"),
            format!("{sign}1/4\" = 1'-0\""),
            format!("SCALE: {sign}1/4\" = 1'-0\""),
            format!("SCALE: {sign}1\" = 20'"),
            format!("SCALE: 1/{sign}4\" = 1'-0\""),
            format!("1/{sign}4\" = 1'"),
            format!("1/4\" = {sign}1'-0\""),
            format!("SCALE: 1/4\" = {sign}1'"),
            format!("SECTION 1/4\" {sign}1'-0\""),
            format!("1\" = {sign}20'"),
            format!("{sign}½\" = 1'-0\""),
            format!("SCALE: {sign}1 1/2\" = 1'-0\""),
            format!("SCALE: {sign}1/50"),
        ] {
            let found = parse_all(&text);
            if !found.is_empty() {
                wrong.push(format!("{text:?} gave {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // A hyphen between a label or title and its scale is no sign.
    for text in
        ["SCALE-1:100", "SCALE - 1:100", "FLOOR PLAN - 1:100", "SCALE:- 1:100", "- 1:100", "PLAN-1:100"]
    {
        assert_eq!(one(text), Ok(100.0), "{text}");
    }
    for text in [
        "SCALE-1/4\" = 1'-0\"",
        "PLAN - 1/4\" = 1'-0\"",
        "SCALE: 1/4\"-1'-0\"",
        "PLAN (A)-1/4\"=1'-0\"",
        "LEVEL -1 1/4\" = 1'-0\"",
    ] {
        assert_eq!(one(text), Ok(48.0), "{text}");
    }
}

#[test]
fn a_range_is_no_scale_and_a_list_is_all_of_it() {
    for text in [
        "1:100-1:200",
        "SCALE: 1:100-1:200",
        "SCALE 1:100–1:200",
        "SCALE: 1:100 -1:200",
        "SCALE: 1:100- 1:200",
        "SCALE: 1:100-200",
        "SCALE: 1:100/200",
        "SCALE 1:100 TO 1:200",
        "SCALE 1:100 TO 200",
        "MASSSTAB 1:100 BIS 1:200",
        "1/8\"-1/4\" = 1'-0\"",
        "SCALE: 1/8-1/4\" = 1'-0\"",
        "1\" = 10'-20'",
        "1\" = 10' - 20'",
        "SCALE: 1\" = 10' TO 20'",
        "SCALE: 1\" = 10 FT - 20 FT",
    ] {
        let found = parse_all(text);
        assert!(found.is_empty(), "{text:?} gave {found:?}");
    }
    for (text, ratios) in [
        ("SCALE: 1:100 - 1:200", [100.0, 200.0]),
        ("SCALE: 1:100/1:200", [100.0, 200.0]),
        ("SCALE: 1:50,1:100", [50.0, 100.0]),
        ("SCALE: 1:100 ~ 1:200", [100.0, 200.0]),
        ("1/8\" = 1'-0\" - 1/4\" = 1'-0\"", [96.0, 48.0]),
        ("1/8\" = 1'-0\" TO 1/4\" = 1'-0\"", [96.0, 48.0]),
    ] {
        let found: Vec<f64> = parse_all(text).iter().filter_map(|n| n.ratio).collect();
        assert_eq!(found, ratios, "{text}");
    }
}

#[test]
fn a_print_that_was_resized_is_told() {
    for (text, words) in [
        ("SCALE 1/8\"=1'-0\" (REDUCED 50%)", "REDUCED 50%"),
        ("SCALE 1:100 ENLARGED TO 141 %", "ENLARGED TO 141 %"),
        ("THIS DRAWING HAS BEEN REDUCED BY 50%", "REDUCED BY 50%"),
        ("PRINTED AT 64%", "PRINTED AT 64%"),
        ("PLOT: 50% OF FULL SIZE", "50% OF FULL SIZE"),
        ("REDUCED 50 PERCENT", "REDUCED 50 PERCENT"),
        ("50% REDUCTION", "50% REDUCTION"),
    ] {
        assert_eq!(read(text).resized.as_deref(), Some(words), "{text}");
    }
    for text in [
        "LIVE LOAD REDUCTION 40%",
        "30% WATER USE REDUCTION REQUIRED BY THE OWNER'S PROJECT REQUIREMENTS",
        "100% CONSTRUCTION DOCUMENTS",
        "50% DESIGN DEVELOPMENT PRINT SET",
        "ENLARGED FLOOR PLAN 1/4\" = 1'-0\"",
        "PRINTED AT 100%",
        "SLOPE 2% ENLARGED PLAN",
        "1:50",
    ] {
        assert_eq!(read(text).resized, None, "{text}");
    }
}

#[test]
fn a_notation_that_the_sheet_disowns_is_none() {
    for text in [
        "NOT 1/8\" = 1'-0\"",
        "DO NOT USE SCALE 1:50",
        "VOID SCALE 1:50",
        "SCALE 1:50 SUPERSEDED",
        "SCALE 1:50 (WITHDRAWN)",
        "SCALE 1:50 DELETED",
        "SCALE 1:50 (OBSOLETE)",
        "SCALE 1:50 - CANCELLED",
        "SCALE 1:50 INCORRECT",
        "SCALE 1:50 (NOT VALID)",
        "SCALE 1:50 NO LONGER VALID",
        "SCALE 1:50 N/A",
        "SCALE 1:50 NOT APPLICABLE",
        "SCALE 1:50 (DO NOT USE)",
        "NOT A SCALE: 1:50",
        "THIS IS NOT SCALE 1:50",
        "OLD SCALE 1:50",
        "SCALE 1:50 (VOID)",
        "PREVIOUS SCALE: 1/4\" = 1'-0\"",
        "SEE A-401 FOR 1/4\" = 1'-0\" ENLARGED PLANS",
        "REFER TO DRAWING A-201 SCALE 1:50",
        "SEE DETAIL AT 1:10",
    ] {
        let found = parse_all(text);
        assert!(found.is_empty(), "{text:?} gave {found:?}");
    }
    for (text, ratio) in [
        ("DO NOT SCALE DRAWINGS. SCALE: 1:50", 50.0),
        ("DO NOT SCALE THIS DRAWING SCALE 1:50", 50.0),
        ("SEE NOTE 4. SCALE 1/8\" = 1'-0\"", 96.0),
        ("DRAWING REF: A-101 SCALE 1:100", 100.0),
        ("OVERALL PLAN 1:200", 200.0),
        ("SCALE: 1:100 UNLESS NOTED", 100.0),
    ] {
        assert_eq!(one(text), Ok(ratio), "{text}");
    }
}

#[test]
fn spaces_group_thousands() {
    for (text, ratio) in [("SCALE 1:1 000", 1_000.0), ("SCALE 1 : 2 000", 2_000.0), ("1:50", 50.0)] {
        assert_eq!(one(text), Ok(ratio), "{text}");
    }
    // Beyond what text may state, or not sure.
    for text in ["SCALE 1 : 1000 000", "SCALE 1:50 000", "SCALE 1:1 250"] {
        assert!(parse_all(text).is_empty(), "{text}");
    }
    assert_eq!(one("SCALE 1:100 200"), Ok(100.0));
}

#[test]
fn a_fraction_behind_a_ratio_is_part_of_it() {
    for text in ["SCALE 1:33 1/3", "SCALE 1 : 33 1/3", "SCALE 1:33⅓", "SCALE: 1:33 ⅓ @ A1"] {
        let ratio = one(text).unwrap();
        assert!((ratio - 100.0 / 3.0).abs() < 1e-9, "{text}: {ratio}");
    }
    // That of the next notation is not.
    let both: Vec<f64> = parse_all("SCALE 1:48 1/4\" = 1'-0\"").iter().filter_map(|n| n.ratio).collect();
    assert_eq!(both, [48.0, 48.0]);
}

/// The doubt of the one notation of a text.
fn doubt(text: &str) -> Option<Doubt> {
    one(text).unwrap();
    parse_all(text).remove(0).doubt
}

#[test]
fn a_scale_of_something_beside_the_drawing_is_in_doubt() {
    for (text, words) in [
        ("KEY PLAN SCALE 1:500", "KEY PLAN"),
        ("KEY PLAN 1:500", "KEY PLAN"),
        ("SITE LOCATION PLAN - 1:1250", "SITE LOCATION PLAN"),
        ("1:1250 LOCATION PLAN", "LOCATION PLAN"),
        ("2 LOCATION PLAN SCALE: 1:1250 @ A3", "LOCATION PLAN"),
        ("VICINITY MAP (1:2500)", "VICINITY MAP"),
        ("VICINITY MAP SCALE: 1\" = 500'", "VICINITY MAP"),
        ("AERIAL IMAGE SCALE 1:2000", "AERIAL IMAGE"),
        ("PHOTO SCALE 1:50", "PHOTO"),
        ("VERTICAL SCALE: 1\" = 5'", "VERTICAL"),
    ] {
        let Some(Doubt::Beside(said) | Doubt::Vertical(said)) = doubt(text) else {
            panic!("{text}: {:?}", doubt(text))
        };
        assert!(said.ends_with(words), "{text}: {said}");
    }
    for text in [
        "BORING LOCATION PLAN 1\" = 20'",
        "FLOOR PLAN 1:100",
        "LOCATION: LONDON. SCALE 1:50",
        "PLAN 1:100 KEY",
        "1:100 FLOOR PLAN, SEE KEY PLAN",
    ] {
        assert_eq!(doubt(text), None, "{text}");
    }
}

#[test]
fn a_scale_that_is_about_right_is_in_doubt() {
    for text in [
        "APPROX. SCALE 1:50",
        "SCALE (APPROX): 1:50",
        "SCALE: APPROX. 1:50",
        "SCALE: 1:50 (APPROX.)",
        "SCALE 1:50 APPROXIMATELY",
        "SCALE ~1:50",
        "SCALE: ≈ 1:50",
        "SCALE 1:50 ±",
        "SCALE 1:50 +/-",
        "SCALE CIRCA 1:50",
        "SCALE: 1\" = 20' ±",
        "SCALE: 1/4\" = 1'-0\" APPROX. @ A1",
    ] {
        assert!(matches!(doubt(text), Some(Doubt::About(_))), "{text}: {:?}", doubt(text));
    }
    for text in ["SCALE 1:50 APPROXIMATE LOCATION OF SEWER", "SCALE 1:50", "APPROX. 3 M. SCALE 1:50"] {
        assert_eq!(doubt(text), None, "{text}");
    }
}

#[test]
fn a_scale_beside_not_to_scale_is_in_doubt() {
    for text in ["1:50 NTS", "SCALE 1:50 (N.T.S.)", "SCALE: NTS 1:50", "SCALE 1:50 @ A1 - NOT TO SCALE"] {
        let found = parse_all(text);
        let scaled = found.iter().find(|n| n.ratio == Some(50.0)).unwrap();
        assert!(matches!(scaled.doubt, Some(Doubt::Unscaled(_))), "{text}: {found:?}");
    }
    for text in ["SCALE 1:100 @ A1, NTS @ A3", "PLAN 1:50 DETAIL 3 NTS"] {
        assert!(parse_all(text).iter().all(|n| n.doubt.is_none()), "{text}");
    }
}

#[test]
fn a_print_that_was_reduced_by_nobody_knows_how_much_is_told() {
    for (text, words) in [
        ("THIS DRAWING HAS BEEN REDUCED", "DRAWING HAS BEEN REDUCED"),
        ("REDUCED", "REDUCED"),
        ("(REDUCED)", "REDUCED"),
        ("REDUCED SIZE PRINT", "REDUCED SIZE"),
        ("THIS IS A REDUCED DRAWING", "REDUCED DRAWING"),
        ("SCALE REDUCED", "SCALE REDUCED"),
        ("THIS PRINT WAS ENLARGED", "PRINT WAS ENLARGED"),
    ] {
        assert_eq!(read(text).reduced.as_deref(), Some(words), "{text}");
    }
    for text in [
        "REDUCED PRESSURE BACKFLOW PREVENTER",
        "ENLARGED PLAN",
        "PLAN ENLARGED",
        "THIS DRAWING MAY HAVE BEEN REDUCED",
        "IF BAR IS NOT ONE INCH, DRAWING HAS BEEN REDUCED",
        "FLOW REDUCED TO 2 GPM",
        "LIVE LOADS HAVE BEEN REDUCED",
    ] {
        assert_eq!(read(text).reduced, None, "{text}");
    }
}

#[test]
fn the_paper_that_a_sheet_is_made_for_is_told() {
    for (text, paper) in [
        ("ORIGINAL SHEET SIZE A1", "A1"),
        ("ORIGINAL SIZE: A1", "A1"),
        ("SHEET SIZE IS 24\" x 36\"", "24X36"),
        ("A1 ORIGINAL", "A1"),
        ("ORIGINAL A1", "A1"),
        ("SCALE 1:100 WHEN PLOTTED AT A1", "A1"),
        ("WHEN PLOTTED AT FULL SIZE 24x36", "24X36"),
        ("PRINTED ON A1", "A1"),
        ("IF THIS SHEET IS NOT 22X34 IT IS A REDUCED PRINT", "22X34"),
        ("IF SHEET IS LESS THAN 24\"X36\"", "24X36"),
        ("FULL SIZE PRINT IS 24 X 36", "24X36"),
        ("THIS SHEET IS 24\"x36\" AT FULL SIZE", "24X36"),
        ("SCALE CORRECT AT 24x36 ONLY", "24X36"),
        ("SCALES SHOWN ARE FOR 24x36 SHEETS", "24X36"),
    ] {
        assert_eq!(read(text).sheet.map(|s| s.name).as_deref(), Some(paper), "{text}");
    }
    for text in [
        "SHEET A1",
        "SEE DRAWING A1",
        "SHEET METAL 24X36",
        "NO DUCT ON THIS PLAN MAY BE LARGER THAN 24X36",
        "FULL SIZE DETAIL A1",
        "1:100 @ A1",
        "DOOR SIZE 36X48",
        "HALF SIZE (11x17)",
    ] {
        assert_eq!(read(text).sheet, None, "{text}");
    }
}
