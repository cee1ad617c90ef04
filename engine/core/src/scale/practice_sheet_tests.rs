//! What drawings of the field say, sheet by sheet, and what has to become of it.

use super::detect_tests::Placed;
use super::practice_tests::{a1, a3, arch_d, check_sheets};

/// Lines one under the other, 14 pt apart.
fn stacked(lines: &[&'static str]) -> Vec<Placed> {
    lines.iter().enumerate().map(|(i, text)| (200.0, 200.0 + 14.0 * i as f32, *text)).collect()
}

#[test]
fn sheets_as_offices_set_them() {
    let titled = |title, scale| stacked(&[title, scale]);
    let corner = |x: f32, y: f32, text| (x, y, text);
    let us: Vec<(Vec<Placed>, Option<f64>)> = vec![
        (titled("FIRST FLOOR PLAN", "SCALE: 1/8\" = 1'-0\""), Some(96.0)),
        (titled("FIRST FLOOR PLAN", "1/8\" = 1'-0\""), Some(96.0)),
        (titled("KEY PLAN", "1\" = 100'"), None),
        (titled("VICINITY MAP", "NO SCALE"), None),
        (titled("GRAPHIC SCALE", "1 inch = 20 ft."), Some(240.0)),
        // A plan and details with their own scales.
        (
            [titled("FIRST FLOOR PLAN", "SCALE: 1/8\" = 1'-0\""), vec![(900.0, 900.0, "3\" = 1'-0\"")]]
                .concat(),
            None,
        ),
        // A plan, and a key plan beside it.
        (
            [
                titled("FIRST FLOOR PLAN", "SCALE: 1/8\" = 1'-0\""),
                vec![(1500.0, 900.0, "KEY PLAN"), (1500.0, 914.0, "1\" = 100'-0\"")],
            ]
            .concat(),
            Some(96.0),
        ),
        // A plan, and details that are not to scale.
        (
            [titled("FIRST FLOOR PLAN", "SCALE: 1/8\" = 1'-0\""), vec![(900.0, 900.0, "DETAIL 4 NTS")]]
                .concat(),
            Some(96.0),
        ),
        // The title block defers to the views.
        (
            [titled("FIRST FLOOR PLAN", "1/8\" = 1'-0\""), vec![corner(2300.0, 1600.0, "SCALE: AS NOTED")]]
                .concat(),
            None,
        ),
        // Stairs are dimensioned on the sheet.
        (
            [titled("STAIR SECTION", "1/2\" = 1'-0\""), vec![(900.0, 900.0, "14 RISERS @ 7\" = 8'-2\"")]]
                .concat(),
            Some(24.0),
        ),
        // A stair that only is dimensioned.
        (vec![(900.0, 900.0, "10 TREADS @ 11\" = 9'-2\"")], None),
        // North beside the scale.
        (vec![(200.0, 200.0, "NORTH"), (250.0, 200.0, "1/8\" = 1'-0\"")], Some(96.0)),
        // The sheet that it is drawn for.
        (
            [titled("FLOOR PLAN", "1/8\" = 1'-0\""), vec![(900.0, 900.0, "DRAWN ON ARCH D")]].concat(),
            Some(96.0),
        ),
        (
            [titled("FLOOR PLAN", "1/8\" = 1'-0\""), vec![(900.0, 900.0, "SHEET SIZE: ARCH E1")]].concat(),
            None,
        ),
        (
            [titled("FLOOR PLAN", "1/8\" = 1'-0\""), vec![(900.0, 900.0, "ORIGINAL SHEET SIZE 30x42")]]
                .concat(),
            None,
        ),
        // The number of a sheet is no paper.
        (
            [titled("FLOOR PLAN", "1/8\" = 1'-0\""), vec![corner(2300.0, 1600.0, "SHEET: A1")]].concat(),
            Some(96.0),
        ),
        (
            [titled("FLOOR PLAN", "1/8\" = 1'-0\""), vec![corner(2300.0, 1600.0, "SHEET A3 OF 7")]].concat(),
            Some(96.0),
        ),
    ];
    check_sheets(arch_d(), &us);
    let uk: Vec<(Vec<Placed>, Option<f64>)> = vec![
        (titled("GROUND FLOOR", "1:50"), Some(50.0)),
        (titled("SCALE @ A1", "1:50"), Some(50.0)),
        (titled("SCALE @ A3", "1:50"), None),
        (titled("SCALE (A3)", "1:50"), None),
        (titled("SCALE @ A3", "1:50 @ A1"), Some(50.0)),
        // Views say what the title block says of its paper.
        (
            vec![(200.0, 200.0, "GROUND FLOOR 1 : 100"), corner(2000.0, 1500.0, "1:100 @ A1 / 1:200 @ A3")],
            Some(100.0),
        ),
        // Fields of a title block beside each other, without a label.
        (vec![corner(2000.0, 1500.0, "MARCH 2024"), corner(2070.0, 1500.0, "1:100")], Some(100.0)),
        (vec![corner(2000.0, 1500.0, "REV A"), corner(2050.0, 1500.0, "1:100")], Some(100.0)),
        // On the plan such words are anything's.
        (vec![(200.0, 200.0, "REV A"), (250.0, 200.0, "1:100")], None),
        (vec![corner(2000.0, 1500.0, "SHELF"), corner(2050.0, 1500.0, "1:50")], None),
        (vec![corner(2000.0, 1500.0, "RWP"), corner(2040.0, 1500.0, "1:50")], None),
        // North beside the scale.
        (vec![(200.0, 200.0, "NORTH"), (250.0, 200.0, "1:100")], Some(100.0)),
        (vec![(200.0, 200.0, "N"), (220.0, 200.0, "1:100")], Some(100.0)),
        (titled("LOCATION PLAN", "1:1250"), None),
        ([titled("LOCATION PLAN", "1:1250"), vec![(900.0, 900.0, "SITE PLAN 1:500")]].concat(), Some(500.0)),
        // The size of the sheet is a field of its own.
        ([titled("PAPER SIZE", "A1"), vec![(900.0, 900.0, "SCALE 1:100")]].concat(), Some(100.0)),
        ([titled("PAPER SIZE", "A3"), vec![(900.0, 900.0, "SCALE 1:100")]].concat(), None),
        ([titled("SHEET SIZE", "A3"), vec![(900.0, 900.0, "SCALE 1:100")]].concat(), None),
        (vec![(200.0, 200.0, "SHEET SIZE\tA3"), (900.0, 900.0, "SCALE 1:100")], None),
        // Falls on the plan beside the scale of the sheet.
        (vec![(200.0, 200.0, "FALL 1:80"), (900.0, 900.0, "SCALE 1:100")], Some(100.0)),
        (vec![(200.0, 200.0, "RAMP 1:12"), (900.0, 900.0, "SCALE 1:50")], Some(50.0)),
        // A bar that was copied from another sheet.
        (vec![(200.0, 200.0, "1:50 SCALE BAR"), (900.0, 900.0, "SCALE 1:75")], Some(75.0)),
        // Two lines for two papers.
        (titled("SCALE: 1:100 @ A1", "1:200 @ A3"), Some(100.0)),
    ];
    check_sheets(a1(), &uk);
    let reduced: Vec<(Vec<Placed>, Option<f64>)> = vec![
        (
            vec![(200.0, 200.0, "GROUND FLOOR 1 : 100"), (900.0, 700.0, "1:100 @ A1 / 1:200 @ A3")],
            Some(200.0),
        ),
        (titled("SCALE: 1:100 @ A1", "1:200 @ A3"), Some(200.0)),
        (vec![(200.0, 200.0, "DETAIL 1:20"), (900.0, 700.0, "1:100 @ A1 / 1:200 @ A3")], None),
        ([titled("GROUND FLOOR", "1:100"), vec![(900.0, 700.0, "SHEET: A1")]].concat(), None),
        (
            [
                titled("GROUND FLOOR", "1:100"),
                vec![(900.0, 700.0, "SHEET: A1"), (900.0, 600.0, "SHEET SIZE: A3")],
            ]
            .concat(),
            Some(100.0),
        ),
    ];
    check_sheets(a3(), &reduced);
}
