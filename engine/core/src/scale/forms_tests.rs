//! Full size, `S=1:100`, `1/50e` and NOT TO SCALE: what is read of them where they stand, and what looks like them.

use super::detect_tests::Placed;
use super::practice_tests::{a1, arch_d, check_sheets};

const SHEETS: &[(&[Placed], Option<f64>)] = &[
    (&[(200.0, 200.0, "BRACKET DETAIL"), (200.0, 214.0, "FULL SIZE")], Some(1.0)),
    (&[(200.0, 200.0, "BRACKET DETAIL"), (200.0, 214.0, "SCALE: FULL SIZE")], Some(1.0)),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 900.0, "FULL SIZE SET"),
        ],
        Some(96.0),
    ),
    (
        &[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""), (900.0, 900.0, "FULL SIZE")],
        Some(96.0),
    ),
    (&[(200.0, 200.0, "PROVIDE FULL SIZE MOCKUP")], None),
    (&[(200.0, 200.0, "FULL SIZE @ 24X36")], None),
    (&[(200.0, 200.0, "S=1:100")], None),
    (&[(200.0, 200.0, "S = 1 : 100")], None),
    (&[(200.0, 200.0, "PLAN DU REZ"), (200.0, 214.0, "ECH. 1/50e")], Some(50.0)),
    (&[(200.0, 200.0, "PLAN DU REZ"), (200.0, 214.0, "Ech : 1:50e")], Some(50.0)),
    (&[(200.0, 200.0, "PLAN DU REZ"), (200.0, 214.0, "Echelle 1/50ème")], Some(50.0)),
    (&[(200.0, 200.0, "S=1:100")], None),
    (&[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "S=1:100")], Some(100.0)),
    (&[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "S=1/100")], Some(100.0)),
    (&[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "SCALE 1:50"), (900.0, 900.0, "S=1:100")], Some(50.0)),
    (&[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "S=1:100 MAX")], None),
    (&[(200.0, 200.0, "FULL SIZE")], None),
    (&[(200.0, 200.0, "FLOOR PLAN"), (900.0, 900.0, "FULL SIZE")], None),
    (&[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "FULL SIZE")], None),
    (&[(200.0, 200.0, "SILL DETAIL - FULL SIZE")], Some(1.0)),
    (&[(200.0, 200.0, "SILL DETAIL - HALF FULL SIZE")], None),
    (&[(200.0, 200.0, "SILL DETAIL"), (200.0, 214.0, "SCALE: HALF FULL SIZE")], None),
    (&[(200.0, 200.0, "SILL DETAIL"), (200.0, 214.0, "SCALE: 1/2 FULL SIZE")], None),
    (&[(200.0, 200.0, "SILL DETAIL"), (200.0, 214.0, "SCALE: 3\" = 1'-0\" (QUARTER FULL SIZE)")], Some(4.0)),
    (
        &[
            (200.0, 200.0, "SILL DETAIL"),
            (200.0, 214.0, "FULL SIZE"),
            (900.0, 200.0, "HEAD DETAIL"),
            (900.0, 214.0, "SCALE: 3\" = 1'-0\""),
        ],
        None,
    ),
    (&[(200.0, 200.0, "SCALE"), (200.0, 214.0, "FULL SIZE")], Some(1.0)),
    (&[(200.0, 200.0, "SILL DETAIL"), (200.0, 214.0, "FULL SIZE TEMPLATES")], None),
    (&[(200.0, 200.0, "DETAIL"), (200.0, 214.0, "FULL SCALE MOCK-UP")], None),
    (&[(200.0, 200.0, "PLAN"), (200.0, 214.0, "1:50E")], None),
    (&[(200.0, 200.0, "PLAN"), (200.0, 214.0, "ECHELLE : 1/50 ème")], Some(50.0)),
];

#[test]
fn forms_are_scales_where_they_stand_as_scales_do() {
    let sheets: Vec<_> = SHEETS.iter().map(|(lines, ratio)| (lines.to_vec(), *ratio)).collect();
    check_sheets(a1(), &sheets);
}

/// What stands over a title or under a scale and says that it is none.
const UNSCALED: &[(&[Placed], Option<f64>)] = &[
    (
        &[
            (200.0, 186.0, "NOT TO SCALE"),
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
        ],
        None,
    ),
    (&[(200.0, 200.0, "NOT TO SCALE"), (200.0, 214.0, "SCALE: 1/8\" = 1'-0\"")], None),
    (
        &[
            (200.0, 172.0, "DETAIL 4"),
            (200.0, 186.0, "NOT TO SCALE"),
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
        ],
        Some(96.0),
    ),
    (
        &[
            (900.0, 900.0, "DETAIL 4"),
            (900.0, 914.0, "NOT TO SCALE"),
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
        ],
        Some(96.0),
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (200.0, 228.0, "NOT TO SCALE"),
        ],
        None,
    ),
    (
        &[
            (200.0, 186.0, "DO NOT SCALE"),
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
        ],
        Some(96.0),
    ),
    (
        &[
            (200.0, 186.0, "N.T.S."),
            (200.0, 200.0, "SILL DETAIL"),
            (200.0, 214.0, "SCALE: 1/2\" = 1'-0\""),
            (900.0, 200.0, "FLOOR PLAN"),
            (900.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
        ],
        Some(96.0),
    ),
    (
        &[
            (600.0, 186.0, "NOT TO SCALE"),
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
        ],
        Some(96.0),
    ),
];

#[test]
fn what_is_not_to_scale_by_the_words_at_its_title_has_no_scale() {
    let sheets: Vec<_> = UNSCALED.iter().map(|(lines, ratio)| (lines.to_vec(), *ratio)).collect();
    check_sheets(a1(), &sheets);
}

/// What stands on sheets and looks like a scale of theirs, or like words that speak against one.
const LOOK_ALIKES: &[(&[Placed], Option<f64>)] = &[
    (
        &[
            (200.0, 186.0, "SHEET INDEX"),
            (200.0, 200.0, "1	COVER SHEET	NTS"),
            (200.0, 214.0, "2	SITE PLAN	1\" = 20'"),
            (200.0, 228.0, "3	GRADING PLAN	1\" = 20'"),
        ],
        None,
    ),
    (
        &[
            (200.0, 186.0, "DRAWING SCHEDULE"),
            (200.0, 200.0, "001	GA PLAN	1:50	A1"),
            (200.0, 214.0, "002	GA SECTION	1:50	A1"),
        ],
        None,
    ),
    (
        &[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 900.0, "HALF SIZE BASKETBALL COURT")],
        Some(96.0),
    ),
    (&[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 700.0, "SCALE IS FOR 24X36 SHEET")], Some(96.0)),
    (&[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "Scale: 1/4 inch equals 1 foot")], Some(48.0)),
    (&[(200.0, 200.0, "RAMP"), (200.0, 214.0, "ONE INCH = TEN FEET")], None),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (10.0, 1700.0, "one quarter inch = one foot"),
            (10.0, 1500.0, "one eighth inch = one foot"),
        ],
        Some(96.0),
    ),
    (
        &[
            (10.0, 1700.0, "1/4 inch = one foot"),
            (10.0, 1500.0, "1/8 inch = one foot"),
            (10.0, 1300.0, "1/2 inch = one foot"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (10.0, 1700.0, "one half inch = one foot"),
        ],
        Some(96.0),
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 900.0, "SILL DETAIL"),
            (900.0, 914.0, "FULL SIZE TEMPLATE REQUIRED"),
        ],
        Some(96.0),
    ),
    (&[(200.0, 200.0, "GRADING PLAN"), (200.0, 214.0, "1\" = 20'"), (300.0, 228.0, "S=1:50")], Some(240.0)),
    (&[(200.0, 200.0, "DRIVEWAY SECTION"), (240.0, 226.0, "S=1:20")], None),
];

#[test]
fn what_only_looks_like_them_is_left() {
    let sheets: Vec<_> = LOOK_ALIKES.iter().map(|(lines, ratio)| (lines.to_vec(), *ratio)).collect();
    check_sheets(arch_d(), &sheets);
}
