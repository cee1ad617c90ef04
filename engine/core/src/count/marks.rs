//! A coarse picture of a page: in which directions ink passes where. It answers a quick test in a few
//! reads where the grid of segments takes a hundred.

use super::ink::Segment;
use super::lattice::Lattice;
use crate::budget::{Budget, Exhausted};

/// Directions told apart over half a turn. One that is at most one further counts as the same (22.5 to 34 degrees).
const BINS: i32 = 8;
/// Side of a cell, list units, unless the page is too large for it.
const CELL: f32 = 1.0;
/// Cells at most (a byte each).
const MAX_CELLS: f32 = 30_000_000.0;
/// Cells of a tile, a side.
const TILE: i32 = 1 << TILE_BITS;
const TILE_BITS: i32 = 3;

/// Eight directions of 64 cells: a bit for each cell, row by row, where ink of about the direction passes.
type Tile = [u64; BINS as usize];

/// Directions of the ink in each cell. What lies close together on the page lies close together here.
#[derive(Debug)]
pub(super) struct Marks {
    cells: Lattice,
    /// Tiles in a row.
    across: i32,
    tiles: Vec<Tile>,
}

/// Half turns of a direction, in bins, 0 to 8.
pub(super) fn bins_of(d: [f64; 2]) -> f64 {
    (d[1].atan2(d[0]) / std::f64::consts::PI * f64::from(BINS)).rem_euclid(f64::from(BINS))
}

/// The number of a direction given in bins, from minus a half turn on.
pub(super) fn bin(bins: f64) -> usize {
    // To the nearest without a call of `round`.
    ((bins + f64::from(BINS) + 0.5) as i32).rem_euclid(BINS) as usize
}

/// The cells of a tile from one column to another.
fn columns(from: i32, to: i32) -> u64 {
    const EACH_ROW: u64 = u64::MAX / 0xff;
    let row = (0xff_u64 >> (TILE - 1 - to)) & (0xff << from);
    row * EACH_ROW
}

/// The cells of a tile from one row to another.
fn rows(from: i32, to: i32) -> u64 {
    (u64::MAX >> ((TILE - 1 - to) * TILE)) & (u64::MAX << (from * TILE))
}

/// From where to where a range reaches into the `nth` eight.
fn part(from: i32, to: i32, nth: i32) -> (i32, i32) {
    ((from - nth * TILE).max(0), (to - nth * TILE).min(TILE - 1))
}

impl Marks {
    pub(super) fn build(
        segments: &[Segment],
        width: f32,
        height: f32,
        budget: &Budget,
    ) -> Result<Self, Exhausted> {
        let mut marks = Self::blank(Lattice::over(width, height, CELL, MAX_CELLS));
        for (n, &i) in marks.cells.down_the_page(segments).iter().enumerate() {
            if n % 512 == 0 {
                budget.spend(512)?;
            }
            marks.add(&segments[i as usize]);
        }
        Ok(marks)
    }

    /// The picture of some of the ink.
    pub(super) fn only<'s>(&self, ink: impl Iterator<Item = &'s Segment>) -> Self {
        let mut marks = Self::blank(self.cells);
        ink.for_each(|s| marks.add(s));
        marks
    }

    fn blank(cells: Lattice) -> Self {
        let count = |cells: i32| (cells + TILE - 1) / TILE;
        let across = count(cells.columns);
        Self { cells, across, tiles: vec![Tile::default(); (across * count(cells.rows)) as usize] }
    }

    fn add(&mut self, s: &Segment) {
        let own = bin(bins_of([f64::from(s.b[0] - s.a[0]), f64::from(s.b[1] - s.a[1])]));
        let same = [own + BINS as usize - 1, own, own + 1].map(|k| k % BINS as usize);
        let Self { cells, across, tiles } = self;
        let mut note = |tile: i32, passed: u64| {
            let tile = &mut tiles[tile as usize];
            same.iter().for_each(|&k| tile[k] |= passed);
        };
        // Half of a dense page's ink is upright hatch.
        if let Some((column, top, bottom)) = cells.upright(s) {
            let own_column = columns(column % TILE, column % TILE);
            for down in top / TILE..=bottom / TILE {
                let (from, to) = part(top, bottom, down);
                note(down * *across + column / TILE, rows(from, to) & own_column);
            }
            return;
        }
        cells.spans(s, |row, c0, c1| {
            let (line, own_row) = (row / TILE * *across, rows(row % TILE, row % TILE));
            for tile in c0 / TILE..=c1 / TILE {
                let (from, to) = part(c0, c1, tile);
                note(line + tile, columns(from, to) & own_row);
            }
        });
    }

    /// Whether ink in about a direction (its [`bin`]) may pass within `r` of a place: never wrongly no, but for
    /// directions at the edge of what counts as the same.
    #[inline]
    pub(super) fn any(&self, p: [f64; 2], r: f64, direction: usize) -> bool {
        let (x, y, r) = (p[0] as f32, p[1] as f32, r as f32);
        let (c0, c1) = (self.cells.column(x - r), self.cells.column(x + r));
        let (r0, r1) = (self.cells.row(y - r), self.cells.row(y + r));
        let (tile, down) = (c0 >> TILE_BITS, r0 >> TILE_BITS);
        let (more_tiles, more_down) = ((c1 >> TILE_BITS) - tile, (r1 >> TILE_BITS) - down);
        let read = |tile: i32, down: i32| {
            let ((from, to), (top, bottom)) = (part(c0, c1, tile), part(r0, r1, down));
            let here = self.tiles[(down * self.across + tile) as usize][direction & (BINS as usize - 1)];
            here & columns(from, to) & rows(top, bottom)
        };
        if more_tiles | more_down <= 1 {
            // No reading waits for what another says; what is read twice changes nothing.
            let upper = read(tile, down) | read(tile + more_tiles, down);
            let lower = read(tile, down + more_down) | read(tile + more_tiles, down + more_down);
            return upper | lower != 0;
        }
        (down..=down + more_down).any(|down| (tile..=tile + more_tiles).any(|tile| read(tile, down) != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_count_as_the_same_up_to_some_thirty_degrees() {
        let at = |degrees: f64| bins_of([degrees.to_radians().cos(), degrees.to_radians().sin()]);
        let off = |turn: f64, degrees: f64| {
            let apart = bin(at(turn)).abs_diff(bin(at(turn + degrees)));
            apart.min(BINS as usize - apart)
        };
        for turn in [0.0, 10.0, 80.0, 179.0] {
            assert!([-20.0, 0.0, 20.0, 180.0].iter().all(|d| off(turn, *d) <= 1), "{turn}");
            assert!([45.0, 90.0, 135.0].iter().all(|d| off(turn, *d) > 1), "{turn}");
        }
    }

    #[test]
    fn ink_is_found_where_it_passes_and_only_in_its_direction() {
        let line = Segment { a: [10.2, 10.2], b: [30.7, 10.9], style: 0, solid: false };
        let marks = Marks::build(&[line], 100.0, 50.0, &Budget::unlimited()).unwrap();
        let along = bin(bins_of([1.0, 0.0]));
        let across = bin(bins_of([0.0, -1.0]));
        assert!(marks.any([20.0, 11.5], 1.0, along) && !marks.any([20.0, 11.5], 1.0, across));
        assert!(!marks.any([20.0, 14.0], 1.0, along) && !marks.any([33.0, 10.5], 1.0, along));
        // Beyond the page's edge there is nothing, and no panic.
        assert!(!marks.any([-50.0, 900.0], 3.0, along));
    }
    #[test]
    fn a_tiled_picture_says_what_its_cells_say() {
        let mut state = 7_u64;
        let mut number = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % (below * 64)) as f32 / 64.0
        };
        let mut place = |width, height| [number(width), number(height)];
        let segments: Vec<Segment> = (0..40)
            .map(|n| {
                let (a, off) = (place(90, 60), place(14, 14));
                // Every third is upright.
                let across = if n % 3 == 0 { 7.0 } else { off[0] };
                Segment { a, b: [a[0] + across - 7.0, a[1] + off[1] - 7.0], style: 0, solid: false }
            })
            .collect();
        let half = &segments[..20];
        let marks = Marks::build(half, 90.0, 60.0, &Budget::unlimited()).unwrap();
        assert_eq!(marks.only(segments.iter()).only(half.iter()).tiles, marks.tiles);
        let marks = marks.only(segments.iter());
        let cells = marks.cells;
        let mut plain = vec![[false; BINS as usize]; cells.len()];
        for s in &segments {
            let own = bin(bins_of([f64::from(s.b[0] - s.a[0]), f64::from(s.b[1] - s.a[1])]));
            cells.walk(s, |c| [7, 0, 1].iter().for_each(|k| plain[c][(own + k) % 8] = true));
        }
        let (mut yes, mut no) = (0, 0);
        for n in 0..20_000_usize {
            let ([x, y], r) = (place(96, 66), 0.1 + (n % 50) as f32 * 0.1);
            let in_rows = (cells.row(y - 3.0 - r)..=cells.row(y - 3.0 + r)).flat_map(|row| {
                (cells.column(x - 3.0 - r)..=cells.column(x - 3.0 + r)).map(move |c| row * cells.columns + c)
            });
            let there = in_rows.into_iter().any(|c| plain[c as usize][n % 8]);
            let p = [f64::from(x - 3.0), f64::from(y - 3.0)];
            assert_eq!(marks.any(p, f64::from(r), n % 8), there, "{p:?} {r} {n}");
            *if there { &mut yes } else { &mut no } += 1;
        }
        assert!(yes > 1_000 && no > 1_000, "{yes} {no}");
    }
}
