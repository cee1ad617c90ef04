//! Instances of which a part was cut away: half under a table, trimmed at a wall.

use super::matching::Matcher;
use super::pose::Pose;
use super::template::Sample;
use crate::geom::clip;

/// Shares of missing ink between which a cut is looked for.
const MIN_ABSENT: f64 = 0.05;
pub(super) const MAX_HIDDEN: f64 = 0.55;
/// Behind a cut, at least this share of the ink is missing; of all that is missing, at least this
/// share lies behind it.
const MISSING_BEHIND: f64 = 0.85;
const BEHIND_OF_MISSING: f64 = 0.85;
/// Strokes that the cut must interrupt.
const MIN_INTERRUPTED: usize = 2;
/// Length of a cutting line within the outline's box, in diameters.
const MIN_CUT: f32 = 0.3;
/// Samples nearer to a cut than this (tolerances) do not tell on which side they are.
const NEAR: f64 = 2.5;
/// Whether a stroke goes on behind a cut is looked up this far behind it, in distances of `NEAR`; a stroke
/// flatter to the cut than this sine says nothing.
const BEYOND: f64 = 1.2;
const MIN_ACROSS: f64 = 0.2;
/// Lines looked at.
const MAX_LINES: usize = 64;

/// What of the exemplar's ink the page shows at a pose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Share of the visible ink that is there, and that is not there at all.
    pub coverage: f64,
    pub absent: f64,
    /// Share of all ink that a cut hides.
    pub hidden: f64,
}

/// Sums up what each sample earned (`None`: no ink at all), looking for a cut if much is missing.
pub(super) fn look(matcher: &Matcher<'_>, pose: &Pose, credits: &[Option<f64>]) -> Seen {
    let everything = sum(matcher, credits, |_| true);
    if everything.absent < MIN_ABSENT || everything.absent > MAX_HIDDEN {
        return everything;
    }
    let less = |best: Seen, seen: Seen| if seen.absent < best.absent { seen } else { best };
    behind_lines(matcher, pose, credits).fold(everything, less)
}

/// Whether no more than a share of the ink is missing, where a cut hides the rest: whether [`look`] says so.
pub(super) fn at_most(matcher: &Matcher<'_>, pose: &Pose, credits: &[Option<f64>], absent: f64) -> bool {
    let everything = sum(matcher, credits, |_| true).absent;
    let may_be_cut = (MIN_ABSENT..=MAX_HIDDEN).contains(&everything);
    everything <= absent
        || may_be_cut && behind_lines(matcher, pose, credits).any(|seen| seen.absent <= absent)
}

/// What is seen when all that lies behind each of the lines that may cut is taken for hidden.
fn behind_lines<'s>(
    matcher: &'s Matcher<'_>,
    pose: &'s Pose,
    credits: &'s [Option<f64>],
) -> impl Iterator<Item = Seen> + 's {
    let lines = cutting_lines(matcher, pose);
    let samples = if lines.is_empty() { &[][..] } else { &matcher.template.samples };
    let placed: Vec<[f64; 2]> = samples.iter().map(|s| pose.apply(wide(s.p))).collect();
    lines.into_iter().filter_map(move |(a, b)| behind(matcher, pose, credits, &placed, a, b))
}

fn wide(p: [f32; 2]) -> [f64; 2] {
    [f64::from(p[0]), f64::from(p[1])]
}

fn sum(matcher: &Matcher<'_>, credits: &[Option<f64>], visible: impl Fn(usize) -> bool) -> Seen {
    let mut sums = Sums::default();
    for (i, (credit, s)) in credits.iter().zip(&matcher.template.samples).enumerate() {
        if visible(i) {
            sums.add(credit, s);
        }
    }
    sums.seen(matcher)
}

/// Weights of samples.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    covered: f64,
    absent: f64,
    shown: f64,
}

impl Sums {
    fn add(&mut self, credit: &Option<f64>, s: &Sample) {
        let w = f64::from(s.weight);
        self.shown += w;
        match credit {
            Some(c) => self.covered += c * w,
            None => self.absent += w,
        }
    }

    fn seen(&self, matcher: &Matcher<'_>) -> Seen {
        let all = self.shown.max(f64::MIN_POSITIVE);
        Seen {
            coverage: self.covered / all,
            absent: self.absent / all,
            hidden: 1.0 - self.shown / matcher.template.weight,
        }
    }
}

/// Straight pieces across the outline's box that are not the exemplar's own.
fn cutting_lines(matcher: &Matcher<'_>, pose: &Pose) -> Vec<([f64; 2], [f64; 2])> {
    let template = matcher.template;
    let area = template.outline(pose);
    let least = (template.diameter * pose.scale()) as f32 * MIN_CUT;
    let mut lines = Vec::new();
    for i in matcher.page.grid.within(&area) {
        let s = &matcher.page.segments[i as usize];
        let Some((a, b)) = clip(s.a, s.b, &area) else { continue };
        if (b[0] - a[0]).hypot(b[1] - a[1]) < least {
            continue;
        }
        let d = pose.unturn([f64::from(b[0] - a[0]), f64::from(b[1] - a[1])]);
        let on_ink = |t: f32| template.map.has(pose.invert(wide(s.at(t))), d);
        if ![0.2, 0.5, 0.8].into_iter().all(on_ink) {
            lines.push((wide(s.a), wide(s.b)));
        }
        if lines.len() == MAX_LINES {
            break;
        }
    }
    lines
}

/// What is seen when all that lies behind a line is taken for hidden; `None` if the line hides nothing.
fn behind(
    matcher: &Matcher<'_>,
    pose: &Pose,
    credits: &[Option<f64>],
    placed: &[[f64; 2]],
    a: [f64; 2],
    b: [f64; 2],
) -> Option<Seen> {
    let template = matcher.template;
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = dx.hypot(dy);
    // Distance to the left of the line; near it, the stroke's cut end still answers for a sample.
    let off = |p: &[f64; 2]| (dx * (p[1] - a[1]) - dy * (p[0] - a[0])) / length;
    let near = template.tolerance * pose.scale() * NEAR;
    let offs: Vec<f64> = placed.iter().map(off).collect();
    let mut sides = [Sums::default(); 2];
    for ((off, credit), s) in offs.iter().zip(credits).zip(&template.samples) {
        if off.abs() > near {
            sides[usize::from(*off < 0.0)].add(credit, s);
        }
    }
    let [left, right] = sides.map(|side| {
        let of_side = side.seen(matcher);
        (of_side.absent, of_side.absent * (1.0 - of_side.hidden))
    });
    let sign = if left.0 > right.0 { 1.0 } else { -1.0 };
    let (share, weight) = if sign > 0.0 { left } else { right };
    if share < MISSING_BEHIND || weight < BEHIND_OF_MISSING * (left.1 + right.1) {
        return None;
    }
    let reach = template.step * 1.7;
    // A stroke that goes on where the cut hides all is not interrupted: the line only crosses it.
    let goes_on = |s: &Sample, off: f64| {
        let (p, d) = (pose.apply(wide(s.p)), pose.turn(wide(s.d)));
        let across = (dx * d[1] - dy * d[0]) / length / d[0].hypot(d[1]);
        if across.abs() < MIN_ACROSS {
            return true;
        }
        // Along the stroke to a place well behind the line.
        let along = (near * BEYOND * sign - off) / across / d[0].hypot(d[1]);
        let beyond = [p[0] + d[0] * along, p[1] + d[1] * along];
        matcher.touches(beyond, d, template.tolerance * pose.scale() * 1.5)
    };
    let interrupted = (1..offs.len()).filter(|&i| {
        let (p, q) = (&template.samples[i - 1], &template.samples[i]);
        (offs[i - 1] > 0.0) != (offs[i] > 0.0)
            && f64::from((p.p[0] - q.p[0]).hypot(p.p[1] - q.p[1])) <= reach
            && (p.d[0] * q.d[1] - p.d[1] * q.d[0]).abs() < 0.5
            && !goes_on(q, offs[i])
    });
    if interrupted.count() < MIN_INTERRUPTED {
        return None;
    }
    let seen = sum(matcher, credits, |i| offs[i] * sign <= 0.0 || credits[i].is_some_and(|c| c > 0.5));
    (seen.hidden <= MAX_HIDDEN).then_some(seen)
}
