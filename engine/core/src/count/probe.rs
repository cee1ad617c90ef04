//! Quick tests of a pose: a few places of the exemplar, spread over it, against the page.

use super::hidden;
use super::marks;
use super::matching::{Matcher, length, wide};
use super::pose::Pose;
use super::template::Sample;

/// Places that a quick test looks at, spread over the exemplar.
const PROBES: usize = 40;
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
/// A pose that needs a cut is looked at again: with more slack, and so much may be missing before it.
const CUT_SLACK: f64 = 1.5;
const MAX_ABSENT: f64 = 0.2;

/// The places of a quick test.
#[derive(Debug, Clone, Default)]
pub(super) struct Probes {
    /// Indexes of samples, each as far from those before it as possible.
    pub of: Vec<u32>,
    /// Their directions, see [`marks::bins_of`].
    bins: Vec<f64>,
    /// Their numbers in the order in which lines of some directions, moved over the exemplar, pass them.
    passed: Vec<Vec<u8>>,
}

impl Probes {
    pub(super) fn of(samples: &[Sample]) -> Self {
        let of = spread(samples);
        let places: Vec<&Sample> = of.iter().map(|&i| &samples[i as usize]).collect();
        let bins = places.iter().map(|s| marks::bins_of(wide(s.d))).collect();
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
        Self { bins, passed: (0..CUTS).map(order).collect(), of }
    }

    /// What a symbol may be that is met and missing like this.
    fn verdict(&self, met: &[bool], thorough: bool) -> Verdict {
        let (all, shown) = (met.len() as f64, met.iter().filter(|m| **m).count() as f64);
        if shown >= if thorough { PART_SHARE } else { WHOLE_SHARE } * all {
            return Verdict::Whole;
        }
        let cut = || self.passed.iter().any(|order| parts(order, met) >= CUT_AGREES * all);
        if shown >= LEAST_SHOWN * all && cut() { Verdict::Cut } else { Verdict::None }
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

/// How many probes agree with the best cut across an order: met on one side of it, missing on the other.
fn parts(order: &[u8], met: &[bool]) -> f64 {
    let shown = met.iter().filter(|m| **m).count() as i32;
    let missing = met.len() as i32 - shown;
    // Met before the cut and missing behind it, while the cut moves; and the other way round.
    let (mut forward, mut most) = (missing, missing.max(shown));
    for &n in order {
        forward += if met[usize::from(n)] { 1 } else { -1 };
        most = most.max(forward).max(met.len() as i32 - forward);
    }
    f64::from(most)
}

/// What places of a rough pose may be off.
struct Slack {
    /// Where the pose is exact.
    anchor: [f64; 2],
    base: f64,
    /// More as far from there.
    growth: f64,
}

impl Slack {
    fn of(matcher: &Matcher<'_>, pose: &Pose, anchor: [f64; 2], anchor_length: f64) -> Self {
        let base = matcher.template.tolerance * ROUGH * pose.scale();
        Self { anchor, base, growth: matcher.rounding() / anchor_length }
    }

    /// At a place of the exemplar.
    fn at(&self, p: [f64; 2]) -> f64 {
        let away = length([p[0] - self.anchor[0], p[1] - self.anchor[1]]);
        (self.base + away * self.growth).min(self.base * MAX_ROUGH)
    }
}

impl Matcher<'_> {
    /// Whether the coarse picture of the page leaves a rough pose any hope. `anchor` is where the pose is exact and
    /// `anchor_length` how long the baseline is that gave its turn.
    pub(super) fn glimpse(&self, pose: &Pose, anchor: [f64; 2], anchor_length: f64) -> bool {
        let probes = &self.template.probes;
        let slack = Slack::of(self, pose, anchor, anchor_length);
        let turn = marks::bins_of([pose.re, pose.im]);
        // Mirroring takes a direction to its supplement.
        let side = if pose.mirrored { -1.0 } else { 1.0 };
        let mut met = [false; PROBES];
        let met = &mut met[..probes.of.len()];
        let hit = |n: usize| {
            let p = wide(self.template.samples[probes.of[n] as usize].p);
            let directions = marks::same_direction(side * probes.bins[n] + turn);
            self.page.marks.any(pose.apply(p), slack.at(p), directions)
        };
        gated(met, hit).is_some() && probes.verdict(met, self.thorough) != Verdict::None
    }

    /// How well a rough pose meets the page's strokes, `None` as soon as it is hopeless; as [`Matcher::glimpse`].
    pub(super) fn probe(&self, pose: &Pose, anchor: [f64; 2], anchor_length: f64) -> Option<u32> {
        let probes = &self.template.probes;
        let slack = Slack::of(self, pose, anchor, anchor_length);
        let sample = |n: usize| &self.template.samples[probes.of[n] as usize];
        let mut met = [false; PROBES];
        let met = &mut met[..probes.of.len()];
        let hits = gated(met, |n| {
            let (p, d) = (wide(sample(n).p), wide(sample(n).d));
            self.touches(pose.apply(p), pose.turn(d), slack.at(p))
        })?;
        if probes.verdict(met, self.thorough) == Verdict::None {
            return None;
        }
        // Of poses that pass, those that need the least slack are tried first.
        let close = probes.of.iter().filter(|&&i| {
            let s = &self.template.samples[i as usize];
            self.touches(pose.apply(wide(s.p)), pose.turn(wide(s.d)), slack.base)
        });
        Some((hits + close.count() * 2) as u32)
    }

    /// What [`Matcher::probe`] gives at most.
    pub(super) fn most_hits(&self) -> u32 {
        self.template.probes.of.len() as u32 * 3
    }

    /// Whether a pose that was moved onto the page's strokes meets enough of them to be worth the whole work.
    pub(super) fn worth(&self, pose: &Pose) -> bool {
        let probes = &self.template.probes;
        let settled = if self.page.grain > 0.0 { SETTLED_ON_SCAN } else { SETTLED };
        let r = settled * self.template.tolerance * pose.scale();
        let met = |&i: &u32| {
            let s = &self.template.samples[i as usize];
            self.touches(pose.apply(wide(s.p)), pose.turn(wide(s.d)), r)
        };
        let met: Vec<bool> = probes.of.iter().map(met).collect();
        match probes.verdict(&met, self.thorough) {
            Verdict::None => false,
            Verdict::Whole => true,
            Verdict::Cut => self.cut_off(pose, r * CUT_SLACK),
        }
    }

    /// Whether a stroke of the page cuts off most of what is missing at a pose.
    fn cut_off(&self, pose: &Pose, r: f64) -> bool {
        let there = |s: &Sample| self.touches(pose.apply(wide(s.p)), pose.turn(wide(s.d)), r).then_some(1.0);
        let credits: Vec<Option<f64>> = self.template.samples.iter().map(there).collect();
        hidden::look(self, pose, &credits).absent <= MAX_ABSENT
    }
}

/// Tries each and notes which hit; gives their number, `None` as soon as they are too few.
fn gated(met: &mut [bool], mut hit: impl FnMut(usize) -> bool) -> Option<usize> {
    let (mut hits, mut gate) = (0, 0);
    for (n, met) in met.iter_mut().enumerate() {
        *met = hit(n);
        hits += usize::from(*met);
        if let Some(&(after, needed)) = GATES.get(gate)
            && n + 1 == after
        {
            if hits < needed {
                return None;
            }
            gate += 1;
        }
    }
    (hits * 2 >= met.len()).then_some(hits)
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
        let met = |missing: &[usize]| (0..10).map(|n| !missing.contains(&n)).collect::<Vec<_>>();
        assert_eq!(parts(&order, &met(&[0, 1, 2, 3])), 10.0);
        assert_eq!(parts(&order, &met(&[7, 8, 9])), 10.0);
        assert_eq!(parts(&order, &met(&[3, 5, 7])), 7.0);
        assert_eq!(parts(&order, &met(&[])), 10.0);
    }
}
