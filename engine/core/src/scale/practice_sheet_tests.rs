//! What drawings of the field say, sheet by sheet, and what has to become of it.

use super::detect_tests::Placed;
use super::practice_tests::{a1, a3, arch_d, check_sheets};

type Sheet = (&'static [Placed], Option<f64>);

/// On 36 x 24 in.
const UNITED_STATES: &[Sheet] = &[
    (&[(200.0, 200.0, "FIRST FLOOR PLAN"), (200.0, 214.0, "SCALE: 1/8\" = 1'-0\"")], Some(96.0)),
    (&[(200.0, 200.0, "FIRST FLOOR PLAN"), (200.0, 214.0, "1/8\" = 1'-0\"")], Some(96.0)),
    (&[(200.0, 200.0, "KEY PLAN"), (200.0, 214.0, "1\" = 100'")], None),
    (&[(200.0, 200.0, "VICINITY MAP"), (200.0, 214.0, "NO SCALE")], None),
    (&[(200.0, 200.0, "GRAPHIC SCALE"), (200.0, 214.0, "1 inch = 20 ft.")], Some(240.0)),
    // A plan and details with their own scales.
    (
        &[
            (200.0, 200.0, "FIRST FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 900.0, "3\" = 1'-0\""),
        ],
        None,
    ),
    // A plan, and a key plan beside it.
    (
        &[
            (200.0, 200.0, "FIRST FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (1500.0, 900.0, "KEY PLAN"),
            (1500.0, 914.0, "1\" = 100'-0\""),
        ],
        Some(96.0),
    ),
    // A plan, and details that are not to scale.
    (
        &[
            (200.0, 200.0, "FIRST FLOOR PLAN"),
            (200.0, 214.0, "SCALE: 1/8\" = 1'-0\""),
            (900.0, 900.0, "DETAIL 4 NTS"),
        ],
        Some(96.0),
    ),
    // The title block defers to the views.
    (
        &[
            (200.0, 200.0, "FIRST FLOOR PLAN"),
            (200.0, 214.0, "1/8\" = 1'-0\""),
            (2300.0, 1600.0, "SCALE: AS NOTED"),
        ],
        None,
    ),
    // Stairs are dimensioned on the sheet.
    (
        &[
            (200.0, 200.0, "STAIR SECTION"),
            (200.0, 214.0, "1/2\" = 1'-0\""),
            (900.0, 900.0, "14 RISERS @ 7\" = 8'-2\""),
        ],
        Some(24.0),
    ),
    // A stair that only is dimensioned.
    (&[(900.0, 900.0, "10 TREADS @ 11\" = 9'-2\"")], None),
    // North beside the scale.
    (&[(200.0, 200.0, "NORTH"), (250.0, 200.0, "1/8\" = 1'-0\"")], Some(96.0)),
    // The sheet that it is drawn for.
    (
        &[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "1/8\" = 1'-0\""), (900.0, 900.0, "DRAWN ON ARCH D")],
        Some(96.0),
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "1/8\" = 1'-0\""),
            (900.0, 900.0, "SHEET SIZE: ARCH E1"),
        ],
        None,
    ),
    (
        &[
            (200.0, 200.0, "FLOOR PLAN"),
            (200.0, 214.0, "1/8\" = 1'-0\""),
            (900.0, 900.0, "ORIGINAL SHEET SIZE 30x42"),
        ],
        None,
    ),
    // The number of a sheet is no paper.
    (
        &[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "1/8\" = 1'-0\""), (2300.0, 1600.0, "SHEET: A1")],
        Some(96.0),
    ),
    (
        &[(200.0, 200.0, "FLOOR PLAN"), (200.0, 214.0, "1/8\" = 1'-0\""), (2300.0, 1600.0, "SHEET A3 OF 7")],
        Some(96.0),
    ),
];

/// On A1.
const BRITAIN: &[Sheet] = &[
    (&[(200.0, 200.0, "GROUND FLOOR"), (200.0, 214.0, "1:50")], Some(50.0)),
    (&[(200.0, 200.0, "SCALE @ A1"), (200.0, 214.0, "1:50")], Some(50.0)),
    (&[(200.0, 200.0, "SCALE @ A3"), (200.0, 214.0, "1:50")], None),
    (&[(200.0, 200.0, "SCALE (A3)"), (200.0, 214.0, "1:50")], None),
    (&[(200.0, 200.0, "SCALE @ A3"), (200.0, 214.0, "1:50 @ A1")], Some(50.0)),
    // Views say what the title block says of its paper.
    (&[(200.0, 200.0, "GROUND FLOOR 1 : 100"), (2000.0, 1500.0, "1:100 @ A1 / 1:200 @ A3")], Some(100.0)),
    // Fields of a title block beside each other, without a label.
    (&[(2000.0, 1500.0, "MARCH 2024"), (2070.0, 1500.0, "1:100")], Some(100.0)),
    (&[(2000.0, 1500.0, "REV A"), (2050.0, 1500.0, "1:100")], Some(100.0)),
    // On the plan such words are anything's.
    (&[(200.0, 200.0, "REV A"), (250.0, 200.0, "1:100")], None),
    (&[(2000.0, 1500.0, "SHELF"), (2050.0, 1500.0, "1:50")], None),
    (&[(2000.0, 1500.0, "RWP"), (2040.0, 1500.0, "1:50")], None),
    // North beside the scale.
    (&[(200.0, 200.0, "NORTH"), (250.0, 200.0, "1:100")], Some(100.0)),
    (&[(200.0, 200.0, "N"), (220.0, 200.0, "1:100")], Some(100.0)),
    (&[(200.0, 200.0, "LOCATION PLAN"), (200.0, 214.0, "1:1250")], None),
    (
        &[(200.0, 200.0, "LOCATION PLAN"), (200.0, 214.0, "1:1250"), (900.0, 900.0, "SITE PLAN 1:500")],
        Some(500.0),
    ),
    // The size of the sheet is a field of its own.
    (&[(200.0, 200.0, "PAPER SIZE"), (200.0, 214.0, "A1"), (900.0, 900.0, "SCALE 1:100")], Some(100.0)),
    (&[(200.0, 200.0, "PAPER SIZE"), (200.0, 214.0, "A3"), (900.0, 900.0, "SCALE 1:100")], None),
    (&[(200.0, 200.0, "SHEET SIZE"), (200.0, 214.0, "A3"), (900.0, 900.0, "SCALE 1:100")], None),
    (&[(200.0, 200.0, "SHEET SIZE\tA3"), (900.0, 900.0, "SCALE 1:100")], None),
    // Falls on the plan beside the scale of the sheet.
    (&[(200.0, 200.0, "FALL 1:80"), (900.0, 900.0, "SCALE 1:100")], Some(100.0)),
    (&[(200.0, 200.0, "RAMP 1:12"), (900.0, 900.0, "SCALE 1:50")], Some(50.0)),
    // A bar that was copied from another sheet.
    (&[(200.0, 200.0, "1:50 SCALE BAR"), (900.0, 900.0, "SCALE 1:75")], Some(75.0)),
    // Two lines for two papers.
    (&[(200.0, 200.0, "SCALE: 1:100 @ A1"), (200.0, 214.0, "1:200 @ A3")], Some(100.0)),
];

/// Sheets of A1 on A3.
const REDUCED: &[Sheet] = &[
    (&[(200.0, 200.0, "GROUND FLOOR 1 : 100"), (900.0, 700.0, "1:100 @ A1 / 1:200 @ A3")], Some(200.0)),
    (&[(200.0, 200.0, "SCALE: 1:100 @ A1"), (200.0, 214.0, "1:200 @ A3")], Some(200.0)),
    (&[(200.0, 200.0, "DETAIL 1:20"), (900.0, 700.0, "1:100 @ A1 / 1:200 @ A3")], None),
    (&[(200.0, 200.0, "GROUND FLOOR"), (200.0, 214.0, "1:100"), (900.0, 700.0, "SHEET: A1")], None),
    (
        &[
            (200.0, 200.0, "GROUND FLOOR"),
            (200.0, 214.0, "1:100"),
            (900.0, 700.0, "SHEET: A1"),
            (900.0, 600.0, "SHEET SIZE: A3"),
        ],
        Some(100.0),
    ),
];

#[test]
fn sheets_as_offices_set_them() {
    for (space, table) in [(arch_d(), UNITED_STATES), (a1(), BRITAIN), (a3(), REDUCED)] {
        let sheets: Vec<_> = table.iter().map(|(lines, ratio)| (lines.to_vec(), *ratio)).collect();
        check_sheets(space, &sheets);
    }
}
