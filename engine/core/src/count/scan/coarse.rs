//! Where on a page the exemplar may be: the page as bits, coarse, 64 places at a time.

use std::f64::consts::TAU;

use rustc_hash::FxHashMap;

use super::super::pose::Pose;
use super::patch::{Patch, Spot};
use super::sheet::Sheet;
use crate::budget::{Budget, Exhausted};

/// Longest diagonal of the exemplar, pixels of the coarse page.
const LARGEST: f64 = 50.0;
/// Places looked at: on the exemplar's ink, and on the paper beside it; and how many may be wrong.
const INK: usize = 48;
const MAX_MISSED: u64 = 13;
const PAPER: usize = 20;
const MAX_SOILED: u32 = 9;
/// From one turn to the next, how far the farthest place moves, pixels.
const TURN_PX: f64 = 1.6;
const TURNS: (f64, f64) = (24.0, 120.0);
/// Rows of a block that is looked at or passed over as a whole, and the share of the exemplar's ink that it
/// and its neighbours must have.
const BLOCK: usize = 16;
const LEAST_INK: f64 = 0.5;
/// Rough poses are one when they are in one cell of so many pixels and so many turns.
const CELL: i32 = 3;
const CELL_TURNS: usize = 2;
/// Cells kept at most.
const MAX_CELLS: usize = 300_000;

/// A rough pose and how many of its places are wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rough {
    pub pose: Pose,
    pub wrong: u32,
}

/// What was found, best first.
pub(super) struct Proposed {
    pub rough: Vec<Rough>,
    /// List units that a rough pose may be off, and radians.
    pub off: f64,
    pub turn: f64,
    pub ended: Result<(), Exhausted>,
}

/// One bit a pixel with a blank margin all around.
struct Bits {
    stride: usize,
    rows: usize,
    margin: usize,
    words: Vec<u64>,
}

impl Bits {
    fn of(sheet: &Sheet, split: u8, margin: usize) -> Self {
        let stride = sheet.width.div_ceil(64) + 4;
        let mut words = vec![0; stride * (sheet.height + 2 * margin)];
        for y in 0..sheet.height {
            let row = &mut words[(y + margin) * stride + 2..][..stride - 4];
            for (word, chunk) in row.iter_mut().zip(sheet.row(y).chunks(64)) {
                *word = chunk.iter().enumerate().fold(0, |w, (k, v)| w | u64::from(*v >= split) << k);
            }
        }
        Self { stride, rows: sheet.height, margin, words }
    }

    fn spread(&self) -> Self {
        let mut across = self.words.clone();
        for i in 1..self.words.len() - 1 {
            let w = self.words[i];
            across[i] = w | w << 1 | self.words[i - 1] >> 63 | w >> 1 | self.words[i + 1] << 63;
        }
        let mut words = across.clone();
        for i in self.stride..across.len() - self.stride {
            words[i] |= across[i - self.stride] | across[i + self.stride];
        }
        Self { words, ..*self }
    }

    /// Where in `words` a word of the page begins.
    fn start(&self, word: usize, y: usize) -> usize {
        (y + self.margin) * self.stride + 2 + word
    }

    /// Words around which there is enough ink, by row of blocks.
    fn busy(&self, reach: usize, least: u32) -> Vec<Vec<usize>> {
        let (across, down) = (self.stride - 4, self.rows.div_ceil(BLOCK));
        let mut ink = vec![0_u32; across * down];
        for y in 0..self.rows {
            for word in 0..across {
                ink[y / BLOCK * across + word] += self.words[self.start(word, y)].count_ones();
            }
        }
        let blocks = reach.div_ceil(BLOCK);
        let enough = |row: usize, word: usize| {
            let rows = row.saturating_sub(blocks)..(row + blocks + 1).min(down);
            let words = word.saturating_sub(1)..(word + 2).min(across);
            rows.map(|r| words.clone().map(|w| ink[r * across + w]).sum::<u32>()).sum::<u32>() >= least.max(1)
        };
        (0..down).map(|row| (0..across).filter(|&word| enough(row, word)).collect()).collect()
    }
}

/// Offsets in words and bits.
type Step = (isize, u32);

/// Proposes poses of the exemplar's own size times each of `sizes`.
pub(super) fn propose(page: &Sheet, patch: &Patch, sizes: &[f64], mirrored: bool, budget: &Budget) -> Proposed {
    let px = patch.diameter * page.per_unit * sizes.iter().copied().fold(1.0, f64::max);
    let shift = (px / LARGEST).log2().ceil().max(0.0) as u32;
    let sheet = page.coarser(shift);
    let radius = patch.diameter / 2.0 * sheet.per_unit;
    let reach = (px / f64::from(1 << shift) * 0.75).ceil() as usize + 3;
    let ink = Bits::of(&sheet, patch.split, reach);
    let near = ink.spread();
    let spots = patch.ink();
    let least = spots.len() as f64 * (sheet.per_unit / patch.per_unit).powi(2) * LEAST_INK;
    let busy = near.busy(reach, least as u32);
    let turns = (TAU * radius / TURN_PX).clamp(TURNS.0, TURNS.1).ceil() as usize;
    let far_off = (2.2 * patch.per_unit / sheet.per_unit).ceil().max(2.0) as usize;
    let probes = spread_out(&spots, INK);
    let paper = spread_out(&patch.paper(far_off, far_off + 3), PAPER);
    let mut search = Search { ink, near, busy, probes, paper, per_unit: sheet.per_unit, best: FxHashMap::default() };
    let mut ended = Ok(());
    'all: for &size in sizes {
        for turn in 0..turns {
            for flip in [false, true] {
                if flip && !mirrored {
                    continue;
                }
                let turned = Pose::turned(TAU * turn as f64 / turns as f64, flip);
                let pose = Pose { re: turned.re * size, im: turned.im * size, ..turned };
                let key = (turn / CELL_TURNS * 2 + usize::from(flip)) as i32 + 1_000 * (size * 50.0) as i32;
                ended = search.at(&pose, key, budget);
                if ended.is_err() {
                    break 'all;
                }
            }
        }
    }
    let mut found: Vec<([i32; 3], Rough)> = search.best.into_iter().collect();
    found.sort_unstable_by(|p, q| p.1.wrong.cmp(&q.1.wrong).then(p.0.cmp(&q.0)));
    Proposed {
        rough: found.into_iter().map(|f| f.1).collect(),
        off: 1.0 / sheet.per_unit,
        turn: TAU / turns as f64,
        ended,
    }
}

struct Search {
    ink: Bits,
    near: Bits,
    busy: Vec<Vec<usize>>,
    probes: Vec<Spot>,
    paper: Vec<Spot>,
    per_unit: f64,
    best: FxHashMap<[i32; 3], Rough>,
}

impl Search {
    fn steps(&self, spots: &[Spot], pose: &Pose) -> Vec<Step> {
        let stride = self.ink.stride as isize;
        spots
            .iter()
            .map(|s| {
                let p = pose.turn(s.p).map(|v| (v * self.per_unit).round() as isize);
                (p[1] * stride + p[0].div_euclid(64), p[0].rem_euclid(64) as u32)
            })
            .collect()
    }

    /// All places of the page for one turn and size.
    fn at(&mut self, pose: &Pose, key: i32, budget: &Budget) -> Result<(), Exhausted> {
        let (probes, paper) = (self.steps(&self.probes, pose), self.steps(&self.paper, pose));
        let busy = std::mem::take(&mut self.busy);
        for (block, words) in busy.iter().enumerate() {
            budget.spend(words.len() as u64)?;
            for y in block * BLOCK..((block + 1) * BLOCK).min(self.ink.rows) {
                for &word in words {
                    let start = self.ink.start(word, y);
                    let (alive, missed) = missed(&self.near.words, start, &probes);
                    if alive != 0 {
                        self.note(pose, key, (word, y), start, (alive, missed), &paper);
                    }
                }
            }
        }
        self.busy = busy;
        Ok(())
    }

    #[inline(never)]
    fn note(
        &mut self,
        pose: &Pose,
        key: i32,
        (word, y): (usize, usize),
        start: usize,
        (mut alive, missed): (u64, [u64; 4]),
        paper: &[Step],
    ) {
        let soil: Vec<u64> = paper.iter().map(|step| fetch(&self.ink.words, start, *step)).collect();
        while alive != 0 {
            let bit = alive.trailing_zeros();
            alive &= alive - 1;
            let soiled = soil.iter().filter(|w| **w >> bit & 1 == 1).count() as u32;
            if soiled > MAX_SOILED {
                continue;
            }
            let value = (0..4).fold(0, |v, k| v | (missed[k] >> bit & 1) << k);
            let wrong = (value + MAX_MISSED - 15) as u32 * 2 + soiled;
            let (x, y) = (word as i32 * 64 + bit as i32, y as i32);
            let cell = [x.div_euclid(CELL), y.div_euclid(CELL), key];
            let rough = || {
                let at = |v: i32| (f64::from(v) + 0.5) / self.per_unit;
                Rough { pose: Pose { x: at(x), y: at(y), ..*pose }, wrong }
            };
            let full = self.best.len() >= MAX_CELLS;
            match self.best.get_mut(&cell) {
                Some(best) if best.wrong > wrong => *best = rough(),
                None if !full => {
                    self.best.insert(cell, rough());
                }
                _ => {}
            }
        }
    }
}

fn fetch(words: &[u64], start: usize, (offset, bits): Step) -> u64 {
    let i = start.wrapping_add_signed(offset);
    let low = words[i] >> bits;
    if bits == 0 { low } else { low | words[i + 1] << (64 - bits) }
}

/// At which of 64 places few enough spots are missed; and how many, a binary number of four digits that
/// ends at 15.
fn missed(words: &[u64], start: usize, steps: &[Step]) -> (u64, [u64; 4]) {
    let mut digits: [u64; 4] = std::array::from_fn(|k| if (15 - MAX_MISSED) >> k & 1 == 1 { u64::MAX } else { 0 });
    let mut dead = 0;
    for step in steps {
        let mut carry = !fetch(words, start, *step);
        for digit in &mut digits {
            let next = *digit & carry;
            *digit ^= carry;
            carry = next;
        }
        dead |= carry;
        if dead == u64::MAX {
            return (0, digits);
        }
    }
    (!dead, digits)
}

/// Spots as far from each other as possible.
pub(super) fn spread_out(spots: &[Spot], most: usize) -> Vec<Spot> {
    let mut far = vec![f64::INFINITY; spots.len()];
    let mut chosen = Vec::with_capacity(most.min(spots.len()));
    let mut next = 0;
    while chosen.len() < most.min(spots.len()) {
        let spot = spots[next];
        chosen.push(spot);
        let mut best = (-1.0, 0);
        for (k, other) in spots.iter().enumerate() {
            let (x, y) = (other.p[0] - spot.p[0], other.p[1] - spot.p[1]);
            far[k] = far[k].min(x * x + y * y);
            if far[k] > best.0 {
                best = (far[k], k);
            }
        }
        next = best.1;
    }
    chosen
}
