//! A pose against the page: quick test, refinement, judgement.

use std::ops::Range;

use super::frame::Frame;
use super::grid::Item;
use super::hidden;
use super::index::PageIndex;
use super::ink::Segment;
use super::nearest::Nearby;
use super::pose::Pose;
use super::stand_in;
use super::surroundings::Surroundings;
use super::template::{Sample, Template};

/// Sine of the largest angle between strokes that can be the same (30 degrees).
pub(super) const MAX_SINE: f32 = 0.5;
/// Sine up to which a stroke counts in full (15 degrees).
const FULL_SINE: f64 = 0.26;
/// Rounding of drawn coordinates, list units: what the ends of an anchor may be off.
const ROUNDING: f64 = 0.15;
/// Search radius of each refinement step, in tolerances.
const REFINE_RADII: [f64; 6] = [4.0, 3.0, 2.0, 1.5, 1.2, 1.2];
/// So many steps on the probes alone tell which poses are worth the whole work.
const ROUGH_STEPS: usize = 2;
/// Share of the samples that must meet a stroke; fewer, and no cut could explain what is missing.
const MIN_MET: f64 = 0.42;
/// How far around the probes and around the samples strokes are looked up, in tolerances: a pose moves on the way.
const LOOK_ROUGH: f64 = 4.3;
const LOOK: f64 = 2.4;
/// Samples that refinement looks at.
pub(super) const REFINE_SAMPLES: usize = 160;
/// A piece longer than this many diameters runs through; it counts for little as the symbol's own, for
/// nothing if another pen drew it.
const THROUGH_DIAMETERS: f64 = 1.5;
const THROUGH_CREDIT: f64 = 0.4;

/// How confidence falls, each past what rounding explains: with the share of the exemplar's ink that
/// is not there at all, with what is there but not quite, with ink that is not the exemplar's, with
/// another pen, with another size, with a filled body's edge instead of an outline, with paint inside the outline where the
/// exemplar has none or the other way round, inside a frame, under a cover.
const ABSENT_SLACK: f64 = 0.01;
const ABSENT_SLOPE: f64 = 4.2;
const LOOSE_SLACK: f64 = 0.01;
const LOOSE_SLOPE: f64 = 1.5;
const EXTRA_SLACK: f64 = 0.03;
const EXTRA_SLOPE: f64 = 3.5;
pub(super) const STYLE_SLOPE: f64 = 0.35;
const SOLID_SLOPE: f64 = 0.3;
const PAINT_SLACK: f64 = 0.05;
const PAINT_SLOPE: f64 = 1.5;
const SIZE_SLACK: f64 = 0.05;
const SIZE_SLOPE: f64 = 0.5;
const FRAME_LOSS: f64 = 0.35;
/// A part of the exemplar, of so many samples and this share of its ink at least, is all there from this share on; what it costs if nothing of
/// it is there, or if all of it is a filled body instead of an outline or the other way round.
const PART_SAMPLES: f64 = 4.0;
const LEAST_PART: f64 = 0.035;
const PART_SHARE: f64 = 0.75;
const PART_SLOPE: f64 = 0.5;
/// Ink that is further off than this, tolerances, is other ink where a piece of the exemplar is looked for.
const LACKING: f64 = 1.2;
/// Places inside a part at least that tell whether it is filled.
const PART_PLACES: usize = 4;
const BODY_SLOPE: f64 = 0.3;
const HIDDEN_SLOPE: f64 = 0.3;

/// The judgement of a pose.
#[derive(Debug, Clone)]
pub(super) struct Score {
    pub confidence: f64,
    /// Share of the exemplar's ink that the page has, of what is not hidden.
    pub coverage: f64,
    /// Ink that would belong to the symbol but is not the exemplar's, as a share of the exemplar's.
    pub extra: f64,
    /// Confidence before foreign ink counts.
    pub base: f64,
    /// What closes around it and not around the exemplar, and the confidence if that tells nothing.
    pub frame: Option<Frame>,
    pub unframed: f64,
    /// Several others show about them what it does and the exemplar does not.
    pub variant: bool,
    /// Whether it is a match rests on its pen alone.
    pub other_pen: bool,
    /// Pieces of page ink that the pose takes for itself.
    pub claims: Vec<(u32, u32)>,
}

impl Score {
    /// Whether it would be a match but for its frame.
    pub(super) fn is_only_framed(&self, threshold: f64) -> bool {
        self.frame.is_some() && self.confidence < threshold && self.unframed >= threshold
    }
}

/// What the samples of a template meet at a pose.
struct Met {
    /// What each sample earns, 0 to 1; `None`: no ink at all.
    credits: Vec<Option<f64>>,
    /// Weight of the ink that is there: all of it, that of the same pen, that of the same body, that of each part.
    all: f64,
    same_pen: f64,
    same_body: f64,
    parts: Vec<f64>,
    claims: Vec<(u32, u32)>,
    /// Page ink of other pens that is there.
    of_others: Vec<u32>,
}

impl Met {
    fn of(template: &Template) -> Self {
        Self {
            credits: Vec::with_capacity(template.samples.len()),
            all: 0.0,
            same_pen: 0.0,
            same_body: 0.0,
            parts: vec![0.0; template.parts.len()],
            claims: Vec::new(),
            of_others: Vec::new(),
        }
    }
}

/// What is known of the page around a pose.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub probes: Nearby,
    pub samples: Nearby,
}

/// A template on a page.
pub(super) struct Matcher<'a> {
    pub page: &'a PageIndex,
    pub template: &'a Template,
    /// Pens must agree.
    pub same_pen: bool,
    /// Poses that lack a large part of the exemplar are looked into, too.
    pub thorough: bool,
}

pub(super) fn wide(v: [f32; 2]) -> [f64; 2] {
    [f64::from(v[0]), f64::from(v[1])]
}

/// As `hypot`, which guards against overflow and takes ten times as long.
pub(super) fn length(v: [f64; 2]) -> f64 {
    (v[0] * v[0] + v[1] * v[1]).sqrt()
}

pub(super) fn narrow(v: [f64; 2]) -> [f32; 2] {
    [v[0] as f32, v[1] as f32]
}

/// A direction of length 1.
pub(super) fn unit(d: [f64; 2]) -> [f32; 2] {
    let n = length(d).max(f64::MIN_POSITIVE);
    [(d[0] / n) as f32, (d[1] / n) as f32]
}

/// Whether a stroke of about the direction `d`, of length 1, passes within `r` of a place.
#[inline]
pub(super) fn passes(s: &Item, p: [f32; 2], d: [f32; 2], r: f32) -> bool {
    s.sine(d) <= MAX_SINE && s.nearest(p, r).is_some()
}

impl Matcher<'_> {
    /// What the ends of an anchor may be off, list units.
    pub(super) fn rounding(&self) -> f64 {
        ROUNDING.max(f64::from(self.page.grain))
    }

    /// Least squares on the strokes that the samples meet, with a shrinking radius; `None` when too few
    /// meet any. Leaves in `known` what lies around the samples there.
    pub(super) fn refine(&self, start: &Pose, known: &mut Known) -> Option<Pose> {
        let (samples, probes) = (&self.template.samples, &self.template.probes.of);
        let mut pose = *start;
        let rough = &mut known.probes;
        rough.clear(probes.len());
        let reach = LOOK_ROUGH * self.template.tolerance * pose.scale();
        for (n, &i) in probes.iter().enumerate() {
            let s = &samples[i as usize];
            rough.look(self, n, s, (pose.apply(wide(s.p)), pose.turn(wide(s.d))), reach);
        }
        for k in REFINE_RADII.into_iter().take(ROUGH_STEPS) {
            let r = k * self.template.tolerance * pose.scale();
            let probes = probes.iter().map(|&i| &samples[i as usize]).enumerate();
            pose = self.refine_once(&pose, r, rough, probes)?;
        }
        if !self.worth(&pose, rough) {
            return None;
        }
        let stride = samples.len().div_ceil(REFINE_SAMPLES).max(1);
        self.look_up(&pose, &mut known.samples, stride);
        for k in REFINE_RADII.into_iter().skip(ROUGH_STEPS) {
            let r = k * self.template.tolerance * pose.scale();
            let samples = samples.iter().enumerate().step_by(stride);
            let next = self.refine_once(&pose, r, &known.samples, samples)?;
            let moved = (next.x - pose.x).hypot(next.y - pose.y);
            let settled = moved < 0.002 * r && (next.re - pose.re).hypot(next.im - pose.im) < 1e-4;
            pose = next;
            if settled && k <= 2.0 {
                break;
            }
        }
        Some(pose)
    }

    /// Looks up what lies around every `stride`th of the samples.
    fn look_up(&self, pose: &Pose, nearby: &mut Nearby, stride: usize) {
        let samples = &self.template.samples;
        nearby.clear(samples.len());
        let reach = LOOK * self.template.tolerance * pose.scale();
        for (n, s) in samples.iter().enumerate().step_by(stride) {
            nearby.look(self, n, s, (pose.apply(wide(s.p)), pose.turn(wide(s.d))), reach);
        }
    }

    fn refine_once<'s>(
        &self,
        pose: &Pose,
        r: f64,
        nearby: &Nearby,
        samples: impl Iterator<Item = (usize, &'s Sample)>,
    ) -> Option<Pose> {
        let mut system = [[0.0_f64; 5]; 4];
        let mut add = |jacobian: [f64; 4], residual: f64, w: f64| {
            for (row, j) in system.iter_mut().zip(jacobian) {
                for (cell, k) in row.iter_mut().zip(jacobian) {
                    *cell += w * j * k;
                }
                row[4] += w * j * residual;
            }
        };
        let (mut met, mut hits, mut tried) = (0.0, 0, 0);
        let through = THROUGH_DIAMETERS * self.template.diameter * pose.scale();
        for (n, s) in samples {
            let p = pose.apply(wide(s.p));
            tried += 1;
            let at = (p, pose.turn(wide(s.d)));
            let Some(hit) = self.nearest((nearby, n), s, at, r, through) else { continue };
            hits += 1;
            let w = f64::from(s.weight) * (1.0 - (hit.distance / r).powi(2)).max(0.0);
            met += w;
            let q = [p[0] - pose.x, p[1] - pose.y];
            let place = hit.place();
            let to = [place[0] - p[0], place[1] - p[1]];
            let along = wide(hit.stroke.d);
            let normal = [-along[1], along[0]];
            let row = |n: [f64; 2]| [n[0], n[1], n[1] * q[0] - n[0] * q[1], n[0] * q[0] + n[1] * q[1]];
            add(row(normal), to[0] * normal[0] + to[1] * normal[1], w);
            // Past an end of the stroke, the end itself holds the sample.
            if hit.at_end() {
                add(row(along), to[0] * along[0] + to[1] * along[1], w);
            }
        }
        if met <= 0.0 || f64::from(hits) < MIN_MET * f64::from(tried) {
            return None;
        }
        let span = (self.template.diameter * pose.scale()).powi(2);
        for (i, damping) in [1e-6, 1e-6, 1e-6 * span, 1e-4 * span].into_iter().enumerate() {
            system[i][i] += damping * met;
        }
        let [dx, dy, turn, grow] = solve(system)?;
        let (turn, grow) = (turn.clamp(-0.2, 0.2), grow.clamp(-0.1, 0.1));
        let (cos, sin) = (turn.cos() * (1.0 + grow), turn.sin() * (1.0 + grow));
        Some(Pose {
            re: pose.re * cos - pose.im * sin,
            im: pose.re * sin + pose.im * cos,
            x: pose.x + dx,
            y: pose.y + dy,
            mirrored: pose.mirrored,
        })
    }

    /// What the samples meet at a pose, ink of other pens that is hatch apart.
    fn meet(&self, pose: &Pose, nearby: &Nearby) -> Met {
        let met = self.meet_but(pose, nearby, &[]);
        if !self.same_pen || !stand_in::matters(self.template.weight, met.all, met.same_pen) {
            return met;
        }
        match stand_in::hatch(self, pose, met.of_others.clone()) {
            hatch if hatch.is_empty() => met,
            hatch => self.meet_but(pose, nearby, &hatch),
        }
    }

    /// What the samples meet, if some of the page's ink, in order, is none.
    fn meet_but(&self, pose: &Pose, nearby: &Nearby, none: &[u32]) -> Met {
        let scale = pose.scale();
        let full = self.template.tolerance * scale;
        let through = THROUGH_DIAMETERS * self.template.diameter * scale;
        let bucket = full.max(0.3);
        let mut met = Met::of(self.template);
        for (n, s) in self.template.samples.iter().enumerate() {
            let at = (pose.apply(wide(s.p)), pose.turn(wide(s.d)));
            let Some(hit) = self.nearest((nearby, n), s, at, full * 2.0, through) else {
                met.credits.push(None);
                continue;
            };
            if !hit.agrees && none.binary_search(&hit.stroke.segment).is_ok() {
                met.credits.push(None);
                continue;
            }
            let mut credit = (2.0 - hit.distance / full).clamp(0.0, 1.0);
            credit *= ((f64::from(MAX_SINE) - hit.sine) / (f64::from(MAX_SINE) - FULL_SINE)).clamp(0.0, 1.0);
            if hit.stroke.length > through as f32 {
                if self.same_pen && !hit.agrees {
                    met.credits.push(None);
                    continue;
                }
                credit *= THROUGH_CREDIT;
            } else if credit > 0.0 {
                met.claims.push((hit.stroke.segment, (f64::from(hit.along) / bucket) as u32));
            }
            if !hit.agrees && credit > 0.0 {
                met.of_others.push(hit.stroke.segment);
            }
            let w = credit * f64::from(s.weight);
            met.all += w;
            met.same_pen += w * f64::from(u8::from(hit.agrees));
            met.same_body += w * f64::from(u8::from(s.solid == hit.stroke.solid()));
            met.parts[usize::from(s.part)] += w;
            met.credits.push(Some(credit));
        }
        met.claims.sort_unstable();
        met.claims.dedup();
        met
    }

    /// The judgement of a refined pose; `known` is what refining left.
    pub(super) fn score(&self, pose: &Pose, known: &Known) -> Score {
        let Met { credits, all, same_pen, same_body, parts, claims, .. } = self.meet(pose, &known.samples);
        let seen = hidden::look(self, pose, &credits);
        let all = all.max(f64::MIN_POSITIVE);
        let loose = 1.0 - seen.coverage - seen.absent;
        let painted = self.page.fills.painted(self.template, pose);
        // Share of places that are painted here and not in the exemplar, or the other way round.
        let other_paint = |places: &Range<usize>| {
            // Too much is painted there, or was around the exemplar, to tell.
            let Some(here) = painted.as_ref().and_then(|p| p.get(places.clone())) else { return 0.0 };
            let own = self.template.painted.get(places.clone()).unwrap_or(here);
            own.iter().zip(here).filter(|(a, b)| a != b).count() as f64 / own.len().max(1) as f64
        };
        let mut base = 1.0
            - ABSENT_SLOPE * (seen.absent - ABSENT_SLACK).max(0.0)
            - LOOSE_SLOPE * (loose - LOOSE_SLACK).max(0.0)
            - HIDDEN_SLOPE * seen.hidden
            - SIZE_SLOPE * (pose.scale().ln().abs() - SIZE_SLACK).max(0.0)
            - SOLID_SLOPE * (1.0 - same_body / all)
            - PAINT_SLOPE * (other_paint(&(0..self.template.spread)) - PAINT_SLACK).max(0.0);
        if self.same_pen {
            base -= STYLE_SLOPE * (1.0 - same_pen / all);
        }
        // What a cut hides of a part says nothing of it; traced strokes waver more than small parts are large.
        if seen.hidden == 0.0 && self.page.grain == 0.0 {
            base -= self.other_parts(&parts, &other_paint);
        }
        let base = base.clamp(0.0, 1.0);
        Score {
            confidence: base,
            coverage: seen.coverage,
            extra: 0.0,
            base,
            frame: None,
            unframed: base,
            variant: false,
            other_pen: false,
            claims,
        }
    }

    /// Whether the page has no ink for most of a piece of the exemplar at a pose.
    pub(super) fn lacks(&self, pose: &Pose, piece: &Segment) -> bool {
        const PLACES: usize = 5;
        // What is there but not quite may be a stroke beside it.
        let reach = self.template.tolerance * pose.scale() * LACKING;
        let along = pose.turn([f64::from(piece.b[0] - piece.a[0]), f64::from(piece.b[1] - piece.a[1])]);
        let there = |k: usize| {
            let p = wide(piece.at((k as f32 + 0.5) / PLACES as f32));
            self.touches(pose.apply(p), along, reach)
        };
        (0..PLACES).filter(|&k| there(k)).count() * 2 < PLACES
    }

    /// What the part costs that is there least or is another body: a small one tells symbols apart that agree in
    /// all the rest. `met` is the weight of each part's ink that is there.
    fn other_parts(&self, met: &[f64], other_paint: &dyn Fn(&Range<usize>) -> f64) -> f64 {
        let all = self.template.weight;
        let least = (PART_SAMPLES * self.template.step).max(LEAST_PART * all);
        let parts = met.iter().zip(&self.template.parts).filter(|(_, p)| p.weight < all && p.weight >= least);
        let costs = parts.map(|(met, part)| {
            let lack = (PART_SHARE - met / part.weight).max(0.0) / PART_SHARE;
            let body = if part.inside.len() >= PART_PLACES { other_paint(&part.inside) } else { 0.0 };
            (PART_SLOPE * lack).max(BODY_SLOPE * body)
        });
        costs.fold(0.0, f64::max)
    }

    /// Lets foreign ink count, past what there is around the exemplar itself.
    pub(super) fn weigh(&self, score: &mut Score, around: Surroundings, own: Surroundings) {
        score.extra = around.extra;
        let extra = (around.extra - own.extra - EXTRA_SLACK).max(0.0);
        score.frame = around.frame.filter(|_| own.frame.is_none());
        let unframed = (score.base - EXTRA_SLOPE * extra).clamp(0.0, 1.0);
        let loss = if score.frame.is_some() { FRAME_LOSS } else { 0.0 };
        (score.unframed, score.confidence) = (unframed, (unframed - loss).max(0.0));
    }
}

/// Gauss–Jordan with pivots; `None` for a singular system.
fn solve(mut m: [[f64; 5]; 4]) -> Option<[f64; 4]> {
    for c in 0..4 {
        let pivot = (c..4).max_by(|&a, &b| m[a][c].abs().total_cmp(&m[b][c].abs()))?;
        if m[pivot][c].abs() < 1e-12 {
            return None;
        }
        m.swap(c, pivot);
        let row = m[c];
        for (r, other) in m.iter_mut().enumerate() {
            if r != c {
                let k = other[c] / row[c];
                other.iter_mut().zip(row).for_each(|(o, v)| *o -= k * v);
            }
        }
    }
    Some([m[0][4] / m[0][0], m[1][4] / m[1][1], m[2][4] / m[2][2], m[3][4] / m[3][3]])
}
