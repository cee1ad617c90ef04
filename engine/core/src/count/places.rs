//! One pose per symbol: what matches at one place, however often, is one symbol.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::judge::Judged;
use super::pose::Pose;
use super::search::{CountParams, turn_of};
use super::template::Template;
use super::variant::doubt;

/// Poses whose claims overlap by more than this share are one symbol.
const SAME_INK: f64 = 0.4;
/// Middles nearer than this (diameters) of sizes nearer than this (logarithm) are one place for poses that share ink.
const SAME_PLACE: f64 = 0.1;
const SAME_SIZE: f64 = 0.1;
/// Middles nearer than this share of the smaller side are one place, whatever the ink: an outline within another, a
/// symbol that was drawn twice with a shift. Symbols that overlap more than that are not told apart by people either.
const UPON: f64 = 0.3;

/// Poses by the cell that the middle of their ink falls in.
struct Cells {
    side: f64,
    kept: FxHashMap<(i64, i64), SmallVec<[u32; 2]>>,
}

impl Cells {
    fn cell(&self, middle: [f64; 2]) -> (i64, i64) {
        ((middle[0] / self.side).floor() as i64, (middle[1] / self.side).floor() as i64)
    }

    fn put(&mut self, middle: [f64; 2], k: u32) {
        self.kept.entry(self.cell(middle)).or_default().push(k);
    }

    /// Those in a cell and the eight about it.
    fn about(&self, middle: [f64; 2]) -> impl Iterator<Item = u32> {
        let (x, y) = self.cell(middle);
        let cells = (x - 1..=x + 1).flat_map(move |x| (y - 1..=y + 1).map(move |y| (x, y)));
        cells.filter_map(|cell| self.kept.get(&cell)).flatten().copied()
    }
}

/// The strongest poses that do not share their ink with a stronger one at the place; several with ink of their own
/// may be at one. What is around a pose is looked at by `weigh`, and only where that can matter.
pub(super) fn strongest(
    template: &Template,
    mut judged: Vec<Judged>,
    weigh: impl Fn(&mut Judged),
) -> Vec<Judged> {
    judged.sort_by_cached_key(|j| Reverse(of_ink(j)));
    let mut places = Places::of(template);
    let mut rest = judged.into_iter().peekable();
    while let Some(first) = rest.next() {
        let rank = of_ink(&first);
        let mut alike = vec![first];
        alike.extend(std::iter::from_fn(|| rest.next_if(|j| of_ink(j) == rank)));
        // Whatever the order of those that are alike, those that share ink with a stronger one are out.
        alike.retain(|j| places.is_free(j).is_some());
        alike.iter_mut().for_each(&weigh);
        alike.sort_by(by_rank);
        alike.into_iter().for_each(|j| places.put(j));
    }
    places.kept
}

/// The places that are taken.
struct Places<'t> {
    template: &'t Template,
    /// By segment: who owns a piece of it. Neighbours may share a side, so one piece can have several owners.
    owners: FxHashMap<u32, SmallVec<[u32; 2]>>,
    upon: f64,
    cells: Cells,
    kept: Vec<Judged>,
}

impl<'t> Places<'t> {
    fn of(template: &'t Template) -> Self {
        let upon = UPON * template.smaller_side();
        let cells = Cells { side: (upon * 2.0).max(f64::EPSILON), kept: FxHashMap::default() };
        Self { template, owners: FxHashMap::default(), upon, cells, kept: Vec::new() }
    }

    /// Whether none of those kept has a pose's ink or is at its place; with the middle of its ink.
    fn is_free(&self, j: &Judged) -> Option<[f64; 2]> {
        let mut shared: FxHashMap<u32, usize> = FxHashMap::default();
        for claims in of_segments(&j.score.claims) {
            for &o in self.owners.get(&claims[0].0).into_iter().flatten() {
                let common = in_common(claims, &self.kept[o as usize].score.claims);
                if common > 0 {
                    *shared.entry(o).or_default() += common;
                }
            }
        }
        let most = shared.values().copied().max().unwrap_or(0);
        if most as f64 > SAME_INK * j.score.claims.len() as f64 {
            return None;
        }
        let there = |&o: &u32| coincide(self.template, &self.kept[o as usize].pose, &j.pose);
        // Slender ones can cross.
        let free = self.template.slender || !shared.keys().any(there);
        free.then(|| j.pose.apply(self.template.centroid))
    }

    /// Keeps a pose if it is free.
    fn put(&mut self, mut j: Judged) {
        let Some(middle) = self.is_free(&j) else { return };
        j.place = self.kept.len();
        if !self.template.slender {
            let near = |k: &u32| {
                let other = self.kept[*k as usize].pose.apply(self.template.centroid);
                (other[0] - middle[0]).hypot(other[1] - middle[1]) < self.upon
            };
            if let Some(under) = self.cells.about(middle).find(near) {
                j.place = self.kept[under as usize].place;
            }
        }
        for claims in of_segments(&j.score.claims) {
            self.owners.entry(claims[0].0).or_default().push(self.kept.len() as u32);
        }
        self.cells.put(middle, self.kept.len() as u32);
        self.kept.push(j);
    }
}

/// A piece of page ink: its segment, and where along it.
type Claim = (u32, u32);

/// Claims, in order, by segment.
fn of_segments(claims: &[Claim]) -> impl Iterator<Item = &[Claim]> {
    claims.chunk_by(|p, q| p.0 == q.0)
}

/// How many claims to one segment are among others, which are in order, too.
fn in_common(claims: &[Claim], others: &[Claim]) -> usize {
    let segment = claims[0].0;
    let others = &others[others.partition_point(|c| c.0 < segment)..];
    let others = &others[..others.partition_point(|c| c.0 == segment)];
    claims.iter().filter(|c| others.binary_search(c).is_ok()).count()
}

/// Leaves one pose at each place. What matches there more than once, each time with ink of its own, may be another
/// symbol, unless the exemplar does so itself.
pub(super) fn one_each(params: &CountParams, kept: &mut Vec<Judged>) {
    let mut matches: FxHashMap<usize, usize> = FxHashMap::default();
    for j in kept.iter().filter(|j| j.score.confidence >= params.threshold) {
        *matches.entry(j.place).or_default() += 1;
    }
    let several = |place: usize| matches.get(&place).is_some_and(|&n| n > 1);
    let telling = !kept.iter().any(|j| j.own && several(j.place));
    kept.sort_by(|p, q| {
        p.place.cmp(&q.place).then(q.own.cmp(&p.own)).then(q.score.confidence.total_cmp(&p.score.confidence))
    });
    kept.dedup_by_key(|j| j.place);
    for j in kept.iter_mut().filter(|j| telling && several(j.place)) {
        doubt(params, &mut j.score);
    }
}

/// Whose strokes agree best has the ink, whatever is around it: a look-alike must not be taken for something else
/// that fits less. Poses of a symmetric shape differ by rounding only: whole hundredths decide.
fn of_ink(j: &Judged) -> (bool, i64, i64) {
    let off_size = (j.pose.scale().ln().abs() / 0.05).round() as i64;
    (j.own, hundredths(j.score.base), -off_size)
}

fn hundredths(v: f64) -> i64 {
    (v * 100.0).round() as i64
}

/// Of those whose ink is alike, the one with less around it comes first, then the plainest.
fn by_rank(p: &Judged, q: &Judged) -> std::cmp::Ordering {
    hundredths(q.score.confidence)
        .cmp(&hundredths(p.score.confidence))
        .then(p.pose.mirrored.cmp(&q.pose.mirrored))
        .then(turn_of(&p.pose).total_cmp(&turn_of(&q.pose)))
        .then(q.score.confidence.total_cmp(&p.score.confidence))
        .then(p.pose.y.total_cmp(&q.pose.y))
        .then(p.pose.x.total_cmp(&q.pose.x))
}

/// Whether two poses put the symbol in one place, however it is turned.
fn coincide(template: &Template, p: &Pose, q: &Pose) -> bool {
    let (a, b) = (p.apply(template.centroid), q.apply(template.centroid));
    (a[0] - b[0]).hypot(a[1] - b[1]) < SAME_PLACE * template.diameter * p.scale()
        && (p.scale() / q.scale()).ln().abs() < SAME_SIZE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_in_common_by_segment_and_place() {
        let others = [(1, 0), (3, 2), (3, 4), (3, 5), (7, 1)];
        let common = |claims: &[Claim]| {
            of_segments(claims).map(|of| (of[0].0, in_common(of, &others))).collect::<Vec<_>>()
        };
        assert_eq!(common(&[(1, 1), (3, 1), (3, 2), (3, 5), (9, 0)]), [(1, 0), (3, 2), (9, 0)]);
        assert_eq!(common(&others), [(1, 1), (3, 3), (7, 1)]);
        assert!(common(&[]).is_empty());
    }
}
