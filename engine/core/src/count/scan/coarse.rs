//! Where on a page the exemplar may be: the page as bits, coarse, 64 places at a time.

use std::f64::consts::TAU;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::super::pose::Pose;
use super::patch::{Patch, Spot};
use super::sheet::Sheet;
use crate::budget::{Budget, Exhausted};

/// Longest diagonal of the exemplar, pixels of the coarse page.
const LARGEST: f64 = 50.0;
/// Places looked at: on the exemplar's ink, and on the paper beside it; and how many may be wrong.
const INK: usize = 48;
const MAX_MISSED: u64 = 14;
const PAPER: usize = 40;
const MAX_SOILED: u32 = 20;
/// From one turn to the next, how far the farthest place moves, pixels.
const TURN_PX: f64 = 1.4;
/// How much darker than ink is what is looked at here.
const DARK: f64 = 1.25;
const TURNS: (f64, f64) = (24.0, 120.0);
/// Rows of a block that is looked at or passed over as a whole, and the share of the exemplar's ink that it
/// and its neighbours must have.
const BLOCK: usize = 16;
const LEAST_INK: f64 = 0.5;
/// Side of a cell, share of the diameter and pixels at least; of each, so many poses are kept, of turns that are
/// so many apart or more.
const CELL: f64 = 0.07;
const CELL_PX: f64 = 3.0;
const OF_A_CELL: usize = 4;
const CELL_TURNS: usize = 2;
/// Cells kept at most; past that, only better ones.
const MAX_CELLS: usize = 30_000;

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
        // The margin's words are blank: the first and the last have nothing to give.
        for (three, out) in self.words.windows(3).zip(&mut across[1..]) {
            let w = three[1];
            *out = w | w << 1 | three[0] >> 63 | w >> 1 | three[2] << 63;
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

/// Proposes poses of the exemplar's own size: coarse as the page is, they do for others near it.
pub(super) fn propose(page: &Sheet, patch: &Patch, mirrored: bool, budget: &Budget) -> Proposed {
    let px = patch.diameter * page.per_unit;
    let shift = (px / LARGEST).log2().ceil().max(0.0) as u32;
    let sheet = page.coarser(shift);
    let radius = patch.diameter / 2.0 * sheet.per_unit;
    let reach = (px / f64::from(1 << shift) * 0.75).ceil() as usize + 3;
    // Hatch under an instance is fainter than its pen.
    let dark = |split: u8| (f64::from(split) * DARK).min(250.0) as u8;
    let spots = patch.ink();
    let least = spots.len() as f64 * (sheet.per_unit / patch.per_unit).powi(2) * LEAST_INK;
    let turns = (TAU * radius / TURN_PX).clamp(TURNS.0, TURNS.1).ceil() as usize;
    let far_off = (1.3 * patch.per_unit / sheet.per_unit).ceil().max(2.0) as usize;
    let probes = spread_out(&spots, INK);
    let (inner, outer) =
        patch.paper(far_off, far_off + 4).into_iter().partition::<Vec<Spot>, _>(|s| s.weight > 0.5);
    let mut paper = spread_out(&inner, PAPER * 2 / 3);
    paper.extend(spread_out(&outer, PAPER - paper.len()));
    let margin = margin(&probes, &paper, sheet.per_unit).max(reach);
    // What lies about the example says nothing of how dark other instances are.
    let near = Bits::of(&sheet, dark(patch.faint.min(patch.split)), margin).spread();
    let ink = Bits::of(&sheet, dark(patch.split), margin);
    let busy = near.busy(reach, least as u32);
    let mut search = Search {
        ink,
        near,
        busy,
        probes,
        paper,
        per_unit: sheet.per_unit,
        cell: (radius * 2.0 * CELL).max(CELL_PX) as i32,
        best: FxHashMap::default(),
        limit: u32::MAX,
    };
    let mut ended = Ok(());
    let fewer = (turns as f64 * patch.period / TAU).ceil() as usize;
    let flips: &[bool] = if mirrored && !patch.flips { &[false, true] } else { &[false] };
    for (turn, &flip) in
        (0..fewer.clamp(1, turns)).flat_map(|turn| flips.iter().map(move |flip| (turn, flip)))
    {
        let pose = Pose::turned(TAU * turn as f64 / turns as f64, flip);
        ended = search.at(&pose, (turn / CELL_TURNS * 2 + usize::from(flip)) as i32, budget);
        if ended.is_err() {
            break;
        }
    }
    let all =
        search.best.into_iter().flat_map(|(cell, list)| list.into_iter().map(move |(key, r)| (cell, key, r)));
    let mut found: Vec<((i32, i32), i32, Rough)> = all.collect();
    found.sort_unstable_by(|p, q| p.2.wrong.cmp(&q.2.wrong).then((p.0, p.1).cmp(&(q.0, q.1))));
    Proposed {
        rough: found.into_iter().map(|f| f.2).collect(),
        off: 1.0 / sheet.per_unit,
        turn: TAU / turns as f64,
        ended,
    }
}

/// Rows beyond the page that may be looked at. Around a symbol of a few pixels, paper is looked for further away than
/// the symbol is large.
fn margin(probes: &[Spot], paper: &[Spot], per_unit: f64) -> usize {
    let away = |s: &Spot| (s.p[0].hypot(s.p[1]) * per_unit).ceil() as usize + 2;
    probes.iter().chain(paper).map(away).max().unwrap_or(0)
}

/// Poses with a number of their turn.
type OfACell = SmallVec<[(i32, Rough); OF_A_CELL]>;

struct Search {
    ink: Bits,
    near: Bits,
    busy: Vec<Vec<usize>>,
    probes: Vec<Spot>,
    paper: Vec<Spot>,
    per_unit: f64,
    /// Side of a cell, pixels.
    cell: i32,
    /// Poses of each cell with a number of their turn.
    best: FxHashMap<(i32, i32), OfACell>,
    /// Poses that are wrong at so many places are not kept.
    limit: u32,
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

    /// Lets the worst go.
    fn tighten(&mut self) {
        let mut counts = [0_usize; 128];
        self.best
            .values()
            .filter_map(|l| l.iter().map(|r| r.1.wrong).min())
            .for_each(|w| counts[w.min(127) as usize] += 1);
        let (mut below, mut limit) = (0, 0);
        while limit < 127 && below + counts[limit] <= MAX_CELLS * 3 / 4 {
            below += counts[limit];
            limit += 1;
        }
        let limit = limit.max(1) as u32;
        self.limit = limit;
        self.best.retain(|_, list| {
            list.retain(|r| r.1.wrong < limit);
            !list.is_empty()
        });
        if self.best.len() > MAX_CELLS {
            // All of them fit alike: hatch. Those found first stand for the rest.
            self.limit = 0;
        }
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
            let wrong = (value + MAX_MISSED - 15) as u32 + soiled;
            if wrong >= self.limit {
                continue;
            }
            let (x, y) = (word as i32 * 64 + bit as i32, y as i32);
            let at = |v: i32| (f64::from(v) + 0.5) / self.per_unit;
            let rough = (key, Rough { pose: Pose { x: at(x), y: at(y), ..*pose }, wrong });
            let list = self.best.entry((x.div_euclid(self.cell), y.div_euclid(self.cell))).or_default();
            if let Some(same) = list.iter_mut().find(|r| r.0 == key) {
                if same.1.wrong > wrong {
                    *same = rough;
                }
            } else if list.len() < OF_A_CELL {
                list.push(rough);
            } else if let Some(last) = list.iter_mut().max_by_key(|r| (r.1.wrong, r.0))
                && last.1.wrong > wrong
            {
                *last = rough;
            }
            if self.best.len() > MAX_CELLS {
                self.tighten();
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
    let mut digits: [u64; 4] =
        std::array::from_fn(|k| if (15 - MAX_MISSED) >> k & 1 == 1 { u64::MAX } else { 0 });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spot_lies_beyond_the_margin_however_it_is_turned() {
        let spot = |x: f64, y: f64| Spot { p: [x, y], weight: 1.0 };
        // A symbol two pixels large with paper eleven pixels away, at two pixels a unit.
        let (probes, paper) = ([spot(0.5, 0.5)], [spot(0.0, -5.5), spot(4.0, 4.0)]);
        let margin = margin(&probes, &paper, 2.0);
        for turn in 0..360 {
            let pose = Pose::turned(f64::from(turn).to_radians(), false);
            for s in probes.iter().chain(&paper) {
                let row = (pose.turn(s.p)[1] * 2.0).round().abs() as usize;
                assert!(row < margin, "{row} of {margin} at {turn}");
            }
        }
    }
}
