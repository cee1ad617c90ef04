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

/// A segment as a cell keeps it: what a search reads lies side by side, and needs no division.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Item {
    pub a: [f32; 2],
    /// Unit direction from `a` to the other end.
    pub d: [f32; 2],
    pub length: f32,
    pub segment: u32,
    /// Twice the number of its style, and one more if it is the edge of a filled area.
    pen: u32,
}

/// Where a stroke is nearest to a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nearest {
    /// Square of the distance.
    pub square: f32,
    /// Way from end `a`.
    pub along: f32,
}

impl Item {
    fn of(s: &Segment, segment: u32) -> Self {
        let (x, y) = (s.b[0] - s.a[0], s.b[1] - s.a[1]);
        let length = (x * x + y * y).sqrt();
        // One without length has a place all the same.
        let d = if length > 0.0 { [x / length, y / length] } else { [1.0, 0.0] };
        Self { a: s.a, d, length, segment, pen: s.style * 2 + u32::from(s.solid) }
    }

    /// Index into the page's styles.
    pub(super) fn style(&self) -> usize {
        (self.pen / 2) as usize
    }

    /// As [`Segment::solid`].
    pub(super) fn solid(&self) -> bool {
        self.pen % 2 == 1
    }

    /// Sine of the angle between the stroke and a unit direction, without a sign.
    #[inline]
    pub(super) fn sine(&self, d: [f32; 2]) -> f32 {
        (self.d[0] * d[1] - self.d[1] * d[0]).abs()
    }

    /// `None` if the stroke is further off than `r`.
    #[inline]
    pub(super) fn nearest(&self, p: [f32; 2], r: f32) -> Option<Nearest> {
        let (x, y) = (p[0] - self.a[0], p[1] - self.a[1]);
        let off = x * self.d[1] - y * self.d[0];
        if off.abs() > r {
            return None;
        }
        let way = x * self.d[0] + y * self.d[1];
        let along = way.clamp(0.0, self.length);
        let square = off * off + (way - along) * (way - along);
        (square <= r * r).then_some(Nearest { square, along })
    }
}

impl Grid {
    pub(super) fn build(
        segments: &[Segment],
        width: f32,
        height: f32,
        budget: &Budget,
    ) -> Result<Self, Exhausted> {
        let cells = Lattice::over(width, height, CELL, MAX_CELLS);
        let order = cells.down_the_page(segments);
        let mut starts = vec![0_u32; cells.len() + 1];
        for some in order.chunks(512) {
            budget.spend(some.len() as u64)?;
            some.iter().for_each(|&i| cells.walk(&segments[i as usize], |c| starts[c + 1] += 1));
        }
        for c in 1..starts.len() {
            starts[c] += starts[c - 1];
        }
        let mut fill = starts.clone();
        let mut items = vec![Item::default(); starts[starts.len() - 1] as usize];
        for some in order.chunks(512) {
            budget.spend(some.len() as u64)?;
            for &i in some {
                let s = &segments[i as usize];
                let item = Item::of(s, i);
                cells.walk(s, |c| {
                    items[fill[c] as usize] = item;
                    fill[c] += 1;
                });
            }
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
    #[inline]
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

    /// Segments that may touch a box, once for each of their cells.
    pub(super) fn each_within(&self, area: &ListRect, mut visit: impl FnMut(u32)) {
        let (c0, c1) = (self.cells.column(area.left), self.cells.column(area.right));
        let (r0, r1) = (self.cells.row(area.top), self.cells.row(area.bottom));
        for row in r0..=r1 {
            let line = row * self.cells.columns;
            let from = self.starts[(line + c0) as usize] as usize;
            let to = self.starts[(line + c1) as usize + 1] as usize;
            self.items[from..to].iter().for_each(|item| visit(item.segment));
        }
    }

    /// Segments that may touch a box, each once, in index order.
    pub(super) fn within(&self, area: &ListRect) -> Vec<u32> {
        let mut found = Vec::new();
        self.each_within(area, |segment| found.push(segment));
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_is_nearest_between_its_ends_or_at_one() {
        let segment = Segment { a: [10.0, 10.0], b: [13.0, 14.0], style: 0, solid: false };
        let item = Item::of(&segment, 7);
        assert_eq!((item.length, item.d, item.segment), (5.0, [0.6, 0.8], 7));
        assert_eq!((item.style(), item.solid()), (0, false));
        let solid = Item::of(&Segment { style: 5, solid: true, ..segment }, 7);
        assert_eq!((solid.style(), solid.solid()), (5, true));
        // Half way along and 1 to the side; beyond each end; too far.
        let beside = item.nearest([11.5 - 0.8, 12.0 + 0.6], 1.5).unwrap();
        assert!((beside.along - 2.5).abs() < 1e-5 && (beside.square - 1.0).abs() < 1e-5, "{beside:?}");
        for (place, along) in [([9.0, 10.0], 0.0), ([13.0, 15.0], 5.0)] {
            let past = item.nearest(place, 1.5).unwrap();
            assert!(past.along == along && (past.square - 1.0).abs() < 1e-5, "{past:?}");
        }
        assert!(item.nearest([13.0, 16.0], 1.5).is_none() && item.nearest([8.0, 12.0], 1.5).is_none());
        // Either way along it is no angle.
        assert!(item.sine([-0.6, -0.8]) < 1e-6 && (item.sine([0.8, -0.6]) - 1.0).abs() < 1e-6);
        // A stroke without length has a place.
        let dot = Item::of(&Segment { b: segment.a, ..segment }, 0);
        assert_eq!(dot.nearest([10.0, 11.0], 1.5).map(|n| n.square), Some(1.0));
    }
}
