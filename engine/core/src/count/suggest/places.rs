//! Boxes on a page, found by where they are.

use rustc_hash::FxHashMap;

use super::PART_SHARE;
use crate::geom::{PxPoint, PxRect};

/// Share of a larger box that those within it cover to make it a mere row of them.
const COVERED_SHARE: f64 = 0.45;

/// Boxes of one kind.
#[derive(Debug)]
pub(super) struct Places {
    pub boxes: Vec<PxRect>,
    /// Side of a cell, page pixels: no box is larger.
    side: f64,
    cells: FxHashMap<(i64, i64), Vec<u32>>,
}

impl Places {
    pub(super) fn of(boxes: Vec<PxRect>) -> Self {
        let side = boxes.iter().map(|b| b.w.max(b.h)).fold(1.0, f64::max);
        let mut places = Self { side, cells: FxHashMap::default(), boxes };
        for i in 0..places.boxes.len() {
            let cell = places.cell(places.boxes[i].center());
            places.cells.entry(cell).or_default().push(i as u32);
        }
        places
    }

    fn cell(&self, p: PxPoint) -> (i64, i64) {
        ((p.x / self.side).floor() as i64, (p.y / self.side).floor() as i64)
    }

    /// Boxes with their middles within one largest side of a place, and perhaps some more.
    pub(super) fn near(&self, p: PxPoint) -> impl Iterator<Item = &PxRect> {
        let (x, y) = self.cell(p);
        let cells = (x - 1..=x + 1).flat_map(move |x| (y - 1..=y + 1).map(move |y| (x, y)));
        cells.filter_map(|c| self.cells.get(&c)).flatten().map(|&i| &self.boxes[i as usize])
    }

    /// How many of these boxes lie within `outer`, but for a little.
    pub(super) fn within(&self, outer: &PxRect) -> usize {
        // Boxes by the cell of their middle: a larger box has more cells than those next to its own.
        let (x0, y0) = self.cell(PxPoint::new(outer.x, outer.y));
        let (x1, y1) = self.cell(PxPoint::new(outer.x + outer.w, outer.y + outer.h));
        let cells = (x0..=x1).flat_map(|x| (y0..=y1).map(move |y| (x, y)));
        let all = cells.filter_map(|c| self.cells.get(&c)).flatten();
        all.filter(|&&i| is_within(&self.boxes[i as usize], outer)).count()
    }

    /// Mean area of these boxes, square page pixels.
    pub(super) fn area(&self) -> f64 {
        self.boxes.iter().map(|b| b.w * b.h).sum::<f64>() / self.boxes.len().max(1) as f64
    }

    /// Whether these are mostly drawn with the `smaller`, one or several each.
    pub(super) fn are_made_of(&self, smaller: &Self) -> bool {
        let area = smaller.area();
        let made = |b: &&PxRect| smaller.within(b) as f64 * area >= COVERED_SHARE * b.w * b.h;
        self.boxes.iter().filter(made).count() as f64 >= PART_SHARE * self.boxes.len() as f64
    }

    /// Share of these boxes that lie within boxes of `others`.
    pub(super) fn share_within(&self, others: &Self) -> f64 {
        let inside = |b: &&PxRect| others.near(b.center()).any(|outer| is_within(b, outer));
        self.boxes.iter().filter(inside).count() as f64 / self.boxes.len().max(1) as f64
    }
}

/// Of the inner box so much lies within the outer one.
const MOST: f64 = 0.8;

fn is_within(inner: &PxRect, outer: &PxRect) -> bool {
    let least = 1e-6;
    let area = inner.w.max(least) * inner.h.max(least);
    let grown = PxRect::new(outer.x - 1.0, outer.y - 1.0, outer.w + 2.0, outer.h + 2.0);
    grown.overlap(&PxRect::new(inner.x, inner.y, inner.w.max(least), inner.h.max(least))) >= area * MOST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_boxes_lie_within_large_ones_and_not_the_other_way_round() {
        let large =
            Places::of(vec![PxRect::new(0.0, 0.0, 100.0, 80.0), PxRect::new(500.0, 0.0, 100.0, 80.0)]);
        let small = Places::of(vec![
            PxRect::new(10.0, 10.0, 9.0, 9.0),
            PxRect::new(70.0, 60.0, 9.0, 9.0),
            PxRect::new(510.0, 10.0, 9.0, 9.0),
            PxRect::new(300.0, 10.0, 9.0, 9.0),
        ]);
        assert_eq!(small.share_within(&large), 0.75);
        assert_eq!(large.share_within(&small), 0.0);
        assert_eq!(small.within(&large.boxes[0]), 2);
        assert_eq!(small.within(&large.boxes[1]), 1);
    }
}
