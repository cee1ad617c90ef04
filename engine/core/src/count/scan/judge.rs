//! A pose against the page's picture: moved onto it, and judged both ways.

use std::f64::consts::FRAC_1_SQRT_2;

use super::super::pose::Pose;
use super::coarse::spread_out;
use super::field::{self, Field};
use super::patch::{Patch, Spot};
use super::sheet::Sheet;

/// Spots that the first look takes, and those of the moves after it.
const FIRST: usize = 64;
const INK: usize = 180;
const PAPER: usize = 90;
/// What soiled paper counts against ink.
const SOIL: f64 = 0.5;
/// Less ink than this share under the best rough pose, and no moving helps.
const HOPELESS: f64 = 0.45;
/// Moves: pixels; each is tried in every direction until none helps, at most so often.
const MOVES: [f64; 4] = [1.0, 0.5, 0.25, 0.12];
const TRIES: usize = 6;
/// Foreign ink of at least this darkness hangs together.
const FOREIGN: f32 = 0.45;
/// What a part counts of which some lies inside the outline and the rest outside.
const OUTSIDE: f64 = 0.5;

/// What the page shows at a pose, shares of the exemplar's ink.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Ink of the exemplar that the page has not.
    pub absent: f64,
    /// Ink of the page inside the outline that the exemplar has not, of things that end there.
    pub foreign: f64,
    /// The same, of things that go on.
    pub passing: f64,
    /// The exemplar's worst tenth: share of a place's ink that the page has not.
    pub worst: f64,
}

pub(super) struct Judge<'a> {
    pub sheet: &'a Sheet,
    pub patch: &'a Patch,
    first: Vec<Spot>,
    ink: Vec<Spot>,
    paper: Vec<Spot>,
    /// The exemplar's ink, a pixel wider on each side.
    wide: Field,
    all: f64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(sheet: &'a Sheet, patch: &'a Patch) -> Self {
        let spots = patch.ink();
        let ink = spread_out(&spots, INK);
        Self {
            sheet,
            patch,
            first: ink.iter().take(FIRST).copied().collect(),
            ink,
            paper: spread_out(&patch.paper(1, 3), PAPER),
            wide: patch.own.spread(1),
            all: patch.own.data.iter().map(|v| f64::from(*v)).sum::<f64>().max(1.0),
        }
    }

    fn value(&self, pose: &Pose, p: [f64; 2]) -> f32 {
        let q = pose.apply(p);
        let at = |axis: usize| (q[axis] * self.sheet.per_unit) as f32;
        self.sheet.between(at(0), at(1), &self.patch.through)
    }

    fn share(&self, pose: &Pose, spots: &[Spot]) -> f64 {
        let (mut met, mut all) = (0.0, f32::MIN_POSITIVE);
        for s in spots {
            met += s.weight * self.value(pose, s.p);
            all += s.weight;
        }
        f64::from(met / all)
    }

    fn fit(&self, pose: &Pose) -> f64 {
        self.share(pose, &self.ink) - SOIL * self.share(pose, &self.paper)
    }

    /// The pose moved to where the page's ink is; `None` if there is none. `off` and `turn` are what the rough
    /// pose may be off.
    pub(super) fn refine(&self, rough: &Pose, off: f64, turn: f64, sizes: (f64, f64)) -> Option<Pose> {
        let mut best = (f64::NEG_INFINITY, *rough);
        for k in -1..=1 {
            let turned = grown(rough, f64::from(k) * turn * 0.4, 0.0);
            for dy in -2..=2 {
                for dx in -2..=2 {
                    let step = off * 0.6;
                    let pose =
                        Pose { x: rough.x + f64::from(dx) * step, y: rough.y + f64::from(dy) * step, ..turned };
                    let share = self.share(&pose, &self.first);
                    if share > best.0 {
                        best = (share, pose);
                    }
                }
            }
        }
        if best.0 < HOPELESS {
            return None;
        }
        let mut pose = best.1;
        let mut fit = self.fit(&pose);
        let radius = self.patch.diameter / 2.0;
        for px in MOVES {
            let (step, about) = (px / self.sheet.per_unit, px / self.sheet.per_unit / radius);
            for _ in 0..TRIES {
                let diagonal = step * FRAC_1_SQRT_2;
                let moved = |x: f64, y: f64| Pose { x: pose.x + x, y: pose.y + y, ..pose };
                let tries = [
                    moved(step, 0.0),
                    moved(-step, 0.0),
                    moved(0.0, step),
                    moved(0.0, -step),
                    moved(diagonal, diagonal),
                    moved(-diagonal, diagonal),
                    moved(diagonal, -diagonal),
                    moved(-diagonal, -diagonal),
                    grown(&pose, about, 0.0),
                    grown(&pose, -about, 0.0),
                    grown(&pose, 0.0, about),
                    grown(&pose, 0.0, -about),
                ];
                let mut better = None;
                for t in tries.into_iter().filter(|t| (sizes.0..=sizes.1).contains(&t.scale())) {
                    let f = self.fit(&t);
                    if f > fit + 1e-6 {
                        (fit, better) = (f, Some(t));
                    }
                }
                match better {
                    Some(t) => pose = t,
                    None => break,
                }
            }
        }
        Some(pose)
    }

    /// The page in the exemplar's frame.
    fn view(&self, pose: &Pose) -> Field {
        let mut view = Field::blank(self.patch.own.width, self.patch.own.height);
        for (i, v) in view.data.iter_mut().enumerate() {
            *v = self.value(pose, self.patch.place(i));
        }
        view
    }

    pub(super) fn look(&self, pose: &Pose) -> Seen {
        let view = self.view(pose);
        let near = view.spread(1);
        let own = &self.patch.own;
        let mut absent = 0.0;
        for (ink, here) in own.data.iter().zip(&near.data) {
            absent += f64::from((ink - here).max(0.0));
        }
        let excess = |i: usize| if self.patch.other[i] { 0.0 } else { (view.data[i] - self.wide.data[i]).max(0.0) };
        let set: Vec<bool> = (0..view.data.len()).map(|i| excess(i) >= FOREIGN).collect();
        let (w, h) = (own.width, own.height);
        let (mut foreign, mut passing) = (0.0, 0.0);
        for part in field::parts(&set, w) {
            let (mut inside, mut outside, mut leaves) = (0.0, 0.0, false);
            for &i in &part {
                let (x, y) = (i % w, i / w);
                leaves |= x == 0 || y == 0 || x + 1 == w || y + 1 == h;
                let into = if self.patch.region[i] { &mut inside } else { &mut outside };
                *into += f64::from(excess(i));
            }
            match (leaves, inside > 0.0) {
                (true, _) => passing += inside,
                (false, true) => foreign += inside + OUTSIDE * outside,
                (false, false) => {}
            }
        }
        Seen {
            absent: absent / self.all,
            foreign: foreign / self.all,
            passing: passing / self.all,
            worst: self.worst(&near),
        }
    }

    /// The share that is lacking where most of it is: a part that is missing whole is no wear.
    fn worst(&self, near: &Field) -> f64 {
        let own = &self.patch.own;
        let (w, h) = (own.width, own.height);
        let side = (w.min(h) / 8).clamp(3, 12);
        let (across, down) = (w.div_ceil(side), h.div_ceil(side));
        let mut cells = vec![(0.0_f64, 0.0_f64); across * down];
        for (i, ink) in own.data.iter().enumerate() {
            let cell = &mut cells[i / w / side * across + i % w / side];
            cell.0 += f64::from((ink - near.data[i]).max(0.0));
            cell.1 += f64::from(*ink);
        }
        cells.retain(|c| c.1 >= 0.5);
        cells.sort_by(|p, q| (q.0 / q.1).total_cmp(&(p.0 / p.1)));
        let (mut lacking, mut all) = (0.0, f64::MIN_POSITIVE);
        for (l, ink) in cells {
            if all >= 0.15 * self.all {
                break;
            }
            lacking += l;
            all += ink;
        }
        lacking / all
    }

    /// Places of the page that the exemplar's ink covers at a pose.
    pub(super) fn claims(&self, pose: &Pose) -> Vec<(u32, u32)> {
        let cell = |v: f64| (v * self.sheet.per_unit / 2.0).max(0.0) as u32;
        let spots = self.ink.iter().map(|s| pose.apply(s.p));
        let mut claims: Vec<(u32, u32)> = spots.map(|p| (cell(p[0]), cell(p[1]))).collect();
        claims.sort_unstable();
        claims.dedup();
        claims
    }
}

/// Turned and grown about its own place.
fn grown(pose: &Pose, turn: f64, grow: f64) -> Pose {
    let (sin, cos) = turn.sin_cos();
    let by = 1.0 + grow;
    Pose { re: (pose.re * cos - pose.im * sin) * by, im: (pose.re * sin + pose.im * cos) * by, ..*pose }
}
