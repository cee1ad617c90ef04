//! A floor in feet: origin at its north-west corner, x east, y south.

use crate::geometry::{Bounds, Point, path_length, polygon_area};

/// Half thickness of walls, feet.
pub(crate) const INTERIOR_HALF: f64 = 0.25;
pub(crate) const EXTERIOR_HALF: f64 = 0.5;
/// Width of a door leaf, feet.
pub(crate) const DOOR: f64 = 3.0;

/// A rectangular room; its box runs along the middle of its walls.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) area: Bounds,
    /// Abbreviation of the floor finish.
    pub(crate) finish: &'static str,
    /// Stands already: its devices are existing ones.
    pub(crate) existing: bool,
}

/// A side of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    North,
    East,
    South,
    West,
}

impl Side {
    pub(crate) const ALL: [Self; 4] = [Self::North, Self::East, Self::South, Self::West];

    /// Turn of a symbol that has its wall below (+y) so that the wall is on this side.
    pub(crate) fn angle(self) -> f64 {
        match self {
            Self::South => 0.0,
            Self::West => 90.0,
            Self::North => 180.0,
            Self::East => 270.0,
        }
    }

    /// Unit vector towards this side.
    pub(crate) fn outward(self) -> Point {
        match self {
            Self::North => [0.0, -1.0],
            Self::East => [1.0, 0.0],
            Self::South => [0.0, 1.0],
            Self::West => [-1.0, 0.0],
        }
    }
}

/// A leaf: hinge on the wall's middle, direction to the strike, direction it opens to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DoorSpec {
    pub(crate) hinge: Point,
    pub(crate) strike: Side,
    pub(crate) swing: Side,
}

/// A window in an exterior wall: middle, width in feet, whether the wall runs east-west.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WindowSpec {
    pub(crate) middle: Point,
    pub(crate) width: f64,
    pub(crate) horizontal: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Floor {
    pub(crate) rooms: Vec<Room>,
    /// Middle of the exterior wall, a closed outline.
    pub(crate) outline: Vec<Point>,
    pub(crate) doors: Vec<DoorSpec>,
    pub(crate) windows: Vec<WindowSpec>,
    /// Gaps in walls without a door.
    pub(crate) openings: Vec<Bounds>,
    pub(crate) grid_x: Vec<f64>,
    pub(crate) grid_y: Vec<f64>,
}

impl Room {
    pub(crate) fn new(number: &str, name: &str, area: [f64; 4], finish: &'static str) -> Self {
        let [l, t, r, b] = area;
        Self {
            number: number.to_owned(),
            name: name.to_owned(),
            area: Bounds::new(l, t, r, b),
            finish,
            existing: false,
        }
    }
}

impl Floor {
    pub(crate) fn room(&self, number: &str) -> Option<&Room> {
        self.rooms.iter().find(|r| r.number == number)
    }

    /// Whether the straight wall from `a` to `b` is part of the outline.
    pub(crate) fn is_exterior(&self, a: Point, b: Point) -> bool {
        let middle = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
        self.outline_edges().any(|(p, q)| on_edge(middle, p, q))
    }

    pub(crate) fn outline_edges(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        let n = self.outline.len();
        (0..n).map(move |i| (self.outline[i], self.outline[(i + 1) % n]))
    }

    /// The inner wall faces of a room.
    pub(crate) fn inner(&self, room: &Room) -> Bounds {
        let [nw, ne, se, sw] = room.area.corners();
        let inset = |a, b| if self.is_exterior(a, b) { EXTERIOR_HALF } else { INTERIOR_HALF };
        Bounds::new(
            room.area.left + inset(nw, sw),
            room.area.top + inset(nw, ne),
            room.area.right - inset(ne, se),
            room.area.bottom - inset(sw, se),
        )
    }

    /// Inner faces, square feet and perimeter feet of a room.
    pub(crate) fn measures(&self, room: &Room) -> (Bounds, f64, f64) {
        let inner = self.inner(room);
        let corners = inner.corners();
        (inner, polygon_area(&corners), path_length(&corners, true))
    }

    /// Box of the whole floor along the middle of its walls.
    pub(crate) fn extent(&self) -> Bounds {
        let mut all = Bounds::EMPTY;
        for &p in &self.outline {
            all.add(p);
        }
        all
    }
}

fn on_edge(p: Point, a: Point, b: Point) -> bool {
    let near = |v: f64, w: f64| (v - w).abs() < 1e-6;
    let within = |v: f64, s: f64, t: f64| v >= s.min(t) - 1e-6 && v <= s.max(t) + 1e-6;
    (near(a[0], b[0]) && near(p[0], a[0]) && within(p[1], a[1], b[1]))
        || (near(a[1], b[1]) && near(p[1], a[1]) && within(p[0], a[0], b[0]))
}
