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
        if let Some((column, top, bottom)) = self.upright(s) {
            return (top..=bottom).for_each(|row| visit((row * self.columns + column) as usize));
        }
        self.spans(s, |row, c0, c1| {
            (c0..=c1).for_each(|column| visit((row * self.columns + column) as usize))
        });
    }

    /// The column in which all of a piece of ink lies, and the first and the last row; `None` if it passes several.
    pub(super) fn upright(&self, s: &Segment) -> Option<(i32, i32, i32)> {
        let slack = self.slack();
        let (left, right) = (s.a[0].min(s.b[0]) - slack, s.a[0].max(s.b[0]) + slack);
        let column = self.column(left);
        let rows = (self.row(s.a[1].min(s.b[1])), self.row(s.a[1].max(s.b[1])));
        (self.column(right) == column).then_some((column, rows.0, rows.1))
    }

    /// What rounding may add to a place is far less.
    fn slack(&self) -> f32 {
        self.cell * 1e-3
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
            let slack = self.slack();
            let (c0, c1) = (self.column(x0.min(x1) - slack), self.column(x0.max(x1) + slack));
            visit(row, c0, c1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_ink_passes_all_cells_that_its_places_fall_in() {
        let cells = Lattice::over(3_000.0, 2_000.0, 1.0, 1e9);
        let mut state = 5_u64;
        let mut number = move |below: f32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1_u64 << 24) as f32 * below
        };
        for n in 0..600 {
            let a = [number(3_000.0), number(2_000.0)];
            // Long ones, short ones, level ones, upright ones, and such as are nearly so, all of them on the page.
            let b = match n % 6 {
                0 => [number(3_000.0), number(2_000.0)],
                1 => [(a[0] + number(9.0)).min(3_000.0), (a[1] + number(9.0)).min(2_000.0)],
                2 => [number(3_000.0), a[1]],
                3 => [a[0], number(2_000.0)],
                4 => [(a[0] + number(0.001)).min(3_000.0), number(2_000.0)],
                _ => [number(3_000.0), (a[1] + number(0.001)).min(2_000.0)],
            };
            let s = Segment { a, b, style: 0, solid: false };
            let mut passed = Vec::new();
            cells.walk(&s, |c| passed.push(c as i32));
            let mut by_row = Vec::new();
            cells.spans(&s, |row, c0, c1| by_row.extend((c0..=c1).map(|c| row * cells.columns + c)));
            assert_eq!(passed, by_row, "{s:?}");
            for k in 0..=5_000_u16 {
                let p = s.at(f32::from(k) / 5_000.0);
                let cell = cells.row(p[1]) * cells.columns + cells.column(p[0]);
                assert!(passed.contains(&cell), "{s:?} at {p:?}");
            }
        }
    }

    #[test]
    fn down_the_page_comes_every_piece_once() {
        let at = |y: f32| Segment { a: [5.0, y], b: [9.0, y + 40.0], style: 0, solid: false };
        let segments: Vec<Segment> = [70.0, 3.0, 199.0, 31.0, 4.0, -5.0].map(at).to_vec();
        let order = Lattice::over(100.0, 200.0, 2.0, 1e9).down_the_page(&segments);
        assert_eq!(order, [1, 3, 4, 5, 0, 2]);
    }
}
