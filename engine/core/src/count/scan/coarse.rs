//! Where on a page the exemplar may be: the page as bits, coarse, a block of places at a time.

use std::f64::consts::TAU;

use fearless_simd::{Level, Simd, dispatch};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::super::candidates::Range;
use super::super::pose::Pose;
use super::patch::{Patch, Spot};
use super::sheet::Sheet;
use super::strips::{self, ACROSS, Block, DOWN, Few, Step, Strips};
use crate::budget::{Budget, Exhausted};

/// Longest diagonal of the exemplar, pixels of the coarse page.
const LARGEST: f64 = 50.0;
/// Places looked at: on the exemplar's ink, and on the paper beside it; and how many may be wrong, at the exemplar's own
/// size and at others, which few sheets have.
const INK: usize = 48;
const MAX_MISSED: [usize; 2] = [14, 10];
const PAPER: usize = 40;
const MAX_SOILED: [usize; 2] = [20, 15];
/// From one turn to the next, how far the farthest place moves, pixels.
const TURN_PX: f64 = 1.4;
/// How much darker than ink is what is looked at here.
const DARK: f64 = 1.25;
const TURNS: (f64, f64) = (24.0, 120.0);
/// Share of the exemplar's ink that is around a place where it may be, worn as that is.
const LEAST_INK: f64 = 0.4;
/// Blocks between two looks at the budget.
const BLOCKS: usize = 256;
/// Side of a cell, share of the diameter and pixels at least; of each, so many poses are kept, of turns that are
/// so many apart or more.
const CELL: f64 = 0.07;
const CELL_PX: f64 = 3.0;
const OF_A_CELL: usize = 4;
const CELL_TURNS: u16 = 2;
/// Coarse as the page is, an instance is proposed whose size is within so much of the one that is looked for.
const REACH: f64 = 1.08;
/// Cells kept at most of a size; past that, only better ones.
const MAX_CELLS: usize = 30_000;

/// What was found.
pub(super) struct Proposed {
    /// Of each size that was looked for, the exemplar's own first: the best come first.
    pub rough: Vec<Vec<Pose>>,
    /// List units that a rough pose may be off, and radians.
    pub off: f64,
    pub turn: f64,
    pub ended: Result<(), Exhausted>,
}

/// Sizes that are looked for, so that every one within the range is near one of them; the exemplar's own is first.
fn sizes(range: Range) -> Vec<f64> {
    let beyond = |most: f64| {
        let far = (most / REACH).ln();
        let steps = (far / (2.0 * REACH.ln())).ceil().max(0.0);
        (0..steps as u32).map(move |k| REACH * (far * (f64::from(k) + 0.5) / steps).exp())
    };
    let smaller = beyond(1.0 / range.min_scale).map(|size| 1.0 / size);
    [1.0].into_iter().chain(beyond(range.max_scale)).chain(smaller).collect()
}

/// Proposes poses of the exemplar's own size and of those that it may have besides.
pub(super) fn propose(page: &Sheet, patch: &Patch, range: Range, budget: &Budget) -> Proposed {
    let px = patch.diameter * page.per_unit;
    let shift = (px / LARGEST).log2().ceil().max(0.0) as u32;
    let sheet = page.coarser(shift);
    let radius = patch.diameter / 2.0 * sheet.per_unit;
    // Hatch under an instance is fainter than its pen.
    let dark = |split: u8| (f64::from(split) * DARK).min(250.0) as u8;
    let spots = patch.ink();
    let least = spots.len() as f64 * (sheet.per_unit / patch.per_unit).powi(2) * LEAST_INK;
    let turns = (TAU * radius / TURN_PX).clamp(TURNS.0, TURNS.1).ceil() as usize;
    let side = (radius * 2.0 * CELL).max(CELL_PX) as usize;
    let far_off = (1.3 * patch.per_unit / sheet.per_unit).ceil().max(2.0) as usize;
    let probes = spread_out(&spots, INK);
    let (inner, outer) =
        patch.paper(far_off, far_off + 4).into_iter().partition::<Vec<Spot>, _>(|s| s.weight > 0.5);
    let mut paper = spread_out(&inner, PAPER * 2 / 3);
    paper.extend(spread_out(&outer, PAPER - paper.len()));
    let sizes = sizes(range);
    let largest = sizes.iter().copied().fold(1.0, f64::max);
    let margin = margin(probes.iter().chain(&paper), sheet.per_unit * largest);
    // What lies about the example says nothing of how dark other instances are.
    let drawn = Strips::of(&sheet, dark(patch.faint.min(patch.split)), margin);
    let near = drawn.spread();
    let ink = Strips::of(&sheet, dark(patch.split), margin);
    let mut search = Search {
        ink,
        near,
        blocks: Vec::new(),
        probes,
        paper,
        per_unit: sheet.per_unit,
        noted: Noted::of(&sheet, side),
    };
    let level = Level::new();
    let mut proposed =
        Proposed { rough: Vec::new(), off: 1.0 / sheet.per_unit, turn: TAU / turns as f64, ended: Ok(()) };
    let fewer = (turns as f64 * patch.period / TAU).ceil() as usize;
    // Mirror images are looked for though they may not count: else they would be taken for plain ones.
    let flips: &[bool] = if patch.flips { &[false] } else { &[false, true] };
    let angle = |turn: usize| TAU * turn as f64 / turns as f64;
    let at = |v: u32| (f64::from(v) + 0.5) / sheet.per_unit;
    for size in sizes {
        search.blocks =
            drawn.blocks(self::margin(search.probes.iter(), sheet.per_unit * size), (least * size) as u32);
        let poses = (0..fewer.clamp(1, turns)).flat_map(|turn| flips.iter().map(move |flip| (turn, *flip)));
        for (turn, flip) in poses {
            let (pose, number) =
                (Pose::turned(angle(turn), flip).sized(size), (turn * 2 + usize::from(flip)) as u16);
            proposed.ended = dispatch!(level, simd => search.at(simd, &pose, number, budget));
            if proposed.ended.is_err() {
                break;
            }
        }
        let rough = |n: Note| {
            let turned = Pose::turned(angle(usize::from(n.turn / 2)), n.turn % 2 == 1).sized(size);
            Pose { x: at(n.x), y: at(n.y), ..turned }
        };
        let noted = std::mem::replace(&mut search.noted, Noted::of(&sheet, side));
        proposed.rough.push(noted.best().into_iter().map(rough).collect());
        if proposed.ended.is_err() {
            break;
        }
    }
    proposed
}

/// Rows beyond the page that may be looked at. Around a symbol of a few pixels, paper is looked for further away than
/// the symbol is large.
fn margin<'a>(spots: impl Iterator<Item = &'a Spot>, per_unit: f64) -> usize {
    let away = |s: &Spot| (s.p[0].hypot(s.p[1]) * per_unit).ceil() as usize + 2;
    spots.map(away).max().unwrap_or(0)
}

struct Search {
    ink: Strips,
    near: Strips,
    blocks: Vec<Block>,
    probes: Vec<Spot>,
    paper: Vec<Spot>,
    per_unit: f64,
    noted: Noted,
}

impl Search {
    fn steps(&self, spots: &[Spot], pose: &Pose) -> Vec<Step> {
        let away = |s: &Spot| pose.turn(s.p).map(|v| (v * self.per_unit).round() as isize);
        spots.iter().map(|s| self.ink.step(away(s))).collect()
    }

    /// All places of the page for one turn and size.
    #[inline(always)]
    fn at<S: Simd>(&mut self, simd: S, pose: &Pose, turn: u16, budget: &Budget) -> Result<(), Exhausted> {
        let (probes, paper) = (self.steps(&self.probes, pose), self.steps(&self.paper, pose));
        let blocks = std::mem::take(&mut self.blocks);
        let other = usize::from((pose.scale() - 1.0).abs() > 1e-9);
        let few = [Few::of(MAX_MISSED[other], probes.len()), Few::of(MAX_SOILED[other], paper.len())];
        for some in blocks.chunks(BLOCKS) {
            budget.spend(some.len().div_ceil(4) as u64)?;
            for &block in some {
                let Some((likely, missed)) = self.near.few_wrong(simd, block, &probes, (true, &few[0]))
                else {
                    continue;
                };
                let Some((clean, soiled)) = self.ink.few_wrong(simd, block, &paper, (false, &few[1])) else {
                    continue;
                };
                for row in 0..DOWN {
                    let mut alive = likely[row] & clean[row];
                    while alive != 0 {
                        let bit = alive.trailing_zeros();
                        alive &= alive - 1;
                        let wrong = strips::wrong::<4>(&missed, row, bit, MAX_MISSED[other])
                            + strips::wrong::<5>(&soiled, row, bit, MAX_SOILED[other]);
                        let (x, y) = (block.x as u32 + bit, (block.y + row) as u32);
                        self.noted.note(Note { wrong: wrong as u8, turn, x, y });
                    }
                }
            }
        }
        self.blocks = blocks;
        Ok(())
    }
}

/// A pose as it is noted: the number of its turn, twice, one more if mirrored, and its pixel.
#[derive(Debug, Clone, Copy)]
struct Note {
    wrong: u8,
    turn: u16,
    x: u32,
    y: u32,
}

impl Note {
    /// Turns that are hardly apart have one key.
    fn key(self) -> u16 {
        self.turn / 2 / CELL_TURNS * 2 + self.turn % 2
    }
}

/// The best poses of each cell.
struct Noted {
    /// Of each column, and of each row, which cell it is in, the latter as the number of the row's first.
    columns: Vec<u32>,
    rows: Vec<u32>,
    cells: FxHashMap<u32, SmallVec<[Note; OF_A_CELL]>>,
    /// Poses that are wrong at so many places are not kept in each cell, nor in any.
    limits: Vec<u8>,
    limit: u8,
}

impl Noted {
    fn of(sheet: &Sheet, side: usize) -> Self {
        let across = sheet.width.div_ceil(side);
        Self {
            columns: (0..sheet.width.next_multiple_of(ACROSS))
                .map(|x| (x / side).min(across - 1) as u32)
                .collect(),
            rows: (0..sheet.height.next_multiple_of(DOWN)).map(|y| (y / side * across) as u32).collect(),
            cells: FxHashMap::default(),
            limits: vec![u8::MAX; across * sheet.height.next_multiple_of(DOWN).div_ceil(side)],
            limit: u8::MAX,
        }
    }

    fn note(&mut self, note: Note) {
        let cell = self.rows[note.y as usize] + self.columns[note.x as usize];
        if note.wrong < self.limit && note.wrong < self.limits[cell as usize] {
            self.put(cell, note);
        }
    }

    fn put(&mut self, cell: u32, note: Note) {
        let list = self.cells.entry(cell).or_default();
        if let Some(same) = list.iter_mut().find(|n| n.key() == note.key()) {
            if same.wrong > note.wrong {
                *same = note;
            }
        } else if list.len() < OF_A_CELL {
            list.push(note);
        } else if let Some(last) = list.iter_mut().max_by_key(|n| (n.wrong, n.key()))
            && last.wrong > note.wrong
        {
            *last = note;
        }
        if list.len() == OF_A_CELL {
            self.limits[cell as usize] = list.iter().map(|n| n.wrong).max().unwrap_or(u8::MAX);
        }
        if self.cells.len() > MAX_CELLS {
            self.tighten();
        }
    }

    /// Lets the worst go.
    fn tighten(&mut self) {
        let mut counts = [0_usize; 128];
        let best = self.cells.values().filter_map(|l| l.iter().map(|n| n.wrong).min());
        best.for_each(|wrong| counts[usize::from(wrong.min(127))] += 1);
        let (mut below, mut limit) = (0, 0);
        while limit < 127 && below + counts[limit] <= MAX_CELLS * 3 / 4 {
            below += counts[limit];
            limit += 1;
        }
        let limit = limit.max(1) as u8;
        self.limit = limit;
        self.cells.retain(|_, list| {
            list.retain(|n| n.wrong < limit);
            !list.is_empty()
        });
        // Those that were full may have room again, and what they had no room for was no better than the limit or
        // than what is left.
        if self.cells.len() > MAX_CELLS {
            // All of them fit alike: hatch. Those found first stand for the rest.
            self.limit = 0;
        }
    }

    /// Best first.
    fn best(self) -> Vec<Note> {
        let mut all: Vec<(u32, Note)> = self
            .cells
            .into_iter()
            .flat_map(|(cell, list)| list.into_iter().map(move |n| (cell, n)))
            .collect();
        all.sort_unstable_by_key(|(cell, n)| (n.wrong, *cell, n.turn, n.y, n.x));
        all.into_iter().map(|(_, n)| n).collect()
    }
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
        let margin = margin(probes.iter().chain(&paper), 2.0);
        for turn in 0..360 {
            let pose = Pose::turned(f64::from(turn).to_radians(), false);
            for s in probes.iter().chain(&paper) {
                let row = (pose.turn(s.p)[1] * 2.0).round().abs() as usize;
                assert!(row < margin, "{row} of {margin} at {turn}");
            }
        }
    }
}
