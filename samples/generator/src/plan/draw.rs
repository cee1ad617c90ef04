//! Draws a floor: walls, doors, windows, room names, grid lines, dimensions.

use crate::canvas::{Canvas, Placement};
use crate::geometry::{Bounds, Point};
use crate::ink::{Align, Pen};
use crate::plan::floor::{DOOR, DoorSpec, EXTERIOR_HALF, Floor, Room, WindowSpec};
use crate::plan::walls::Walls;
use crate::sheet::{dimension, grid_bubble};
use crate::symbol::Kind;
use crate::truth::{RoomTruth, Status, WallTruth, px, round2};

/// Where a floor stands on the sheet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// Place of the floor's origin, points.
    pub(crate) origin: Point,
    /// Points on paper of one foot.
    pub(crate) pt_per_ft: f64,
}

impl Setting {
    pub(crate) fn point(&self, feet: Point) -> Point {
        [self.origin[0] + feet[0] * self.pt_per_ft, self.origin[1] + feet[1] * self.pt_per_ft]
    }

    pub(crate) fn area(&self, feet: &Bounds) -> Bounds {
        let [left, top] = self.point([feet.left, feet.top]);
        let [right, bottom] = self.point([feet.right, feet.bottom]);
        Bounds::new(left, top, right, bottom)
    }
}

/// How strongly a plan is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The architect's own plan: dark, filled walls.
    Full,
    /// Under the work of another trade: thin and grey.
    Background,
}

impl Look {
    fn wall(self) -> Pen {
        match self {
            Self::Full => Pen::new(0.9),
            Self::Background => Pen::new(0.35).gray(0.5),
        }
    }

    fn thin(self) -> Pen {
        match self {
            Self::Full => Pen::new(0.4),
            Self::Background => Pen::new(0.25).gray(0.55),
        }
    }
}

/// Draws walls, windows, doors, grid and room names, and notes rooms, doors and walls in the truth.
pub(crate) fn draw_floor(canvas: &mut Canvas<'_>, floor: &Floor, setting: &Setting, look: Look) {
    canvas.layer("A-WALL");
    let walls = Walls::of(floor);
    if look == Look::Full {
        for fill in walls.fills() {
            let corners = setting.area(&fill).corners();
            canvas.ink.fill(&corners, 0.72);
        }
    }
    canvas.pen(look.wall());
    let edges: Vec<_> = walls.edges().iter().map(|(a, b)| (setting.point(*a), setting.point(*b))).collect();
    for edge in edges {
        canvas.line(edge.0, edge.1);
    }
    canvas.layer("A-GLAZ");
    for window in &floor.windows {
        draw_window(canvas, window, setting, look);
    }
    canvas.layer("A-DOOR");
    for door in &floor.doors {
        draw_door(canvas, door, setting, look);
    }
    canvas.layer("A-AREA-IDEN");
    for room in &floor.rooms {
        draw_room(canvas, floor, room, setting, look);
    }
    if !floor.grid_x.is_empty() {
        canvas.layer("S-GRID");
        draw_grid(canvas, floor, setting, look);
    }
    note_outline(canvas, floor, setting);
}

fn draw_window(canvas: &mut Canvas<'_>, window: &WindowSpec, setting: &Setting, look: Look) {
    let [x, y] = window.middle;
    let half = window.width / 2.0;
    canvas.pen(look.thin());
    for across in [-EXTERIOR_HALF, -0.08, 0.08, EXTERIOR_HALF] {
        let (a, b) = if window.horizontal {
            ([x - half, y + across], [x + half, y + across])
        } else {
            ([x + across, y - half], [x + across, y + half])
        };
        canvas.line(setting.point(a), setting.point(b));
    }
}

fn draw_door(canvas: &mut Canvas<'_>, door: &DoorSpec, setting: &Setting, look: Look) {
    let swing = door.swing.outward();
    // The leaf of the symbol points to -y; the strike of an unmirrored one lies a quarter turn on.
    let angle = door.swing.angle() + 180.0;
    let mirrored = [-swing[1], swing[0]] != door.strike.outward();
    let placement = Placement::at(setting.point(door.hinge)).turned(angle).mirrored(mirrored);
    let status = if look == Look::Full { Status::New } else { Status::Existing };
    canvas.place(Kind::Door, placement.status(status));
}

fn draw_room(canvas: &mut Canvas<'_>, floor: &Floor, room: &Room, setting: &Setting, look: Look) {
    let (inner, area_sf, perimeter_ft) = floor.measures(room);
    let area = setting.area(&inner);
    let [mut x, y] = area.center();
    let on_grid = |gx: &f64| (setting.point([*gx, 0.0])[0] - x).abs() < 30.0;
    if floor.grid_x.iter().any(on_grid) {
        // Names stand clear of grid lines.
        x += 5.0 * setting.pt_per_ft;
    }
    let gray = if look == Look::Full { 0.0 } else { 0.35 };
    let small = area.width() < 120.0;
    let size = if small { 6.5 } else { 8.5 };
    match look {
        Look::Full => {
            canvas.gray_text([x, y - 4.0], &room.name, size, Align::Center, gray);
            canvas.pen(Pen::new(0.4));
            canvas.rect(&Bounds::new(x - 15.0, y, x + 15.0, y + 12.0));
            canvas.text([x, y + 9.0], &room.number, 8.0, Align::Center);
            if !small {
                canvas.text([x, y + 22.0], &format!("{area_sf:.0} SF"), 7.0, Align::Center);
            }
        }
        Look::Background => {
            // Clear of the middle row of luminaires.
            let y = if room.area.height() > 25.0 { y + 4.0 * setting.pt_per_ft } else { y };
            canvas.gray_text([x, y - 1.0], &room.name, size, Align::Center, gray);
            canvas.gray_text([x, y + 8.0], &room.number, size, Align::Center, gray);
        }
    }
    canvas.note_room(RoomTruth {
        number: room.number.clone(),
        name: room.name.clone(),
        floor: room.finish.to_owned(),
        polygon: area.corners().iter().map(|&p| px(p)).collect(),
        area_sf: round2(area_sf),
        perimeter_ft: round2(perimeter_ft),
    });
}

fn draw_grid(canvas: &mut Canvas<'_>, floor: &Floor, setting: &Setting, look: Look) {
    let extent = setting.area(&floor.extent());
    for (i, &x) in floor.grid_x.iter().enumerate() {
        let at = setting.point([x, 0.0])[0];
        grid_bubble(canvas, [at, extent.top - 70.0], [at, extent.bottom + 20.0], &(i + 1).to_string());
    }
    for (&y, letter) in floor.grid_y.iter().zip(["A", "B", "C", "D", "E", "F", "G", "H"]) {
        let at = setting.point([0.0, y])[1];
        grid_bubble(canvas, [extent.left - 70.0, at], [extent.right + 20.0, at], letter);
    }
    if look == Look::Background {
        return;
    }
    canvas.layer("A-ANNO-DIMS");
    for pair in floor.grid_x.windows(2) {
        let (a, b) = (setting.point([pair[0], 0.0]), setting.point([pair[1], 0.0]));
        dimension(canvas, [a[0], extent.top], [b[0], extent.top], 30.0, pair[1] - pair[0]);
    }
    for pair in floor.grid_y.windows(2) {
        let (a, b) = (setting.point([0.0, pair[0]]), setting.point([0.0, pair[1]]));
        dimension(canvas, [extent.left, b[1]], [extent.left, a[1]], 30.0, pair[1] - pair[0]);
    }
    if let (Some(&first), Some(&last)) = (floor.grid_x.first(), floor.grid_x.last()) {
        let (a, b) = (setting.point([first, 0.0]), setting.point([last, 0.0]));
        dimension(canvas, [a[0], extent.top], [b[0], extent.top], 52.0, last - first);
    }
}

fn note_outline(canvas: &mut Canvas<'_>, floor: &Floor, setting: &Setting) {
    if floor.outline.is_empty() {
        return;
    }
    let mut points: Vec<Point> = floor.outline.clone();
    points.extend(floor.outline.first().copied());
    let length_ft = crate::geometry::path_length(&points, false);
    canvas.note_wall(WallTruth {
        kind: "exterior".to_owned(),
        points: points.iter().map(|&p| px(setting.point(p))).collect(),
        length_ft: round2(length_ft),
    });
}

/// The box that a door's leaf and its opening need, in feet.
pub(crate) fn door_area(door: &DoorSpec) -> Bounds {
    let (along, into) = (door.strike.outward(), door.swing.outward());
    let mut area = Bounds::EMPTY;
    area.add(door.hinge);
    area.add([door.hinge[0] + (along[0] + into[0]) * DOOR, door.hinge[1] + (along[1] + into[1]) * DOOR]);
    // Walls stay free beside the jambs and on the other side.
    area.grown(0.7)
}
