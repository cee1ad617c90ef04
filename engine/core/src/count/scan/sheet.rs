//! A page's darkness, a byte a pixel, and the same page coarser.

use crate::geom::{ListRect, below};
use crate::page::picture::{DARKEST, Picture};

/// Bytes of a picture's row that are passed over together where they are all paper.
const PART: usize = 16;

/// Darkness of the whole page, 0 paper to 255.
#[derive(Debug, Clone)]
pub(in crate::count) struct Sheet {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Pixels per list unit.
    pub(super) per_unit: f64,
    data: Vec<u8>,
}

impl Sheet {
    /// `page_width` in list units.
    pub(in crate::count) fn of(picture: &Picture, page_width: f32) -> Self {
        let (width, height) = (picture.width as usize, picture.height as usize);
        let mut data = vec![0; width * height];
        let dark = |level: u8| level * (u8::MAX / DARKEST);
        for (y, row) in data.chunks_exact_mut(width.max(1)).enumerate() {
            let parts = row.chunks_mut(2 * PART).zip(picture.bytes(y).chunks(PART));
            // Almost all of a sheet is paper.
            for (row, bytes) in parts.filter(|(_, bytes)| bytes.iter().fold(0, |all, b| all | b) != 0) {
                for (two, byte) in row.chunks_mut(2).zip(bytes) {
                    two[0] = dark(byte & 15);
                    if let Some(right) = two.get_mut(1) {
                        *right = dark(byte >> 4);
                    }
                }
            }
        }
        Self { width, height, per_unit: width as f64 / f64::from(page_width.max(1.0)), data }
    }

    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.width..][..self.width]
    }

    /// Paper outside the page.
    pub(super) fn at(&self, x: i32, y: i32) -> u8 {
        if x < 0 || y < 0 || x as usize >= self.width || y as usize >= self.height {
            return 0;
        }
        self.data[y as usize * self.width + x as usize]
    }

    /// All pixels, row by row.
    #[inline(always)]
    pub(super) fn pixels(&self) -> &[u8] {
        &self.data
    }

    /// Between the four pixels around a place, each taken through a table.
    pub(super) fn between(&self, x: f32, y: f32, through: &[f32; 256]) -> f32 {
        let (x, y) = (x - 0.5, y - 0.5);
        let (ix, iy) = (below(x), below(y));
        let (tx, ty) = (x - ix as f32, y - iy as f32);
        if ix < 0 || iy < 0 || ix as usize + 1 >= self.width || iy as usize + 1 >= self.height {
            return 0.0;
        }
        let i = iy as usize * self.width + ix as usize;
        let at = |i: usize| through[usize::from(self.data[i])];
        let above = at(i) * (1.0 - tx) + at(i + 1) * tx;
        let below = at(i + self.width) * (1.0 - tx) + at(i + self.width + 1) * tx;
        above * (1.0 - ty) + below * ty
    }

    /// Halved so often, each pixel as dark as the two darkest of four: a line of one pixel stays one, faint hatch
    /// stays faint.
    pub(super) fn coarser(&self, shift: u32) -> Self {
        if shift == 0 {
            return self.clone();
        }
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut data = vec![0; width * height];
        let blank = vec![0; self.width];
        let second = |row: &[u8]| row.get(1).copied().unwrap_or(0);
        let darker = |p: &[u8], q: &[u8]| {
            let ((a, b), (c, d)) =
                ((p[0].max(second(p)), p[0].min(second(p))), (q[0].max(second(q)), q[0].min(second(q))));
            let next = a.min(c).max(if a > c { b } else { d });
            ((u16::from(a.max(c)) + u16::from(next)) / 2) as u8
        };
        for (y, row) in data.chunks_exact_mut(width.max(1)).enumerate() {
            let above = self.row(2 * y);
            let below = if 2 * y + 1 < self.height { self.row(2 * y + 1) } else { &blank };
            let parts = row.chunks_mut(PART).zip(above.chunks(2 * PART).zip(below.chunks(2 * PART)));
            let is_paper = |row: &[u8]| row.iter().fold(0, |all, v| all | v) == 0;
            for (row, (above, below)) in parts.filter(|(_, (p, q))| !is_paper(p) || !is_paper(q)) {
                let fours = above.chunks(2).zip(below.chunks(2));
                row.iter_mut().zip(fours).for_each(|(v, (p, q))| *v = darker(p, q));
            }
        }
        Self { width, height, per_unit: self.per_unit / 2.0, data }.coarser(shift - 1)
    }

    /// Left, top, right and bottom pixel of a box, cut to the page.
    pub(super) fn pixels_of(&self, area: &ListRect, grow: f64) -> [i32; 4] {
        let px = |v: f32| f64::from(v) * self.per_unit;
        [
            (px(area.left) - grow).floor().max(0.0) as i32,
            (px(area.top) - grow).floor().max(0.0) as i32,
            (px(area.right) + grow).ceil().min(self.width as f64) as i32,
            (px(area.bottom) + grow).ceil().min(self.height as f64) as i32,
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_coarser_pixel_is_as_dark_as_the_two_darkest_of_four(
            (width, height) in (1_usize..90, 1_usize..40),
            ink in prop::collection::vec((0_usize..90, 0_usize..40, 1_u8..=255), 0..200),
        ) {
            let mut sheet = Sheet { width, height, per_unit: 2.0, data: vec![0; width * height] };
            ink.iter().for_each(|(x, y, v)| sheet.data[y % height * width + x % width] = *v);
            let half = sheet.coarser(1);
            prop_assert_eq!([half.width, half.height], [width.div_ceil(2), height.div_ceil(2)]);
            for (x, y) in (0..half.width as i32).flat_map(|x| (0..half.height as i32).map(move |y| (x, y))) {
                let mut four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(u, v)| sheet.at(2 * x + u, 2 * y + v));
                four.sort_unstable();
                prop_assert_eq!(half.at(x, y), four[2].midpoint(four[3]));
            }
        }
    }
}
