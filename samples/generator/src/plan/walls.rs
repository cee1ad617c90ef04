//! The outline of a floor's walls: the union of all wall boxes less the openings, so that corners
//! and junctions are clean as a CAD program leaves them.

use crate::geometry::{Bounds, Point};
use crate::plan::floor::{DOOR, EXTERIOR_HALF, Floor, INTERIOR_HALF};

/// Walls as a grid of cells between all coordinates that occur.
pub(crate) struct Walls {
    xs: Vec<f64>,
    ys: Vec<f64>,
    solid: Vec<bool>,
}

impl Walls {
    pub(crate) fn of(floor: &Floor) -> Self {
        let (mut boxes, gaps) = (wall_boxes(floor), gaps(floor));
        let mut xs: Vec<f64> = boxes.iter().chain(&gaps).flat_map(|b| [b.left, b.right]).collect();
        let mut ys: Vec<f64> = boxes.iter().chain(&gaps).flat_map(|b| [b.top, b.bottom]).collect();
        for values in [&mut xs, &mut ys] {
            values.sort_by(f64::total_cmp);
            values.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
        }
        let columns = xs.len().saturating_sub(1);
        let mut solid = vec![false; columns * ys.len().saturating_sub(1)];
        boxes.retain(|b| b.width() > 0.0 && b.height() > 0.0);
        for (i, cell) in solid.iter_mut().enumerate() {
            let (c, r) = (i % columns, i / columns);
            let middle = [(xs[c] + xs[c + 1]) / 2.0, (ys[r] + ys[r + 1]) / 2.0];
            *cell = boxes.iter().any(|b| inside(b, middle)) && !gaps.iter().any(|g| inside(g, middle));
        }
        Self { xs, ys, solid }
    }

    fn is_solid(&self, column: isize, row: isize) -> bool {
        let (columns, rows) = (self.xs.len() as isize - 1, self.ys.len() as isize - 1);
        (0..columns).contains(&column)
            && (0..rows).contains(&row)
            && self.solid[(row * columns + column) as usize]
    }

    /// Edges between wall and air, as long as they run straight.
    pub(crate) fn edges(&self) -> Vec<(Point, Point)> {
        let (columns, rows) = (self.xs.len() as isize - 1, self.ys.len() as isize - 1);
        let mut edges = Vec::new();
        for row in 0..=rows {
            let side = |c: isize| (self.is_solid(c, row - 1), self.is_solid(c, row));
            let y = self.ys[row as usize];
            for (from, to) in runs(columns, side) {
                edges.push(([self.xs[from], y], [self.xs[to], y]));
            }
        }
        for column in 0..=columns {
            let side = |r: isize| (self.is_solid(column - 1, r), self.is_solid(column, r));
            let x = self.xs[column as usize];
            for (from, to) in runs(rows, side) {
                edges.push(([x, self.ys[from]], [x, self.ys[to]]));
            }
        }
        edges
    }

    /// Boxes that fill the walls.
    pub(crate) fn fills(&self) -> Vec<Bounds> {
        let (columns, rows) = (self.xs.len() as isize - 1, self.ys.len() as isize - 1);
        let mut fills = Vec::new();
        for row in 0..rows {
            let side = |c: isize| (self.is_solid(c, row), false);
            for (from, to) in runs(columns, side) {
                let (top, bottom) = (self.ys[row as usize], self.ys[row as usize + 1]);
                fills.push(Bounds::new(self.xs[from], top, self.xs[to], bottom));
            }
        }
        fills
    }
}

/// Ranges over which the two sides of a line stay the same and differ from each other.
fn runs(cells: isize, side: impl Fn(isize) -> (bool, bool)) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut open: Option<(usize, (bool, bool))> = None;
    for cell in 0..=cells {
        let now = if cell == cells { (false, false) } else { side(cell) };
        if let Some((from, kind)) = open
            && now != kind
        {
            runs.push((from, cell as usize));
            open = None;
        }
        if open.is_none() && now.0 != now.1 {
            open = Some((cell as usize, now));
        }
    }
    runs
}

fn inside(b: &Bounds, p: Point) -> bool {
    p[0] > b.left && p[0] < b.right && p[1] > b.top && p[1] < b.bottom
}

fn wall_boxes(floor: &Floor) -> Vec<Bounds> {
    let around = |a: Point, b: Point, half: f64| {
        let mut all = Bounds::EMPTY;
        all.add(a);
        all.add(b);
        all.grown(half)
    };
    let mut boxes: Vec<Bounds> = floor.outline_edges().map(|(a, b)| around(a, b, EXTERIOR_HALF)).collect();
    for room in &floor.rooms {
        let corners = room.area.corners();
        for i in 0..4 {
            boxes.push(around(corners[i], corners[(i + 1) % 4], INTERIOR_HALF));
        }
    }
    boxes
}

fn gaps(floor: &Floor) -> Vec<Bounds> {
    let mut gaps = floor.openings.clone();
    for door in &floor.doors {
        let along = door.strike.outward();
        let mut gap = Bounds::EMPTY;
        gap.add(door.hinge);
        gap.add([door.hinge[0] + along[0] * DOOR, door.hinge[1] + along[1] * DOOR]);
        let across = 0.6;
        gaps.push(if along[0] != 0.0 {
            Bounds::new(gap.left, gap.top - across, gap.right, gap.bottom + across)
        } else {
            Bounds::new(gap.left - across, gap.top, gap.right + across, gap.bottom)
        });
    }
    for window in &floor.windows {
        let (half, across) = (window.width / 2.0, 0.6);
        let [x, y] = window.middle;
        let (dx, dy) = if window.horizontal { (half, across) } else { (across, half) };
        gaps.push(Bounds::new(x - dx, y - dy, x + dx, y + dy));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::floor::Room;

    #[test]
    fn a_single_room_has_an_outer_and_an_inner_face() {
        let floor = Floor {
            rooms: vec![Room::new("1", "ROOM", [0.0, 0.0, 10.0, 8.0], "VCT")],
            outline: vec![[0.0, 0.0], [10.0, 0.0], [10.0, 8.0], [0.0, 8.0]],
            ..Floor::default()
        };
        let walls = Walls::of(&floor);
        assert_eq!(walls.edges().len(), 8);
        let area: f64 = walls.fills().iter().map(|b| b.width() * b.height()).sum();
        assert!((area - (11.0 * 9.0 - 9.0 * 7.0)).abs() < 1e-9);
    }
}
