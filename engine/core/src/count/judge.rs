//! Rough poses moved onto the page's strokes and judged, best first.

use rustc_hash::{FxHashMap, FxHashSet};

use super::beside;
use super::candidates::Range;
use super::matching::{Known, Matcher, REFINE_SAMPLES, Score};
use super::pose::Pose;
use super::rough::Candidate;
use super::search::{CountParams, NEAR_MISS_FLOOR};
use super::template::Template;
use crate::budget::{Budget, Exhausted};

/// A pose of this confidence is certain, and so certain that no other turn there can be better.
const SURE: f64 = 0.97;
const PERFECT: f64 = 0.985;
/// What looking around a pose takes from the budget.
const LOOK_STEPS: u64 = 1_000;
/// Poses that are refined to the end at most; the best rough ones come first.
pub(super) const MAX_REFINED: usize = 20_000;
/// No more rough poses are tried once so much work, in samples, and a share of what was done until then came to no further
/// place; for poses of this share of the best rank, so many times as much. Those of the best rank are tried in any case.
/// What other pens drew is a near miss at best, whatever its rank.
const PATIENCE: u64 = 24_000;
const PATIENCE_SHARE: u64 = 8;
const GOOD_RANK: f64 = 0.9;
const GOOD_TIMES: u64 = 8;

/// Why not every place was looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    Budget(#[from] Exhausted),
    #[error("more than {MAX_REFINED} places are somewhat like the symbol")]
    TooManyPlaces,
}

/// A pose that needs no other try about it.
struct Sure {
    pose: Pose,
    perfect: bool,
}

pub(super) struct Judged {
    pub pose: Pose,
    pub score: Score,
    pub own: bool,
    /// What is around it counts in the confidence.
    pub weighed: bool,
    /// The same for all that are at one place, each with ink of its own.
    pub place: usize,
}

/// Poses that were refined and scored.
pub(super) struct Judging<'a> {
    matcher: &'a Matcher<'a>,
    params: &'a CountParams,
    range: Range,
    seen: FxHashSet<[i64; 5]>,
    /// By place: poses that are certain, around which nothing else needs a try.
    sure: FxHashMap<(i64, i64), Vec<Sure>>,
    tried: usize,
    /// That are tried at most.
    most: usize,
    refined: usize,
    around: Known,
    patience: Patience,
    pub judged: Vec<Judged>,
}

impl<'a> Judging<'a> {
    pub(super) fn of(matcher: &'a Matcher<'a>, params: &'a CountParams, range: Range, most: usize) -> Self {
        let (seen, sure, around) = (FxHashSet::default(), FxHashMap::default(), Known::default());
        let (patience, judged) = (Patience::of(matcher), Vec::new());
        Self { matcher, params, range, seen, sure, tried: 0, most, refined: 0, around, patience, judged }
    }

    /// Refines and scores rough poses, which come best first; the exemplar's pens drew all of them, or none.
    pub(super) fn judge(
        &mut self,
        candidates: &[Candidate],
        budget: &Budget,
        note: &mut dyn FnMut(&Pose, f64),
    ) -> Result<(), Stopped> {
        let (matcher, template) = (self.matcher, self.matcher.template);
        let cost = template.samples.len() as u64;
        self.patience.fruitless = 0;
        for candidate in candidates {
            budget.spend(1)?;
            if candidate.pose.mirrored && !self.params.mirrored {
                continue;
            }
            if known(&self.sure, &candidate.pose, template) {
                continue;
            }
            if self.tried == self.most {
                return Err(Stopped::TooManyPlaces);
            }
            if self.patience.ended(candidate) {
                break;
            }
            self.tried += 1;
            budget.spend(cost)?;
            // What the first steps rule out is cheap, and not like the symbol.
            let Some(pose) = matcher.refine(&candidate.pose, &mut self.around) else { continue };
            if self.refined == MAX_REFINED {
                return Err(Stopped::TooManyPlaces);
            }
            self.refined += 1;
            if !self.is_new(&pose) {
                continue;
            }
            let score = matcher.score(&pose, &self.around);
            if score.base < self.params.threshold {
                note(&pose, score.coverage);
            }
            if score.base >= NEAR_MISS_FLOOR.min(self.params.threshold) {
                budget.spend(LOOK_STEPS)?;
                self.keep(pose, score);
            }
        }
        Ok(())
    }

    /// Whether a refined pose is of an allowed size, and none before it was about the same.
    fn is_new(&mut self, pose: &Pose) -> bool {
        let (scale, cell) = (pose.scale(), self.matcher.template.diameter * 0.03);
        let key = [
            (pose.x / cell).round() as i64,
            (pose.y / cell).round() as i64,
            (pose.angle_deg() / 6.0).round() as i64 % 60,
            i64::from(pose.mirrored),
            (scale.ln() / 0.03).round() as i64,
        ];
        scale >= self.range.min_scale * 0.985
            && scale <= self.range.max_scale * 1.015
            && self.seen.insert(key)
    }

    fn keep(&mut self, pose: Pose, mut score: Score) {
        let at = place(&pose, self.matcher.template);
        self.patience.found(at);
        // Many are kept.
        score.claims.shrink_to_fit();
        let mut one = Judged { pose, score, own: false, weighed: false, place: 0 };
        // What is around a pose can only speak against it.
        if one.score.base >= SURE {
            weigh(self.matcher, &mut one);
            if one.score.confidence >= SURE {
                let perfect = one.score.confidence >= PERFECT;
                self.sure.entry(at).or_default().push(Sure { pose, perfect });
            }
        }
        self.judged.push(one);
    }

    /// How many places are known that show something like the symbol, and how many rough poses were tried.
    pub(super) fn known(&self) -> (usize, usize) {
        (self.patience.places.len(), self.tried)
    }

    /// Poses of what looks like instances other than the exemplar, and whether it certainly does.
    pub(super) fn found(&self) -> impl Iterator<Item = (&Pose, bool)> {
        let threshold = self.params.threshold;
        let others = self.judged.iter().filter(move |j| !j.own && j.score.base >= threshold);
        others.map(|j| (&j.pose, j.score.base >= SURE))
    }
}

/// When to try no more: rough poses come best first, and the last thousands of a dense page are but its clutter.
struct Patience {
    /// Rank from which on a pose is good, and the best; 0 if all are to be tried.
    good: u32,
    best: u32,
    /// Of one try.
    cost: u64,
    spent: u64,
    fruitless: u64,
    places: FxHashSet<(i64, i64)>,
}

impl Patience {
    fn of(matcher: &Matcher<'_>) -> Self {
        // What a thorough look is for is not among what it finds.
        let best = if matcher.thorough { 0 } else { matcher.most_hits() };
        let good = (f64::from(best) * GOOD_RANK) as u32;
        let cost = matcher.template.samples.len().min(REFINE_SAMPLES) as u64;
        Self { good, best, cost, spent: 0, fruitless: 0, places: FxHashSet::default() }
    }

    /// Whether a pose needs no try any more; else it is tried.
    fn ended(&mut self, candidate: &Candidate) -> bool {
        let ended = if !candidate.of_pens {
            self.fruitless > PATIENCE
        } else {
            let times = if candidate.hits < self.good { 1 } else { GOOD_TIMES };
            candidate.hits < self.best && self.fruitless > (PATIENCE + self.spent / PATIENCE_SHARE) * times
        };
        self.spent += self.cost;
        self.fruitless += self.cost;
        ended
    }

    fn found(&mut self, place: (i64, i64)) {
        if self.places.insert(place) {
            self.fruitless = 0;
        }
    }
}

/// Lets what is around a pose count, once.
pub(super) fn weigh(matcher: &Matcher<'_>, j: &mut Judged) {
    if !j.weighed {
        beside::weigh(matcher, &j.pose, &mut j.score, &|_| false);
        j.weighed = true;
    }
}

/// The cell, one diameter wide, that the middle of the ink falls in.
fn place(pose: &Pose, template: &Template) -> (i64, i64) {
    let middle = pose.apply(template.centroid);
    ((middle[0] / template.diameter).floor() as i64, (middle[1] / template.diameter).floor() as i64)
}

/// Whether refining a rough pose would only lead to one that is certain already, or to a worse one on
/// the same ink.
fn known(sure: &FxHashMap<(i64, i64), Vec<Sure>>, rough: &Pose, template: &Template) -> bool {
    let (x, y) = place(rough, template);
    let middle = rough.apply(template.centroid);
    let close = |s: &Sure| {
        let p = &s.pose;
        let own = p.apply(template.centroid);
        let off = (own[0] - middle[0]).hypot(own[1] - middle[1]) / template.diameter;
        let same_turn = p.mirrored == rough.mirrored && (p.re - rough.re).hypot(p.im - rough.im) < 0.25;
        let same_size = (p.scale() / rough.scale()).ln().abs() < 0.2;
        (same_turn && off < 0.12) || (s.perfect && !template.slender && same_size && off < 0.2)
    };
    (x - 1..=x + 1).any(|x| (y - 1..=y + 1).any(|y| sure.get(&(x, y)).is_some_and(|l| l.iter().any(close))))
}
