//! What instances show about them and the exemplar does not, alike at several of them: a diamond around, a bar across
//! and out, an arrow. One that shows it is perhaps another symbol of the family, and no pose can tell on its own: a
//! single one may stand beside something else.

use rustc_hash::{FxHashMap, FxHashSet};

use super::matching::Matcher;
use super::pose::Pose;
use super::surroundings;

/// Side of a cell, diameters of the symbol. Strokes that pass the same or neighbouring cells in about the same
/// direction are alike.
const CELL: f64 = 0.05;
const DIRECTIONS: i32 = 6;
/// So many must show a stroke for it to tell anything, and this share of those with anything about them.
const MANY: usize = 3;
const MANY_SHARE: f64 = 0.1;
/// Length of strokes that others show, too, from which on one is a variant, diameters.
const LEAST_SHARED: f64 = 0.25;
/// What a variant's confidence is at most: it is looked at before it is accepted.
pub(super) const MAX_VARIANT: f64 = 0.89;

type Cell = (i32, i32, i32);

/// Strokes about a placed symbol that are not the exemplar's and go nowhere else.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    /// Where they are, in the exemplar's own frame, with the length of stroke in each cell, diameters.
    cells: FxHashMap<Cell, f64>,
}

impl Around {
    /// Strokes for which `taken` holds belong to other instances.
    pub(super) fn of(matcher: &Matcher<'_>, pose: &Pose, taken: &dyn Fn(u32) -> bool) -> Self {
        let template = matcher.template;
        let side = CELL * template.diameter;
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
                if template.map.has(p, d) {
                    continue;
                }
                let cell = ((p[0] / side).floor() as i32, (p[1] / side).floor() as i32, direction);
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

/// Which of the places show strokes about them that several others show, too, and `own`, what is about the exemplar
/// itself, does not.
pub(super) fn tell(own: &Around, all: &[Around]) -> Vec<bool> {
    let with = all.iter().filter(|a| !a.cells.is_empty()).count();
    let many = MANY.max((with as f64 * MANY_SHARE).ceil() as usize);
    if with < many {
        return vec![false; all.len()];
    }
    let known = own.reach();
    let mut times: FxHashMap<Cell, usize> = FxHashMap::default();
    for cell in all.iter().flat_map(Around::reach) {
        *times.entry(cell).or_default() += 1;
    }
    let shared = |a: &Around| -> f64 {
        let alike = |cell: &Cell| !known.contains(cell) && times.get(cell).is_some_and(|&n| n >= many);
        // In the order of the cells: sums of the same lengths are to be the same on any node.
        let mut lengths: Vec<(&Cell, &f64)> = a.cells.iter().filter(|(cell, _)| alike(cell)).collect();
        lengths.sort_unstable_by_key(|(cell, _)| **cell);
        lengths.iter().map(|(_, length)| **length).sum()
    };
    all.iter().map(|a| shared(a) >= LEAST_SHARED).collect()
}
