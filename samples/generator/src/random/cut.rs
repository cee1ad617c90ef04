//! A plan on two sheets: cut at a match line, with a strip of the other part beyond it on each.

use super::scales;
use crate::book::Book;
use crate::canvas::{Canvas, Placement};
use crate::dice::Dice;
use crate::geometry::{Bounds, Point};
use crate::habit::Habit;
use crate::ink::{Align, Pen};
use crate::sheet::{ARCH_D, TitleBlock, draw_frame, draw_notes};
use crate::symbol::{FAMILIES, Kind};
use crate::truth::{Apart, PageTruth};

/// The building: rooms across and down, their size, points. The match line runs through the middle of a room.
const ROOMS: [u32; 2] = [18, 6];
const ROOM: [f64; 2] = [160.0, 180.0];
const CUT: f64 = 9.5 * ROOM[0];
/// How far each sheet shows what is beyond the line, points.
const STRIP: f64 = 1.2 * ROOM[0];
/// Where the part that a sheet shows begins, points of the page.
const CORNER: Point = [120.0, 160.0];
/// Clear space about a symbol, points: from walls, and from the match line unless it stands upon it.
const CLEAR: f64 = 45.0;

/// A symbol of the building.
struct Device {
    kind: Kind,
    at: Point,
    angle: f64,
}

/// What one of the sheets shows.
struct Half {
    number: &'static str,
    other: &'static str,
    /// From where to where, points of the building.
    shows: [f64; 2],
    is_first: bool,
}

const HALVES: [Half; 2] = [
    Half { number: "E-101", other: "E-102", shows: [0.0, CUT + STRIP], is_first: true },
    Half {
        number: "E-102",
        other: "E-101",
        shows: [CUT - STRIP, ROOMS[0] as f64 * ROOM[0]],
        is_first: false,
    },
];

pub(super) fn draw(book: &mut Book, seed: u64, habit: Habit) -> [PageTruth; 2] {
    [false, true].map(|second| draw_half(book, seed, habit, second))
}

pub(super) fn draw_half(book: &mut Book, seed: u64, habit: Habit, second: bool) -> PageTruth {
    let mut dice = Dice::new(seed);
    let scale = scales::choose(&mut dice);
    let family = dice.pick(&FAMILIES);
    let devices = devices(&mut dice, family);
    let in_cell = dice.chance(50);
    let half = &HALVES[usize::from(second)];
    let mut canvas = Canvas::new(book, ARCH_D, scale.ratio, habit);
    let block = TitleBlock {
        project: ["SAMPLE BUILDING", "RENOVATION"],
        address: ["100 MAIN STREET", "FAIRVIEW"],
        firm: "NORTHBANK STUDIO",
        number: half.number,
        title: "POWER PLAN",
        scale: Some(scale.notation),
        job: "2419.00",
        date: "APRIL 2",
    };
    let free = draw_frame(&mut canvas, &block);
    walls(&mut canvas, half);
    devices.iter().for_each(|device| place(&mut canvas, half, device));
    match_line(&mut canvas, half);
    aside(&mut canvas, &free, family[0], (in_cell, scale.ratio));
    draw_notes(&mut canvas, [free.left + 40.0, free.bottom - 160.0], "NOTES", &["DO NOT SCALE DRAWINGS."]);
    canvas.finish()
}

/// One in each room, and one upon the match line in each room that it runs through.
fn devices(dice: &mut Dice, family: &[Kind]) -> Vec<Device> {
    let mut all = Vec::new();
    for (column, row) in (0..ROOMS[0]).flat_map(|c| (0..ROOMS[1]).map(move |r| (c, r))) {
        let (left, top) = (f64::from(column) * ROOM[0], f64::from(row) * ROOM[1]);
        let y = dice.real(top + CLEAR, top + ROOM[1] - CLEAR);
        let kind = if dice.chance(60) { family[0] } else { dice.pick(family) };
        let angle = 90.0 * dice.int(0, 3) as f64;
        let cut_here = left < CUT && left + ROOM[0] > CUT;
        let x = if cut_here { CUT } else { dice.real(left + CLEAR, left + ROOM[0] - CLEAR) };
        all.push(Device { kind: if cut_here { family[0] } else { kind }, at: [x, y], angle });
    }
    all
}

/// From a place in the building to the page.
fn on_page(half: &Half, [x, y]: Point) -> Point {
    [CORNER[0] + x - half.shows[0], CORNER[1] + y]
}

fn walls(canvas: &mut Canvas<'_>, half: &Half) {
    canvas.layer("A-WALL");
    canvas.pen(Pen::new(0.9));
    let depth = f64::from(ROOMS[1]) * ROOM[1];
    for row in 0..=ROOMS[1] {
        let y = f64::from(row) * ROOM[1];
        canvas.line(on_page(half, [half.shows[0], y]), on_page(half, [half.shows[1], y]));
    }
    for column in 0..=ROOMS[0] {
        let x = f64::from(column) * ROOM[0];
        if x >= half.shows[0] && x <= half.shows[1] {
            canvas.line(on_page(half, [x, 0.0]), on_page(half, [x, depth]));
        }
    }
}

fn place(canvas: &mut Canvas<'_>, half: &Half, device: &Device) {
    let [x, _] = device.at;
    if x < half.shows[0] + CLEAR / 2.0 || x > half.shows[1] - CLEAR / 2.0 {
        return;
    }
    let apart = if x == CUT {
        // Of the two sheets, on the first.
        (!half.is_first).then_some(Apart::OnMatchLine)
    } else {
        ((x > CUT) == half.is_first).then_some(Apart::BeyondMatchLine)
    };
    canvas.layer("E-DEVC");
    let at = on_page(half, device.at);
    canvas.place(device.kind, Placement::at(at).turned(device.angle).apart(apart));
}

fn match_line(canvas: &mut Canvas<'_>, half: &Half) {
    canvas.layer("G-ANNO-MTCH");
    canvas.pen(Pen::new(2.0).dashed(&[24.0, 6.0]));
    let depth = f64::from(ROOMS[1]) * ROOM[1];
    let (top, bottom) = (on_page(half, [CUT, -40.0]), on_page(half, [CUT, depth + 40.0]));
    canvas.line(top, bottom);
    let beyond = if half.is_first { 14.0 } else { -6.0 };
    let text = format!("MATCH LINE - SEE SHEET {}", half.other);
    canvas.turned_text([bottom[0] + beyond, bottom[1] - 10.0], -90.0, &text, 8.0, Align::Left);
}

/// Copies of a symbol that are no work: in the title block, and in a key plan.
fn aside(canvas: &mut Canvas<'_>, free: &Bounds, kind: Kind, (in_cell, ratio): (bool, f64)) {
    canvas.layer("G-ANNO-TTLB");
    // A block has no dashes of its own, and the match line's would be those of the copies.
    canvas.pen(Pen::new(0.5));
    // Right of the free area is the strip: its field for consultants, and the room between revisions and project.
    let left = free.right + 18.0;
    let middle = left + 108.0;
    canvas.place(kind, Placement::at([middle, 290.0]).apart(Some(Apart::TitleBlock)));
    let at = if in_cell { [left + 40.0, 780.0] } else { [free.right - 180.0, free.bottom - 140.0] };
    let plan = Bounds::new(at[0], at[1], at[0] + 130.0, at[1] + 80.0);
    canvas.pen(Pen::new(0.5));
    canvas.rect(&plan);
    canvas.line([at[0] + 65.0, at[1]], [at[0] + 65.0, at[1] + 80.0]);
    canvas.place(kind, Placement::at([at[0] + 32.0, at[1] + 40.0]).apart(Some(Apart::KeyPlan)));
    // Twice as large in the building, half as large here.
    canvas.at_ratio(ratio * 2.0);
    canvas.place(kind, Placement::at([at[0] + 97.0, at[1] + 40.0]).apart(Some(Apart::KeyPlan)));
    canvas.at_ratio(ratio);
    canvas.text([at[0] + 65.0, at[1] + 96.0], "KEY PLAN", 8.0, Align::Center);
}
