//! Title blocks, key plans and match lines on drawn sheets, and sheets that only look as if they had some.

use super::super::{Apart, CountOutcome, PageIndex, SheetSeen};
use super::sheet::{Habit, PEN, Sheet, Symbol, at, box_around, count, families};
use crate::budget::Budget;
use crate::count::CountParams;
use crate::page::display::Style;

const ALL: CountParams = CountParams {
    threshold: 0.80,
    rotation_tolerance: None,
    scale_tolerance: 0.20,
    mirrored: true,
    same_pen: true,
    lettering: None,
    max_detections: 500,
};

const WIDTH: f64 = 1600.0;
const HEIGHT: f64 = 1100.0;
/// Where the strip along the right edge begins.
const STRIP: f64 = 1400.0;

fn symbol() -> Symbol {
    families().remove(0).1.remove(0)
}

/// A sheet with a plan of walls and a row of symbols in it: their places.
fn plan(right: f64) -> (Sheet, Vec<[f64; 2]>) {
    let mut sheet = Sheet::new(WIDTH, HEIGHT, 3);
    frame(&mut sheet, [20.0, 20.0, WIDTH - 20.0, HEIGHT - 20.0]);
    for y in [100.0, 250.0, 400.0, 550.0, 700.0] {
        sheet.line([100.0, y], [right, y], 0);
        sheet.line([100.0, y + 4.0], [right, y + 4.0], 0);
    }
    let mut x = 100.0;
    while x <= right {
        sheet.line([x, 100.0], [x, 704.0], 0);
        x += 120.0;
    }
    let mut places = Vec::new();
    for i in 0..10 {
        places.push([150.0 + 120.0 * f64::from(i % 5), 170.0 + 150.0 * f64::from(i / 5)]);
    }
    for place in &places {
        draw(&mut sheet, *place, 1.0);
    }
    (sheet, places)
}

fn frame(sheet: &mut Sheet, [left, top, right, bottom]: [f64; 4]) {
    for (a, b) in [
        ([left, top], [right, top]),
        ([right, top], [right, bottom]),
        ([right, bottom], [left, bottom]),
        ([left, bottom], [left, top]),
    ] {
        sheet.line(a, b, 0);
    }
}

fn draw(sheet: &mut Sheet, [x, y]: [f64; 2], scale: f64) {
    sheet.symbol(&symbol(), &at(x, y, 0.0, scale, false), Habit::Polylines(32), 0);
}

/// Text that runs upwards.
fn upright(sheet: &mut Sheet, text: &str, x: f64, y: f64, size: f64) {
    sheet.text(text, x, y, size);
    let length = text.len() as f64 * size * 0.6;
    let line = sheet.list.lines.last_mut().unwrap();
    line.angle = -90.0;
    (line.bounds.left, line.bounds.right) = ((x - size) as f32, x as f32);
    (line.bounds.top, line.bounds.bottom) = ((y - length) as f32, y as f32);
}

fn title_block(sheet: &mut Sheet, number: &str) {
    sheet.line([STRIP, 20.0], [STRIP, HEIGHT - 20.0], 0);
    for y in [200.0, 420.0, 640.0, 800.0, 900.0, 960.0] {
        sheet.line([STRIP, y], [WIDTH - 20.0, y], 0);
    }
    for (y, text) in [
        (220.0, "CONSULTANT"),
        (440.0, "REVISIONS"),
        (660.0, "PROJECT"),
        (820.0, "DRAWN BY: JS"),
        (860.0, "DATE"),
        (920.0, "SHEET TITLE"),
        (980.0, "SHEET NO."),
    ] {
        sheet.text(text, STRIP + 8.0, y, 6.0);
    }
    sheet.text(number, STRIP + 30.0, 1050.0, 30.0);
}

fn counted(sheet: &Sheet, first: [f64; 2]) -> CountOutcome {
    count(sheet, box_around(sheet, &symbol(), &at(first[0], first[1], 0.0, 1.0, false), 1.0), &ALL)
}

fn set_apart(outcome: &CountOutcome) -> Vec<Apart> {
    let mut apart: Vec<Apart> = outcome.detections.iter().filter_map(|d| d.apart).collect();
    apart.sort_unstable();
    apart
}

fn seen(sheet: &Sheet) -> SheetSeen {
    PageIndex::build(&sheet.list, &Budget::unlimited()).unwrap().sheet()
}

#[test]
fn what_stands_in_the_title_block_is_set_apart_and_nothing_else() {
    let (mut sheet, places) = plan(1000.0);
    title_block(&mut sheet, "E-101");
    draw(&mut sheet, [1500.0, 100.0], 1.0);
    draw(&mut sheet, [1500.0, 720.0], 1.0);
    // Close to the strip, and outside it.
    draw(&mut sheet, [STRIP - 30.0, 900.0], 1.0);
    let outcome = counted(&sheet, places[0]);
    assert_eq!(outcome.detections.len(), 13);
    assert_eq!(set_apart(&outcome), [Apart::TitleBlock; 2]);
    assert!(outcome.detections.iter().all(|d| d.apart.is_none() || d.center.x > 2900.0));
    assert_eq!(seen(&sheet).number.as_deref(), Some("E-101"));
}

#[test]
fn an_area_without_the_words_of_a_title_block_is_a_drawing() {
    // A part of the sheet that a long line parts off, with details in it, and the title block in its corner.
    let (mut sheet, places) = plan(1000.0);
    sheet.line([1200.0, 20.0], [1200.0, HEIGHT - 20.0], 0);
    sheet.line([1200.0, 940.0], [WIDTH - 20.0, 940.0], 0);
    for (y, text) in
        [(955.0, "DRAWN BY: JS"), (970.0, "CHECKED BY"), (985.0, "DATE"), (1000.0, "PROJECT NO.")]
    {
        sheet.text(text, 1210.0, y, 6.0);
    }
    sheet.text("SHEET NUMBER", 1400.0, 955.0, 6.0);
    draw(&mut sheet, [1400.0, 300.0], 1.0);
    draw(&mut sheet, [1400.0, 1020.0], 1.0);
    let outcome = counted(&sheet, places[0]);
    let apart: Vec<f64> =
        outcome.detections.iter().filter(|d| d.apart.is_some()).map(|d| d.center.y).collect();
    assert!(apart.len() == 1 && apart[0] > 2000.0, "{apart:?}");
    // A table with a few of the words is none.
    let (mut sheet, places) = plan(1000.0);
    sheet.line([STRIP, 20.0], [STRIP, HEIGHT - 20.0], 0);
    for (y, text) in [(300.0, "SCALE"), (600.0, "DATE"), (900.0, "PROJECT"), (1000.0, "REVISION")] {
        sheet.text(text, STRIP + 8.0, y, 6.0);
    }
    draw(&mut sheet, [1500.0, 100.0], 1.0);
    assert_eq!(set_apart(&counted(&sheet, places[0])), []);
}

/// A small plan with symbols of the same size in it.
fn key_plan(sheet: &mut Sheet, [x, y]: [f64; 2]) {
    frame(sheet, [x, y, x + 90.0, y + 60.0]);
    sheet.line([x + 45.0, y], [x + 45.0, y + 60.0], 0);
    sheet.line([x, y + 30.0], [x + 45.0, y + 30.0], 0);
    draw(sheet, [x + 68.0, y + 30.0], 1.0);
    draw(sheet, [x + 22.0, y + 14.0], 1.0);
}

#[test]
fn a_key_plan_is_set_apart_in_its_cell_and_standing_free() {
    let (mut sheet, places) = plan(1000.0);
    title_block(&mut sheet, "E-101");
    sheet.text("KEY PLAN", STRIP + 8.0, 216.0 + 240.0, 6.0);
    key_plan(&mut sheet, [STRIP + 40.0, 500.0]);
    assert_eq!(set_apart(&counted(&sheet, places[0])), [Apart::KeyPlan; 2]);
    // Without a cell, beside the title block.
    let (mut sheet, places) = plan(1000.0);
    title_block(&mut sheet, "E-101");
    key_plan(&mut sheet, [1250.0, 850.0]);
    sheet.text("KEY PLAN", 1270.0, 925.0, 7.0);
    draw(&mut sheet, [1220.0, 800.0], 1.0);
    let outcome = counted(&sheet, places[0]);
    assert_eq!((outcome.detections.len(), set_apart(&outcome)), (13, vec![Apart::KeyPlan; 2]));
}

#[test]
fn a_plan_that_is_no_key_plan_counts() {
    // The drawing itself is called one; a room is; and a text speaks of one.
    for (text, at) in [
        ("FINISH KEY PLAN", [500.0, 730.0]),
        ("KEY PLAN", [500.0, 730.0]),
        ("SEE KEY PLAN", [1250.0, 925.0]),
        ("KEY ROOM", [130.0, 130.0]),
    ] {
        let (mut sheet, places) = plan(1000.0);
        title_block(&mut sheet, "E-101");
        key_plan(&mut sheet, [1250.0, 850.0]);
        sheet.text(text, at[0], at[1], 7.0);
        assert_eq!(set_apart(&counted(&sheet, places[0])), [], "{text}");
    }
}

/// A plan that is cut at x = 800 and goes on for a strip beyond, with two symbols in it and one upon the line.
fn cut_plan(dashed: bool) -> (Sheet, Vec<[f64; 2]>) {
    let (mut sheet, places) = plan(900.0);
    title_block(&mut sheet, "E-101");
    let heavy =
        sheet.style(Style { width: 2.0, dash: if dashed { vec![18.0, 6.0] } else { Vec::new() }, ..PEN });
    if dashed {
        sheet.line([800.0, 60.0], [800.0, 760.0], heavy);
    } else {
        // Each dash for itself.
        for i in 0..29 {
            let y = 60.0 + 24.0 * f64::from(i);
            sheet.line([800.0, y], [800.0, y + 18.0], heavy);
        }
    }
    for place in [[850.0, 170.0], [860.0, 320.0], [800.0, 470.0]] {
        draw(&mut sheet, place, 1.0);
    }
    (sheet, places)
}

/// How many are beyond a line, and upon it.
fn beyond(outcome: &CountOutcome) -> [usize; 2] {
    let at = |on_line| move |d: &&super::super::Detection| d.match_line.is_some_and(|m| m.on_line == on_line);
    [false, true].map(|on_line| outcome.detections.iter().filter(at(on_line)).count())
}

#[test]
fn what_is_beyond_a_match_line_is_known_with_the_sheet_that_goes_on() {
    for dashed in [true, false] {
        for named in ["MATCH LINE - SEE SHEET E-102", "MATCHLINE SEE E-102"] {
            let (mut sheet, places) = cut_plan(dashed);
            upright(&mut sheet, named, 812.0, 700.0, 7.0);
            let outcome = counted(&sheet, places[0]);
            assert_eq!((outcome.detections.len(), beyond(&outcome)), (13, [2, 1]), "{named}");
            let line = &seen(&sheet).match_lines[0];
            assert_eq!((line.sheet.as_deref(), line.told), (Some("E-102"), true));
        }
    }
    // The sheet is named beside it, and the other side says which sheet this is.
    let (mut sheet, places) = cut_plan(true);
    upright(&mut sheet, "MATCH LINE", 796.0, 700.0, 7.0);
    upright(&mut sheet, "E-101", 796.0, 600.0, 7.0);
    upright(&mut sheet, "SEE SHEET E-102", 812.0, 700.0, 7.0);
    assert_eq!(beyond(&counted(&sheet, places[0])), [2, 1]);
}

#[test]
fn where_the_side_of_a_match_line_is_in_doubt_all_count() {
    // A plan of the whole: others show its parts.
    let (mut sheet, places) = cut_plan(true);
    upright(&mut sheet, "MATCH LINE SEE E-102", 796.0, 700.0, 7.0);
    upright(&mut sheet, "MATCH LINE SEE E-103", 812.0, 700.0, 7.0);
    assert_eq!(beyond(&counted(&sheet, places[0])), [0, 0]);
    let line = &seen(&sheet).match_lines[0];
    assert!(line.sheet.is_none() && !line.told);
    // As much on one side as on the other.
    let (mut sheet, places) = plan(1000.0);
    let heavy = sheet.style(Style { width: 2.0, dash: vec![18.0, 6.0], ..PEN });
    sheet.line([560.0, 60.0], [560.0, 760.0], heavy);
    upright(&mut sheet, "MATCH LINE - SEE E-102", 556.0, 700.0, 7.0);
    assert_eq!(beyond(&counted(&sheet, places[0])), [0, 0]);
    assert_eq!(seen(&sheet).match_lines.len(), 1);
    // Nothing of the plan goes on beyond it: what stands there is another drawing.
    let (mut sheet, places) = plan(700.0);
    let heavy = sheet.style(Style { width: 2.0, dash: vec![18.0, 6.0], ..PEN });
    sheet.line([720.0, 60.0], [720.0, 760.0], heavy);
    upright(&mut sheet, "MATCH LINE - SEE E-102", 732.0, 700.0, 7.0);
    draw(&mut sheet, [800.0, 170.0], 1.0);
    assert_eq!(beyond(&counted(&sheet, places[0])), [0, 0]);
    // Beyond an empty strip another drawing begins.
    let (mut sheet, places) = cut_plan(true);
    upright(&mut sheet, "MATCH LINE - SEE E-102", 812.0, 700.0, 7.0);
    draw(&mut sheet, [1100.0, 170.0], 1.0);
    let outcome = counted(&sheet, places[0]);
    assert_eq!((outcome.detections.len(), beyond(&outcome)), (14, [2, 1]));
}
