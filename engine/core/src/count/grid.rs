//! A uniform grid over a page's segments.

use super::ink::Segment;
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;

/// Cells at most; beyond that, cells grow.
const MAX_CELLS: f32 = 4_000_000.0;
/// Side of a cell, list units, unless the page is too large for it.
const CELL: f32 = 4.0;

/// Which segments pass through which cell.
#[derive(Debug)]
pub(super) struct Grid {
    cell: f32,
    columns: i32,
    rows: i32,
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Grid {
    pub(super) fn build(
        segments: &[Segment],
        width: f32,
        height: f32,
        budget: &Budget,
    ) -> Result<Self, Exhausted> {
        let cell = CELL.max((width * height / MAX_CELLS).sqrt());
        let columns = (width / cell).ceil().max(1.0) as i32 + 1;
        let rows = (height / cell).ceil().max(1.0) as i32 + 1;
        let mut grid = Self { cell, columns, rows, starts: Vec::new(), items: Vec::new() };
        let mut starts = vec![0_u32; (columns * rows) as usize + 1];
        for (i, s) in segments.iter().enumerate() {
            if i % 512 == 0 {
                budget.spend(512)?;
            }
            grid.walk(s, |c| starts[c + 1] += 1);
        }
        for c in 1..starts.len() {
            starts[c] += starts[c - 1];
        }
        let mut fill = starts.clone();
        let mut items = vec![0_u32; starts[starts.len() - 1] as usize];
        for (i, s) in segments.iter().enumerate() {
            if i % 512 == 0 {
                budget.spend(512)?;
            }
            grid.walk(s, |c| {
                items[fill[c] as usize] = i as u32;
                fill[c] += 1;
            });
        }
        (grid.starts, grid.items) = (starts, items);
        Ok(grid)
    }

    fn column(&self, x: f32) -> i32 {
        ((x / self.cell) as i32).clamp(0, self.columns - 1)
    }

    fn row(&self, y: f32) -> i32 {
        ((y / self.cell) as i32).clamp(0, self.rows - 1)
    }

    /// Every cell that a segment touches (a cell too many does no harm).
    fn walk(&self, s: &Segment, mut visit: impl FnMut(usize)) {
        let (top, bottom) = if s.a[1] <= s.b[1] { (s.a, s.b) } else { (s.b, s.a) };
        let (dx, dy) = (bottom[0] - top[0], bottom[1] - top[1]);
        for row in self.row(top[1])..=self.row(bottom[1]) {
            let (mut x0, mut x1) = (top[0], bottom[0]);
            if dy > 0.0 {
                let at = |y: f32| top[0] + dx * ((y - top[1]) / dy).clamp(0.0, 1.0);
                (x0, x1) = (at(row as f32 * self.cell), at((row + 1) as f32 * self.cell));
            }
            let slack = self.cell * 1e-3;
            let (c0, c1) = (self.column(x0.min(x1) - slack), self.column(x0.max(x1) + slack));
            for column in c0..=c1 {
                visit((row * self.columns + column) as usize);
            }
        }
    }

    /// Segments whose cells a square of half side `r` about a place touches; one may come twice.
    pub(super) fn near(&self, x: f32, y: f32, r: f32) -> impl Iterator<Item = u32> + '_ {
        let (c0, c1) = (self.column(x - r), self.column(x + r));
        let (r0, r1) = (self.row(y - r), self.row(y + r));
        (r0..=r1).flat_map(move |row| {
            let line = row * self.columns;
            let from = self.starts[(line + c0) as usize] as usize;
            let to = self.starts[(line + c1) as usize + 1] as usize;
            self.items[from..to].iter().copied()
        })
    }

    /// Segments that may touch a box, each once, in index order.
    pub(super) fn within(&self, area: &ListRect) -> Vec<u32> {
        let (c0, c1) = (self.column(area.left), self.column(area.right));
        let (r0, r1) = (self.row(area.top), self.row(area.bottom));
        let mut found = Vec::new();
        for row in r0..=r1 {
            let line = row * self.columns;
            let from = self.starts[(line + c0) as usize] as usize;
            let to = self.starts[(line + c1) as usize + 1] as usize;
            found.extend_from_slice(&self.items[from..to]);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
