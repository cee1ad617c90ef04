//! Several scales in one notation, and what is none of a list.

use super::detect_tests::{Placed, found};
use super::practice_tests::{a1, arch_d, check_sheets};
use super::{SharedScale, SharedScaleError, parse_all};
use crate::geom::PageSpace;

fn ratios(text: &str) -> Vec<f64> {
    let mut all: Vec<f64> = parse_all(text).iter().filter_map(|n| n.ratio).filter(|r| *r > 0.0).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// What is listed, and the ratios of it.
const LISTS: &[(&str, &[f64])] = &[
    ("SCALE: 1/8\" & 1/4\" = 1'-0\"", &[48.0, 96.0]),
    ("SCALE: 1/8\", 1/4\" = 1'-0\"", &[48.0, 96.0]),
    ("SCALE: 1/8\" AND 1/4\" = 1'-0\"", &[48.0, 96.0]),
    ("1/8\" / 1/4\" = 1'-0\"", &[48.0, 96.0]),
    ("1/8\" - 1/4\" = 1'-0\"", &[48.0, 96.0]),
    ("1/8 & 1/4 = 1'-0\"", &[48.0, 96.0]),
    ("3/4\" OR 1 1/2\" = 1'-0\"", &[8.0, 16.0]),
    ("1/4\" , 1/2\" , 1\" = 1'-0\"", &[12.0, 24.0, 48.0]),
    ("1/8 IN. AND 1/4 IN. = 1 FT.", &[48.0, 96.0]),
    ("1\"=20'/40'", &[240.0, 480.0]),
    ("1\" = 20' & 40'", &[240.0, 480.0]),
    ("SCALE 1\"=10', 20'", &[120.0, 240.0]),
    ("1/8\"=1'-0\" & 1/4\"", &[48.0, 96.0]),
    ("1/8\"=1'-0\", 1/4\" UNO", &[48.0, 96.0]),
    ("1/8\" = 1'-0\", 1/4\" = 1'-0\"", &[48.0, 96.0]),
    ("1/8\" = 1'-6\", 1/4\" = 1'-0\"", &[48.0, 144.0]),
];

/// What stands beside one scale and is no second one.
const SINGLE: &[(&str, f64)] = &[
    ("DETAIL 3, 1/4\" = 1'-0\"", 48.0),
    ("SECTION 1/2 - 1/4\" = 1'-0\"", 48.0),
    ("3/A-301 - 3/4\" = 1'-0\"", 16.0),
    ("1\" = 20', 10' CONTOURS", 240.0),
    ("SCALE: 1/8\" = 1'-0\", 12' CEILING", 96.0),
    ("SCALE: 1/4\" = 1'-0\" / 24\"x36\"", 48.0),
    ("SCALE: 1/4\" = 1'-0\" / 1:48", 48.0),
    ("1/4\" = 1'-0\" - 5/8\" GYP. BD.", 48.0),
    ("LEVEL 1 & 2, 1/8\" = 1'-0\"", 96.0),
    ("12'-6\" & 1/4\" = 1'-0\"", 48.0),
    ("1-1/2\" = 1'-0\"", 8.0),
    ("1/4\" = 1'-0\" = 1:48", 48.0),
    ("2 3\" = 1'-0\"", 4.0),
];

#[test]
fn every_scale_of_a_list_is_read_and_nothing_else() {
    for (text, wanted) in LISTS {
        assert_eq!(ratios(text), *wanted, "{text}");
    }
    for (text, wanted) in SINGLE {
        assert_eq!(ratios(text), [*wanted], "{text}");
    }
}

/// Numbers of which a part looks like a scale.
const PARTS: &[&str] = &[
    "1:50,5",
    "1:33,3",
    "1:1,25",
    "1:1,0000",
    "1:50\u{b7}5",
    "1:50_5",
    "1:50+5",
    "1:50*2",
    "1:50;5",
    "1:12 500",
    "1:1 00",
    "1:50 00",
    "1:20 100",
    "1,5\" = 1'-0\"",
    "0,5\" = 1'",
    "1/8,5\" = 1'-0\"",
    "1\u{b7}5\" = 1'",
    "1 5\" = 1'-0\"",
    "1;5\" = 1'-0\"",
    "1:5\" = 1'-0\"",
    "$5\" = 1'-0\"",
    "1..5\" = 1'",
    "1_5\" = 1'-0\"",
    "1*5\" = 1'-0\"",
];

#[test]
fn a_part_of_a_number_is_no_scale() {
    for text in PARTS {
        for before in ["", "SCALE: "] {
            assert_eq!(ratios(&format!("{before}{text}")), [0.0; 0], "{before}{text}");
        }
    }
    for (text, ratio) in [("1:2,5", 2.5), ("SCALE 1:7,5", 7.5), ("1:12,5 @ A1", 12.5), ("1:10 000", 10_000.0)]
    {
        assert_eq!(ratios(text), [ratio], "{text}");
    }
    assert_eq!(ratios("1:50,1:100"), [50.0, 100.0]);
    assert_eq!(ratios("SCALE 1:100 2024"), [100.0]);
}

/// Pages by one line, and the scale that is taken.
fn check(space: PageSpace, table: &[(&str, Option<f64>)]) {
    let sheets: Vec<_> = table.iter().map(|&(text, ratio)| (vec![(200.0, 200.0, text)], ratio)).collect();
    check_sheets(space, &sheets);
}

#[test]
fn of_several_scales_in_one_notation_none_is_taken() {
    let several: Vec<_> = LISTS.iter().map(|(text, _)| (*text, None)).collect();
    check(arch_d(), &several);
    let single: Vec<_> = SINGLE.iter().map(|(text, ratio)| (*text, Some(*ratio))).collect();
    check(arch_d(), &single);
    check(
        a1(),
        &[
            ("SCALE(S): 1:100, 1:50 @ A1", None),
            ("SCALE(S): 1:50, 1:100 @ A1", None),
            ("SHEET SCALE(S) 1:20 & 1:5 @ A1", None),
            ("Scale/s 1:50 / 1:20", None),
            ("SCALE [S]: 1:100, 1:50", None),
            ("NOTED 1:100, 1:50 @ A1", None),
            ("SCALE(S): 1:100 @ A1", Some(100.0)),
            ("Scale/s: 1:100", Some(100.0)),
            ("1/8\" = 1'-0\" = 1:100", None),
            ("SCALE: 1:20 FT", None),
            ("SCALE 1:20 FEET", None),
        ],
    );
}

#[test]
fn a_text_that_somebody_gives_states_every_scale_that_it_lists() {
    for text in ["1/8\" & 1/4\" = 1'-0\"", "1\" = 20'/40'"] {
        let refused = SharedScale::of_text(&[None], text);
        assert!(matches!(refused, Err(SharedScaleError::NotOne { .. })), "{text}: {refused:?}");
    }
}

#[test]
fn a_profile_whose_heights_have_another_scale_has_none() {
    for (across, up) in [
        ("HORIZONTAL SCALE 1:500", "VERTICAL SCALE 1:100"),
        ("HORIZ. SCALE: 1\" = 40'", "VERT. SCALE: 1\" = 4'"),
    ] {
        let profile: &[Placed] = &[(200.0, 200.0, across), (200.0, 214.0, up)];
        let why = found(profile).value.withheld.unwrap_or_default();
        assert!(why.contains("heights"), "{across}: {why}");
    }
    // A plan above its profile has the scale of what runs across there.
    let plan: &[Placed] = &[
        (200.0, 200.0, "SITE PLAN"),
        (200.0, 214.0, "SCALE: 1\" = 40'"),
        (900.0, 900.0, "HORIZ. SCALE: 1\" = 40'"),
        (900.0, 914.0, "VERT. SCALE: 1\" = 4'"),
    ];
    let of_plan = found(plan);
    assert_eq!(of_plan.value.best.map(|b| b.ratio), Some(480.0));
    assert!(of_plan.findings.iter().any(|f| f.code == "scale_beside"), "{:?}", of_plan.findings);
    let same: &[Placed] = &[(200.0, 200.0, "HORIZONTAL SCALE 1:500"), (200.0, 214.0, "VERTICAL SCALE 1:500")];
    assert_eq!(found(same).value.best.map(|b| b.ratio), Some(500.0));
}

#[test]
fn a_scale_that_is_left_out_as_that_of_a_location_plan_is_told() {
    let sheet: &[Placed] = &[(200.0, 200.0, "LOCATION PLAN 1:1250"), (900.0, 900.0, "SITE PLAN 1:200")];
    let both = found(sheet);
    assert_eq!(both.value.best.map(|b| b.ratio), Some(200.0));
    assert!(both.findings.iter().any(|f| f.code == "scale_beside"), "{:?}", both.findings);
}

#[test]
fn a_location_plan_and_a_block_plan_are_two_plans_and_none_the_sheet_s() {
    let sheets: [&[Placed]; 3] = [
        &[(200.0, 200.0, "LOCATION PLAN 1:1250"), (900.0, 900.0, "BLOCK PLAN 1:200")],
        &[
            (200.0, 200.0, "SITE LOCATION PLAN"),
            (200.0, 214.0, "SCALE 1:1250"),
            (900.0, 900.0, "PROPOSED BLOCK PLAN"),
            (900.0, 914.0, "1:200"),
        ],
        &[(200.0, 200.0, "LOCATION PLAN 1:1250"), (900.0, 900.0, "STAIR DETAIL 1:200")],
    ];
    for sheet in sheets {
        let why = found(sheet).value.withheld.unwrap();
        assert!(why.contains("1:1250") && why.contains("1:200") && why.contains("LOCATION PLAN"), "{why}");
        // With a plan of the sheet they are beside it.
        let mut plan = sheet.to_vec();
        plan.extend([(200.0, 900.0, "GROUND FLOOR PLAN 1:200")]);
        assert_eq!(found(&plan).value.best.map(|b| b.ratio), Some(200.0), "{sheet:?}");
    }
    // A key plan is not drawn to be measured, and a block plan alone is what the sheet shows.
    let key: &[Placed] = &[(200.0, 200.0, "KEY PLAN 1:1250"), (900.0, 900.0, "BLOCK PLAN 1:200")];
    assert_eq!(found(key).value.best.map(|b| b.ratio), Some(200.0));
}

#[test]
fn a_drawing_that_says_that_it_is_reduced_has_no_scale() {
    for text in [
        "REDUCED DRAWING - DO NOT SCALE",
        "REDUCED PRINT. DO NOT SCALE DRAWINGS",
        "THIS PRINT HAS BEEN REDUCED, DO NOT SCALE",
    ] {
        let sheet: &[Placed] = &[(200.0, 200.0, "SCALE: 1/8\" = 1'-0\""), (900.0, 900.0, text)];
        assert!(found(sheet).value.withheld.unwrap_or_default().contains("REDUCED"), "{text}");
    }
    let unless: &[Placed] = &[
        (200.0, 200.0, "SCALE: 1/8\" = 1'-0\""),
        (900.0, 900.0, "IF THIS IS A REDUCED PRINT, DO NOT SCALE"),
    ];
    assert_eq!(found(unless).value.best.map(|b| b.ratio), Some(96.0));
}
