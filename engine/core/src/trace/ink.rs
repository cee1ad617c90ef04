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
/// Resolution that the kept picture comes near to: finer tells symbols apart no better and takes more memory.
const KEPT_DPI: f64 = 150.0;
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

    /// The picture that is kept of the scan, whole pixels of it averaged into one.
    pub(super) fn picture(&self, gray: &Gray<'_>, dpi: f64) -> Picture {
        let times = ((dpi / KEPT_DPI).round() as usize).max(1);
        let (width, height) = (gray.width.div_ceil(times), gray.height.div_ceil(times));
        let mut picture = Picture::blank(width, height);
        let mut shares = Shares { dark: self.dark, of: vec![None; 256] };
        let (mut sums, all) = (vec![0.0_f32; width], (times * times) as f32);
        for (y, out) in (0..height).map(|y| (y * times, y)) {
            sums.fill(0.0);
            for row in y..(y + times).min(gray.height) {
                let levels = &self.paper[row / TILE * self.columns..][..self.columns];
                for (k, (tile, paper)) in gray.row(row).chunks(TILE).zip(levels).enumerate() {
                    let (shares, bright) = (shares.of(*paper), *paper as u8);
                    // Almost all of a sheet is paper.
                    for (x, part) in (k * TILE..).step_by(PART).zip(tile.chunks(PART)) {
                        if darkest(part) < bright {
                            for (x, v) in (x..).zip(part) {
                                sums[x / times] += shares[usize::from(*v)];
                            }
                        }
                    }
                }
            }
            for (byte, two) in picture.row_mut(out).iter_mut().zip(sums.chunks(2)) {
                if two.iter().any(|sum| *sum > 0.0) {
                    *byte = two.iter().rev().fold(0, |byte, sum| byte << 4 | level(sum / all));
                }
            }
        }
        picture
    }
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
