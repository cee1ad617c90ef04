//! Square cells over a page.

use super::ink::Segment;

/// What rises less than this, list units, lies in all of its columns in each of its rows.
const FLAT: f32 = 1e-6;

/// Which cell a place falls in, and which cells a piece of ink passes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lattice {
    /// Side of a cell, list units.
    pub cell: f32,
    pub columns: i32,
    pub rows: i32,
}

impl Lattice {
    /// Cells of the given side over a page; larger ones where there would be more than `most`.
    pub(super) fn over(width: f32, height: f32, cell: f32, most: f32) -> Self {
        let cell = cell.max((width * height / most).sqrt());
        let count = |side: f32| (side / cell).ceil().max(1.0) as i32 + 1;
        Self { cell, columns: count(width), rows: count(height) }
    }

    pub(super) fn len(&self) -> usize {
        (self.columns * self.rows) as usize
    }

    pub(super) fn column(&self, x: f32) -> i32 {
        ((x / self.cell) as i32).clamp(0, self.columns - 1)
    }

    pub(super) fn row(&self, y: f32) -> i32 {
        ((y / self.cell) as i32).clamp(0, self.rows - 1)
    }

    /// Pieces of ink by bands of rows in which they begin: what is then written for one is at hand for the next.
    pub(super) fn down_the_page(&self, segments: &[Segment]) -> Vec<u32> {
        const BAND: i32 = 16;
        let band = |s: &Segment| (self.row(s.a[1].min(s.b[1])) / BAND) as usize;
        let mut next = vec![0_u32; (self.rows / BAND) as usize + 2];
        segments.iter().for_each(|s| next[band(s) + 1] += 1);
        for k in 1..next.len() {
            next[k] += next[k - 1];
        }
        let mut order = vec![0; segments.len()];
        for (i, s) in segments.iter().enumerate() {
            let at = &mut next[band(s)];
            order[*at as usize] = i as u32;
            *at += 1;
        }
        order
    }

    /// Every cell that a segment touches (a cell too many does no harm).
    pub(super) fn walk(&self, s: &Segment, mut visit: impl FnMut(usize)) {
        self.spans(s, |row, c0, c1| {
            (c0..=c1).for_each(|column| visit((row * self.columns + column) as usize))
        });
    }

    /// The same cells, row by row: its number, the first and the last column.
    pub(super) fn spans(&self, s: &Segment, mut visit: impl FnMut(i32, i32, i32)) {
        let (top, bottom) = if s.a[1] <= s.b[1] { (s.a, s.b) } else { (s.b, s.a) };
        let (dx, dy) = (bottom[0] - top[0], bottom[1] - top[1]);
        // What rounding may add is far less than the slack.
        let (slope, left, right) = (dx / dy, top[0].min(bottom[0]), top[0].max(bottom[0]));
        for row in self.row(top[1])..=self.row(bottom[1]) {
            let (mut x0, mut x1) = (top[0], bottom[0]);
            if dy > FLAT {
                let at = |y: f32| (top[0] + slope * (y - top[1])).clamp(left, right);
                (x0, x1) = (at(row as f32 * self.cell), at((row + 1) as f32 * self.cell));
            }
            let slack = self.cell * 1e-3;
            let (c0, c1) = (self.column(x0.min(x1) - slack), self.column(x0.max(x1) + slack));
            visit(row, c0, c1);
        }
    }
}
