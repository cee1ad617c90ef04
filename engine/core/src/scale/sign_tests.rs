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
        "SCALE 1:50 (VOID)",
        "PREVIOUS SCALE: 1/4\" = 1'-0\"",
        "SEE A-401 FOR 1/4\" = 1'-0\" ENLARGED PLANS",
        "REFER TO DRAWING A-201 SCALE 1:50",
        "SEE DETAIL AT 1:10",
        "KEY PLAN SCALE 1:500",
        "KEY PLAN 1:500",
        "VERTICAL SCALE: 1\" = 5'",
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
