//! What instances show about them and the exemplar does not, alike at several of them: a diamond around, a bar across
//! and out. One that shows it is perhaps another symbol of the family, and no pose can tell on its own: a
//! single one may stand beside something else. What stands on one side of it, a wall, a grab bar, tells nothing either,
//! however often: only what is centred on the symbol does, and a mark that is all there is about it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::frame::middle;
use super::inkmap::InkMap;
use super::judge::Judged;
use super::matching::{Matcher, Score};
use super::pose::Pose;
use super::search::{CountParams, owners};
use super::surroundings;
use super::template::Sample;

/// Side of a cell, diameters of the symbol. Strokes that pass the same or neighbouring cells in about the same
/// direction are alike.
const CELL: f64 = 0.05;
const DIRECTIONS: i32 = 6;
/// So many must show a stroke for it to tell anything, and this share of those with anything about them.
const MANY: usize = 3;
const MANY_SHARE: f64 = 0.1;
/// Length of strokes that others show, too, from which on one is a variant, diameters.
const LEAST_SHARED: f64 = 0.25;
/// A mark at its side tells if it is this share of all that is about the symbol, and no longer than this, diameters.
const WHOLE_SHARE: f64 = 0.9;
const MOST_WHOLE: f64 = 2.0;
/// How far the middle of such strokes is from the symbol's at most, cells.
const CENTRED: f64 = 2.5;
/// What a variant's confidence is at most, unless the threshold is higher: it is looked at before it is accepted, and
/// no match is lost for it.
pub(super) const MAX_VARIANT: f64 = 0.89;

/// How far from the exemplar's ink other ink in about its direction is taken for it, tolerances.
const OWN: f32 = 3.0;

type Cell = (i32, i32, i32);

/// Strokes about a placed symbol that are not the exemplar's and go nowhere else.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    /// Where they are about the exemplar's middle, with the length of stroke in each cell, diameters.
    cells: FxHashMap<Cell, f64>,
}

/// Where ink passes for the exemplar's own: curves that are drawn in other pieces part from it a little.
pub(super) fn own(samples: &[Sample], tolerance: f32, step: f32) -> InkMap {
    InkMap::of(samples.iter().map(|s| (&s.p, &s.d)), tolerance * OWN + step * 0.5)
}

impl Around {
    /// Strokes for which `taken` holds belong to other instances.
    pub(super) fn of(matcher: &Matcher<'_>, pose: &Pose, taken: &dyn Fn(u32) -> bool) -> Self {
        let template = matcher.template;
        let side = CELL * template.diameter;
        let middle = middle(&template.bounds()).map(f64::from);
        let mut cells: FxHashMap<Cell, f64> = FxHashMap::default();
        for piece in surroundings::staying(matcher, pose, taken) {
            let along = [f64::from(piece.b[0] - piece.a[0]), f64::from(piece.b[1] - piece.a[1])];
            let d = pose.unturn(along);
            let length = d[0].hypot(d[1]);
            let steps = (length / (side * 0.5)).ceil().clamp(1.0, 500.0);
            let turn = d[1].atan2(d[0]) / std::f64::consts::PI * f64::from(DIRECTIONS);
            let direction = (turn.round() as i32).rem_euclid(DIRECTIONS);
            for k in 0..steps as u32 {
                let q = piece.at((f64::from(k) + 0.5) as f32 / steps as f32);
                let p = pose.invert([f64::from(q[0]), f64::from(q[1])]);
                if template.near.has(p, d) || template.map.near(p) {
                    continue;
                }
                let cell = |axis: usize| ((p[axis] - middle[axis]) / side).floor() as i32;
                let cell = (cell(0), cell(1), direction);
                *cells.entry(cell).or_default() += length / steps / template.diameter;
            }
        }
        Self { cells }
    }

    /// Every cell that a stroke which is alike could lie in.
    fn reach(&self) -> FxHashSet<Cell> {
        let near = |&(x, y, d): &Cell| {
            let turned = move |by: i32| (d + by).rem_euclid(DIRECTIONS);
            let place = move |k: i32| (x + k % 3 - 1, y + k / 3 - 1);
            (0..9).flat_map(move |k| {
                let (x, y) = place(k);
                (-1..=1).map(move |by| (x, y, turned(by)))
            })
        };
        self.cells.keys().flat_map(near).collect()
    }
}

/// Finds out which matches show more than the exemplar does, alike at several of them.
pub(super) fn tell_variants(matcher: &Matcher<'_>, params: &CountParams, kept: &mut [Judged]) {
    let matches = |j: &Judged| !j.own && j.score.confidence >= params.threshold;
    let owner = owners(kept, |j| j.own || matches(j));
    let about = |(k, j): (usize, &Judged)| {
        Around::of(matcher, &j.pose, &|segment| owner.get(&segment).is_some_and(|&o| o != k))
    };
    let all: Vec<Around> = kept.iter().enumerate().filter(|(_, j)| matches(j)).map(about).collect();
    let mut told = tell(&matcher.template.around, &all).into_iter();
    for j in kept.iter_mut().filter(|j| matches(j)) {
        if told.next() == Some(true) {
            doubt(params, &mut j.score);
        }
    }
}

/// Takes a match for one that may be another symbol.
pub(super) fn doubt(params: &CountParams, score: &mut Score) {
    score.variant = true;
    score.confidence = score.confidence.min(MAX_VARIANT.max(params.threshold));
}

/// Which of the places show strokes about them that several others show, too, and `own`, what is about the exemplar
/// itself, does not.
fn tell(own: &Around, all: &[Around]) -> Vec<bool> {
    let known = own.reach();
    let reach: Vec<FxHashSet<Cell>> = all.iter().map(Around::reach).collect();
    let with: Vec<bool> = all.iter().map(|a| !a.cells.is_empty()).collect();
    let many = MANY.max((number(&with) as f64 * MANY_SHARE).ceil() as usize);
    // What only others share that are no variants themselves is no variant's.
    let mut told = with;
    loop {
        let before = number(&told);
        if before < many {
            return vec![false; all.len()];
        }
        let mut times: FxHashMap<Cell, usize> = FxHashMap::default();
        for cell in reach.iter().zip(&told).filter(|(_, told)| **told).flat_map(|(reach, _)| reach) {
            *times.entry(*cell).or_default() += 1;
        }
        let shared = |cell: &Cell| !known.contains(cell) && times.get(cell).is_some_and(|&n| n >= many);
        for (told, about) in told.iter_mut().zip(all) {
            *told = *told && is_variant(about, &shared);
        }
        if number(&told) == before {
            return told;
        }
    }
}

fn number(told: &[bool]) -> usize {
    told.iter().filter(|t| **t).count()
}

/// Whether the strokes in the shared ones of the cells are long enough to tell, and centred or all there is.
fn is_variant(about: &Around, shared: &impl Fn(&Cell) -> bool) -> bool {
    // In the order of the cells: sums of the same lengths are to be the same on any node.
    let mut cells: Vec<(&Cell, &f64)> = about.cells.iter().filter(|(cell, _)| shared(cell)).collect();
    cells.sort_unstable_by_key(|(cell, _)| **cell);
    let length: f64 = cells.iter().map(|(_, length)| **length).sum();
    let mut all: Vec<f64> = about.cells.values().copied().collect();
    all.sort_unstable_by(f64::total_cmp);
    let all: f64 = all.iter().sum();
    let is_all = length >= WHOLE_SHARE * all && all <= MOST_WHOLE;
    length >= LEAST_SHARED && (is_all || is_centred(cells.iter().map(|(cell, _)| **cell)))
}

/// Whether cells reach as far to one side of the symbol as to the other.
fn is_centred(cells: impl Iterator<Item = Cell>) -> bool {
    let none = [i32::MAX, i32::MIN];
    let [x, y] = cells.fold([none, none], |[x, y], (cx, cy, _)| {
        [[x[0].min(cx), x[1].max(cx)], [y[0].min(cy), y[1].max(cy)]]
    });
    [x, y].into_iter().all(|[low, high]| (f64::from(low) + f64::from(high) + 1.0).abs() / 2.0 <= CENTRED)
}
