//! A pose moved onto the page's ink.

use std::f64::consts::FRAC_1_SQRT_2;

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x8};

use super::super::pose::Pose;
use super::lanes::{InkPage, Places};
use super::patch::{Patch, Spot};
use super::settle::First;
use super::sheet::Sheet;
use crate::lanes::LANES;

/// What soiled paper counts against ink.
pub(super) const SOIL: f64 = 0.5;
/// Moves, pixels, and what fits less after them is none; each is tried in every direction until none helps, at most
/// so often.
const MOVES: [(f64, f64); 3] = [(1.0, 0.48), (0.5, 0.53), (0.25, 0.55)];
const TRIES: usize = 6;
/// So much better is better.
const BETTER: f64 = 1e-6;
/// After so many spots it is asked whether the rest can matter.
const BLOCK: usize = 32;

/// What tells where the exemplar lies: its ink, and paper beside it.
pub(super) struct Moves<'a> {
    pub(super) page: InkPage<'a>,
    /// Pixels.
    radius: f64,
    pub(super) first: First,
    ink: Spots,
    pub(super) paper: Spots,
    pub(super) level: Level,
}

/// Places relative to the exemplar's middle, pixels of the page.
pub(super) struct Spots {
    pub(super) at: Places,
    weights: Vec<f32>,
    /// All weights from the first spot of a block on.
    rest: Vec<f32>,
}

impl Spots {
    fn new(spots: &[Spot], per_unit: f64) -> Self {
        let at = Places::of(spots.iter().map(|s| s.p.map(|v| (v * per_unit) as f32)));
        let mut weights: Vec<f32> = spots.iter().map(|s| s.weight).collect();
        let rest = (0..spots.len()).step_by(BLOCK).map(|k| weights[k..].iter().sum()).collect();
        weights.resize(at.x.len(), 0.0);
        Self { at, weights, rest }
    }

    /// Weight of all of them.
    fn all(&self) -> f32 {
        self.rest.first().map_or(f32::MIN_POSITIVE, |all| all.max(f32::MIN_POSITIVE))
    }
}

/// Spots as a pose turns them.
#[derive(Default)]
struct Turned {
    ink: Places,
    paper: Places,
}

impl<'a> Moves<'a> {
    pub(super) fn new(sheet: &'a Sheet, patch: &'a Patch, ink: &[Spot], paper: &[Spot]) -> Self {
        let spots = |spots: &[Spot]| Spots::new(spots, sheet.per_unit);
        Self {
            page: InkPage { sheet, table: &patch.through, through: patch.from },
            radius: patch.diameter / 2.0 * sheet.per_unit,
            first: First::new(ink, sheet.per_unit, patch.from),
            ink: spots(ink),
            paper: spots(paper),
            level: Level::new(),
        }
    }

    pub(super) fn place(&self, pose: &Pose) -> [f32; 2] {
        [pose.x, pose.y].map(|v| (v * self.page.sheet.per_unit) as f32)
    }

    /// How much of the spots is on ink; `None` where that is no more than `least`.
    #[inline(always)]
    pub(super) fn share<S: Simd>(
        &self,
        simd: S,
        spots: &Spots,
        turned: &Places,
        at: [f32; 2],
        least: f64,
    ) -> Option<f64> {
        if !self.page.holds(at, turned, 0.0) {
            return self.share_at_edge(spots, turned, at, least);
        }
        let all = spots.all();
        let least = least as f32 * all;
        let (x, y) = (f32x8::splat(simd, at[0]), f32x8::splat(simd, at[1]));
        let mut sums = f32x8::splat(simd, 0.0);
        let mut met = 0.0;
        for (block, rest) in (0..turned.x.len()).step_by(BLOCK).zip(&spots.rest) {
            // A spot meets its weight at most.
            if met + rest <= least {
                return None;
            }
            for k in (block..turned.x.len().min(block + BLOCK)).step_by(LANES) {
                let from = |v: &[f32]| f32x8::from_slice(simd, &v[k..k + LANES]);
                sums +=
                    from(&spots.weights) * self.page.eight(simd, x + from(&turned.x), y + from(&turned.y));
            }
            met = <[f32; LANES]>::from(sums).iter().sum();
        }
        Some(f64::from(met / all))
    }

    /// The same where some of the spots may be outside the page.
    #[inline(never)]
    fn share_at_edge(&self, spots: &Spots, turned: &Places, at: [f32; 2], least: f64) -> Option<f64> {
        let places = turned.x.iter().zip(&turned.y).zip(&spots.weights);
        let met = |((x, y), w): ((&f32, &f32), &f32)| {
            w * self.page.sheet.between(at[0] + x, at[1] + y, self.page.table)
        };
        let met: f32 = places.map(met).sum();
        Some(f64::from(met / spots.all())).filter(|share| *share > least)
    }

    /// Ink of the page where a pose brings these places; the rest of `into` is left as it is.
    pub(super) fn ink_at(&self, pose: &Pose, places: &Places, into: &mut [f32]) {
        dispatch!(self.level, simd => self.ink_with(simd, pose, places, into));
    }

    #[inline(always)]
    fn ink_with<S: Simd>(&self, simd: S, pose: &Pose, places: &Places, into: &mut [f32]) {
        let mut turned = Places::default();
        places.turned(simd, pose, &mut turned);
        let at = self.place(pose);
        if !self.page.holds(at, &turned, 0.0) {
            for ((x, y), ink) in turned.x.iter().zip(&turned.y).zip(into) {
                *ink = self.page.sheet.between(at[0] + x, at[1] + y, self.page.table);
            }
            return;
        }
        for (k, into) in into.chunks_mut(LANES).enumerate() {
            let x = f32x8::from_slice(simd, &turned.x[k * LANES..][..LANES]) + at[0];
            let y = f32x8::from_slice(simd, &turned.y[k * LANES..][..LANES]) + at[1];
            let ink: [f32; LANES] = self.page.eight(simd, x, y).into();
            into.copy_from_slice(&ink[..into.len()]);
        }
    }

    /// How well a pose fits; `None` where that is no better than `least`.
    #[inline(always)]
    fn fit<S: Simd>(&self, simd: S, turned: &Turned, at: [f32; 2], least: f64) -> Option<f64> {
        let ink = self.share(simd, &self.ink, &turned.ink, at, least)?;
        let soil = self.share(simd, &self.paper, &turned.paper, at, f64::NEG_INFINITY).unwrap_or(0.0);
        Some(ink - SOIL * soil).filter(|fit| *fit > least)
    }

    #[inline(always)]
    fn turn<S: Simd>(&self, simd: S, pose: &Pose, into: &mut Turned) {
        self.ink.at.turned(simd, pose, &mut into.ink);
        self.paper.at.turned(simd, pose, &mut into.paper);
    }

    /// The pose moved to where the page's ink is; `None` if there is none.
    pub(super) fn refine(&self, settled: &Pose, sizes: (f64, f64)) -> Option<Pose> {
        dispatch!(self.level, simd => self.refine_with(simd, settled, sizes))
    }

    #[inline(always)]
    fn refine_with<S: Simd>(&self, simd: S, settled: &Pose, sizes: (f64, f64)) -> Option<Pose> {
        let mut best = Best { pose: *settled, fit: 0.0, turned: Turned::default() };
        self.turn(simd, &best.pose, &mut best.turned);
        best.fit = self.fit(simd, &best.turned, self.place(&best.pose), f64::NEG_INFINITY)?;
        let mut other = Turned::default();
        for (px, hopeless) in MOVES {
            let (step, about) = (px / self.page.sheet.per_unit, px / self.radius);
            let diagonal = step * FRAC_1_SQRT_2;
            for _ in 0..TRIES {
                let mut moved = false;
                for way in [[step, 0.0], [0.0, step]] {
                    moved |= self.moves(simd, &mut best, way) || self.moves(simd, &mut best, way.map(|v| -v));
                }
                if !moved {
                    for way in [[diagonal, diagonal], [diagonal, -diagonal]] {
                        moved |=
                            self.moves(simd, &mut best, way) || self.moves(simd, &mut best, way.map(|v| -v));
                    }
                }
                for (turn, grow) in [(about, 0.0), (0.0, about)] {
                    moved |= self.grows(simd, &mut best, (turn, grow), sizes, &mut other)
                        || self.grows(simd, &mut best, (-turn, -grow), sizes, &mut other);
                }
                if !moved {
                    break;
                }
            }
            if best.fit < hopeless {
                return None;
            }
        }
        Some(best.pose)
    }

    /// Moves what is best, if that is better.
    #[inline(always)]
    fn moves<S: Simd>(&self, simd: S, best: &mut Best, [x, y]: [f64; 2]) -> bool {
        let tried = Pose { x: best.pose.x + x, y: best.pose.y + y, ..best.pose };
        let Some(fit) = self.fit(simd, &best.turned, self.place(&tried), best.fit + BETTER) else {
            return false;
        };
        (best.pose, best.fit) = (tried, fit);
        true
    }

    /// The same of a turn and another size, within these.
    #[inline(always)]
    fn grows<S: Simd>(
        &self,
        simd: S,
        best: &mut Best,
        (turn, grow): (f64, f64),
        sizes: (f64, f64),
        other: &mut Turned,
    ) -> bool {
        let tried = grown(&best.pose, turn, grow);
        if !(sizes.0..=sizes.1).contains(&tried.scale()) {
            return false;
        }
        self.turn(simd, &tried, other);
        let Some(fit) = self.fit(simd, other, self.place(&tried), best.fit + BETTER) else { return false };
        (best.pose, best.fit) = (tried, fit);
        std::mem::swap(&mut best.turned, other);
        true
    }
}

/// A pose while it is moved.
struct Best {
    pose: Pose,
    fit: f64,
    turned: Turned,
}

/// Turned and grown about its own place.
pub(super) fn grown(pose: &Pose, turn: f64, grow: f64) -> Pose {
    let (sin, cos) = turn.sin_cos();
    let by = 1.0 + grow;
    Pose { re: (pose.re * cos - pose.im * sin) * by, im: (pose.re * sin + pose.im * cos) * by, ..*pose }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::geom::ListRect;
    use crate::page::picture::Picture;

    /// A box with a diagonal and one stroke more, drawn grey in places, and the same again further away.
    pub(in super::super) fn page() -> Sheet {
        let mut picture = Picture::blank(160, 90);
        let mut dot = |x: usize, y: usize, level: u8| picture.row_mut(y)[x / 2] |= level << (x % 2 * 4);
        for at in [[20, 20], [97, 41]] {
            for k in 0..24 {
                let level = 9 + (k % 7) as u8;
                [[k, 0], [k, 23], [0, k], [23, k], [k, k], [k, 8]]
                    .into_iter()
                    .for_each(|[x, y]| dot(at[0] + x, at[1] + y, level));
            }
        }
        Sheet::of(&picture, 160.0)
    }

    pub(in super::super) fn moves<'a>(sheet: &'a Sheet, patch: &'a Patch, level: Level) -> Moves<'a> {
        Moves { level, ..Moves::new(sheet, patch, &patch.ink(), &patch.paper(1, 3)) }
    }

    #[test]
    fn all_processors_move_a_pose_to_the_same_place() {
        let sheet = page();
        let patch = Patch::cut(&sheet, &ListRect { left: 18.0, top: 18.0, right: 46.0, bottom: 46.0 });
        let patch = patch.expect("something is drawn");
        let (best, least) = (moves(&sheet, &patch, Level::new()), moves(&sheet, &patch, Level::baseline()));
        // On the other one, off it, and over the page's edge.
        for (x, y, turn) in
            [(110.3, 54.1, 0.06), (107.0, 51.0, -0.1), (60.0, 30.0, 1.0), (158.0, 88.0, 0.0), (3.0, 2.0, 2.0)]
        {
            let rough = Pose { x, y, ..Pose::turned(turn, false) };
            let settled = best.settle(&rough, 1.0, 0.1);
            assert_eq!(settled, least.settle(&rough, 1.0, 0.1));
            let refined = best.refine(&settled.1, (0.8, 1.2));
            assert_eq!(refined, least.refine(&settled.1, (0.8, 1.2)));
            if x > 106.0 && x < 111.0 {
                let pose = refined.expect("the symbol is there");
                let off = (pose.x - 109.0).hypot(pose.y - 53.0);
                assert!(off < 0.6 && pose.angle_deg().min(360.0 - pose.angle_deg()) < 2.0, "{pose:?}");
            }
        }
    }

    #[test]
    fn ink_eight_at_a_time_is_the_ink_between_four_pixels() {
        let sheet = page();
        let patch = Patch::cut(&sheet, &ListRect { left: 18.0, top: 18.0, right: 46.0, bottom: 46.0 });
        let patch = patch.expect("something is drawn");
        let places: Vec<[f32; 2]> =
            (0..61_u8).map(|k| [f32::from(k) * 0.37 - 11.0, f32::from(k % 13) - 6.3]).collect();
        let moves = moves(&sheet, &patch, Level::new());
        for at in [[109.0, 53.0], [33.4, 31.7], [158.0, 3.0]] {
            let pose = Pose { x: at[0], y: at[1], ..Pose::turned(0.3, true) };
            let mut ink = vec![-1.0; places.len()];
            moves.ink_at(&pose, &Places::of(places.iter().copied()), &mut ink);
            for (p, ink) in places.iter().zip(ink) {
                let [x, y] = pose.apply(p.map(f64::from)).map(|v| v as f32);
                let alone = sheet.between(x, y, &patch.through);
                assert!((ink - alone).abs() < 1e-3, "{ink} {alone} at {x} {y}");
            }
        }
    }
}
