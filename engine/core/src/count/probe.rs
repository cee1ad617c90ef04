//! Quick tests of a pose: a few places of the exemplar, spread over it, against the page.

use super::hidden;
use super::marks::{self, Marks};
use super::matching::{Matcher, length, wide};
use super::nearest::Nearby;
use super::pose::Pose;
use super::template::Sample;

/// Places that a quick test looks at, spread over the exemplar.
const PROBES: usize = 40;
/// What a probe is worth that is met closely; any other that is met counts once.
pub(super) const HITS_A_PLACE: u32 = 3;
/// After so many probes, this many must have hit.
const GATES: [(usize, usize); 4] = [(6, 3), (12, 6), (24, 12), (40, 20)];
/// What a rough pose may be off, in tolerances; more as far from where it is exact as its baseline is short.
const ROUGH: f64 = 1.5;
const MAX_ROUGH: f64 = 3.0;
/// Share of the probes that a symbol meets that is not cut off.
const WHOLE_SHARE: f64 = 0.8;
/// Share that is enough for a thorough look.
const PART_SHARE: f64 = 0.5;
/// How near they are met, in tolerances, once the pose was moved onto the page's strokes; on scans strokes waver.
const SETTLED: f64 = 1.3;
const SETTLED_ON_SCAN: f64 = 2.0;
/// Directions in which a cut is looked for, over half a turn.
const CUTS: usize = 12;
/// Where a cut explains what is missing, at least this share of the probes is met before it and missing behind
/// it; and no cut leaves less than this share.
const CUT_AGREES: f64 = 0.85;
const LEAST_SHOWN: f64 = 0.4;
/// What a cut takes from a rough pose's rank, as a share of the probes: one that is whole goes first.
const CUT_COST: f64 = 0.3;
/// A pose that needs a cut is looked at again: with more slack, and so much may be missing before it.
const CUT_SLACK: f64 = 1.5;
const MAX_ABSENT: f64 = 0.2;

/// The places of a quick test.
#[derive(Debug, Clone, Default)]
pub(super) struct Probes {
    /// Indexes of samples, each as far from those before it as possible.
    pub of: Vec<u32>,
    /// Where they are, and their directions, also as [`marks::bins_of`] has them.
    places: Vec<[f64; 2]>,
    directions: Vec<[f64; 2]>,
    bins: Vec<f64>,
    /// Their numbers in the order in which lines of some directions, moved over the exemplar, pass them.
    passed: Vec<Vec<u8>>,
}

impl Probes {
    pub(super) fn of(samples: &[Sample]) -> Self {
        let of = spread(samples);
        let places: Vec<&Sample> = of.iter().map(|&i| &samples[i as usize]).collect();
        let directions: Vec<[f64; 2]> = places.iter().map(|s| wide(s.d)).collect();
        let bins = directions.iter().map(|d| marks::bins_of(*d)).collect();
        let order = |k: usize| {
            let (sin, cos) = (std::f64::consts::PI * k as f64 / CUTS as f64).sin_cos();
            let off = |n: u8| {
                let p = wide(places[usize::from(n)].p);
                p[0] * cos + p[1] * sin
            };
            let mut order: Vec<u8> = (0..places.len() as u8).collect();
            order.sort_by(|&p, &q| off(p).total_cmp(&off(q)));
            order
        };
        let passed = (0..CUTS).map(order).collect();
        Self { bins, passed, places: places.iter().map(|s| wide(s.p)).collect(), directions, of }
    }

    /// What a symbol may be that is met and missing like this.
    fn verdict(&self, met: &[bool], thorough: bool) -> Verdict {
        let (all, shown) = (met.len() as f64, met.iter().filter(|m| **m).count() as f64);
        if shown >= if thorough { PART_SHARE } else { WHOLE_SHARE } * all {
            return Verdict::Whole;
        }
        let cut = || self.agreements(met).any(|agree| f64::from(agree) >= CUT_AGREES * all);
        if shown >= LEAST_SHOWN * all && cut() { Verdict::Cut } else { Verdict::None }
    }

    /// By direction, how many places agree with the best straight cut: met on one side of it and missing on the other.
    fn agreements(&self, met: &[bool]) -> impl Iterator<Item = i32> {
        let mut steps = [0; PROBES];
        steps.iter_mut().zip(met).for_each(|(step, met)| *step = if *met { 1 } else { -1 });
        self.passed.iter().map(move |order| parts(order, &steps))
    }
}

/// What a few places of a pose say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    None,
    /// What is missing lies behind a straight line.
    Cut,
    /// Nearly all is there.
    Whole,
}

/// How many probes agree with the best cut across an order: met on one side of it, missing on the other. By number of
/// the probe, `steps` has 1 where it is met, and -1.
fn parts(order: &[u8], steps: &[i32; PROBES]) -> i32 {
    let all = order.len() as i32;
    let missing = steps[..order.len()].iter().filter(|s| **s < 0).count() as i32;
    // Met before the cut and missing behind it, while the cut moves; what is left agrees the other way round.
    let (mut forward, mut most, mut least) = (missing, missing, missing);
    for &n in order {
        forward += steps[usize::from(n)];
        most = most.max(forward);
        least = least.min(forward);
    }
    most.max(all - least)
}

/// Where rough poses are exact, and what the places of a quick test may be off for that.
#[derive(Debug, Clone)]
pub(super) struct Anchor {
    /// For a pose that does not resize.
    off: [f64; PROBES],
}

impl Anchor {
    /// At a place of the exemplar; `baseline` is the length of what gives the turn.
    pub(super) fn of(matcher: &Matcher<'_>, at: [f64; 2], baseline: f64) -> Self {
        let growth = matcher.rounding() / baseline;
        let mut off = [0.0; PROBES];
        for (off, p) in off.iter_mut().zip(&matcher.template.probes.places) {
            *off = length([p[0] - at[0], p[1] - at[1]]) * growth;
        }
        Self { off }
    }
}

/// What places of a rough pose may be off.
struct Slack<'a> {
    base: f64,
    /// More as far from the anchor.
    more: &'a [f64; PROBES],
}

impl<'a> Slack<'a> {
    fn of(matcher: &Matcher<'_>, pose: &Pose, anchor: &'a Anchor) -> Self {
        Self { base: matcher.template.tolerance * ROUGH * pose.scale(), more: &anchor.off }
    }

    /// At a probe.
    fn at(&self, n: usize) -> f64 {
        (self.base + self.more[n]).min(self.base * MAX_ROUGH)
    }
}

impl Matcher<'_> {
    /// How many of its places a rough pose meets on coarse pictures of the page, by place; `None` if that leaves no hope.
    pub(super) fn glimpse<'m>(
        &self,
        marks: impl Fn(usize) -> &'m Marks,
        pose: &Pose,
        anchor: &Anchor,
    ) -> Option<u32> {
        let probes = &self.template.probes;
        let slack = Slack::of(self, pose, anchor);
        let turn = marks::bins_of([pose.re, pose.im]);
        // Mirroring takes a direction to its supplement.
        let side = if pose.mirrored { -1.0 } else { 1.0 };
        let mut met = [false; PROBES];
        let met = &mut met[..probes.of.len()];
        let hit = |n: usize| {
            let direction = marks::bin(side * probes.bins[n] + turn);
            marks(n).any(pose.apply(probes.places[n]), slack.at(n), direction)
        };
        let hits = gated(met, hit)? as u32;
        match probes.verdict(met, self.thorough) {
            Verdict::None => None,
            Verdict::Whole => Some(hits),
            // As in [`Matcher::probe`], in places.
            Verdict::Cut => {
                let agree = probes.agreements(met).max().unwrap_or(0);
                Some(
                    hits.max(
                        (f64::from(agree) - CUT_COST * met.len() as f64 / f64::from(HITS_A_PLACE)) as u32,
                    ),
                )
            }
        }
    }

    /// How well a rough pose meets the page's strokes, `None` as soon as it is hopeless.
    pub(super) fn probe(&self, pose: &Pose, anchor: &Anchor) -> Option<u32> {
        let probes = &self.template.probes;
        let slack = Slack::of(self, pose, anchor);
        let mut met = [false; PROBES];
        let met = &mut met[..probes.of.len()];
        let mut close = 0;
        let hits = gated(met, |n| {
            let (p, d) = (pose.apply(probes.places[n]), pose.turn(probes.directions[n]));
            let nearer = self.nearer(p, d, slack.at(n), slack.base);
            close += u32::from(nearer == Some(true));
            nearer.is_some()
        })?;
        let verdict = probes.verdict(met, self.thorough);
        // Of poses that pass, those that need the least slack are tried first.
        let whole = hits as u32 + close * (HITS_A_PLACE - 1);
        match verdict {
            Verdict::None => None,
            Verdict::Whole => Some(whole),
            // As close as what is shown would be whole, so that ink which meets some of it anywhere does not go before.
            Verdict::Cut => {
                let agree = probes.agreements(met).max().unwrap_or(0);
                let shown = f64::from(agree) * f64::from(whole) / hits.max(1) as f64;
                Some(whole.max((shown - CUT_COST * met.len() as f64) as u32))
            }
        }
    }

    /// What [`Matcher::probe`] gives at most.
    pub(super) fn most_hits(&self) -> u32 {
        self.template.probes.of.len() as u32 * HITS_A_PLACE
    }

    /// Whether a pose that was moved onto the page's strokes meets enough of them to be worth the whole work.
    pub(super) fn worth(&self, pose: &Pose, nearby: &Nearby) -> bool {
        let probes = &self.template.probes;
        let settled = if self.page.grain > 0.0 { SETTLED_ON_SCAN } else { SETTLED };
        let r = settled * self.template.tolerance * pose.scale();
        let mut met = [false; PROBES];
        let met = &mut met[..probes.of.len()];
        for (n, met) in met.iter_mut().enumerate() {
            let (p, d) = (pose.apply(probes.places[n]), pose.turn(probes.directions[n]));
            *met = self.touches_of((nearby, n), p, d, r);
        }
        match probes.verdict(met, self.thorough) {
            Verdict::None => false,
            Verdict::Whole => true,
            Verdict::Cut => self.cut_off(pose, r * CUT_SLACK),
        }
    }

    /// Whether a stroke of the page cuts off most of what is missing at a pose.
    fn cut_off(&self, pose: &Pose, r: f64) -> bool {
        let most = self.template.weight * hidden::MAX_HIDDEN * (1.0 + 1e-9);
        let (mut credits, mut absent) = (Vec::with_capacity(self.template.samples.len()), 0.0);
        for s in &self.template.samples {
            let there = self.touches(pose.apply(wide(s.p)), pose.turn(wide(s.d)), r);
            absent += if there { 0.0 } else { f64::from(s.weight) };
            // No cut hides so much.
            if absent > most {
                return false;
            }
            credits.push(there.then_some(1.0));
        }
        hidden::at_most(self, pose, &credits, MAX_ABSENT)
    }
}

/// Tries each and notes which hit; gives their number, `None` as soon as they must be too few.
fn gated(met: &mut [bool], mut hit: impl FnMut(usize) -> bool) -> Option<usize> {
    let all = met.len();
    // How many may miss before the next gate, and in the end.
    let may_miss = |gate: usize| match GATES.get(gate) {
        Some(&(after, needed)) if after <= all => after - needed,
        _ => all / 2,
    };
    let (mut misses, mut gate) = (0, 0);
    // So many are looked at in any case: none of them waits for what another says.
    let first = may_miss(0).min(all);
    for (n, met) in met[..first].iter_mut().enumerate() {
        *met = hit(n);
    }
    for (n, met) in met.iter_mut().enumerate() {
        if n >= first {
            *met = hit(n);
        }
        misses += usize::from(!*met);
        if misses > may_miss(gate) {
            return None;
        }
        gate += usize::from(GATES.get(gate).is_some_and(|g| g.0 == n + 1));
    }
    Some(all - misses)
}

/// Farthest-first order of up to [`PROBES`] samples of full weight.
fn spread(samples: &[Sample]) -> Vec<u32> {
    let top = samples.iter().map(|s| s.weight).fold(0.0, f32::max);
    let of_weight: Vec<u32> =
        (0..samples.len() as u32).filter(|&i| samples[i as usize].weight >= top * 0.99).collect();
    let mut far: Vec<f32> = vec![f32::INFINITY; of_weight.len()];
    let mut probes = Vec::new();
    let mut next = 0;
    while probes.len() < PROBES.min(of_weight.len()) {
        let chosen = samples[of_weight[next] as usize];
        probes.push(of_weight[next]);
        let mut best = (f32::NEG_INFINITY, 0);
        for (k, &i) in of_weight.iter().enumerate() {
            let o = samples[i as usize];
            let d = (o.p[0] - chosen.p[0]).hypot(o.p[1] - chosen.p[1]);
            far[k] = far[k].min(d);
            if far[k] > best.0 {
                best = (far[k], k);
            }
        }
        next = best.1;
    }
    probes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_behind_a_cut_may_be_missing_and_nothing_else() {
        let order: Vec<u8> = (0..10).collect();
        let met = |missing: &[usize]| std::array::from_fn(|n| if missing.contains(&n) { -1 } else { 1 });
        assert_eq!(parts(&order, &met(&[0, 1, 2, 3])), 10);
        assert_eq!(parts(&order, &met(&[7, 8, 9])), 10);
        assert_eq!(parts(&order, &met(&[3, 5, 7])), 7);
        assert_eq!(parts(&order, &met(&[])), 10);
    }
    #[test]
    fn too_few_are_noticed_as_soon_as_they_must_be() {
        let (mut state, mut given_up) = (1_u64, 0);
        for n in 0..20_000_usize {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Fewer and more hits in turns.
            let bits = if n % 2 == 0 { state >> 20 } else { (state >> 20) | (state >> 7) };
            let all = 1 + n % PROBES;
            let hit = |k: usize| bits >> k & 1 == 1;
            let hits = |k: usize| (0..k).filter(|&k| hit(k)).count();
            let passes = GATES.iter().all(|&(after, needed)| after > all || hits(after) >= needed);
            let expected = (passes && hits(all) * 2 >= all).then(|| hits(all));
            let mut tried = 0;
            let given = gated(&mut vec![false; all], |k| {
                tried += 1;
                hit(k)
            });
            assert_eq!(given, expected, "{bits:b} of {all}");
            given_up += usize::from(tried < all);
        }
        assert!(given_up > 1_000, "{given_up}");
    }
}
