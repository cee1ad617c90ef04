//! Pieces that a pen drew in one go, put together again.
//!
//! CAD exports cut a shape as they like: one path, a path a chord, a line in two halves. Pieces that
//! continue each other smoothly are linked into runs; runs give what does not depend on the cutting:
//! straight lines, curves with their ends, closed loops.

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::ink::{Ink, Segment, close};
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;

/// Ends this close are one place, list units (drawings are often rounded to 0.12).
const JOIN: f32 = 0.13;
/// Ends this close are one place without a doubt.
const UPON: f32 = 0.01;
/// More ends than this at one place are no pen stroke (a fan, a point drawn a thousand times).
const MAX_ENDS_AT_PLACE: usize = 16;
/// Largest turn between chords of one curve, and between pieces of very different length, degrees.
const SMOOTH_TURN: f32 = 50.0;
const UNEVEN_TURN: f32 = 30.0;
/// Largest turn inside a straight line, degrees.
const STRAIGHT_TURN: f32 = 2.5;
/// Pieces of a longer line that are worth looking at for themselves, list units.
const MIN_PIECE: f32 = 1.0;
/// Points of a curve; a piece this much longer than the next ones is a line that the curve goes over into.
const MIN_CURVE: usize = 6;
const LINE_IN_CURVE: f32 = 2.5;
/// Arc to chord of a curve of 40 degrees.
const MIN_BEND: f64 = 1.02;
const NONE: u32 = u32::MAX;
/// Of what several pens drew, or one of a greater number.
pub(super) const ANY_PEN: u16 = u16::MAX;

/// Two ends of a line, or of a curve between its ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Baseline {
    pub a: [f32; 2],
    pub b: [f32; 2],
    /// Distance of the ends.
    pub chord: f32,
    /// Length of the ink between them.
    pub arc: f32,
    /// A piece of a curve, not drawn as a line.
    pub of_curve: bool,
    /// Index into the styles of the ink, or [`ANY_PEN`].
    pub pen: u16,
}

/// A closed smooth curve.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loop {
    pub center: [f32; 2],
    pub perimeter: f32,
    /// As [`Baseline::pen`].
    pub pen: u16,
}

/// A maximal smooth chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub bounds: ListRect,
    /// Pen of its first piece.
    pub style: u32,
}

/// Everything that linking finds; lists sorted by length.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Run of each segment.
    pub run_of: Vec<u32>,
    pub runs: Vec<Run>,
    pub lines: Vec<Baseline>,
    pub curves: Vec<Baseline>,
    pub loops: Vec<Loop>,
}

impl Runs {
    pub(super) fn link(ink: &Ink, budget: &Budget) -> Result<Self, Exhausted> {
        let segments = &ink.segments;
        let mut links = Links { segments, partner: vec![NONE; segments.len() * 2] };
        links.inside_paths(ink);
        links.at_places(budget)?;
        let mut runs = Self { run_of: vec![NONE; segments.len()], ..Self::default() };
        let mut way = Way::default();
        // Open runs from their ends first; what is left is closed.
        for closed in [false, true] {
            for i in 0..segments.len() as u32 {
                if i % 512 == 0 {
                    budget.spend(512)?;
                }
                if runs.run_of[i as usize] != NONE {
                    continue;
                }
                let start = if closed || links.partner[(i * 2) as usize] == NONE {
                    Some(i * 2)
                } else {
                    (links.partner[(i * 2 + 1) as usize] == NONE).then_some(i * 2 + 1)
                };
                if let Some(end) = start {
                    runs.walk(&links, end, closed, &mut way);
                }
            }
        }
        runs.lines.sort_by(|p, q| p.chord.total_cmp(&q.chord));
        runs.curves.sort_by(|p, q| p.chord.total_cmp(&q.chord));
        runs.loops.sort_by(|p, q| p.perimeter.total_cmp(&q.perimeter));
        Ok(runs)
    }

    /// Follows a run from one of its segment ends.
    fn walk(&mut self, links: &Links<'_>, start: u32, closed: bool, way: &mut Way) {
        let id = self.runs.len() as u32;
        let Way { points, pens } = way;
        points.clear();
        pens.clear();
        points.push(links.place(start));
        let mut end = start;
        loop {
            let segment = end / 2;
            if self.run_of[segment as usize] != NONE {
                break;
            }
            self.run_of[segment as usize] = id;
            let far = end ^ 1;
            points.push(links.place(far));
            pens.push(u16::try_from(links.segments[segment as usize].style).unwrap_or(ANY_PEN));
            end = links.partner[far as usize];
            if end == NONE {
                break;
            }
        }
        let mut bounds = ListRect::EMPTY;
        points.iter().for_each(|p| bounds.add(p[0], p[1]));
        let length = points.windows(2).map(|w| distance(w[0], w[1])).sum();
        self.runs.push(Run { bounds, style: links.segments[(start / 2) as usize].style });
        let straight = self.straight_parts(way);
        let (points, pen) = (&way.points, way.pen(0, way.pens.len()));
        if closed && points.len() >= 6 {
            self.loops.push(loop_of(points, length, pen));
        } else if !straight && points.len() >= 4 {
            let (a, b) = (points[0], points[points.len() - 1]);
            self.curves.push(Baseline { a, b, chord: distance(a, b), arc: length, of_curve: false, pen });
        }
    }

    /// Adds the run's straight parts; true when the whole run is one line.
    fn straight_parts(&mut self, way: &Way) -> bool {
        let points = &way.points;
        let mut from = 0;
        while from + 1 < points.len() {
            let mut to = from + 1;
            let first = direction(points[from], points[to]);
            let mut before = first;
            while to + 1 < points.len() {
                let next = direction(points[to], points[to + 1]);
                if turn(before, next) > STRAIGHT_TURN || turn(first, next) > STRAIGHT_TURN {
                    break;
                }
                before = next;
                to += 1;
            }
            self.line(way, (from, to), is_chord(points, from, to));
            if to - from > 1 {
                // A side of a symbol may continue a neighbour's side: each piece counts for itself, too.
                for k in (from..to).filter(|&k| distance(points[k], points[k + 1]) >= MIN_PIECE) {
                    self.line(way, (k, k + 1), false);
                }
            }
            if from == 0 && to + 1 == points.len() {
                return true;
            }
            from = to;
        }
        false
    }

    fn line(&mut self, way: &Way, (from, to): (usize, usize), of_curve: bool) {
        let (a, b) = (way.points[from], way.points[to]);
        let chord = distance(a, b);
        self.lines.push(Baseline { a, b, chord, arc: chord, of_curve, pen: way.pen(from, to) });
    }
}

/// The places that a run passes, and the pen of each piece between them.
#[derive(Default)]
struct Way {
    points: Vec<[f32; 2]>,
    pens: Vec<u16>,
}

impl Way {
    /// The pen from one place to another.
    fn pen(&self, from: usize, to: usize) -> u16 {
        let pens = &self.pens[from..to];
        pens.first().copied().filter(|first| pens.iter().all(|pen| pen == first)).unwrap_or(ANY_PEN)
    }
}

/// Whether a straight part of a run of many pieces is no longer than those it bends into.
fn is_chord(points: &[[f32; 2]], from: usize, to: usize) -> bool {
    let length = |i: usize| distance(points[i], points[i + 1]);
    let before = if from > 0 { length(from - 1) } else { 0.0 };
    let after = if to + 1 < points.len() { length(to) } else { 0.0 };
    points.len() >= MIN_CURVE && to - from == 1 && length(from) < LINE_IN_CURVE * before.max(after)
}

fn loop_of(points: &[[f32; 2]], perimeter: f32, pen: u16) -> Loop {
    let (mut x, mut y, mut total) = (0.0_f64, 0.0_f64, 0.0_f64);
    for w in points.windows(2) {
        let l = f64::from(distance(w[0], w[1]));
        x += l * f64::from(w[0][0] + w[1][0]) / 2.0;
        y += l * f64::from(w[0][1] + w[1][1]) / 2.0;
        total += l;
    }
    let total = total.max(f64::MIN_POSITIVE);
    Loop { center: [(x / total) as f32, (y / total) as f32], perimeter, pen }
}

/// Middle and radius of the circles, one on either side, of which a curve may be a piece; `None` for one that
/// bends too little to tell.
pub(super) fn circle(curve: &Baseline) -> Option<[([f64; 2], f64); 2]> {
    let (chord, arc) = (f64::from(curve.chord), f64::from(curve.arc));
    let ratio = arc / chord;
    if chord <= 0.0 || ratio < MIN_BEND {
        return None;
    }
    // Half the angle that it takes about the middle, from arc / chord = x / sin x, which grows with x.
    let (mut low, mut high) = (0.0, std::f64::consts::PI);
    for _ in 0..16 {
        let x = (low + high) / 2.0;
        if x < ratio * f64::sin(x) { low = x } else { high = x }
    }
    let half = (low + high) / 2.0;
    let radius = arc / 2.0 / half;
    let middle = [f64::from(curve.a[0] + curve.b[0]) / 2.0, f64::from(curve.a[1] + curve.b[1]) / 2.0];
    let off = radius * half.cos() / chord;
    let across = [f64::from(curve.a[1] - curve.b[1]) * off, f64::from(curve.b[0] - curve.a[0]) * off];
    Some([1.0, -1.0].map(|side| ([middle[0] + across[0] * side, middle[1] + across[1] * side], radius)))
}

fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    let (x, y) = (b[0] - a[0], b[1] - a[1]);
    (x * x + y * y).sqrt()
}

fn direction(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
    let l = distance(a, b).max(f32::MIN_POSITIVE);
    [(b[0] - a[0]) / l, (b[1] - a[1]) / l]
}

/// Degrees between two unit directions, 0 to 180.
fn turn(u: [f32; 2], v: [f32; 2]) -> f32 {
    (u[0] * v[1] - u[1] * v[0]).atan2(u[0] * v[0] + u[1] * v[1]).abs().to_degrees()
}

/// Which segment end continues which; end `2i` is the start of segment `i`, `2i + 1` its end.
struct Links<'a> {
    segments: &'a [Segment],
    partner: Vec<u32>,
}

impl Links<'_> {
    fn place(&self, end: u32) -> [f32; 2] {
        let s = &self.segments[(end / 2) as usize];
        if end.is_multiple_of(2) { s.a } else { s.b }
    }

    /// Direction in which the pen leaves the segment at this end.
    fn outward(&self, end: u32) -> [f32; 2] {
        direction(self.place(end ^ 1), self.place(end))
    }

    /// The turn of the pen from one end into another, if it is smooth.
    fn smooth(&self, from: u32, into: u32) -> Option<f32> {
        let back = self.outward(into);
        let turn = turn(self.outward(from), [-back[0], -back[1]]);
        let (p, q) =
            (self.segments[(from / 2) as usize].length(), self.segments[(into / 2) as usize].length());
        let limit = if p.max(q) <= 2.5 * p.min(q) { SMOOTH_TURN } else { UNEVEN_TURN };
        (turn <= limit).then_some(turn)
    }

    fn join(&mut self, a: u32, b: u32) {
        self.partner[a as usize] = b;
        self.partner[b as usize] = a;
    }

    fn inside_paths(&mut self, ink: &Ink) {
        for i in 0..self.segments.len().saturating_sub(1) as u32 {
            if ink.joined[i as usize] && self.smooth(i * 2 + 1, i * 2 + 2).is_some() {
                self.join(i * 2 + 1, i * 2 + 2);
            }
        }
        for &(first, last) in &ink.closed {
            if self.smooth(last * 2 + 1, first * 2).is_some() {
                self.join(last * 2 + 1, first * 2);
            }
        }
    }

    /// Joins free ends that meet in one cell of a lattice, or of the same moved by half a cell.
    fn at_places(&mut self, budget: &Budget) -> Result<(), Exhausted> {
        let mut unclear = Vec::new();
        for offset in [0.0, JOIN / 2.0] {
            self.clear_ones(offset, &mut unclear, budget)?;
        }
        // Where there is a choice, what is known on both sides of the place by now says how the pen went.
        let mut pairs: Vec<(f32, u32, u32)> = Vec::new();
        for group in &unclear {
            self.pairs(group, &mut pairs);
            pairs.iter_mut().for_each(|(turn, p, q)| *turn += self.jerk(*p, *q));
            pairs.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)).then(p.2.cmp(&q.2)));
            for &(_, p, q) in &pairs {
                if self.partner[p as usize] == NONE && self.partner[q as usize] == NONE {
                    self.join(p, q);
                }
            }
        }
        Ok(())
    }

    /// Joins those that have no choice, and gives the others, place by place.
    fn clear_ones(
        &mut self,
        offset: f32,
        unclear: &mut Vec<SmallVec<[u32; 4]>>,
        budget: &Budget,
    ) -> Result<(), Exhausted> {
        let key = |p: [f32; 2]| {
            let q = |v: f32| ((v + offset) / JOIN).floor() as i32 as u32;
            u64::from(q(p[1])) << 32 | u64::from(q(p[0]))
        };
        let mut free: Vec<(u64, u32)> = (0..self.partner.len() as u32)
            .filter(|&e| self.partner[e as usize] == NONE)
            .map(|e| (key(self.place(e)), e))
            .collect();
        budget.spend(free.len() as u64)?;
        free.sort_unstable();
        let waiting: FxHashSet<u32> = unclear.iter().flatten().copied().collect();
        let mut pairs: Vec<(f32, u32, u32)> = Vec::new();
        for group in free.chunk_by(|p, q| p.0 == q.0) {
            if group.len() < 2 || group.len() > MAX_ENDS_AT_PLACE {
                continue;
            }
            let mut ends: SmallVec<[u32; 4]> = group.iter().map(|end| end.1).collect();
            self.pairs(&ends, &mut pairs);
            if pairs.len() > 1 {
                // Of those that only lie near each other, such as are one place go together.
                let upon = |&(_, p, q): &(f32, u32, u32)| close(self.place(p), self.place(q), UPON);
                let near: SmallVec<[(f32, u32, u32); 4]> = pairs.iter().copied().filter(upon).collect();
                let has = |pair: &(f32, u32, u32), end: u32| pair.1 == end || pair.2 == end;
                let alone = |end: u32| near.iter().filter(|pair| has(pair, end)).count() == 1;
                for &(_, p, q) in near.iter().filter(|pair| alone(pair.1) && alone(pair.2)) {
                    if !waiting.contains(&p) && !waiting.contains(&q) {
                        self.join(p, q);
                    }
                }
                ends.retain(|end| self.partner[*end as usize] == NONE);
                self.pairs(&ends, &mut pairs);
            }
            match pairs.as_slice() {
                [] => {}
                &[(_, p, q)] if !waiting.contains(&p) && !waiting.contains(&q) => self.join(p, q),
                _ => unclear.push(ends),
            }
        }
        Ok(())
    }

    /// Which of some ends that meet may continue each other, and the turn of the pen there.
    fn pairs(&self, ends: &[u32], pairs: &mut Vec<(f32, u32, u32)>) {
        pairs.clear();
        for (i, &p) in ends.iter().enumerate() {
            let others = ends[i + 1..].iter().copied().filter(|q| p / 2 != q / 2);
            pairs.extend(others.filter_map(|q| Some((self.smooth(p, q)?, p, q))));
        }
    }

    /// How much the pen would turn otherwise from one end into another than it did before and does after, degrees: where
    /// circles touch, it is smoother to go over to the other, but the pen turned one way and would turn the other.
    fn jerk(&self, from: u32, into: u32) -> f32 {
        let turn = |from: u32, into: u32| {
            let (u, back) = (self.outward(from), self.outward(into));
            (u[1] * back[0] - u[0] * back[1]).atan2(-u[0] * back[0] - u[1] * back[1]).to_degrees()
        };
        let here = turn(from, into);
        let (before, after) = (self.partner[(from ^ 1) as usize], self.partner[(into ^ 1) as usize]);
        let off =
            |known: u32, there: &dyn Fn() -> f32| if known == NONE { 0.0 } else { (here - there()).abs() };
        off(before, &|| turn(before, from ^ 1)) + off(after, &|| turn(into ^ 1, after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_a_circle_tells_its_middle_and_radius() {
        for degrees in [60.0_f32, 170.0, 300.0] {
            let at = |t: f32| [3.0 + 5.0 * t.to_radians().cos(), 7.0 + 5.0 * t.to_radians().sin()];
            let (a, b) = (at(20.0), at(20.0 + degrees));
            let arc = 5.0 * degrees.to_radians();
            let curve = Baseline { a, b, chord: distance(a, b), arc, of_curve: false, pen: 0 };
            let found = circle(&curve).unwrap();
            let fits =
                |(m, r): &([f64; 2], f64)| (m[0] - 3.0).hypot(m[1] - 7.0) < 0.01 && (r - 5.0).abs() < 0.01;
            assert!(found.iter().any(fits), "{degrees}: {found:?}");
        }
        let flat = Baseline { a: [0.0, 0.0], b: [9.0, 0.0], chord: 9.0, arc: 9.01, of_curve: false, pen: 0 };
        assert!(circle(&flat).is_none());
    }

    #[test]
    fn a_line_that_two_pens_drew_has_none_and_its_pieces_have_theirs() {
        let piece =
            |from: f32, to: f32, style: u32| Segment { a: [from, 9.0], b: [to, 9.0], style, solid: false };
        let segments = vec![piece(0.0, 20.0, 3), piece(20.0, 26.0, 5), piece(50.0, 58.0, 70_000)];
        let joined = vec![false; segments.len()];
        let ink = Ink { segments, joined, ..Ink::default() };
        let runs = Runs::link(&ink, &Budget::unlimited()).unwrap();
        let lines: Vec<(f32, u16)> = runs.lines.iter().map(|l| (l.chord, l.pen)).collect();
        assert_eq!(lines, [(6.0, 5), (8.0, ANY_PEN), (20.0, 3), (26.0, ANY_PEN)]);
    }

    #[test]
    fn circles_that_touch_are_two_however_smooth_the_way_over_is() {
        let circle = |x: f32, flip: bool| {
            let at = move |k: u8| {
                let (sin, cos) = (std::f32::consts::TAU * f32::from(k % 48 + 12) / 48.0).sin_cos();
                [x + 5.0 * cos, 50.0 + 5.0 * sin]
            };
            (0..48).map(move |k| {
                // Some pieces were drawn the other way round.
                let (from, to) = if flip && k % 3 == 0 { (k + 1, k) } else { (k, k + 1) };
                Segment { a: at(from), b: at(to), style: 0, solid: false }
            })
        };
        for flip in [false, true] {
            let mut segments: Vec<Segment> =
                (1..4_u8).flat_map(|n| circle(10.0 * f32::from(n), flip)).collect();
            // In any order.
            let order: Vec<usize> = (0..segments.len()).map(|k| k * 37 % segments.len()).collect();
            segments = order.iter().map(|&k| segments[k]).collect();
            let ink = Ink { joined: vec![false; segments.len()], segments, ..Ink::default() };
            let runs = Runs::link(&ink, &Budget::unlimited()).unwrap();
            assert_eq!((runs.runs.len(), runs.loops.len()), (3, 3), "{flip}");
        }
    }
}
