use super::notation::parse_all;
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
