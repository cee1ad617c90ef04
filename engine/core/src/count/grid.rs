//! A uniform grid over a page's segments.

use super::ink::Segment;
use super::lattice::Lattice;
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;

/// Cells at most; beyond that, cells grow.
const MAX_CELLS: f32 = 4_000_000.0;
/// Side of a cell, list units, unless the page is too large for it.
const CELL: f32 = 2.0;

/// Which segments pass through which cell.
#[derive(Debug)]
pub(super) struct Grid {
    cells: Lattice,
    starts: Vec<u32>,
    items: Vec<Item>,
}

/// A segment as a cell keeps it: what a search reads lies side by side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Item {
    pub a: [f32; 2],
    pub b: [f32; 2],
    pub segment: u32,
}

impl Grid {
    pub(super) fn build(
        segments: &[Segment],
        width: f32,
        height: f32,
        budget: &Budget,
    ) -> Result<Self, Exhausted> {
        let cells = Lattice::over(width, height, CELL, MAX_CELLS);
        let mut starts = vec![0_u32; cells.len() + 1];
        for (i, s) in segments.iter().enumerate() {
            if i % 512 == 0 {
                budget.spend(512)?;
            }
            cells.walk(s, |c| starts[c + 1] += 1);
        }
        for c in 1..starts.len() {
            starts[c] += starts[c - 1];
        }
        let mut fill = starts.clone();
        let mut items = vec![Item::default(); starts[starts.len() - 1] as usize];
        for (i, s) in segments.iter().enumerate() {
            if i % 512 == 0 {
                budget.spend(512)?;
            }
            cells.walk(s, |c| {
                items[fill[c] as usize] = Item { a: s.a, b: s.b, segment: i as u32 };
                fill[c] += 1;
            });
        }
        Ok(Self { cells, starts, items })
    }

    /// Segments whose cells a square of half side `r` about a place touches; one may come twice.
    pub(super) fn near(&self, x: f32, y: f32, r: f32) -> impl Iterator<Item = u32> + '_ {
        let (c0, c1) = (self.cells.column(x - r), self.cells.column(x + r));
        let (r0, r1) = (self.cells.row(y - r), self.cells.row(y + r));
        (r0..=r1).flat_map(move |row| {
            let line = row * self.cells.columns;
            let from = self.starts[(line + c0) as usize] as usize;
            let to = self.starts[(line + c1) as usize + 1] as usize;
            self.items[from..to].iter().map(|item| item.segment)
        })
    }

    /// Whether `is` holds for any segment that [`Self::near`] gives.
    pub(super) fn any_near(&self, x: f32, y: f32, r: f32, mut is: impl FnMut(&Item) -> bool) -> bool {
        let (c0, c1) = (self.cells.column(x - r), self.cells.column(x + r));
        for row in self.cells.row(y - r)..=self.cells.row(y + r) {
            let line = row * self.cells.columns;
            let from = self.starts[(line + c0) as usize] as usize;
            let to = self.starts[(line + c1) as usize + 1] as usize;
            for item in &self.items[from..to] {
                if is(item) {
                    return true;
                }
            }
        }
        false
    }

    /// Segments that may touch a box, each once, in index order.
    pub(super) fn within(&self, area: &ListRect) -> Vec<u32> {
        let (c0, c1) = (self.cells.column(area.left), self.cells.column(area.right));
        let (r0, r1) = (self.cells.row(area.top), self.cells.row(area.bottom));
        let mut found = Vec::new();
        for row in r0..=r1 {
            let line = row * self.cells.columns;
            let from = self.starts[(line + c0) as usize] as usize;
            let to = self.starts[(line + c1) as usize + 1] as usize;
            found.extend(self.items[from..to].iter().map(|item| item.segment));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
