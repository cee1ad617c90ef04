//! Prints of another size than they were drawn for: what the sheet says of it, and what has to become of its scale.

use super::detect_tests::Placed;
use super::practice_tests::check_sheets;
use crate::geom::PageSpace;

type Sheet = (&'static [Placed], Option<f64>);

const TABLOID: &[Sheet] = &[
    (&[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 700.0, "HALF SIZE LOCKERS")], Some(96.0)),
    (&[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 700.0, "POST 11X17 SIGN AT DOOR")], Some(96.0)),
    (&[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 700.0, "REDUCE DUCT TO 11X17")], Some(96.0)),
    (
        &[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 700.0, "12X18 REDUCED TO 11X17 DUCT")],
        Some(96.0),
    ),
    (
        &[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 700.0, "LINE OF 1 INCH WATER IS EXISTING")],
        Some(96.0),
    ),
    (&[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 700.0, "1\" ON ORIGINAL")], None),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""),
            (900.0, 700.0, "THIS SHEET, ADJUST SCALES ACCORDINGLY"),
        ],
        None,
    ),
    (
        &[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 700.0, "1\" INSULATION ON FULL HEIGHT WALL")],
        Some(96.0),
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "SCALE AS NOTED AT 24x36"),
        ],
        None,
    ),
    (&[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "SCALE: 1/8\" = 1'-0\" (AT 24x36)")], None),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "THIS DRAWING IS HALF SIZE IF PRINTED ON 11X17"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "FULL SIZE SHEET IS 22X34"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "ORIGINAL IS 24 X 36"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (
                900.0,
                700.0,
                "BAR IS ONE INCH ON ORIGINAL DRAWING. IF NOT ONE INCH ON THIS SHEET, ADJUST SCALES ACCORDINGLY",
            ),
        ],
        None,
    ),
    (
        &[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""), (900.0, 700.0, "SIZE: D")],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "24\" x 36\" SHEET"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "SCALES BASED ON 24X36 SHEET"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "SCALE IS FOR 24\"x36\" PLOT"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "11x17 SHEETS ARE HALF SCALE"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "SCALE REDUCED WHEN PRINTED ON 11X17"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "PRINT ON ARCH D"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "ARCH D (24.00 x 36.00 Inches)"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "ARCH full bleed D (36.00 x 24.00 Inches)"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "REDUCED PLAN SET"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "HALF SIZE SET"),
        ],
        Some(192.0),
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""),
            (900.0, 200.0, "SCALES SHOWN ARE FOR 22X34 SHEETS. 11X17 SHEETS ARE HALF SCALE"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "BAR IS ONE INCH ON"),
            (900.0, 714.0, "ORIGINAL DRAWING."),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "VERIFY SCALES"),
            (900.0, 714.0, "IF NOT ONE INCH ON THIS SHEET,"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "0 1\""),
            (900.0, 714.0, "LINE IS 1\" AT FULL SIZE"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "PROVIDE 1 INCH LINE TO FIXTURE"),
        ],
        Some(96.0),
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "GRAB BAR 1 1/2\" DIA"),
        ],
        Some(96.0),
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "DRAWING SIZE: 24 X 36"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 690.0, "SIZE"),
            (900.0, 700.0, "D"),
        ],
        None,
    ),
];
const A3: &[Sheet] = &[
    (&[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "1:100@A1")], None),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "1:100"),
            (900.0, 700.0, "DO NOT SCALE. ALL SCALES AT A1"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "1:100"),
            (900.0, 700.0, "SIZE"),
            (900.0, 714.0, "A1"),
        ],
        None,
    ),
    (&[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "1:100"), (900.0, 700.0, "ISO A1")], None),
    (&[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "SCALE 1:100"), (900.0, 700.0, "FORMAT A1")], None),
    (&[(200.0, 200.0, "GRUNDRISS"), (200.0, 214.0, "M 1:100"), (900.0, 700.0, "Blattgröße DIN A1")], None),
    (&[(200.0, 200.0, "GRUNDRISS"), (200.0, 214.0, "M 1:100"), (900.0, 700.0, "841 x 594 mm")], None),
    (&[(200.0, 200.0, "PLAN"), (200.0, 214.0, "ECHELLE 1:100 (A1)")], None),
    (&[(200.0, 200.0, "PLAN"), (200.0, 214.0, "ECHELLE 1:100"), (900.0, 700.0, "FORMAT: A1 ORIGINAL")], None),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1:100"),
            (900.0, 700.0, "ISO full bleed A1 (841.00 x 594.00 MM)"),
        ],
        None,
    ),
    (
        &[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "SCALE 1:100 @ A3"), (900.0, 700.0, "ISO A3")],
        Some(100.0),
    ),
    (
        &[
            (200.0, 200.0, "GRUNDRISS"),
            (200.0, 214.0, "M 1:100"),
            (900.0, 690.0, "Blattgröße"),
            (900.0, 702.0, "A1"),
        ],
        None,
    ),
    (&[(200.0, 200.0, "PLANTA"), (200.0, 214.0, "ESCALA 1:100"), (900.0, 690.0, "FORMATO A1")], None),
    (&[(200.0, 200.0, "PLAN"), (200.0, 214.0, "1:100"), (900.0, 690.0, "SCALE @ ORIGINAL A1")], None),
    (&[(900.0, 690.0, "SCALE @ A1"), (900.0, 702.0, "1:100")], None),
    (&[(200.0, 200.0, "PLAN 1:100"), (900.0, 690.0, "ORIGINAL DRAWING SIZE A1")], None),
    (&[(200.0, 200.0, "PLAN 1:100"), (900.0, 690.0, "THIS IS AN A1 DRAWING")], None),
    (&[(200.0, 200.0, "PLAN 1:100"), (900.0, 690.0, "TO BE PRINTED AT A1")], None),
    (&[(200.0, 200.0, "PLAN 1:100"), (900.0, 690.0, "A1 SHEET")], None),
    (&[(200.0, 200.0, "PLAN 1:100"), (900.0, 690.0, "SIZE: A1")], None),
    (&[(900.0, 690.0, "SCALE: 1:100\tSIZE: A1")], None),
    (&[(900.0, 690.0, "SCALE / SIZE"), (900.0, 702.0, "1:100 / A1")], None),
    (&[(900.0, 690.0, "1:100 A1")], None),
    (&[(900.0, 690.0, "SCALE 1:100, A1")], None),
    (&[(900.0, 690.0, "SCALE 1:100 (ISO A1)")], None),
    (&[(900.0, 690.0, "ECHELLE: 1/100"), (900.0, 702.0, "FORMAT: A1")], None),
    (&[(200.0, 200.0, "PLAN 1:100"), (900.0, 690.0, "ORIG. SIZE A1")], None),
    (&[(200.0, 200.0, "PLAN 1:100"), (900.0, 690.0, "ORIG SHEET SIZE - A1")], None),
];
const ARCH_E1: &[Sheet] = &[
    (
        &[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 186.0, "SIZE"), (900.0, 200.0, "24\" X 36\"")],
        Some(96.0),
    ),
    (&[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 200.0, "W1\t24 X 36\tSINGLE HUNG")], Some(96.0)),
    (&[(200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""), (900.0, 200.0, "24\" X 36\" SKYLIGHT")], Some(96.0)),
];
const ANSI_D: &[Sheet] = &[
    (
        &[
            (200.0, 200.0, "FLOOR PLAN 1/8\" = 1'-0\""),
            (900.0, 200.0, "SCALES SHOWN ARE FOR 22X34 SHEETS. 11X17 SHEETS ARE HALF SCALE"),
        ],
        Some(96.0),
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "BAR IS ONE INCH ON"),
            (900.0, 714.0, "ORIGINAL DRAWING."),
        ],
        Some(96.0),
    ),
];
const ARCH_D: &[Sheet] = &[
    (
        &[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "1/8\" = 1'-0\" @ 24X36, 1/16\" = 1'-0\" @ 12X18")],
        Some(96.0),
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "HALF SIZE IF PRINTED ON 11X17"),
        ],
        Some(96.0),
    ),
];
const ARCH_B: &[Sheet] = &[
    (
        &[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "1/8\" = 1'-0\" @ 24X36, 1/16\" = 1'-0\" @ 12X18")],
        Some(192.0),
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "24X36 FULL SIZE, 12X18 HALF SIZE"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 700.0, "PLOT SIZE: ARCH D"),
        ],
        None,
    ),
];
const A1: &[Sheet] = &[
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "SCALE 1:100"),
            (900.0, 700.0, "ISO A1 (841.00 x 594.00 MM)"),
        ],
        Some(100.0),
    ),
    (&[(200.0, 200.0, "PLANTA"), (200.0, 214.0, "ESCALA 1:100"), (900.0, 690.0, "FORMATO A1")], Some(100.0)),
];

#[test]
fn a_print_that_may_be_reduced_has_no_scale_unless_its_size_tells() {
    let inches = |w: f64, h: f64| PageSpace::of_points(w * 72.0, h * 72.0).unwrap();
    for (space, table) in [
        (inches(17.0, 11.0), TABLOID),
        (inches(16.54, 11.69), A3),
        (inches(42.0, 30.0), ARCH_E1),
        (inches(34.0, 22.0), ANSI_D),
        (inches(36.0, 24.0), ARCH_D),
        (inches(18.0, 12.0), ARCH_B),
        (inches(33.11, 23.39), A1),
    ] {
        let sheets: Vec<_> = table.iter().map(|(lines, ratio)| (lines.to_vec(), *ratio)).collect();
        check_sheets(space, &sheets);
    }
}
