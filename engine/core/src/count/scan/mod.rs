//! Counting on scans: the exemplar's own picture against the page's.
//!
//! Tracing breaks and merges strokes each time elsewhere, so strokes of two scans of one symbol differ more than
//! those of two symbols. Pictures of both went through the same scanner and compare as they are: bits of a coarse
//! page propose poses, each is moved onto the page's ink, and what both pictures have in common judges it.

mod coarse;
mod field;
mod judge;
mod patch;
mod sheet;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::candidates::Range;
use super::matching::Score;
use super::pose::Pose;
use super::search::{CountParams, Judged, Stopped};
use crate::budget::Budget;
use coarse::Proposed;
use judge::{Judge, Seen};
pub(super) use patch::Patch;
pub(super) use sheet::Sheet;

/// Rough poses that are moved onto the ink at most, and settled ones that are refined: the best come first.
const MAX_SETTLED: usize = 40_000;
const MAX_REFINED: usize = 3_000;
/// Poses refined in one place.
const OF_A_PLACE: usize = 4;
/// Side of a place, share of the diameter, and pixels at least.
const PLACE: f64 = 0.1;
const PLACE_PX: f64 = 3.0;
/// Settled poses that fit less are not kept, and not refined.
const KEPT_FIT: f64 = 0.25;
const LEAST_FIT: f64 = 0.4;
/// Matches below the threshold are listed down to this confidence.
const FLOOR: f64 = 0.5;
/// Weights of what speaks against a pose, found by logistic regression on generated scans; how much may speak
/// against it until it is as likely none; and the threshold's confidence and its change about there.
const UNLIKE: f64 = 17.0;
const WORST: f64 = 9.4;
const ABSENT: f64 = 6.8;
const SIZE: f64 = 5.5;
const PASSING: f64 = 3.0;
const FOREIGN: f64 = 1.5;
const EVEN: f64 = 8.3;
const EVEN_CONFIDENCE: f64 = 0.8;
const SLOPE: f64 = 0.06;
/// So sure that nothing else around needs a try, and how far around, diameters.
const SURE: f64 = 0.88;
const AROUND: f64 = 0.1;
/// Poses that lie on the ink of another by more than this share are one symbol.
const SAME_INK: f64 = 0.5;
/// What settling, and what refining and judging a pose takes from the budget.
const SETTLE_STEPS: u64 = 20;
const LOOK_STEPS: u64 = 500;

/// A pose, its judgement, and the cells of the page that its ink covers.
type Placed = (Judged, Vec<(i32, i32)>);

fn confidence(seen: &Seen, scale: f64) -> f64 {
    let against = UNLIKE * (1.0 - seen.alike)
        + WORST * seen.worst
        + ABSENT * seen.absent
        + PASSING * seen.passing.min(1.0)
        + FOREIGN * seen.foreign.min(0.5)
        + SIZE * scale.ln().abs();
    (EVEN_CONFIDENCE + SLOPE * (EVEN - against)).clamp(0.0, 1.0)
}

/// Every place of the page that shows the exemplar. `own` is where it was cut from, if from this page.
pub(super) fn search(
    page: &Sheet,
    patch: &Patch,
    params: &CountParams,
    range: Range,
    own: Option<Pose>,
    budget: &Budget,
) -> (Vec<Judged>, Result<(), Stopped>) {
    let coarser;
    let sheet = match patch.shift {
        0 => page,
        shift => {
            coarser = page.coarser(shift);
            &coarser
        }
    };
    let mut search =
        Search { judge: Judge::new(sheet, patch), params, range, budget, own, placed: Vec::new() };
    let proposed = coarse::propose(sheet, patch, params.mirrored, budget);
    let ended = search.judge_all(proposed);
    (strongest(search.placed), ended)
}

struct Search<'a> {
    judge: Judge<'a>,
    params: &'a CountParams,
    range: Range,
    budget: &'a Budget,
    own: Option<Pose>,
    placed: Vec<Placed>,
}

impl Search<'_> {
    fn judge_all(&mut self, proposed: Proposed) -> Result<(), Stopped> {
        if let Some(pose) = self.own {
            let seen = self.judge.look(&pose);
            self.place(pose, &seen, 1.0, true);
        }
        let (settled, ended) = self.settled(&proposed);
        let refined = self.refine_all(&settled);
        proposed.ended.map_err(Stopped::from).and(ended).and(refined)
    }

    fn place(&mut self, pose: Pose, seen: &Seen, confidence: f64, own: bool) {
        let score = Score {
            confidence,
            coverage: (1.0 - seen.absent).max(0.0),
            extra: seen.foreign,
            base: confidence,
            frame: None,
            unframed: confidence,
            variant: false,
            claims: Vec::new(),
        };
        let claims = self.judge.claims(&pose);
        self.placed.push((Judged { pose, score, own, weighed: true, place: 0 }, claims));
    }

    /// Rough poses moved onto the page's ink, those that fit best first.
    fn settled(&self, proposed: &Proposed) -> (Vec<(f64, Pose)>, Result<(), Stopped>) {
        let mut settled: Vec<(f64, Pose)> = Vec::new();
        let mut ended = Ok(());
        for rough in proposed.rough.iter().take(MAX_SETTLED) {
            ended = self.budget.spend(SETTLE_STEPS).map_err(Stopped::from);
            if ended.is_err() {
                break;
            }
            let (fit, pose) = self.judge.settle(&rough.pose, proposed.off, proposed.turn);
            if fit >= KEPT_FIT {
                settled.push((fit, pose));
            }
        }
        settled.sort_by(|(f, p), (g, q)| g.total_cmp(f).then(p.y.total_cmp(&q.y)).then(p.x.total_cmp(&q.x)));
        (settled, ended)
    }

    fn refine_all(&mut self, settled: &[(f64, Pose)]) -> Result<(), Stopped> {
        let (diameter, per_unit) = (self.judge.patch.diameter, self.judge.sheet.per_unit);
        let cell = (diameter * PLACE).max(PLACE_PX / per_unit);
        let mut tried: FxHashSet<[i64; 4]> = FxHashSet::default();
        let mut of_place: FxHashMap<[i64; 2], usize> = FxHashMap::default();
        let mut sure: Vec<Pose> = self.own.into_iter().collect();
        let mut refined = 0;
        for (_, start) in settled.iter().take_while(|s| s.0 >= LEAST_FIT) {
            let near = |s: &Pose| (s.x - start.x).abs().max((s.y - start.y).abs()) < AROUND * diameter;
            let place = [(start.x / cell).round() as i64, (start.y / cell).round() as i64];
            let turn = (start.angle_deg() / 10.0).round() as i64 % 36;
            if sure.iter().any(near) || !tried.insert([place[0], place[1], turn, i64::from(start.mirrored)]) {
                continue;
            }
            let of_place = of_place.entry(place).or_default();
            *of_place += 1;
            if *of_place > OF_A_PLACE {
                continue;
            }
            if refined == MAX_REFINED {
                return Ok(());
            }
            refined += 1;
            self.budget.spend(LOOK_STEPS)?;
            let Some(pose) = self.judge.refine(start, (self.range.min_scale, self.range.max_scale)) else {
                continue;
            };
            let seen = self.judge.look(&pose);
            let confidence = confidence(&seen, pose.scale());
            if confidence >= SURE {
                sure.push(pose);
            }
            if confidence >= FLOOR.min(self.params.threshold) {
                self.place(pose, &seen, confidence, false);
            }
        }
        Ok(())
    }
}

/// One pose a symbol: the strongest that does not lie on the ink of a stronger one.
fn strongest(mut judged: Vec<Placed>) -> Vec<Judged> {
    judged.sort_by(|(p, _), (q, _)| {
        q.own
            .cmp(&p.own)
            .then(q.score.confidence.total_cmp(&p.score.confidence))
            .then(p.pose.y.total_cmp(&q.pose.y))
            .then(p.pose.x.total_cmp(&q.pose.x))
    });
    let mut owners: FxHashMap<(i32, i32), SmallVec<[u32; 2]>> = FxHashMap::default();
    let mut kept: Vec<Judged> = Vec::new();
    for (j, claims) in judged {
        let mut shared: FxHashMap<u32, usize> = FxHashMap::default();
        for claim in &claims {
            owners.get(claim).into_iter().flatten().for_each(|&o| *shared.entry(o).or_default() += 1);
        }
        let most = shared.values().copied().max().unwrap_or(0);
        if most as f64 > SAME_INK * claims.len() as f64 {
            continue;
        }
        let owner = kept.len() as u32;
        for (x, y) in claims {
            for at in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy))) {
                let list = owners.entry(at).or_default();
                if list.last() != Some(&owner) {
                    list.push(owner);
                }
            }
        }
        kept.push(j);
    }
    kept
}
