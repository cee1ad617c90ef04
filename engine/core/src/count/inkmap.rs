//! A small oriented picture of an exemplar's ink.

/// Directions told apart over half a turn.
const BINS: i32 = 16;
/// A stroke is also entered under this many neighbouring directions on either side (22.5 degrees).
const SPREAD: i32 = 2;
/// Cells a side at most.
const MAX_SIDE: f32 = 1024.0;

/// For every place near the ink, the directions of strokes within reach of it.
#[derive(Debug, Clone)]
pub(super) struct InkMap {
    left: f32,
    top: f32,
    per_unit: f32,
    columns: i32,
    rows: i32,
    cells: Vec<u16>,
}

impl InkMap {
    /// Map of oriented points (`[x, y]`, direction): everything within `reach` of a point counts as on it.
    pub(super) fn of<'a>(
        points: impl Iterator<Item = (&'a [f32; 2], &'a [f32; 2])> + Clone,
        reach: f32,
    ) -> Self {
        let (mut left, mut top, mut right, mut bottom) =
            (f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY);
        for (p, _) in points.clone() {
            (left, right) = (left.min(p[0]), right.max(p[0]));
            (top, bottom) = (top.min(p[1]), bottom.max(p[1]));
        }
        (left, top) = (left - reach * 2.0, top - reach * 2.0);
        (right, bottom) = (right + reach * 2.0, bottom + reach * 2.0);
        let side = (right - left).max(bottom - top).max(f32::MIN_POSITIVE);
        let per_unit = (3.0 / reach).min(MAX_SIDE / side);
        let columns = ((right - left) * per_unit).ceil() as i32 + 1;
        let rows = ((bottom - top) * per_unit).ceil() as i32 + 1;
        let mut map =
            Self { left, top, per_unit, columns, rows, cells: vec![0; (columns * rows).max(0) as usize] };
        for (p, d) in points {
            map.enter(p, d, reach);
        }
        map
    }

    fn enter(&mut self, p: &[f32; 2], d: &[f32; 2], reach: f32) {
        let bin = bin_of(d);
        let bits = (-SPREAD..=SPREAD).fold(0_u16, |bits, k| bits | 1 << (bin + k).rem_euclid(BINS));
        let (x, y) = ((p[0] - self.left) * self.per_unit, (p[1] - self.top) * self.per_unit);
        let r = (reach * self.per_unit).max(0.75);
        for row in ((y - r).floor() as i32).max(0)..=((y + r).ceil() as i32).min(self.rows - 1) {
            for column in ((x - r).floor() as i32).max(0)..=((x + r).ceil() as i32).min(self.columns - 1) {
                let off = [column as f32 + 0.5 - x, row as f32 + 0.5 - y];
                if off[0] * off[0] + off[1] * off[1] <= r * r {
                    self.cells[(row * self.columns + column) as usize] |= bits;
                }
            }
        }
    }

    /// Whether ink of about this direction lies within reach.
    pub(super) fn has(&self, p: [f64; 2], d: [f64; 2]) -> bool {
        let bits = self.at(p);
        bits != 0 && bits & Direction::of(d).0 != 0
    }

    /// As [`Self::has`], of a direction that is asked for at many places.
    pub(super) fn holds(&self, p: [f64; 2], d: Direction) -> bool {
        self.at(p) & d.0 != 0
    }

    /// Whether any ink lies within reach.
    pub(super) fn near(&self, p: [f64; 2]) -> bool {
        self.at(p) != 0
    }

    /// Whether the box of two places lies beyond all ink, and all that is within reach of it.
    pub(super) fn is_beyond(&self, p: [f64; 2], q: [f64; 2]) -> bool {
        // More than what rounding can add.
        const MARGIN: f64 = 0.05;
        let outside = |p: f64, q: f64, low: f32, cells: i32| {
            let high = f64::from(low + cells as f32 / self.per_unit);
            p.max(q) < f64::from(low) - MARGIN || p.min(q) > high + MARGIN
        };
        outside(p[0], q[0], self.left, self.columns) || outside(p[1], q[1], self.top, self.rows)
    }

    fn at(&self, p: [f64; 2]) -> u16 {
        // What is not negative is cut off as it is rounded down.
        let column = (p[0] as f32 - self.left) * self.per_unit;
        let row = (p[1] as f32 - self.top) * self.per_unit;
        if column < 0.0 || row < 0.0 || column >= self.columns as f32 || row >= self.rows as f32 {
            return 0;
        }
        self.cells[(row as i32 * self.columns + column as i32) as usize]
    }
}

/// A direction as a map knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Direction(u16);

impl Direction {
    pub(super) fn of(d: [f64; 2]) -> Self {
        Self(1 << bin_of(&[d[0] as f32, d[1] as f32]))
    }
}

fn bin_of(d: &[f32; 2]) -> i32 {
    let half_turns = d[1].atan2(d[0]) / std::f32::consts::PI;
    ((half_turns * BINS as f32).round() as i32).rem_euclid(BINS)
}
