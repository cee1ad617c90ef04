//! Counting on scans: the exemplar's own picture against the page's.
//!
//! Tracing breaks and merges strokes each time elsewhere, so strokes of two scans of one symbol differ more than
//! those of two symbols. Pictures of both went through the same scanner and compare as they are: bits of a coarse
//! page propose poses, each is moved onto the page's ink, and what both pictures have in common judges it; then what
//! the better matches have in common judges them all.

mod coarse;
mod common;
mod field;
mod judge;
mod lanes;
mod moves;
mod patch;
mod settle;
mod sheet;
mod strips;
mod window;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::candidates::Range;
use super::judge::{Judged, MAX_REFINED, Stopped};
use super::matching::Score;
use super::pose::Pose;
use super::search::CountParams;
use crate::budget::Budget;
use coarse::Proposed;
use common::{Anew, Common};
use judge::{Judge, Seen};
pub(super) use patch::Patch;
pub(super) use sheet::Sheet;

/// Rough poses that are moved onto the ink at once: the best come first.
const SETTLED_AT_ONCE: usize = 10_000;
/// After so many of the exemplar's own size, refining ends once so many in turn led to no match; of other sizes, which
/// few sheets have, it does at once.
const ENOUGH_REFINED: usize = 1_000;
const WITHOUT_A_MATCH: usize = 500;
/// Poses refined in one place.
const OF_A_PLACE: usize = 3;
/// Side of a place, share of the diameter, and pixels at least.
const PLACE: f64 = 0.1;
const PLACE_PX: f64 = 3.0;
/// Refining leads from poses so near to each other to one place, pixels and radians; from one that is so near to where
/// it led, too.
const SAME_START_PX: f64 = 1.5;
const SAME_PX: f64 = 2.0;
const SAME_TURN: f64 = 0.12;
/// Settled poses that fit less are not kept, and not refined: those of the exemplar's size, and those of others.
const KEPT_FIT: f64 = 0.25;
const LEAST_FIT: f64 = 0.4;
const LEAST_FIT_OF_OTHERS: f64 = 0.5;
/// Matches below the threshold are listed down to this confidence.
const FLOOR: f64 = 0.5;
/// And looked at again down to this.
const PLACED: f64 = 0.2;
/// Weights of what speaks against a pose, found by logistic regression on generated scans; how much may speak
/// against it until it is as likely none; and the threshold's confidence and its change about there.
const UNLIKE: f64 = 17.0;
const WORST: f64 = 9.4;
const ABSENT: f64 = 6.8;
const SIZE: f64 = 20.0;
const PASSING: f64 = 3.0;
const FOREIGN: f64 = 1.5;
const EVEN: f64 = 8.3;
const EVEN_CONFIDENCE: f64 = 0.8;
const SLOPE: f64 = 0.06;
/// One size is measured unlike another by so much, a logarithm, that says nothing.
const SAME_SIZE: f64 = 0.04;
/// So small against the exemplar is what is not of its size.
const SMALLER: f64 = 0.95;
/// A scanner wears all instances of a symbol alike, and small ones more. What speaks against the better matches,
/// this share of them being better still, and by how much of the difference to what usually speaks against them the
/// limit moves. So many matches make that as sure as not.
const BETTER: f64 = 0.25;
const USUAL: f64 = 5.0;
const MOVES: f64 = 0.7;
const ENOUGH: f64 = 3.0;
/// So sure that nothing else around needs a try, and how far around, diameters.
const SURE: f64 = 0.88;
const AROUND: f64 = 0.1;
/// What is to be counted plain only is a mirror image where that fits so much better: many symbols are almost their own.
const MIRROR_IMAGE: f64 = 1.5;
/// Poses that lie on the ink of another by more than this share are one symbol.
const SAME_INK: f64 = 0.5;
/// What settling, and what refining and judging a pose takes from the budget.
const SETTLE_STEPS: u64 = 20;
const LOOK_STEPS: u64 = 500;

/// A pose with its judgement, and what the page shows there.
struct Placed {
    judged: Judged,
    /// Cells of the page that its ink covers.
    claims: Vec<(i32, i32)>,
    against: f64,
}

impl Placed {
    fn judge_anew(&mut self, anew: Option<Anew>) {
        let Some(Anew { confidence, pose, seen }) = anew else { return };
        self.judged.pose = pose;
        let score = &mut self.judged.score;
        (score.confidence, score.base, score.unframed) = (confidence, confidence, confidence);
        (score.coverage, score.extra) = ((1.0 - seen.absent).max(0.0), seen.foreign);
    }
}

fn against(seen: &Seen, scale: f64) -> f64 {
    UNLIKE * (1.0 - seen.alike)
        + WORST * seen.worst
        + ABSENT * seen.absent
        + PASSING * seen.passing.min(1.0)
        + FOREIGN * seen.foreign.min(0.5)
        + SIZE * (scale.ln().abs() - SAME_SIZE).max(0.0)
}

/// Of a pose against which so much speaks, where it is as likely none at `even`.
fn confidence(against: f64, even: f64) -> f64 {
    (EVEN_CONFIDENCE + SLOPE * (even - against)).clamp(0.0, 1.0)
}

/// What was found on a page.
pub(super) struct Counted {
    pub judged: Vec<Judged>,
    /// Around what the matches have in common, in the exemplar's frame; nothing where the exemplar alone says.
    pub hull: Vec<[f64; 2]>,
    /// The exemplar without what the matches lack.
    pub less: Option<Patch>,
    /// Places that show most of the exemplar and lack the same of it, list units.
    pub lacking: Vec<[f64; 2]>,
}

/// What is asked of a page, but for the exemplar.
pub(super) struct Asked<'a> {
    pub page: &'a Sheet,
    pub params: &'a CountParams,
    pub range: Range,
    /// Where the exemplar was cut from, if from this page.
    pub own: Option<Pose>,
    pub budget: &'a Budget,
}

/// Every place of the page that shows the exemplar.
pub(super) fn search(asked: &Asked<'_>, patch: &Patch) -> (Counted, Result<(), Stopped>) {
    let whole = search_for(asked, patch, false);
    let Some(freed) = patch.freed.as_ref().filter(|_| whole.1.is_ok()) else { return whole };
    // Whether the strokes that pass through its box are the exemplar's: as more places have it.
    let (mut less, ended) = search_for(asked, freed, false);
    let threshold = asked.params.threshold;
    let matches = |c: &Counted| c.judged.iter().filter(|j| j.score.confidence >= threshold).count();
    if ended.is_err() || matches(&less) <= matches(&whole.0) {
        return (whole.0, ended);
    }
    if less.hull.is_empty() {
        less.hull = freed.hull();
    }
    less.less.get_or_insert_with(|| Patch::clone(freed));
    (less, ended)
}

/// `bared`: of what lay over the exemplar, which is not taken off twice.
fn search_for(asked: &Asked<'_>, patch: &Patch, bared: bool) -> (Counted, Result<(), Stopped>) {
    let Asked { page, params, range, own, budget } = *asked;
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
    let proposed = coarse::propose(sheet, patch, range, budget);
    let mut ended = search.judge_all(proposed);
    let mut placed = strongest(search.placed, if params.mirrored { 0.0 } else { MIRROR_IMAGE });
    let (mut hull, mut lacking, mut less) = (Vec::new(), Vec::new(), None);
    let even = compare(&mut placed).unwrap_or(EVEN);
    match common::judge(&search.judge, &placed, even, range, budget) {
        // Where the exemplar is not on this page, what was taken off could not be told.
        Ok(Common { bare: Some(bare), .. }) if ended.is_ok() && own.is_some() && !bared => {
            let (mut counted, ended) = search_for(asked, &bare, true);
            if counted.hull.is_empty() {
                counted.hull = bare.hull();
            }
            counted.less.get_or_insert(bare);
            return (counted, ended);
        }
        Ok(common) => {
            placed.iter_mut().zip(common.matches).for_each(|(p, anew)| p.judge_anew(anew));
            (hull, lacking, less) = (common.hull, common.lacking, common.less);
        }
        Err(stopped) => ended = ended.and(Err(stopped)),
    }
    let floor = FLOOR.min(params.threshold);
    let asked = |j: &Judged| j.own || params.mirrored || !j.pose.mirrored;
    let kept = placed.into_iter().map(|p| p.judged);
    let kept = kept.filter(|j| asked(j) && (j.own || j.score.confidence >= floor));
    (Counted { judged: kept.collect(), hull, less, lacking }, ended)
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
            let against = against(&seen, pose.scale());
            self.place(pose, &seen, (against, 1.0), true);
        }
        let mut tried = Tried::new(self);
        for (nth, of_a_size) in proposed.rough.iter().enumerate() {
            tried.last_match = tried.refined;
            (tried.enough, tried.least_fit) =
                if nth == 0 { (ENOUGH_REFINED, LEAST_FIT) } else { (0, LEAST_FIT_OF_OTHERS) };
            for rough in of_a_size.chunks(SETTLED_AT_ONCE) {
                let (settled, ended) = self.settled(rough, &proposed, &tried);
                let more = self.refine_all(&settled, &mut tried);
                ended?;
                if !more? {
                    break;
                }
            }
        }
        proposed.ended.map_err(Stopped::from)
    }

    fn place(&mut self, pose: Pose, seen: &Seen, (against, confidence): (f64, f64), own: bool) {
        let score = Score {
            confidence,
            coverage: (1.0 - seen.absent).max(0.0),
            extra: seen.foreign,
            base: confidence,
            frame: None,
            unframed: confidence,
            variant: false,
            other_pen: false,
            claims: Vec::new(),
        };
        let claims = self.judge.claims(&pose);
        let judged = Judged { pose, score, own, weighed: true, place: 0 };
        self.placed.push(Placed { judged, claims, against });
    }

    /// Rough poses moved onto the page's ink, those that fit best first; but where it is known what is there.
    fn settled(
        &self,
        rough: &[Pose],
        proposed: &Proposed,
        tried: &Tried,
    ) -> (Vec<(f64, Pose)>, Result<(), Stopped>) {
        let mut settled: Vec<(f64, Pose)> = Vec::new();
        let mut ended = Ok(());
        let mut rough: Vec<&Pose> = rough.iter().filter(|rough| !tried.is_sure(rough)).collect();
        settle::as_they_lie(&mut rough, self.judge.patch.diameter);
        for rough in rough {
            ended = self.budget.spend(SETTLE_STEPS).map_err(Stopped::from);
            if ended.is_err() {
                break;
            }
            let (fit, pose) = self.judge.moves.settle(rough, proposed.off, proposed.turn);
            if fit >= KEPT_FIT {
                settled.push((fit, pose));
            }
        }
        settled.sort_by(|(f, p), (g, q)| g.total_cmp(f).then(p.y.total_cmp(&q.y)).then(p.x.total_cmp(&q.x)));
        (settled, ended)
    }

    /// Whether poses that fit less are worth a try.
    fn refine_all(&mut self, settled: &[(f64, Pose)], tried: &mut Tried) -> Result<bool, Stopped> {
        let least = tried.least_fit;
        for (_, start) in settled.iter().take_while(|s| s.0 >= least) {
            if !tried.is_new(start) {
                continue;
            }
            if tried.refined >= tried.enough && tried.refined - tried.last_match >= WITHOUT_A_MATCH {
                return Ok(false);
            }
            if tried.refined == MAX_REFINED {
                return Err(Stopped::TooManyPlaces);
            }
            tried.refined += 1;
            self.budget.spend(LOOK_STEPS)?;
            tried.begun.add(*start);
            let Some(pose) = self.judge.moves.refine(start, (self.range.min_scale, self.range.max_scale))
            else {
                continue;
            };
            tried.led.add(pose);
            let view = self.judge.view(&pose);
            // What is as large and stands in a box may be walled in; what is smaller is the inside of another symbol.
            if pose.scale() < SMALLER && self.judge.is_within(&view) {
                continue;
            }
            let seen = self.judge.judged(&view);
            let against = against(&seen, pose.scale());
            let confidence = confidence(against, EVEN);
            if confidence >= SURE {
                tried.sure.add(pose);
            }
            if confidence >= EVEN_CONFIDENCE.min(self.params.threshold) {
                tried.last_match = tried.refined;
            }
            if confidence >= PLACED.min(self.params.threshold) {
                self.place(pose, &seen, (against, confidence), false);
            }
        }
        Ok(true)
    }
}

/// Where poses were refined.
struct Tried {
    /// Side of a place, list units, and how many began there.
    cell: f64,
    of_place: FxHashMap<[i64; 2], usize>,
    sure: Known,
    /// Whether a pose that is surely a mirror image is still tried plain.
    both: bool,
    /// Where refining began, and where it led.
    begun: Known,
    led: Known,
    refined: usize,
    /// So many are refined, whatever they lead to.
    enough: usize,
    least_fit: f64,
    /// Number of the last that led to a match.
    last_match: usize,
}

impl Tried {
    fn new(search: &Search<'_>) -> Self {
        let (diameter, per_unit) = (search.judge.patch.diameter, search.judge.sheet.per_unit);
        let mut sure = Known::new(AROUND * diameter);
        search.own.into_iter().for_each(|own| sure.add(own));
        Self {
            cell: (diameter * PLACE).max(PLACE_PX / per_unit),
            of_place: FxHashMap::default(),
            sure,
            both: !search.params.mirrored,
            begun: Known::new(SAME_START_PX / per_unit),
            led: Known::new(SAME_PX / per_unit),
            refined: 0,
            enough: ENOUGH_REFINED,
            least_fit: LEAST_FIT,
            last_match: 0,
        }
    }

    /// Whether it is known what is where this pose is.
    fn is_sure(&self, start: &Pose) -> bool {
        self.sure.any(start, |p| !self.both || p.mirrored == start.mirrored)
    }

    /// Whether refining a pose may lead to another place than before.
    fn is_new(&mut self, start: &Pose) -> bool {
        let alike = |p: &Pose| p.is_turned_like(start, SAME_TURN);
        if self.is_sure(start) || self.led.any(start, alike) || self.begun.any(start, alike) {
            return false;
        }
        let place = [start.x, start.y].map(|v| (v / self.cell).round() as i64);
        let of_place = self.of_place.entry(place).or_default();
        *of_place += 1;
        *of_place <= OF_A_PLACE
    }
}

/// Poses by where they are.
struct Known {
    side: f64,
    of: FxHashMap<[i64; 2], SmallVec<[Pose; 2]>>,
}

impl Known {
    /// That are asked for no further than `side` along either axis.
    fn new(side: f64) -> Self {
        Self { side, of: FxHashMap::default() }
    }

    fn cell(&self, pose: &Pose) -> [i64; 2] {
        [pose.x, pose.y].map(|v| (v / self.side).floor() as i64)
    }

    fn add(&mut self, pose: Pose) {
        self.of.entry(self.cell(&pose)).or_default().push(pose);
    }

    /// Whether one of those near a pose is such.
    fn any(&self, pose: &Pose, such: impl Fn(&Pose) -> bool) -> bool {
        let [x, y] = self.cell(pose);
        let near = |p: &&Pose| (p.x - pose.x).abs().max((p.y - pose.y).abs()) < self.side;
        let around = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| [x + dx, y + dy]));
        around.filter_map(|cell| self.of.get(&cell)).flatten().filter(near).any(such)
    }
}

/// Judges matches anew by how worn the better ones of them are: how much may speak against one that is as likely none.
fn compare(placed: &mut [Placed]) -> Option<f64> {
    let others = || placed.iter().filter(|p| !p.judged.own);
    let mut likely: Vec<f64> = others().map(|p| p.against).filter(|a| *a < EVEN).collect();
    likely.sort_by(f64::total_cmp);
    let n = likely.len() as f64;
    let better = likely.get((n * BETTER) as usize)?;
    let even = EVEN + MOVES * (better - USUAL) * n / (n + ENOUGH);
    for p in placed.iter_mut().filter(|p| !p.judged.own) {
        let score = &mut p.judged.score;
        score.confidence = confidence(p.against, even);
        (score.base, score.unframed) = (score.confidence, score.confidence);
    }
    Some(even)
}

/// One pose a symbol: the strongest that does not lie on the ink of a stronger one. So much more speaks against mirror
/// images.
fn strongest(mut placed: Vec<Placed>, mirrored: f64) -> Vec<Placed> {
    let against = |p: &Placed| p.against + if p.judged.pose.mirrored { mirrored } else { 0.0 };
    placed.sort_by(|p, q| {
        let (a, b) = (&p.judged, &q.judged);
        b.own
            .cmp(&a.own)
            .then(against(p).total_cmp(&against(q)))
            .then(a.pose.y.total_cmp(&b.pose.y))
            .then(a.pose.x.total_cmp(&b.pose.x))
    });
    let mut owners: FxHashMap<(i32, i32), SmallVec<[u32; 2]>> = FxHashMap::default();
    let mut kept: Vec<Placed> = Vec::new();
    for p in placed {
        let mut shared: FxHashMap<u32, usize> = FxHashMap::default();
        for claim in &p.claims {
            owners.get(claim).into_iter().flatten().for_each(|&o| *shared.entry(o).or_default() += 1);
        }
        let most = shared.values().copied().max().unwrap_or(0);
        if most as f64 > SAME_INK * p.claims.len() as f64 {
            continue;
        }
        let owner = kept.len() as u32;
        for &(x, y) in &p.claims {
            for at in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy))) {
                let list = owners.entry(at).or_default();
                if list.last() != Some(&owner) {
                    list.push(owner);
                }
            }
        }
        kept.push(p);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(against: f64) -> Placed {
        let confidence = confidence(against, EVEN);
        let score = Score {
            confidence,
            coverage: 1.0,
            extra: 0.0,
            base: confidence,
            frame: None,
            unframed: confidence,
            variant: false,
            other_pen: false,
            claims: Vec::new(),
        };
        let pose = Pose::at([0.0, 0.0]);
        let judged = Judged { pose, score, own: false, weighed: true, place: 0 };
        Placed { judged, claims: Vec::new(), against }
    }

    /// Whether the last of these is a match among the others.
    fn is_match(usual: f64, last: f64) -> bool {
        let others = (0..20).map(|k| usual + f64::from(k) * 0.05);
        let mut all: Vec<Placed> = others.chain([last]).map(placed).collect();
        compare(&mut all);
        all[20].judged.score.confidence >= EVEN_CONFIDENCE
    }

    #[test]
    fn a_match_is_as_worn_as_the_others() {
        assert!(is_match(7.0, 9.0), "all are worn");
        assert!(!is_match(2.5, 8.0), "the others are clean");
        assert!(is_match(2.5, 5.5) && !is_match(7.0, 11.0));
        let mut few = [placed(8.0)];
        compare(&mut few);
        assert!(few[0].judged.score.confidence > placed(8.0).judged.score.confidence - 0.05);
        compare(&mut []);
    }
}
