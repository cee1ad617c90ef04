//! E-201: luminaires of the first floor on its ceiling grid.

use super::building::first_floor;
use super::floor_plan::{EIGHTH, SETTING, eighth};
use super::{LIGHTING, title_block};
use crate::book::Book;
use crate::canvas::{Canvas, Placement};
use crate::plan::{Floor, Look, Room, Side, Taken, ceiling_grid, draw_floor, place_grid, wall_device};
use crate::sheet::{
    ARCH_D, DrawingTitle, draw_drawing_title, draw_frame, draw_legend, draw_notes, draw_scale_bar,
};
use crate::symbol::Kind;
use crate::truth::PageTruth;

const LEGEND: [Kind; 9] = [
    Kind::Troffer2x4,
    Kind::TrofferEmergency,
    Kind::Troffer2x2,
    Kind::Downlight,
    Kind::ExitSign,
    Kind::OccupancySensor,
    Kind::SmokeDetector,
    Kind::Switch,
    Kind::SupplyDiffuser,
];

const NOTES: [&str; 4] = [
    "LUMINAIRES WITH A FILLED CORNER HAVE AN EMERGENCY BATTERY.",
    "CENTER LUMINAIRES IN CEILING TILES. CEILING GRID IS 2 FT X 4 FT UNLESS NOTED OTHERWISE.",
    "CONNECT EXIT SIGNS AHEAD OF LOCAL SWITCHES.",
    "OCCUPANCY SENSORS CONTROL ALL LUMINAIRES OF THEIR ROOM.",
];

/// Points on paper of a foot.
const FT: f64 = SETTING.pt_per_ft;

pub(super) fn draw(book: &mut Book) -> PageTruth {
    let floor = first_floor();
    let notation = "SCALE 1/8\" = 1'-0\"";
    let mut canvas = Canvas::new(book, ARCH_D, EIGHTH, LIGHTING);
    canvas.truth.scale = eighth(notation);
    let free = draw_frame(&mut canvas, &title_block("E-201", "LIGHTING PLAN - FIRST FLOOR", None));
    for room in &floor.rooms {
        let area = SETTING.area(&floor.inner(room));
        if room.name == "CLASSROOM" || room.name == "ART ROOM" || room.name == "LIBRARY" {
            ceiling_grid(&mut canvas, &area, 4.0 * FT, 2.0 * FT);
        }
    }
    draw_floor(&mut canvas, &floor, &SETTING, Look::Background);
    let mut taken = Taken::by_doors(&floor, &SETTING);
    for room in &floor.rooms {
        light(&mut canvas, &mut taken, &floor, room);
        switch(&mut canvas, &mut taken, &floor, room);
    }
    let title =
        DrawingTitle { number: "1", title: "FIRST FLOOR LIGHTING PLAN", scale: notation, width: 560.0 };
    draw_drawing_title(&mut canvas, [250.0, 1480.0], &title);
    draw_scale_bar(&mut canvas, [860.0, 1500.0], 8.0);
    let legend = draw_legend(&mut canvas, [free.right - 340.0, free.top + 10.0], "LIGHTING LEGEND", &LEGEND);
    draw_notes(&mut canvas, [legend.left, legend.bottom + 40.0], "LIGHTING NOTES", &NOTES);
    canvas.finish()
}

/// Luminaires, sensors and diffusers of a room.
fn light(canvas: &mut Canvas<'_>, taken: &mut Taken, floor: &Floor, room: &Room) {
    let area = SETTING.area(&floor.inner(room));
    let at = || Placement::at([0.0, 0.0]);
    let (grid, pitch_ft): ((u32, u32), (f64, f64)) = match room.name.as_str() {
        "CLASSROOM" | "ART ROOM" | "LIBRARY" => ((3, 3), (8.0, 8.0)),
        "CORRIDOR" => ((17, 1), (10.0, 1.0)),
        "MULTI-PURPOSE ROOM" => ((5, 5), (10.0, 9.0)),
        "KITCHEN" => ((2, 3), (6.5, 8.0)),
        "LOBBY" => ((2, 4), (6.0, 7.0)),
        "OFFICE" => ((3, 2), (8.0, 7.0)),
        "MECHANICAL" => ((2, 1), (16.0, 1.0)),
        "BOYS" | "GIRLS" => ((1, 2), (1.0, 11.0)),
        "STAIR" => ((1, 2), (1.0, 16.0)),
        _ => ((1, 2), (1.0, 7.0)),
    };
    let pitch = (pitch_ft.0 * FT, pitch_ft.1 * FT);
    place_grid(canvas, taken, &area, grid, pitch, |column, row| match room.name.as_str() {
        "LOBBY" => Some((Kind::Downlight, at())),
        "CORRIDOR" if column % 4 == 2 => Some((Kind::TrofferEmergency, at())),
        "CORRIDOR" => Some((Kind::Troffer2x2, at())),
        "MULTI-PURPOSE ROOM" => Some((Kind::Troffer2x4, at().turned(90.0))),
        "BOYS" | "GIRLS" => Some((Kind::Troffer2x4, at().turned(90.0))),
        "CLASSROOM" | "LIBRARY" if (column, row) == (2, 2) => Some((Kind::TrofferEmergency, at())),
        "PRINCIPAL" | "HEALTH" | "STAIR" => Some((Kind::Troffer2x2, at())),
        _ => Some((Kind::Troffer2x4, at())),
    });
    if room.name == "CLASSROOM" || room.name == "ART ROOM" || room.name == "LIBRARY" {
        let diffuser = |_, _| Some((Kind::SupplyDiffuser, at()));
        place_grid(canvas, taken, &area, (2, 2), (8.0 * FT, 8.0 * FT), diffuser);
        let [cx, cy] = area.center();
        canvas.place(Kind::OccupancySensor, Placement::at([cx + 4.0 * FT, cy]));
        canvas.place(Kind::SmokeDetector, Placement::at([cx - 4.0 * FT, cy]));
    }
    exits(canvas, room);
}

fn exits(canvas: &mut Canvas<'_>, room: &Room) {
    let places: &[([f64; 2], f64)] = match room.name.as_str() {
        "CORRIDOR" => &[([2.2, 36.0], 270.0), ([165.8, 36.0], 90.0)],
        "LOBBY" => &[([92.0, 70.0], 180.0)],
        "MULTI-PURPOSE ROOM" => &[([58.2, 100.0], 270.0), ([109.8, 100.0], 90.0)],
        _ => &[],
    };
    for &(feet, angle) in places {
        canvas.place(Kind::ExitSign, Placement::at(SETTING.point(feet)).turned(angle));
    }
}

/// A switch beside the door.
fn switch(canvas: &mut Canvas<'_>, taken: &mut Taken, floor: &Floor, room: &Room) {
    let (side, fraction) = match room.name.as_str() {
        "CLASSROOM" | "ART ROOM" if room.area.top < 1.0 => (Side::South, 0.5),
        "CORRIDOR" | "LOBBY" | "STAIR" | "MECHANICAL" => return,
        "MULTI-PURPOSE ROOM" => (Side::North, 0.4),
        _ => (Side::North, 0.5),
    };
    wall_device(canvas, taken, (floor, &SETTING, room), side, fraction, Kind::Switch);
}
