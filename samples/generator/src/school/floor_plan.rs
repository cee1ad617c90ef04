//! A-101: the first floor at 1/8".

use super::building::first_floor;
use super::{ARCHITECT, title_block};
use crate::book::Book;
use crate::canvas::{Canvas, Placement};
use crate::geometry::Bounds;
use crate::ink::{Align, Pen};
use crate::plan::{Floor, Look, Room, Setting, Side, Taken, dots, draw_floor, tiles, wall_device};
use crate::sheet::{
    ARCH_D, DrawingTitle, draw_drawing_title, draw_frame, draw_notes, draw_scale_bar, north_arrow,
};
use crate::symbol::Kind;
use crate::truth::{PageTruth, ScaleTruth, WallTruth, px, round2};

pub(super) const EIGHTH: f64 = 96.0;
pub(super) const SETTING: Setting = Setting { origin: [200.0, 230.0], pt_per_ft: 9.0 };

pub(super) fn draw(book: &mut Book) -> PageTruth {
    let floor = first_floor();
    let notation = "1/8\" = 1'-0\"";
    let mut canvas = Canvas::new(book, ARCH_D, EIGHTH, ARCHITECT);
    canvas.truth.scale = eighth(notation);
    let free = draw_frame(&mut canvas, &title_block("A-101", "FIRST FLOOR PLAN", Some(notation)));
    canvas.layer("A-FLOR-PATT");
    finishes(&mut canvas, &floor);
    fixtures(&mut canvas, &floor);
    desks(&mut canvas, &floor);
    draw_floor(&mut canvas, &floor, &SETTING, Look::Full);
    stair(&mut canvas, &floor);
    note_partitions(&mut canvas, &floor);
    let title = DrawingTitle { number: "1", title: "FIRST FLOOR PLAN", scale: notation, width: 620.0 };
    draw_drawing_title(&mut canvas, [250.0, 1480.0], &title);
    draw_scale_bar(&mut canvas, [930.0, 1500.0], 8.0);
    north_arrow(&mut canvas, [1300.0, 1490.0]);
    draw_notes(&mut canvas, [free.right - 400.0, free.top + 20.0], "GENERAL NOTES", &NOTES);
    canvas.finish()
}

const NOTES: [&str; 7] = [
    "DIMENSIONS ARE TO GRID LINES AND TO THE MIDDLE OF PARTITIONS UNLESS NOTED OTHERWISE.",
    "VERIFY ALL DIMENSIONS IN THE FIELD. DO NOT SCALE DRAWINGS.",
    "RAMPS SLOPE 1:20 MAXIMUM. SLOPE TOILET ROOM FLOORS TO DRAINS.",
    "PROVIDE BLOCKING FOR WALL HUNG FIXTURES AND ACCESSORIES.",
    "INTERIOR PARTITIONS ARE 6 IN NOMINAL, GYPSUM BOARD BOTH SIDES TO UNDERSIDE OF DECK.",
    "SEE A-601 FOR DOOR AND FINISH SCHEDULES.",
    "SEE P-401 FOR ENLARGED TOILET PLANS.",
];

/// The truth of a sheet at 1/8" whose scale stands in the text.
pub(super) fn eighth(notation: &str) -> ScaleTruth {
    ScaleTruth::One { notation: notation.to_owned(), ratio: EIGHTH, px_per_foot: 18.75, in_text: true }
}

fn finishes(canvas: &mut Canvas<'_>, floor: &Floor) {
    for room in &floor.rooms {
        let area = SETTING.area(&floor.inner(room));
        match room.finish {
            "CT" => tiles(canvas, &area, 3.0),
            "QT" => dots(canvas, &area, 6.0),
            _ => {}
        }
    }
}

/// Fixtures of the toilet rooms at any scale: water closets and urinals on the outer walls,
/// lavatories on the wall between.
pub(super) fn fixtures(canvas: &mut Canvas<'_>, floor: &Floor) {
    for number in ["110", "111"] {
        if let Some(room) = floor.room(number) {
            toilet_room(canvas, floor, &SETTING, room);
        }
    }
}

pub(super) fn toilet_room(canvas: &mut Canvas<'_>, floor: &Floor, setting: &Setting, room: &Room) {
    let west = room.area.left < 35.0;
    let (outer, inner) = if west { (Side::West, Side::East) } else { (Side::East, Side::West) };
    let mut taken = Taken::by_doors(floor, setting);
    let mut hang = |canvas: &mut Canvas<'_>, side, feet: f64, kind| {
        let fraction = feet / (room.area.height() - 0.5);
        wall_device(canvas, &mut taken, (floor, setting, room), side, fraction, kind);
    };
    let boys = room.name == "BOYS";
    let closets: &[f64] = if boys { &[4.0, 8.0, 12.0] } else { &[4.0, 8.0, 11.5, 15.0, 18.5] };
    for &feet in closets {
        hang(canvas, outer, feet, Kind::WaterCloset);
    }
    if boys {
        for feet in [15.5, 18.5] {
            hang(canvas, outer, feet, Kind::Urinal);
        }
    }
    for feet in [8.0, 11.5, 15.0] {
        hang(canvas, inner, feet, Kind::Lavatory);
    }
    stalls(canvas, setting, room, west, closets);
    let area = setting.area(&floor.inner(room));
    let shift = if west { 0.12 } else { -0.12 };
    for down in [0.42, 0.82] {
        let at = [area.center()[0] + area.width() * shift, area.top + area.height() * down];
        canvas.place(Kind::FloorDrain, Placement::at(at));
    }
}

/// Partitions between water closets, with their doors.
fn stalls(canvas: &mut Canvas<'_>, setting: &Setting, room: &Room, west: bool, closets: &[f64]) {
    let (wall, sign) = if west { (room.area.left + 0.25, 1.0) } else { (room.area.right - 0.25, -1.0) };
    let front = wall + sign * 4.9;
    canvas.pen(Pen::new(0.5));
    let mut edges: Vec<f64> = vec![closets[0] - 1.7];
    edges.extend(closets.windows(2).map(|w| (w[0] + w[1]) / 2.0));
    edges.push(closets[closets.len() - 1] + 1.6);
    for &edge in &edges {
        let y = room.area.top + 0.25 + edge;
        let a = setting.point([wall, y - 0.04]);
        let b = setting.point([front, y + 0.04]);
        canvas.rect(&Bounds::new(a[0].min(b[0]), a[1], a[0].max(b[0]), b[1]));
    }
    for pair in edges.windows(2) {
        let y0 = room.area.top + 0.25 + pair[0];
        let y1 = room.area.top + 0.25 + pair[1];
        let gap = y0 + (y1 - y0) * 0.28;
        canvas.line(setting.point([front, y0]), setting.point([front, gap]));
        canvas.line(setting.point([front, gap]), setting.point([front + sign * 1.6, gap + 1.2]));
    }
}

/// Rows of desks in the classrooms.
fn desks(canvas: &mut Canvas<'_>, floor: &Floor) {
    canvas.layer("A-FURN");
    for room in floor.rooms.iter().filter(|r| r.name == "CLASSROOM" && r.area.top < 1.0) {
        for row in 0..4 {
            for column in 0..5 {
                let feet = [
                    room.area.left + 5.0 + 4.5 * f64::from(column),
                    room.area.top + 5.0 + 4.4 * f64::from(row),
                ];
                // Room names stand in the middle.
                if column == 2 && (row == 2 || row == 3) {
                    continue;
                }
                canvas.place(Kind::Desk, Placement::at(SETTING.point(feet)));
            }
        }
    }
}

fn stair(canvas: &mut Canvas<'_>, floor: &Floor) {
    let Some(room) = floor.room("119") else { return };
    canvas.layer("A-FLOR-STRS");
    let area = SETTING.area(&floor.inner(room));
    let middle = area.center()[0];
    canvas.pen(Pen::new(0.4));
    let mut treads = Vec::new();
    for i in 0..14 {
        let y = area.bottom - 45.0 - 9.0 * f64::from(i);
        treads.push(([area.left, y], [middle - 3.0, y]));
        treads.push(([middle + 3.0, y], [area.right, y]));
    }
    canvas.ink.segments(&treads);
    canvas.rect(&Bounds::new(middle - 3.0, area.bottom - 45.0 - 117.0, middle + 3.0, area.bottom - 45.0));
    canvas.text([area.left + 24.0, area.bottom - 30.0], "UP", 7.0, Align::Center);
}

/// Notes the partitions along the corridor and between the northern rooms: the runs that the recipe measures.
fn note_partitions(canvas: &mut Canvas<'_>, floor: &Floor) {
    let mut runs: Vec<[[f64; 2]; 2]> = vec![[[0.5, 30.0], [167.5, 30.0]]];
    for x in &floor.grid_x[1..6] {
        runs.push([[*x, 0.5], [*x, 29.75]]);
    }
    for run in runs {
        let length_ft = crate::geometry::path_length(&run, false);
        canvas.note_wall(WallTruth {
            kind: "partition".to_owned(),
            points: run.iter().map(|&p| px(SETTING.point(p))).collect(),
            length_ft: round2(length_ft),
        });
    }
}
