//! G-001: cover sheet. No scale, and an abbreviation that looks like one.

use super::{ARCHITECT, recipe, title_block};
use crate::book::Book;
use crate::canvas::Canvas;
use crate::geometry::Bounds;
use crate::habit::Habit;
use crate::ink::{Align, Pen};
use crate::sheet::{ARCH_D, Column, draw_frame, draw_notes, draw_table};
use crate::truth::PageTruth;

pub(super) fn draw(book: &mut Book) -> PageTruth {
    let habit = Habit { layers: false, ..ARCHITECT };
    let mut canvas = Canvas::new(book, ARCH_D, 96.0, habit);
    let free = draw_frame(&mut canvas, &title_block("G-001", "COVER SHEET", None));
    canvas.text([140.0, 200.0], recipe::NAME, 54.0, Align::Left);
    canvas.text([140.0, 250.0], "CLASSROOM WING AND MULTI-PURPOSE ROOM", 24.0, Align::Left);
    canvas.pen(Pen::new(2.5));
    canvas.line([140.0, 275.0], [1500.0, 275.0]);
    perspective(&mut canvas, &Bounds::new(140.0, 340.0, 1500.0, 900.0));
    let text = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<String>>();
    let sheets: Vec<Vec<String>> = SHEETS.iter().map(|r| text(r)).collect();
    let columns = [Column { head: "SHEET", width: 80.0 }, Column { head: "TITLE", width: 330.0 }];
    draw_table(&mut canvas, [free.right - 420.0, free.top + 20.0], "SHEET INDEX", &columns, &sheets);
    let abbreviations: Vec<Vec<String>> = ABBREVIATIONS.iter().map(|r| text(r)).collect();
    let columns = [Column { head: "ABBR.", width: 80.0 }, Column { head: "MEANING", width: 330.0 }];
    draw_table(&mut canvas, [free.right - 420.0, 320.0], "ABBREVIATIONS", &columns, &abbreviations);
    draw_notes(&mut canvas, [140.0, 1000.0], "CODE SUMMARY", &CODE);
    draw_notes(&mut canvas, [560.0, 1000.0], "GENERAL REQUIREMENTS", &REQUIREMENTS);
    canvas.finish()
}

const SHEETS: [[&str; 2]; 9] = [
    ["G-001", "COVER SHEET"],
    ["A-101", "FIRST FLOOR PLAN"],
    ["E-101", "POWER PLAN - FIRST FLOOR"],
    ["E-102", "POWER PLAN - SECOND FLOOR"],
    ["E-201", "LIGHTING PLAN - FIRST FLOOR"],
    ["P-401", "ENLARGED TOILET PLANS"],
    ["A-501", "DETAILS"],
    ["A-601", "SCHEDULES"],
    ["C-101", "SITE PLAN"],
];

const ABBREVIATIONS: [[&str; 2]; 14] = [
    ["AFF", "ABOVE FINISHED FLOOR"],
    ["CLG", "CEILING"],
    ["CPT", "CARPET"],
    ["CT", "CERAMIC TILE"],
    ["EXIST", "EXISTING"],
    ["GFCI", "GROUND FAULT CIRCUIT INTERRUPTER"],
    ["NIC", "NOT IN CONTRACT"],
    ["NTS", "NOT TO SCALE"],
    ["QT", "QUARRY TILE"],
    ["SC", "SEALED CONCRETE"],
    ["TYP", "TYPICAL"],
    ["UNO", "UNLESS NOTED OTHERWISE"],
    ["VCT", "VINYL COMPOSITION TILE"],
    ["WD", "WOOD ATHLETIC FLOOR"],
];

const CODE: [&str; 5] = [
    "OCCUPANCY: EDUCATIONAL, GROUP E. CONSTRUCTION TYPE II-B, FULLY SPRINKLERED.",
    "FIRST FLOOR AREA 14,784 SF. SECOND FLOOR AREA 12,096 SF.",
    "ACCESSIBLE ROUTES SLOPE NOT MORE THAN 1:20; RAMPS NOT MORE THAN 1:12.",
    "OCCUPANT LOAD 480. EXITS REQUIRED 3, PROVIDED 5.",
    "TRAVEL DISTANCE TO EXITS 180 FT, ALLOWED 250 FT.",
];

const REQUIREMENTS: [&str; 4] = [
    "DRAWINGS AND SPECIFICATIONS ARE COMPLEMENTARY; THE STRICTER REQUIREMENT GOVERNS.",
    "DO NOT SCALE DRAWINGS. WRITTEN DIMENSIONS GOVERN.",
    "EXISTING CONDITIONS ARE SHOWN FROM RECORD DRAWINGS; VERIFY IN THE FIELD.",
    "WORK HOURS ARE 7 AM TO 4 PM; COORDINATE NOISE WITH THE SCHOOL.",
];

/// A street elevation for the eye: outline, windows, doors, trees.
fn perspective(canvas: &mut Canvas<'_>, area: &Bounds) {
    let ground = area.bottom - 80.0;
    canvas.pen(Pen::new(1.6));
    canvas.line([area.left, ground], [area.right, ground]);
    let body = Bounds::new(area.left + 120.0, ground - 270.0, area.right - 120.0, ground);
    canvas.pen(Pen::new(1.2));
    canvas.rect(&body);
    canvas.rect(&Bounds::new(body.left - 8.0, body.top - 16.0, body.right + 8.0, body.top));
    canvas.pen(Pen::new(0.4));
    let courses: Vec<_> = (1..27)
        .map(|i| {
            let y = body.top + 10.0 * f64::from(i);
            ([body.left, y], [body.right, y])
        })
        .collect();
    canvas.ink.segments(&courses);
    for storey in 0..2 {
        for bay in 0..9 {
            let left = body.left + 30.0 + 122.0 * f64::from(bay);
            let top = body.top + 36.0 + 122.0 * f64::from(storey);
            if storey == 1 && bay == 4 {
                continue;
            }
            let window = Bounds::new(left, top, left + 84.0, top + 66.0);
            canvas.ink.fill(&window.corners(), 0.86);
            canvas.pen(Pen::new(0.8));
            canvas.rect(&window);
            canvas.line([left + 42.0, top], [left + 42.0, top + 66.0]);
            canvas.line([left, top + 22.0], [left + 84.0, top + 22.0]);
        }
    }
    let door = Bounds::new(body.left + 518.0, ground - 100.0, body.left + 602.0, ground);
    canvas.ink.fill(&door.corners(), 1.0);
    canvas.pen(Pen::new(1.0));
    canvas.rect(&door);
    canvas.line([door.center()[0], door.top], [door.center()[0], door.bottom]);
    for x in [area.left + 50.0, area.right - 55.0] {
        canvas.line([x, ground], [x, ground - 70.0]);
        for (dx, dy, r) in [(0.0, -130.0, 46.0), (-26.0, -100.0, 34.0), (26.0, -100.0, 34.0)] {
            canvas.circle([x + dx, ground + dy], r);
        }
    }
}
