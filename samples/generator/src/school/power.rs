//! E-101 and E-102: receptacles and data outlets of both floors.

use super::building::{first_floor, second_floor};
use super::floor_plan::{EIGHTH, SETTING, eighth};
use super::{ELECTRICAL, title_block};
use crate::book::Book;
use crate::canvas::{Canvas, Placement};
use crate::geometry::{Point, distance};
use crate::ink::{Align, Pen};
use crate::plan::{Floor, Look, Room, Side, Taken, draw_floor, wall_device};
use crate::sheet::{
    ARCH_D, DrawingTitle, draw_drawing_title, draw_frame, draw_legend, draw_notes, draw_scale_bar, leader,
    north_arrow,
};
use crate::symbol::Kind;
use crate::truth::PageTruth;

const LEGEND: [Kind; 8] = [
    Kind::ReceptacleDuplex,
    Kind::ReceptacleQuad,
    Kind::ReceptacleGfci,
    Kind::DataOutlet,
    Kind::FloorBox,
    Kind::JunctionBox,
    Kind::Panelboard,
    Kind::Thermostat,
];

const NOTES: [&str; 5] = [
    "DEVICES SHOWN WITH A THIN GREY LINE ARE EXISTING AND REMAIN.",
    "MOUNT RECEPTACLES 18 IN ABOVE FINISHED FLOOR UNLESS NOTED OTHERWISE.",
    "PROVIDE 3/4 IN CONDUIT WITH 2 #12 AND 1 #12 GROUND FOR ALL 20A BRANCH CIRCUITS.",
    "COORDINATE FLOOR BOXES WITH FURNITURE.",
    "CIRCUIT NUMBERS REFER TO PANEL LP1 UNLESS NOTED OTHERWISE.",
];

pub(super) fn first(book: &mut Book) -> PageTruth {
    let notation = "SCALE: 1/8\" = 1'-0\"";
    draw(book, &first_floor(), ["E-101", "POWER PLAN - FIRST FLOOR", "FIRST FLOOR POWER PLAN"], notation)
}

pub(super) fn second(book: &mut Book) -> PageTruth {
    let notation = "SCALE: 1/8\"=1'-0\"";
    draw(book, &second_floor(), ["E-102", "POWER PLAN - SECOND FLOOR", "SECOND FLOOR POWER PLAN"], notation)
}

fn draw(book: &mut Book, floor: &Floor, names: [&str; 3], notation: &str) -> PageTruth {
    let [number, sheet, title] = names;
    let mut canvas = Canvas::new(book, ARCH_D, EIGHTH, ELECTRICAL);
    canvas.truth.scale = eighth(notation);
    let free = draw_frame(&mut canvas, &title_block(number, sheet, None));
    draw_floor(&mut canvas, floor, &SETTING, Look::Background);
    canvas.layer("E-POWR-DEVC");
    let mut taken = Taken::by_doors(floor, &SETTING);
    for room in &floor.rooms {
        equip(&mut canvas, &mut taken, floor, room);
    }
    let title = DrawingTitle { number: "1", title, scale: notation, width: 560.0 };
    draw_drawing_title(&mut canvas, [250.0, 1480.0], &title);
    draw_scale_bar(&mut canvas, [860.0, 1500.0], 8.0);
    north_arrow(&mut canvas, [1230.0, 1490.0]);
    let legend =
        draw_legend(&mut canvas, [free.right - 340.0, free.top + 10.0], "ELECTRICAL LEGEND", &LEGEND);
    draw_notes(&mut canvas, [legend.left, legend.bottom + 40.0], "POWER NOTES", &NOTES);
    canvas.finish()
}

/// Devices of a room by its use: wall, how far along it, kind.
fn device_plan(name: &str) -> &'static [(Side, f64, Kind)] {
    use Kind::{DataOutlet, ReceptacleDuplex as Duplex, ReceptacleGfci as Gfci, ReceptacleQuad as Quad};
    use Side::{East, North, South, West};
    match name {
        "CLASSROOM" | "ART ROOM" => &[
            (North, 0.12, Duplex),
            (North, 0.38, Duplex),
            (North, 0.62, Duplex),
            (North, 0.88, Duplex),
            (West, 0.3, Quad),
            (West, 0.36, DataOutlet),
            (West, 0.75, Duplex),
            (East, 0.25, Duplex),
            (East, 0.6, Duplex),
            (South, 0.45, Duplex),
            (South, 0.6, Kind::Thermostat),
        ],
        "CORRIDOR" => &[
            (North, 0.07, Duplex),
            (South, 0.08, Duplex),
            (North, 0.32, Duplex),
            (South, 0.43, Duplex),
            (North, 0.7, Duplex),
            (South, 0.76, Duplex),
        ],
        "OFFICE" | "TEACHERS" | "COMPUTER LAB" | "LIBRARY" => &[
            (West, 0.25, Duplex),
            (West, 0.7, Quad),
            (West, 0.82, DataOutlet),
            (South, 0.2, Duplex),
            (South, 0.5, Quad),
            (South, 0.85, Duplex),
            (East, 0.3, Duplex),
            (East, 0.7, DataOutlet),
            (North, 0.3, Duplex),
        ],
        "PRINCIPAL" | "HEALTH" => &[(West, 0.5, Duplex), (South, 0.7, Duplex), (East, 0.6, Quad)],
        "BOYS" | "GIRLS" => &[(North, 0.15, Gfci), (South, 0.5, Gfci)],
        "MECHANICAL" | "STORAGE" => &[(South, 0.3, Duplex), (East, 0.5, Duplex)],
        "KITCHEN" => &[
            (East, 0.1, Gfci),
            (East, 0.25, Gfci),
            (East, 0.4, Gfci),
            (East, 0.55, Gfci),
            (West, 0.7, Gfci),
            (West, 0.85, Kind::JunctionBox),
        ],
        "ELECTRICAL" => &[
            (South, 0.25, Kind::Panelboard),
            (East, 0.35, Kind::Panelboard),
            (East, 0.75, Duplex),
            (West, 0.6, Kind::JunctionBox),
        ],
        "MULTI-PURPOSE ROOM" => &[
            (West, 0.2, Duplex),
            (West, 0.85, Duplex),
            (East, 0.2, Duplex),
            (East, 0.85, Duplex),
            (South, 0.1, Duplex),
            (South, 0.5, Duplex),
            (South, 0.9, Duplex),
            (North, 0.1, Quad),
        ],
        "LOBBY" => &[(West, 0.5, Duplex), (East, 0.75, Duplex)],
        _ => &[(West, 0.5, Duplex)],
    }
}

/// Hangs the devices of one room and wires them.
fn equip(canvas: &mut Canvas<'_>, taken: &mut Taken, floor: &Floor, room: &Room) {
    let mut wired: Vec<Point> = Vec::new();
    for &(side, fraction, kind) in device_plan(&room.name) {
        let at = wall_device(canvas, taken, (floor, &SETTING, room), side, fraction, kind);
        if matches!(kind, Kind::ReceptacleDuplex | Kind::ReceptacleGfci | Kind::ReceptacleQuad) {
            wired.extend(at);
        }
    }
    floor_boxes(canvas, taken, floor, room);
    circuits(canvas, room, &wired);
}

fn floor_boxes(canvas: &mut Canvas<'_>, taken: &mut Taken, floor: &Floor, room: &Room) {
    let places: &[[f64; 2]] = match room.name.as_str() {
        "LIBRARY" => &[[0.3, 0.3], [0.7, 0.3], [0.3, 0.75], [0.7, 0.75]],
        "COMPUTER LAB" => &[[0.25, 0.35], [0.5, 0.35], [0.75, 0.35], [0.25, 0.7], [0.5, 0.7], [0.75, 0.7]],
        "MULTI-PURPOSE ROOM" => &[[0.25, 0.3], [0.75, 0.3]],
        _ => &[],
    };
    let area = SETTING.area(&floor.inner(room));
    for [fx, fy] in places {
        let at = [area.left + area.width() * fx, area.top + area.height() * fy];
        let needs = crate::geometry::Bounds::new(at[0] - 6.0, at[1] - 6.0, at[0] + 6.0, at[1] + 6.0);
        taken.add(needs);
        canvas.place(Kind::FloorBox, Placement::at(at));
    }
}

/// Wires between the devices of a room, sagging towards its middle, and the way home.
fn circuits(canvas: &mut Canvas<'_>, room: &Room, wired: &[Point]) {
    if room.existing || wired.len() < 3 || room.name == "CORRIDOR" {
        return;
    }
    let middle = SETTING.area(&room.area).center();
    let wired = around(middle, wired);
    canvas.layer("E-POWR-CIRC");
    canvas.pen(Pen::new(0.35));
    for pair in wired.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let reach = 0.35 * distance(a, b).min(120.0) / distance(a, b).max(1.0);
        let pull = |p: Point| [p[0] + (middle[0] - p[0]) * reach, p[1] + (middle[1] - p[1]) * reach];
        let (from, to) = (toward(a, pull(a)), toward(b, pull(b)));
        let points: Vec<Point> = (0..=12)
            .map(|i| {
                let t = f64::from(i) / 12.0;
                let bend = [(pull(a)[0] + pull(b)[0]) / 2.0, (pull(a)[1] + pull(b)[1]) / 2.0];
                let [u, v, w] = [(1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t];
                [u * from[0] + v * bend[0] + w * to[0], u * from[1] + v * bend[1] + w * to[1]]
            })
            .collect();
        canvas.path(&points, false);
    }
    let first = wired[0];
    let home = toward(first, middle);
    let tip = [home[0] + (middle[0] - home[0]) * 0.3, home[1] + (middle[1] - home[1]) * 0.3];
    canvas.line(home, tip);
    canvas.text([tip[0] + 3.0, tip[1] + 3.0], &format!("LP1-{}", room.number), 5.5, Align::Left);
    if room.number == "103" {
        leader(canvas, toward(wired[1], middle), [wired[1][0] + 40.0, wired[1][1] + 60.0], "TYPICAL");
    }
    canvas.layer("E-POWR-DEVC");
}

/// The devices in their order around the room, beginning after the widest gap.
fn around(middle: Point, devices: &[Point]) -> Vec<Point> {
    let bearing = |p: &Point| (p[1] - middle[1]).atan2(p[0] - middle[0]);
    let mut order = devices.to_vec();
    order.sort_by(|a, b| bearing(a).total_cmp(&bearing(b)));
    let count = order.len();
    let gap = |i: usize| distance(order[(i + count - 1) % count], order[i]);
    let start = (0..count).max_by(|&a, &b| gap(a).total_cmp(&gap(b))).unwrap_or(0);
    order.rotate_left(start);
    order
}

/// A place on the edge of a device, on the way from its middle to `goal`.
fn toward(device: Point, goal: Point) -> Point {
    let length = distance(device, goal).max(1e-9);
    [device[0] + (goal[0] - device[0]) * 4.0 / length, device[1] + (goal[1] - device[1]) * 4.0 / length]
}
