//! An exemplar's ink in the form that searching needs.

use super::ink::{Ink, InkStyle, Segment};
use super::inkmap::InkMap;
use super::pose::Pose;
use super::probe::Probes;
use super::runs::{Baseline, Loop, Runs};
use super::surroundings::Surroundings;
use super::symmetry;
use crate::budget::{Budget, Exhausted};

/// Samples of one exemplar at most.
const MAX_SAMPLES: f32 = 400.0;
/// Distance at which ink counts as the same, as a share of the exemplar's diameter, and its limits
/// in list units: below the lower one drawings are rounded, above the upper one detail is lost.
const TOLERANCE_SHARE: f32 = 0.02;
const TOLERANCE_MIN: f32 = 0.25;
const TOLERANCE_MAX: f32 = 0.8;
/// The same in pixels of a scan.
const GRAIN_TOLERANCE: f32 = 1.8;
/// Width to length below which a shape is slender.
const SLENDER: f32 = 0.4;
/// Places along the longer side of the outline at which paint is looked for.
const PLACES_A_SIDE: u32 = 18;

/// A place on the exemplar's ink, relative to the exemplar's middle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub p: [f32; 2],
    /// Unit direction of the stroke.
    pub d: [f32; 2],
    /// Length of ink that it stands for; texture counts for less.
    pub weight: f32,
    pub style: InkStyle,
    pub solid: bool,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub samples: Vec<Sample>,
    pub probes: Probes,
    pub weight: f64,
    /// Middle of the ink.
    pub centroid: [f64; 2],
    pub hull: Vec<[f64; 2]>,
    /// Places inside the outline, evenly spread, and which of them the exemplar has painted.
    pub inside: Vec<[f64; 2]>,
    pub painted: Vec<bool>,
    pub map: InkMap,
    /// Diagonal of the ink's box, list units.
    pub diameter: f64,
    pub tolerance: f64,
    /// Distance of samples along the ink.
    pub step: f64,
    /// What is around the exemplar itself and so is no reason to doubt an instance.
    pub own: Surroundings,
    pub lines: Vec<Baseline>,
    pub curves: Vec<Baseline>,
    pub loops: Vec<Loop>,
    /// Poses that bring the exemplar onto itself, the identity first.
    pub symmetries: Vec<Pose>,
    /// Every turn brings it onto itself.
    pub round: bool,
    /// Much longer than wide: two of them can cross.
    pub slender: bool,
}

impl Template {
    /// `ink` relative to the exemplar's middle, with a weight for each segment. Not empty.
    pub(super) fn of(ink: &Ink, weights: &[f32], grain: f32, budget: &Budget) -> Result<Self, Exhausted> {
        let (mut half_w, mut half_h, mut total) = (0.0_f32, 0.0_f32, 0.0_f32);
        for s in &ink.segments {
            half_w = half_w.max(s.a[0].abs()).max(s.b[0].abs());
            half_h = half_h.max(s.a[1].abs()).max(s.b[1].abs());
            total += s.length();
        }
        let diameter = 2.0 * half_w.hypot(half_h);
        let tolerance =
            (diameter * TOLERANCE_SHARE).clamp(TOLERANCE_MIN, TOLERANCE_MAX).max(grain * GRAIN_TOLERANCE);
        let step = (total / MAX_SAMPLES).max(tolerance * 0.6);
        let samples = sample(ink, weights, step);
        budget.spend(samples.len() as u64)?;
        let runs = Runs::link(ink, budget)?;
        let map = InkMap::of(samples.iter().map(|s| (&s.p, &s.d)), tolerance * 1.5 + step * 0.5);
        let mut template = Self {
            probes: Probes::of(&samples),
            centroid: centroid(&samples),
            weight: samples.iter().map(|s| f64::from(s.weight)).sum(),
            hull: convex_hull(samples.iter().map(|s| [f64::from(s.p[0]), f64::from(s.p[1])]).collect()),
            samples,
            map,
            diameter: f64::from(diameter),
            tolerance: f64::from(tolerance),
            step: f64::from(step),
            inside: Vec::new(),
            painted: Vec::new(),
            own: Surroundings::default(),
            lines: runs.lines,
            curves: runs.curves,
            loops: runs.loops,
            symmetries: Vec::new(),
            round: false,
            slender: half_w.min(half_h) < SLENDER * half_w.max(half_h),
        };
        template.inside = template.places_inside();
        (template.symmetries, template.round) = symmetry::of(&template, step);
        Ok(template)
    }

    /// A raster of places inside the outline and off the ink: a stroke drawn as an area paints only itself.
    fn places_inside(&self) -> Vec<[f64; 2]> {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for corner in &self.hull {
            for axis in 0..2 {
                low[axis] = low[axis].min(corner[axis]);
                high[axis] = high[axis].max(corner[axis]);
            }
        }
        let pitch = (high[0] - low[0]).max(high[1] - low[1]) / f64::from(PLACES_A_SIDE);
        let places = (0..PLACES_A_SIDE).flat_map(|row| (0..PLACES_A_SIDE).map(move |column| (row, column)));
        places
            .map(|(row, column)| {
                [low[0] + pitch * (f64::from(column) + 0.5), low[1] + pitch * (f64::from(row) + 0.5)]
            })
            .filter(|&p| self.encloses(p, self.tolerance) && !self.map.near(p))
            .collect()
    }

    /// Inside the outline of the ink, at least `margin` away from it.
    pub(super) fn encloses(&self, p: [f64; 2], margin: f64) -> bool {
        let n = self.hull.len();
        n >= 3
            && (0..n).all(|i| {
                let (a, b) = (self.hull[i], self.hull[(i + 1) % n]);
                let (ex, ey) = (b[0] - a[0], b[1] - a[1]);
                ex * (p[1] - a[1]) - ey * (p[0] - a[0]) >= margin * ex.hypot(ey)
            })
    }
}

/// Oriented points every `step` along the ink; ink that is drawn twice is sampled once.
fn sample(ink: &Ink, weights: &[f32], step: f32) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    let mut cells: rustc_hash::FxHashMap<(i32, i32), Vec<u32>> = rustc_hash::FxHashMap::default();
    let cell_of = |p: [f32; 2]| ((p[0] / step).floor() as i32, (p[1] / step).floor() as i32);
    // Distance to the next sample is carried over from piece to piece, so that short chords count.
    let mut carry = step * 0.5;
    for (i, (s, &share)) in ink.segments.iter().zip(weights).enumerate() {
        let length = s.length();
        let d = [(s.b[0] - s.a[0]) / length, (s.b[1] - s.a[1]) / length];
        let mut along = carry;
        while along < length {
            let p = s.at(along / length);
            let (cx, cy) = cell_of(p);
            let drawn = (-1..=1).any(|dx| {
                (-1..=1).any(|dy| {
                    cells.get(&(cx + dx, cy + dy)).is_some_and(|list| {
                        list.iter().any(|&k| {
                            let o: &Sample = &samples[k as usize];
                            (o.p[0] - p[0]).hypot(o.p[1] - p[1]) < step * 0.6
                                && (o.d[0] * d[1] - o.d[1] * d[0]).abs() < 0.35
                        })
                    })
                })
            });
            if !drawn {
                cells.entry((cx, cy)).or_default().push(samples.len() as u32);
                samples.push(Sample {
                    p,
                    d,
                    weight: step * share,
                    style: ink.styles[s.style as usize],
                    solid: s.solid,
                });
            }
            along += step;
        }
        let joined = ink.joined.get(i).copied().unwrap_or(false);
        carry = if joined || length < step { (along - length).min(step) } else { step * 0.5 };
    }
    samples
}

fn centroid(samples: &[Sample]) -> [f64; 2] {
    let (mut x, mut y, mut n) = (0.0, 0.0, f64::MIN_POSITIVE);
    for s in samples {
        let w = f64::from(s.weight);
        x += w * f64::from(s.p[0]);
        y += w * f64::from(s.p[1]);
        n += w;
    }
    [x / n, y / n]
}

/// Counter-clockwise in coordinates with y up; corners only (monotone chain).
pub(super) fn convex_hull(mut points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let cross =
        |o: [f64; 2], a: [f64; 2], b: [f64; 2]| (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
    let half = |points: &mut dyn Iterator<Item = [f64; 2]>| {
        let mut hull: Vec<[f64; 2]> = Vec::new();
        for p in points {
            while hull.len() >= 2 && cross(hull[hull.len() - 2], hull[hull.len() - 1], p) <= 1e-9 {
                hull.pop();
            }
            hull.push(p);
        }
        hull.pop();
        hull
    };
    let mut hull = half(&mut points.iter().copied());
    hull.extend(half(&mut points.iter().rev().copied()));
    hull
}

/// The segments of an ink moved so that `middle` becomes the origin.
pub(super) fn centred(segments: &[Segment], middle: [f32; 2]) -> Vec<Segment> {
    let moved = |p: [f32; 2]| [p[0] - middle[0], p[1] - middle[1]];
    segments.iter().map(|s| Segment { a: moved(s.a), b: moved(s.b), ..*s }).collect()
}
