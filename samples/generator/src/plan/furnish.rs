//! Places devices where they fit: along walls, in grids under ceilings.

use crate::canvas::{Canvas, Placement};
use crate::geometry::{Affine, Bounds, Point};
use crate::ink::Pen;
use crate::plan::draw::{Setting, door_area};
use crate::plan::floor::{Floor, Room, Side};
use crate::symbol::{Kind, bounds};
use crate::truth::Status;

/// Boxes on paper that are taken; nothing else is placed over them.
#[derive(Default)]
pub(crate) struct Taken(Vec<Bounds>);

impl Taken {
    /// With the swings of all doors taken.
    pub(crate) fn by_doors(floor: &Floor, setting: &Setting) -> Self {
        Self(floor.doors.iter().map(|d| setting.area(&door_area(d))).collect())
    }

    pub(crate) fn add(&mut self, area: Bounds) {
        self.0.push(area);
    }

    pub(crate) fn is_free(&self, area: &Bounds) -> bool {
        !self.0.iter().any(|t| t.overlaps(area))
    }
}

/// Clear space around a placed symbol, points.
const CLEAR: f64 = 1.5;
/// How far a device moves along its wall to find room, and how often it tries.
const NUDGE: f64 = 5.0;
const NUDGES: i32 = 40;

/// Hangs a device on a wall of a room, `fraction` of the way along it (west to east, north to
/// south), or as near as it fits. Answers its place, or nothing when the wall is full.
pub(crate) fn wall_device(
    canvas: &mut Canvas<'_>,
    taken: &mut Taken,
    (floor, setting, room): (&Floor, &Setting, &Room),
    side: Side,
    fraction: f64,
    kind: Kind,
) -> Option<Point> {
    let area = setting.area(&floor.inner(room));
    let unit = kind.unit(canvas.pt_per_inch);
    let own = bounds(kind, &Affine::scale(unit, unit));
    let (back, half) = (own.bottom, own.width() / 2.0);
    for step in 0..NUDGES {
        let nudge = NUDGE * f64::from((step + 1) / 2) * if step % 2 == 0 { 1.0 } else { -1.0 };
        let (low, high) = match side {
            Side::North | Side::South => (area.left, area.right),
            Side::East | Side::West => (area.top, area.bottom),
        };
        let along = low + (high - low) * fraction + nudge;
        if along - half < low + 2.0 || along + half > high - 2.0 {
            continue;
        }
        let at = match side {
            Side::North => [along, area.top + back],
            Side::South => [along, area.bottom - back],
            Side::West => [area.left + back, along],
            Side::East => [area.right - back, along],
        };
        let placement = Placement::at(at).turned(side.angle()).status(status(room));
        let map = Affine::shift(at).after(&Affine::turn(side.angle())).after(&Affine::scale(unit, unit));
        let needs = bounds(kind, &map).grown(CLEAR);
        if taken.is_free(&needs) {
            taken.add(needs);
            canvas.place(kind, placement);
            return Some(at);
        }
    }
    None
}

fn status(room: &Room) -> Status {
    if room.existing { Status::Existing } else { Status::New }
}

/// The lines of a ceiling of `w` by `h` foot tiles, from the room's middle outwards.
pub(crate) fn ceiling_grid(canvas: &mut Canvas<'_>, area: &Bounds, w: f64, h: f64) {
    canvas.pen(Pen::new(0.15).gray(0.6));
    let [cx, cy] = area.center();
    let mut lines = Vec::new();
    let mut x = cx - w / 2.0 - ((cx - w / 2.0 - area.left) / w).floor() * w;
    while x < area.right {
        lines.push(([x, area.top], [x, area.bottom]));
        x += w;
    }
    let mut y = cy - h / 2.0 - ((cy - h / 2.0 - area.top) / h).floor() * h;
    while y < area.bottom {
        lines.push(([area.left, y], [area.right, y]));
        y += h;
    }
    canvas.ink.segments(&lines);
}

/// Places `columns` by `rows` symbols `pitch` points apart around an area's middle; `pick` chooses
/// the kind, or none, for a place. Answers how many stand.
pub(crate) fn place_grid(
    canvas: &mut Canvas<'_>,
    taken: &mut Taken,
    area: &Bounds,
    (columns, rows): (u32, u32),
    pitch: (f64, f64),
    mut pick: impl FnMut(u32, u32) -> Option<(Kind, Placement)>,
) -> u32 {
    let [cx, cy] = area.center();
    let along = |i: u32, n: u32, pitch: f64| (f64::from(i) - f64::from(n - 1) / 2.0) * pitch;
    let mut placed = 0;
    for row in 0..rows {
        for column in 0..columns {
            let at = [cx + along(column, columns, pitch.0), cy + along(row, rows, pitch.1)];
            let Some((kind, placement)) = pick(column, row) else { continue };
            let placement = Placement { at, ..placement };
            let unit = kind.unit(canvas.pt_per_inch);
            let map =
                Affine::shift(at).after(&Affine::turn(placement.angle)).after(&Affine::scale(unit, unit));
            let needs = bounds(kind, &map);
            if taken.is_free(&needs) {
                taken.add(needs.grown(-0.5));
                canvas.place(kind, placement);
                placed += 1;
            }
        }
    }
    placed
}
