//! A coarse picture of a page: in which directions ink passes where. It answers a quick test in a few
//! reads where the grid of segments takes a hundred.

use super::ink::Segment;
use super::lattice::Lattice;
use crate::budget::{Budget, Exhausted};

/// Directions told apart over half a turn.
pub(super) const BINS: i32 = 8;
/// Directions up to so many further count as the same (22.5 to 34 degrees).
const SPREAD: i32 = 1;
/// Side of a cell, list units, unless the page is too large for it.
const CELL: f32 = 0.5;
/// Cells at most (a byte each).
const MAX_CELLS: f32 = 30_000_000.0;

/// Directions of the ink in each cell, a bit each.
#[derive(Debug)]
pub(super) struct Marks {
    cells: Lattice,
    bits: Vec<u8>,
}

/// Half turns of a direction, in bins, 0 to 8.
pub(super) fn bins_of(d: [f64; 2]) -> f64 {
    (d[1].atan2(d[0]) / std::f64::consts::PI * f64::from(BINS)).rem_euclid(f64::from(BINS))
}

/// The bits of directions that count as the same as one given in bins.
pub(super) fn same_direction(bins: f64) -> u8 {
    const MIDDLE: u8 = (1 << (2 * SPREAD + 1)) - 1;
    let first = (bins.round() as i32 - SPREAD).rem_euclid(BINS);
    MIDDLE.rotate_left(first as u32)
}

impl Marks {
    pub(super) fn build(
        segments: &[Segment],
        width: f32,
        height: f32,
        budget: &Budget,
    ) -> Result<Self, Exhausted> {
        let cells = Lattice::over(width, height, CELL, MAX_CELLS);
        let mut bits = vec![0_u8; cells.len()];
        for (i, s) in segments.iter().enumerate() {
            if i % 512 == 0 {
                budget.spend(512)?;
            }
            let bin = bins_of([f64::from(s.b[0] - s.a[0]), f64::from(s.b[1] - s.a[1])]);
            let bit = 1 << (bin.round() as i32).rem_euclid(BINS);
            cells.walk(s, |c| bits[c] |= bit);
        }
        Ok(Self { cells, bits })
    }

    /// Whether ink in one of the directions may pass within `r` of a place: never wrongly no, but for
    /// directions at the edge of what counts as the same.
    pub(super) fn any(&self, p: [f64; 2], r: f64, directions: u8) -> bool {
        let (x, y, r) = (p[0] as f32, p[1] as f32, r as f32);
        let (c0, c1) = (self.cells.column(x - r) as usize, self.cells.column(x + r) as usize);
        let (r0, r1) = (self.cells.row(y - r) as usize, self.cells.row(y + r) as usize);
        (r0..=r1).any(|row| {
            let line = row * self.cells.columns as usize;
            self.bits[line + c0..=line + c1].iter().any(|bits| bits & directions != 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_count_as_the_same_up_to_some_thirty_degrees() {
        let at = |degrees: f64| bins_of([degrees.to_radians().cos(), degrees.to_radians().sin()]);
        let bit = |degrees: f64| 1_u8 << (at(degrees).round() as i32).rem_euclid(BINS);
        for turn in [0.0, 10.0, 80.0, 179.0] {
            let same = same_direction(at(turn));
            assert!([-20.0, 0.0, 20.0, 180.0].iter().all(|d| same & bit(turn + d) != 0), "{turn}");
            assert!([45.0, 90.0, 135.0].iter().all(|d| same & bit(turn + d) == 0), "{turn}");
        }
    }

    #[test]
    fn ink_is_found_where_it_passes_and_only_in_its_direction() {
        let line = Segment { a: [10.2, 10.2], b: [30.7, 10.9], style: 0, solid: false };
        let marks = Marks::build(&[line], 100.0, 50.0, &Budget::unlimited()).unwrap();
        let along = same_direction(bins_of([1.0, 0.0]));
        let across = same_direction(bins_of([0.0, -1.0]));
        assert!(marks.any([20.0, 11.5], 1.0, along) && !marks.any([20.0, 11.5], 1.0, across));
        assert!(!marks.any([20.0, 14.0], 1.0, along) && !marks.any([33.0, 10.5], 1.0, along));
        // Beyond the page's edge there is nothing, and no panic.
        assert!(!marks.any([-50.0, 900.0], 3.0, along));
    }
}
