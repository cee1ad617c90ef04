//! Which pixels are ink.

use super::Gray;
use super::bits::Bits;
use crate::page::picture::{DARKEST, Picture};

/// Side of the squares whose paper is judged for itself, pixels: stains and shadows are wider.
const TILE: usize = 64;
/// Pixels of it that are passed over together where they are all paper.
const PART: usize = 16;
/// Share of a tile's pixels that are darker than its paper at most; fewer tiles are all ink.
const PAPER_RANK: f32 = 0.75;
/// Ink is darker than paper by this share of the way to the darkest ink, and by this much at least.
const DARKER: f32 = 0.35;
pub(super) const MIN_CONTRAST: f32 = 36.0;
/// Resolution of the kept picture of a scan that is so many times finer or more: finer tells symbols apart no better
/// and takes more memory.
const KEPT_DPI: f64 = 150.0;
const FINER: f64 = 1.5;
/// Share of the way to the darkest ink up to which paper is paper: grain and what the codec left.
const PAPER_GRAIN: f32 = 0.12;

/// Brightness of paper and of ink, by place.
#[derive(Debug)]
pub(super) struct Levels {
    columns: usize,
    paper: Vec<f32>,
    dark: f32,
}

impl Levels {
    pub(super) fn of(gray: &Gray<'_>) -> Self {
        let (columns, rows) = (gray.width.div_ceil(TILE), gray.height.div_ceil(TILE));
        let mut paper = Vec::with_capacity(columns * rows);
        let mut all = [0_u32; 256];
        for row in 0..rows {
            let mut tiles = vec![[0_u32; 256]; columns];
            for y in row * TILE..((row + 1) * TILE).min(gray.height) {
                // Every other pixel is enough to know a level by.
                for (chunk, tile) in gray.row(y).chunks(TILE).zip(&mut tiles) {
                    let bright = chunk.iter().fold(0, |most, v| most.max(*v));
                    if darkest(chunk) == bright {
                        tile[usize::from(bright)] += chunk.len().div_ceil(2) as u32;
                    } else {
                        chunk.iter().step_by(2).for_each(|v| tile[usize::from(*v)] += 1);
                    }
                }
            }
            for tile in &tiles {
                paper.push(ranked(tile, PAPER_RANK));
                all.iter_mut().zip(tile).for_each(|(a, t)| *a += t);
            }
        }
        // Of a few thousandths of a sheet that are ink, most are its darkest.
        let dark = ranked(&all, 0.002).min(110.0);
        let usual = ranked(&all, 0.5);
        // A tile full of ink has no paper of its own.
        paper.iter_mut().for_each(|p| *p = if *p < (usual + dark) / 2.0 { usual } else { *p });
        Self { columns, paper, dark }
    }

    pub(super) fn paper(&self, x: usize, y: usize) -> f32 {
        self.paper[y / TILE * self.columns + x / TILE]
    }

    fn limit(&self, paper: f32) -> u8 {
        (paper - ((paper - self.dark) * DARKER).max(MIN_CONTRAST)).clamp(0.0, 255.0) as u8
    }

    pub(super) fn ink(&self, gray: &Gray<'_>) -> Bits {
        let mut bits = Bits::blank(gray.width, gray.height);
        for y in 0..gray.height {
            let levels = &self.paper[y / TILE * self.columns..][..self.columns];
            let row = gray.row(y);
            // A tile is as wide as a word.
            for ((word, chunk), paper) in bits.row_mut(y).iter_mut().zip(row.chunks(TILE)).zip(levels) {
                let limit = self.limit(*paper);
                if darkest(chunk) < limit {
                    *word = chunk.iter().enumerate().fold(0, |w, (k, v)| w | u64::from(*v < limit) << k);
                }
            }
        }
        bits
    }

    /// The picture that is kept of the scan, each pixel the average of what it covers.
    pub(super) fn picture(&self, gray: &Gray<'_>, dpi: f64) -> Picture {
        let times = if dpi >= KEPT_DPI * FINER { dpi / KEPT_DPI } else { 1.0 };
        let kept = |px: usize| ((px as f64 / times).round() as usize).max(1);
        let (columns, rows) = (covers(gray.width, kept(gray.width)), covers(gray.height, kept(gray.height)));
        let mut picture = Picture::blank(kept(gray.width), kept(gray.height));
        let mut shares = Shares { dark: self.dark, of: vec![None; 256] };
        let [mut sums, mut below] = [(); 2].map(|()| vec![0.0_f32; kept(gray.width) + 1]);
        for (y, row) in rows.iter().enumerate() {
            let levels = &self.paper[y / TILE * self.columns..][..self.columns];
            for (k, (tile, paper)) in gray.row(y).chunks(TILE).zip(levels).enumerate() {
                let (shares, bright) = (shares.of(*paper), *paper as u8);
                // Almost all of a sheet is paper.
                for (x, part) in (k * TILE..).step_by(PART).zip(tile.chunks(PART)) {
                    if darkest(part) < bright {
                        let inks = columns[x..].iter().zip(part).map(|(c, v)| (c, shares[usize::from(*v)]));
                        for (column, ink) in inks {
                            column.add(ink * row.here, &mut sums);
                            if row.next > 0.0 {
                                column.add(ink * row.next, &mut below);
                            }
                        }
                    }
                }
            }
            if rows.get(y + 1).is_none_or(|next| next.at > row.at) {
                for (bytes, sums) in picture.row_mut(row.at).chunks_mut(PART / 2).zip(sums.chunks(PART)) {
                    if sums.iter().fold(0.0_f32, |most, v| most.max(*v)) > 0.0 {
                        for (byte, two) in bytes.iter_mut().zip(sums.chunks(2)) {
                            *byte = two.iter().rev().fold(0, |byte, sum| byte << 4 | level(*sum));
                        }
                    }
                }
                std::mem::swap(&mut sums, &mut below);
                below.fill(0.0);
            }
        }
        picture
    }
}

/// What a pixel lies on when there are fewer: one, or that and the next.
#[derive(Debug, Clone, Copy)]
struct Covered {
    at: usize,
    /// Share of either that it covers.
    here: f32,
    next: f32,
}

impl Covered {
    fn add(&self, ink: f32, sums: &mut [f32]) {
        sums[self.at] += ink * self.here;
        if self.next > 0.0 {
            sums[self.at + 1] += ink * self.next;
        }
    }
}

/// So many pixels on so many, which are no more.
fn covers(from: usize, to: usize) -> Vec<Covered> {
    let covered = |k: usize| {
        let (at, last) = (k * to / from, ((k + 1) * to - 1) / from);
        // In parts of which one of the first has `to` and one of the second `from`.
        let next = if last > at { (k + 1) * to - last * from } else { 0 };
        Covered { at, here: (to - next) as f32 / from as f32, next: next as f32 / from as f32 }
    };
    (0..from).map(covered).collect()
}

fn darkest(pixels: &[u8]) -> u8 {
    pixels.iter().fold(u8::MAX, |least, v| least.min(*v))
}

fn level(share: f32) -> u8 {
    let share = if share > PAPER_GRAIN { share } else { 0.0 };
    (share * f32::from(DARKEST) + 0.5) as u8
}

/// How far each brightness is on the way from paper to the darkest ink, by how bright the paper is.
struct Shares {
    dark: f32,
    of: Vec<Option<Box<[f32; 256]>>>,
}

impl Shares {
    fn of(&mut self, paper: f32) -> &[f32; 256] {
        let reach = (paper - self.dark).max(MIN_CONTRAST);
        let share = |v: usize| ((paper - v as f32) / reach).clamp(0.0, 1.0);
        self.of[paper as u8 as usize].get_or_insert_with(|| Box::new(std::array::from_fn(share)))
    }
}

/// The value that this share of the counted ones is below.
pub(super) fn ranked(histogram: &[u32; 256], share: f32) -> f32 {
    let total: u32 = histogram.iter().sum();
    let wanted = (total as f32 * share) as u32;
    let mut below = 0;
    for (value, n) in histogram.iter().enumerate() {
        below += n;
        if below > wanted {
            return value as f32;
        }
    }
    255.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_a_pixel_covers_adds_up(from in 1_usize..400, share in 1_usize..=100) {
            let to = (from * share).div_ceil(100);
            let mut sums = vec![0.0; to + 1];
            for covered in covers(from, to) {
                covered.add(1.0, &mut sums);
            }
            prop_assert_eq!(sums[to], 0.0);
            prop_assert!(sums[..to].iter().all(|sum| (sum - 1.0).abs() < 1e-4), "{:?}", sums);
        }
    }

    /// What is kept of a scan with a line of so many pixels, and the levels of its middle column.
    fn kept(dpi: u32, line: usize) -> (Picture, Vec<u8>) {
        let (width, height) = (dpi as usize * 3, dpi as usize);
        let is_ink = |y: usize| (height / 2..height / 2 + line).contains(&y);
        let pixels: Vec<u8> = (0..width * height).map(|i| if is_ink(i / width) { 0 } else { 255 }).collect();
        let gray = Gray::new(width, height, &pixels).unwrap();
        let picture = Levels::of(&gray).picture(&gray, f64::from(dpi));
        let column =
            (0..picture.height as usize).filter_map(|y| picture.row(y).nth(picture.width as usize / 2));
        let column = column.collect();
        (picture, column)
    }

    #[test]
    fn a_fine_scan_is_kept_at_one_resolution_whatever_its_own_is() {
        for dpi in [225, 250, 300, 360, 400, 600] {
            let line = (dpi / 50) as usize;
            let (picture, column) = kept(dpi, line);
            assert_eq!([picture.width, picture.height], [450, 150], "{dpi}");
            let ink: u32 = column.iter().map(|v| u32::from(*v)).sum();
            let wanted = line as f64 * 150.0 / f64::from(dpi) * f64::from(DARKEST);
            assert!((f64::from(ink) - wanted).abs() <= 2.0, "{ink} of {wanted} at {dpi}");
        }
        assert_eq!(kept(200, 4).0.width, 600, "what is hardly finer is kept as it is");
    }
}
