//! A page of one bit a pixel, looked at in blocks of 32 by 8 places.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, u32x8};

use super::sheet::Sheet;

/// Rows of a block, and columns.
pub(super) const DOWN: usize = 8;
pub(super) const ACROSS: usize = 32;
/// Columns of a cell of a block, which is as many rows high.
const CELL: usize = 8;
const CELLS: usize = ACROSS / CELL;
/// Steps between two looks at whether any place of a block is left.
const SOME: usize = 8;
/// Of the first steps their share may be wrong, and so many standard deviations of chance more.
const CHANCE: f64 = 1.5;

/// Columns of 32 pixels, one after the other, each from top to bottom, a word a row, with a blank margin all around.
pub(super) struct Strips {
    /// Rows of a strip with its margin, and strips.
    tall: usize,
    wide: usize,
    /// Rows, and strips, of the margin.
    margin: usize,
    beside: usize,
    words: Vec<u32>,
}

/// Where from a place, in words and bits.
pub(super) type Step = (isize, u32);

/// A block in which something may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Its first pixel.
    pub x: usize,
    pub y: usize,
    /// Its first word.
    start: usize,
    /// Columns in which something may be.
    may: u32,
}

/// Places of a block, a word a row.
pub(super) type Rows = [u32; DOWN];

impl Strips {
    /// Pixels of the sheet that are as dark as `split`, and so many pixels around it.
    pub(super) fn of(sheet: &Sheet, split: u8, margin: usize) -> Self {
        let beside = margin / ACROSS + 2;
        let strips = sheet.width.div_ceil(ACROSS);
        let (tall, wide) = (sheet.height.next_multiple_of(DOWN) + 2 * margin, strips + 2 * beside);
        let mut words = vec![0; tall * wide];
        for y in 0..sheet.height {
            for (strip, pixels) in sheet.row(y).chunks(ACROSS).enumerate() {
                if pixels.iter().fold(0, |most, v| most.max(*v)) >= split {
                    let word = pixels.iter().enumerate().fold(0, |w, (k, v)| w | u32::from(*v >= split) << k);
                    words[(strip + beside) * tall + margin + y] = word;
                }
            }
        }
        Self { tall, wide, margin, beside, words }
    }

    /// With all pixels next to a set one.
    pub(super) fn spread(&self) -> Self {
        let mut across = vec![0; self.words.len()];
        for strip in 1..self.wide - 1 {
            let of = |strip: usize| &self.words[strip * self.tall..][..self.tall];
            let beside = of(strip - 1).iter().zip(of(strip + 1));
            let out = &mut across[strip * self.tall..][..self.tall];
            for ((out, w), (left, right)) in out.iter_mut().zip(of(strip)).zip(beside) {
                *out = w | w << 1 | left >> (ACROSS - 1) | w >> 1 | right << (ACROSS - 1);
            }
        }
        // Each strip begins and ends blank.
        let mut words = across.clone();
        let last = words.len() - 1;
        words[..last].iter_mut().zip(&across[1..]).for_each(|(w, below)| *w |= below);
        words[1..].iter_mut().zip(&across).for_each(|(w, above)| *w |= above);
        Self { words, ..*self }
    }

    /// From any place to one that is so many pixels away.
    pub(super) fn step(&self, [x, y]: [isize; 2]) -> Step {
        let across = ACROSS as isize;
        (x.div_euclid(across) * self.tall as isize + y, x.rem_euclid(across) as u32)
    }

    /// Blocks with places that have at least so much ink around them, in a square that reaches so far.
    pub(super) fn blocks(&self, reach: usize, least: u32) -> Vec<Block> {
        let strips = self.wide - 2 * self.beside;
        let (across, down) = (strips * CELLS, (self.tall - 2 * self.margin) / DOWN);
        // Ink above and at the left of each cell's corner.
        let mut sums = vec![0_u32; (across + 1) * (down + 1)];
        for row in 0..down {
            let mut sum = 0;
            for strip in 0..strips {
                let start = self.start(strip, row * DOWN);
                for (k, n) in bytes_set(&self.words[start..start + DOWN]).into_iter().enumerate() {
                    sum += u32::from(n);
                    let at = strip * CELLS + k + 1;
                    sums[(row + 1) * (across + 1) + at] = sums[row * (across + 1) + at] + sum;
                }
            }
        }
        let cells = reach.div_ceil(CELL);
        let enough = |row: usize, cell: usize| {
            let (top, bottom) = (row.saturating_sub(cells), (row + cells + 1).min(down));
            let (left, right) = (cell.saturating_sub(cells), (cell + cells + 1).min(across));
            let at = |row: usize, cell: usize| sums[row * (across + 1) + cell];
            at(bottom, right) + at(top, left) - at(top, right) - at(bottom, left) >= least.max(1)
        };
        let mut blocks = Vec::new();
        // Down each strip, as they lie in memory.
        for strip in 0..strips {
            for row in 0..down {
                let cell = |k: usize| if enough(row, strip * CELLS + k) { 0xff << (k * CELL) } else { 0 };
                let may = (0..CELLS).fold(0, |may, k| may | cell(k));
                if may != 0 {
                    let (x, y) = (strip * ACROSS, row * DOWN);
                    blocks.push(Block { x, y, start: self.start(strip, y), may });
                }
            }
        }
        blocks
    }

    fn start(&self, strip: usize, y: usize) -> usize {
        (strip + self.beside) * self.tall + self.margin + y
    }

    /// At which places of a block no more steps than `few` allows lead to a pixel that is not as `set` says; and how
    /// many, a binary number of so many digits that ends at its largest. `None` where there is no such place.
    #[inline(always)]
    pub(super) fn few_wrong<S: Simd, const DIGITS: usize>(
        &self,
        simd: S,
        block: Block,
        steps: &[Step],
        (set, few): (bool, &Few),
    ) -> Option<(Rows, [Rows; DIGITS])> {
        let all = u32x8::splat(simd, u32::MAX);
        let word = |set: bool| u32x8::splat(simd, if set { u32::MAX } else { 0 });
        let unset = word(set);
        let from = (1 << DIGITS) - 1 - few.most;
        let mut digits = [u32x8::splat(simd, 0); DIGITS];
        for (k, digit) in digits.iter_mut().enumerate() {
            *digit = word(from >> k & 1 == 1);
        }
        let mut dead = u32x8::splat(simd, !block.may);
        for (steps, spare) in steps.chunks(SOME).zip(&few.spare) {
            for &(offset, bits) in steps {
                let i = block.start.wrapping_add_signed(offset);
                let low = u32x8::from_slice(simd, &self.words[i..i + DOWN]);
                let high = u32x8::from_slice(simd, &self.words[i + self.tall..i + self.tall + DOWN]);
                let mut carry = (low >> bits | high << 1 << (31 - bits)) ^ unset;
                for digit in &mut digits {
                    let next = *digit & carry;
                    *digit ^= carry;
                    carry = next;
                }
                dead |= carry;
            }
            // Were so many more wrong, would it be too many?
            let mut carry = u32x8::splat(simd, 0);
            for (k, digit) in digits.iter().enumerate() {
                carry = if spare >> k & 1 == 1 { *digit | carry } else { *digit & carry };
            }
            dead |= carry;
            if dead.simd_eq(all).all_true() {
                return None;
            }
        }
        let mut out = [[0; DOWN]; DIGITS];
        for (out, digit) in out.iter_mut().zip(digits) {
            *out = digit.into();
        }
        Some(((dead ^ all).into(), out))
    }
}

/// How many of some steps may be wrong.
pub(super) struct Few {
    most: usize,
    /// After the first few, twice as many and so on, how many of those that may be wrong are left for the rest.
    spare: Vec<usize>,
}

impl Few {
    /// `most` of so many, and of the first ones hardly more than their share.
    pub(super) fn of(most: usize, steps: usize) -> Self {
        let rate = (most as f64 / steps.max(1) as f64).min(1.0);
        let left = |k: usize| {
            let (seen, all) = ((k * SOME).min(steps) as f64, steps as f64);
            let deviation = (seen * rate * (1.0 - rate) * (1.0 - seen / all)).sqrt();
            (most as f64 - (seen * rate + CHANCE * deviation)).round().max(0.0) as usize
        };
        Self { most, spare: (1..=steps.div_ceil(SOME)).map(left).collect() }
    }
}

/// How many are wrong at a place that `few_wrong` told of, where no more than `most` may be.
pub(super) fn wrong<const DIGITS: usize>(
    digits: &[Rows; DIGITS],
    row: usize,
    bit: u32,
    most: usize,
) -> usize {
    let value = (0..DIGITS).fold(0, |v, k| v | ((digits[k][row] >> bit & 1) as usize) << k);
    value + most + 1 - (1 << DIGITS)
}

/// How many bits are set in each byte of eight words together.
fn bytes_set(words: &[u32]) -> [u8; CELLS] {
    let of_bytes = |w: u32| {
        let two = w - (w >> 1 & 0x5555_5555);
        let four = (two & 0x3333_3333) + (two >> 2 & 0x3333_3333);
        (four + (four >> 4)) & 0x0f0f_0f0f
    };
    words.iter().map(|w| of_bytes(*w)).sum::<u32>().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};
    use proptest::prelude::*;

    use super::*;
    use crate::page::picture::Picture;

    const SIZE: [usize; 2] = [90, 37];

    fn sheet(ink: &[[usize; 2]]) -> Sheet {
        let mut picture = Picture::blank(SIZE[0], SIZE[1]);
        for [x, y] in ink {
            picture.row_mut(*y)[x / 2] |= 15 << (x % 2 * 4);
        }
        Sheet::of(&picture, SIZE[0] as f32)
    }

    /// Wrong steps at a place, counted one after the other; `None` where of the first ones too many are.
    fn counted(ink: &[[usize; 2]], at: [usize; 2], steps: &[[isize; 2]], few: &Few) -> Option<usize> {
        let is_ink = |to: [isize; 2]| ink.iter().any(|p| [p[0] as isize, p[1] as isize] == to);
        let is_wrong = |s: &[isize; 2]| !is_ink([at[0] as isize + s[0], at[1] as isize + s[1]]);
        let mut wrong = 0;
        for (steps, spare) in steps.chunks(SOME).zip(&few.spare) {
            wrong += steps.iter().filter(|s| is_wrong(s)).count();
            if wrong + spare > few.most {
                return None;
            }
        }
        Some(wrong)
    }

    proptest! {
        #[test]
        fn wrong_steps_are_counted_at_all_places_together(
            ink in prop::collection::vec([0..SIZE[0], 0..SIZE[1]], 0..1_500),
            steps in prop::collection::vec([-40_isize..40, -20_isize..20], 1..30),
            most in 0_usize..12,
        ) {
            let strips = Strips::of(&sheet(&ink), 128, 45);
            let all: Vec<Step> = steps.iter().map(|s| strips.step(*s)).collect();
            let few = Few::of(most, steps.len());
            let mut seen = vec![None; SIZE[0] * SIZE[1]];
            for block in strips.blocks(200, 0) {
                let found = dispatch!(Level::new(), simd =>
                    strips.few_wrong::<_, 4>(simd, block, &all, (true, &few)));
                let Some((few, digits)) = found else { continue };
                for (row, bit) in (0..DOWN).flat_map(|row| (0..ACROSS as u32).map(move |bit| (row, bit))) {
                    let (x, y) = (block.x + bit as usize, block.y + row);
                    if few[row] >> bit & 1 == 1 && x < SIZE[0] && y < SIZE[1] {
                        seen[y * SIZE[0] + x] = Some(wrong(&digits, row, bit, most));
                    }
                }
            }
            for (i, seen) in seen.into_iter().enumerate() {
                // A page without ink has no blocks.
                let wrong = counted(&ink, [i % SIZE[0], i / SIZE[0]], &steps, &few);
                prop_assert_eq!(seen, wrong.filter(|_| !ink.is_empty()));
            }
        }

        #[test]
        fn no_place_with_enough_ink_around_it_is_left_out(
            ink in prop::collection::vec([0..SIZE[0], 0..SIZE[1]], 0..60),
            reach in 1_usize..20,
            least in 1_u32..12,
        ) {
            let strips = Strips::of(&sheet(&ink), 128, 30);
            let blocks = strips.blocks(reach, least);
            let mut own: Vec<[usize; 2]> = ink;
            own.sort_unstable();
            own.dedup();
            for (x, y) in (0..SIZE[0]).flat_map(|x| (0..SIZE[1]).map(move |y| (x, y))) {
                let near = |p: &&[usize; 2]| p[0].abs_diff(x) <= reach && p[1].abs_diff(y) <= reach;
                let may = blocks.iter().any(|b| {
                    (b.x..b.x + ACROSS).contains(&x) && (b.y..b.y + DOWN).contains(&y) && b.may >> (x - b.x) & 1 == 1
                });
                prop_assert!(may || (own.iter().filter(near).count() as u32) < least, "{x} {y}");
            }
        }
    }

    #[test]
    fn spread_ink_reaches_all_eight_neighbours_across_strips() {
        let strips = Strips::of(&sheet(&[[31, 8], [64, 20]]), 128, 3).spread();
        let set = |x: usize, y: usize| {
            let word = strips.words[strips.start(x / ACROSS, y)];
            word >> (x % ACROSS) & 1 == 1
        };
        let near = |x: usize, y: usize| {
            [[31, 8], [64, 20]].iter().any(|p: &[usize; 2]| p[0].abs_diff(x) <= 1 && p[1].abs_diff(y) <= 1)
        };
        for (x, y) in (0..SIZE[0]).flat_map(|x| (0..SIZE[1]).map(move |y| (x, y))) {
            assert_eq!(set(x, y), near(x, y), "{x} {y}");
        }
    }
}
