//! An exemplar's ink in the form that searching needs.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::beside::Beside;
use super::ink::{Ink, InkStyle, Segment};
use super::inkmap::InkMap;
use super::matching::length;
use super::pose::Pose;
use super::probe::Probes;
use super::runs::{Baseline, Loop, Runs};
use super::surroundings::Surroundings;
use super::symmetry;
use super::variant::{self, Around};
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;

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
const SLENDER: f64 = 0.4;
/// Ends this close meet, list units.
const MEETING: f32 = 0.15;
/// Edges of areas this close to each other overlap, list units; of more edges than this all are taken for one part.
const OVERLAP: f32 = 0.6;
const MAX_SOLID: usize = 600;
/// Places along the longer side of the outline at which paint is looked for.
const PLACES_A_SIDE: u32 = 18;
/// The same for a part.
const PLACES_A_SIDE_OF_PART: u32 = 10;

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
    /// The part of the exemplar that it lies on.
    pub part: u16,
}

/// Strokes of an exemplar that hang together end to end.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub weight: f64,
    /// Which of the template's places lie inside it.
    pub inside: Range<usize>,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub samples: Vec<Sample>,
    pub probes: Probes,
    pub weight: f64,
    /// What drew the ink.
    pub pens: Vec<InkStyle>,
    /// By the numbers that the lines below have for their pens.
    pub styles: Vec<InkStyle>,
    /// Strokes that hang together end to end.
    pub parts: Vec<Part>,
    /// Middle of the ink.
    pub centroid: [f64; 2],
    pub hull: Vec<[f64; 2]>,
    sides: Sides,
    /// Places inside the outline, evenly spread, then those inside each part; and which of them the exemplar has
    /// painted.
    pub inside: Vec<[f64; 2]>,
    pub painted: Vec<bool>,
    /// How many are of the whole outline.
    pub spread: usize,
    pub map: InkMap,
    /// A wider map of it.
    pub near: InkMap,
    /// Diagonal of the smallest box around the ink, however it is turned, list units.
    pub diameter: f64,
    /// Smaller side of that box.
    pub width: f64,
    pub tolerance: f64,
    /// Distance of samples along the ink.
    pub step: f64,
    /// What is around the exemplar itself and so is no reason to doubt an instance.
    pub own: Surroundings,
    /// What passes there.
    pub beside: Option<Beside>,
    /// What is there and goes nowhere else.
    pub around: Around,
    pub lines: Vec<Baseline>,
    pub curves: Vec<Baseline>,
    pub loops: Vec<Loop>,
    /// Poses that bring the exemplar onto itself, the identity first.
    pub symmetries: Vec<Pose>,
    /// Those by which not even a small part tells it from itself, without the identity.
    pub exact: Vec<Pose>,
    /// Every turn brings it onto itself.
    pub round: bool,
    /// Much longer than wide: two of them can cross.
    pub slender: bool,
}

impl Template {
    /// Box of the ink at a pose, list units.
    pub(super) fn outline(&self, pose: &Pose) -> ListRect {
        let mut outline = ListRect::EMPTY;
        for &corner in &self.hull {
            let p = pose.apply(corner);
            outline.add(p[0] as f32, p[1] as f32);
        }
        outline
    }

    /// Box of the ink in the exemplar's own frame.
    pub(super) fn bounds(&self) -> ListRect {
        let mut bounds = ListRect::EMPTY;
        self.hull.iter().for_each(|p| bounds.add(p[0] as f32, p[1] as f32));
        bounds
    }

    /// Of the ink's box as it is drawn.
    pub(super) fn smaller_side(&self) -> f64 {
        let bounds = self.bounds();
        f64::from((bounds.right - bounds.left).min(bounds.bottom - bounds.top))
    }

    /// `ink` relative to the exemplar's middle, with a weight for each segment. Not empty.
    pub(super) fn of(ink: &Ink, weights: &[f32], grain: f32, budget: &Budget) -> Result<Self, Exhausted> {
        let total: f32 = ink.segments.iter().map(Segment::length).sum();
        let ends = ink.segments.iter().flat_map(|s| [s.a, s.b]).map(|p| p.map(f64::from)).collect();
        let (width, height) = smallest_box(&convex_hull(ends));
        let diameter = width.hypot(height) as f32;
        let tolerance =
            (diameter * TOLERANCE_SHARE).clamp(TOLERANCE_MIN, TOLERANCE_MAX).max(grain * GRAIN_TOLERANCE);
        let step = (total / MAX_SAMPLES).max(tolerance * 0.6);
        let runs = Runs::link(ink, budget)?;
        let part_of = parts(ink, &runs.run_of);
        let samples = sample(ink, weights, &part_of, step);
        budget.spend(samples.len() as u64)?;
        let mut parts = vec![Part::default(); part_of.iter().max().map_or(0, |&most| usize::from(most) + 1)];
        samples.iter().for_each(|s| parts[usize::from(s.part)].weight += f64::from(s.weight));
        let map = InkMap::of(samples.iter().map(|s| (&s.p, &s.d)), tolerance * 1.5 + step * 0.5);
        let near = variant::own(&samples, tolerance, step);
        let hull = convex_hull(samples.iter().map(|s| s.p.map(f64::from)).collect());
        let mut template = Self {
            probes: Probes::of(&samples),
            pens: pens(&samples),
            styles: ink.styles.clone(),
            parts,
            centroid: centroid(&samples),
            weight: samples.iter().map(|s| f64::from(s.weight)).sum(),
            sides: Sides::of(&hull),
            hull,
            samples,
            map,
            near,
            diameter: f64::from(diameter),
            width: width.min(height),
            tolerance: f64::from(tolerance),
            step: f64::from(step),
            inside: Vec::new(),
            spread: 0,
            painted: Vec::new(),
            own: Surroundings::default(),
            beside: None,
            around: Around::default(),
            lines: runs.lines,
            curves: runs.curves,
            loops: runs.loops,
            symmetries: Vec::new(),
            exact: Vec::new(),
            round: false,
            slender: width.min(height) < SLENDER * width.max(height),
        };
        template.inside = template.places_inside();
        template.spread = template.inside.len();
        template.look_into_parts();
        (template.symmetries, template.round) = symmetry::of(&template, step);
        template.exact = symmetry::exact(&template, step);
        Ok(template)
    }

    /// Paint, pens and what passes at the exemplar may tell a symbol from itself that lies on itself by its strokes.
    pub(super) fn drop_symmetries_of_strokes_alone(&mut self) {
        let solid = self.samples.iter().filter(|s| s.solid).count();
        let one_body = solid == 0 || solid == self.samples.len();
        if !one_body || self.pens.len() > 1 || self.beside.is_some() || self.painted.iter().any(|p| *p) {
            self.exact.clear();
        }
    }

    /// A raster of places inside the outline and off the ink: a stroke drawn as an area paints only itself.
    fn places_inside(&self) -> Vec<[f64; 2]> {
        let places = raster(&self.hull, PLACES_A_SIDE);
        places.filter(|&p| self.encloses(p, self.tolerance) && !self.map.near(p)).collect()
    }

    /// Adds places inside each part and off the ink.
    fn look_into_parts(&mut self) {
        let off = |p: [f64; 2]| {
            let away = |s: &Sample| length([f64::from(s.p[0]) - p[0], f64::from(s.p[1]) - p[1]]);
            self.samples.iter().all(|s| away(s) >= self.tolerance)
        };
        let mut places: Vec<Vec<[f64; 2]>> = Vec::new();
        for part in 0..self.parts.len() {
            let of_part = self.samples.iter().filter(|s| usize::from(s.part) == part);
            let hull = convex_hull(of_part.map(|s| s.p.map(f64::from)).collect());
            let sides = Sides::of(&hull);
            let inside = |p: &[f64; 2]| sides.depth(*p) >= self.tolerance && off(*p);
            places.push(if self.parts.len() > 1 && hull.len() >= 3 {
                raster(&hull, PLACES_A_SIDE_OF_PART).filter(inside).collect()
            } else {
                Vec::new()
            });
        }
        for (part, mut places) in self.parts.iter_mut().zip(places) {
            let from = self.inside.len();
            self.inside.append(&mut places);
            part.inside = from..self.inside.len();
        }
    }

    /// Inside the outline of the ink, at least `margin` away from it.
    pub(super) fn encloses(&self, p: [f64; 2], margin: f64) -> bool {
        self.depth(p) >= margin
    }

    /// From where to where a straight way lies deeper inside the outline than so much, shares of it.
    pub(super) fn deeper(&self, a: [f64; 2], b: [f64; 2], than: f64) -> Option<(f64, f64)> {
        self.sides.deeper(a, b, than)
    }

    /// How far inside the outline a place lies; negative outside.
    pub(super) fn depth(&self, p: [f64; 2]) -> f64 {
        self.sides.depth(p)
    }
}

/// The sides of a convex outline as half planes.
#[derive(Debug, Clone, Default)]
struct Sides {
    /// Normal to the inside, of length 1, and what its product with a place on the side is.
    of: Vec<[f64; 3]>,
}

impl Sides {
    fn of(hull: &[[f64; 2]]) -> Self {
        let n = hull.len();
        if n < 3 {
            return Self::default();
        }
        let side = |i: usize| {
            let (a, b) = (hull[i], hull[(i + 1) % n]);
            let (ex, ey) = (b[0] - a[0], b[1] - a[1]);
            let long = ex.hypot(ey);
            (long > 0.0).then(|| [-ey / long, ex / long, (ex * a[1] - ey * a[0]) / long])
        };
        Self { of: (0..n).filter_map(side).collect() }
    }

    /// From where to where a straight way lies deeper inside than so much, shares of it.
    fn deeper(&self, a: [f64; 2], b: [f64; 2], than: f64) -> Option<(f64, f64)> {
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        for [x, y, at] in &self.of {
            let (first, last) = (x * a[0] + y * a[1] - at - than, x * b[0] + y * b[1] - at - than);
            match (first > 0.0, last > 0.0) {
                (true, true) => {}
                (false, false) => return None,
                (false, true) => from = from.max(first / (first - last)),
                (true, false) => to = to.min(first / (first - last)),
            }
        }
        (!self.of.is_empty() && from < to).then_some((from, to))
    }

    /// How far inside a place lies; negative outside, and everywhere if there is no inside.
    fn depth(&self, p: [f64; 2]) -> f64 {
        let mut least = f64::INFINITY;
        for [x, y, at] in &self.of {
            let depth = x * p[0] + y * p[1] - at;
            least = if depth < least { depth } else { least };
        }
        if self.of.is_empty() { f64::NEG_INFINITY } else { least }
    }
}

/// Each pen once.
fn pens(samples: &[Sample]) -> Vec<InkStyle> {
    let mut pens: Vec<InkStyle> = Vec::new();
    for s in samples {
        if pens.last() != Some(&s.style) && !pens.contains(&s.style) {
            pens.push(s.style);
        }
    }
    pens
}

/// Evenly spread places over the box of a hull.
fn raster(hull: &[[f64; 2]], a_side: u32) -> impl Iterator<Item = [f64; 2]> {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for corner in hull {
        for axis in 0..2 {
            low[axis] = low[axis].min(corner[axis]);
            high[axis] = high[axis].max(corner[axis]);
        }
    }
    let pitch = (high[0] - low[0]).max(high[1] - low[1]) / f64::from(a_side);
    (0..a_side).flat_map(move |row| {
        (0..a_side).map(move |column| {
            [low[0] + pitch * (f64::from(column) + 0.5), low[1] + pitch * (f64::from(row) + 0.5)]
        })
    })
}

/// Oriented points every `step` along the ink; ink that is drawn twice is sampled once.
fn sample(ink: &Ink, weights: &[f32], part_of: &[u16], step: f32) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    let mut cells: FxHashMap<(i32, i32), Vec<u32>> = FxHashMap::default();
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
                    part: part_of[i],
                });
            }
            along += step;
        }
        let joined = ink.joined.get(i).copied().unwrap_or(false);
        carry = if joined || length < step { (along - length).min(step) } else { step * 0.5 };
    }
    samples
}

/// An end of a segment, and the segment.
type End = ([f32; 2], u32);

/// The part of each segment: pieces of one run, and runs that meet at their ends, are one.
fn parts(ink: &Ink, run_of: &[u32]) -> Vec<u16> {
    let mut group: Vec<u32> = (0..ink.segments.len() as u32).collect();
    fn root(group: &mut [u32], mut i: u32) -> u32 {
        while group[i as usize] != i {
            group[i as usize] = group[group[i as usize] as usize];
            i = group[i as usize];
        }
        i
    }
    let join = |group: &mut Vec<u32>, i: u32, j: u32| {
        let (i, j) = (root(group, i), root(group, j));
        group[i.max(j) as usize] = i.min(j);
    };
    let mut of_run: FxHashMap<u32, u32> = FxHashMap::default();
    let mut at_place: FxHashMap<(i32, i32), Vec<End>> = FxHashMap::default();
    let cell = |v: f32| (v / MEETING).floor() as i32;
    for (i, s) in ink.segments.iter().enumerate() {
        let i = i as u32;
        let first = *of_run.entry(run_of[i as usize]).or_insert(i);
        join(&mut group, first, i);
        for p in [s.a, s.b] {
            for (column, row) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
                let others = at_place.get(&(cell(p[0]) + column, cell(p[1]) + row));
                for &(q, j) in others.into_iter().flatten() {
                    if (p[0] - q[0]).hypot(p[1] - q[1]) <= MEETING {
                        join(&mut group, i, j);
                    }
                }
            }
        }
        for p in [s.a, s.b] {
            at_place.entry((cell(p[0]), cell(p[1]))).or_default().push((p, i));
        }
    }
    // A stroke that was drawn as an area is a piece of what it overlaps.
    let solid: Vec<u32> =
        (0..ink.segments.len() as u32).filter(|&i| ink.segments[i as usize].solid).collect();
    for (n, &i) in solid.iter().enumerate() {
        for &j in &solid[..n] {
            let (s, o) = (&ink.segments[i as usize], &ink.segments[j as usize]);
            if solid.len() > MAX_SOLID || overlap(s, o) {
                join(&mut group, i, j);
            }
        }
    }
    let mut numbers: FxHashMap<u32, u16> = FxHashMap::default();
    (0..ink.segments.len() as u32)
        .map(|i| {
            let next = numbers.len().min(usize::from(u16::MAX)) as u16;
            *numbers.entry(root(&mut group, i)).or_insert(next)
        })
        .collect()
}

/// Whether an end of one lies on the other, or nearly.
fn overlap(s: &Segment, o: &Segment) -> bool {
    let on = |p: [f32; 2], s: &Segment| {
        let (x, y) = (s.b[0] - s.a[0], s.b[1] - s.a[1]);
        let n = (x * x + y * y).max(f32::MIN_POSITIVE);
        let t = (((p[0] - s.a[0]) * x + (p[1] - s.a[1]) * y) / n).clamp(0.0, 1.0);
        let (x, y) = (p[0] - s.a[0] - x * t, p[1] - s.a[1] - y * t);
        x * x + y * y <= OVERLAP * OVERLAP
    };
    on(s.a, o) || on(s.b, o) || on(o.a, s) || on(o.b, s)
}

/// Sides of the smallest box around a hull, however it is turned.
fn smallest_box(hull: &[[f64; 2]]) -> (f64, f64) {
    let along = |i: usize| {
        let (a, b) = (hull[i], hull[(i + 1) % hull.len()]);
        let (x, y) = (b[0] - a[0], b[1] - a[1]);
        let n = x.hypot(y).max(f64::MIN_POSITIVE);
        let (x, y) = (x / n, y / n);
        let side = |d: [f64; 2]| {
            let off = |p: &[f64; 2]| p[0] * d[0] + p[1] * d[1];
            let most = hull.iter().map(off).fold(f64::NEG_INFINITY, f64::max);
            most - hull.iter().map(off).fold(f64::INFINITY, f64::min)
        };
        (side([x, y]), side([-y, x]))
    };
    let boxes = (0..hull.len()).map(along);
    boxes.min_by(|p, q| (p.0 * p.1).total_cmp(&(q.0 * q.1)).then(p.0.total_cmp(&q.0))).unwrap_or_default()
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
