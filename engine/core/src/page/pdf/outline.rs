//! The outline of an area, list space: what is inside of it, and where a line crosses it.

use kurbo::{Affine, BezPath, PathEl, Point};
use smallvec::SmallVec;

use super::bounds::cubic_of;
use crate::geom::{ListRect, clip};
use crate::page::curve::flatten;
use crate::page::display::Verb;

/// Edges of one outline at most.
pub(super) const MAX_EDGES: usize = 20_000;
/// Edges are looked up by the row that they pass through: rows, and entries for each edge on average.
const MAX_ROWS: usize = 128;
const ENTRIES_PER_EDGE: usize = 8;
/// Corners of an upright rectangle agree within this, list units.
const UPRIGHT: f32 = 1e-3;

/// A closed outline of straight edges.
#[derive(Debug)]
pub(super) struct Outline {
    edges: Vec<[[f32; 2]; 2]>,
    even_odd: bool,
    pub(super) bounds: ListRect,
    /// Rows' height, the first entry of each row, and edges by row.
    row_height: f32,
    starts: Vec<u32>,
    entries: Vec<u32>,
}

/// How an area stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Outside,
    Inside,
    Across,
}

impl Outline {
    /// `None` where there are too many edges, too few for an area, or coordinates that are no numbers.
    pub(super) fn of(rings: &Rings, even_odd: bool) -> Option<Self> {
        let edges: Vec<[[f32; 2]; 2]> = rings.edges().collect();
        if edges.len() < 2 || edges.len() > MAX_EDGES {
            return None;
        }
        let mut bounds = ListRect::EMPTY;
        for [a, _] in &edges {
            if !a[0].is_finite() || !a[1].is_finite() {
                return None;
            }
            bounds.add(a[0], a[1]);
        }
        let mut outline =
            Self { edges, even_odd, bounds, row_height: 1.0, starts: Vec::new(), entries: Vec::new() };
        outline.sort_into_rows();
        Some(outline)
    }

    fn sort_into_rows(&mut self) {
        let mut rows = (self.edges.len() / 8).clamp(1, MAX_ROWS);
        let counts = loop {
            self.row_height = (self.bounds.height() / rows as f32).max(f32::MIN_POSITIVE);
            self.starts = vec![0; rows + 1];
            let mut counts = vec![0_u32; rows];
            for [a, b] in &self.edges {
                self.rows(a[1].min(b[1]), a[1].max(b[1])).for_each(|row| counts[row] += 1);
            }
            let all: usize = counts.iter().map(|c| *c as usize).sum();
            if rows == 1 || all <= ENTRIES_PER_EDGE * self.edges.len() {
                break counts;
            }
            rows /= 2;
        };
        for (row, count) in counts.iter().enumerate() {
            self.starts[row + 1] = self.starts[row] + count;
        }
        let mut next = self.starts.clone();
        let mut entries = vec![0; *self.starts.last().unwrap_or(&0) as usize];
        for (i, [a, b]) in self.edges.iter().enumerate() {
            for row in self.rows(a[1].min(b[1]), a[1].max(b[1])) {
                entries[next[row] as usize] = i as u32;
                next[row] += 1;
            }
        }
        self.entries = entries;
    }

    fn rows(&self, from: f32, to: f32) -> std::ops::RangeInclusive<usize> {
        let last = self.starts.len().saturating_sub(2);
        let row = |y: f32| (((y - self.bounds.top) / self.row_height).max(0.0) as usize).min(last);
        row(from)..=row(to)
    }

    /// Edges that pass through some heights, some of them more than once.
    fn between(&self, from: f32, to: f32) -> impl Iterator<Item = &[[f32; 2]; 2]> {
        let rows = self.rows(from, to);
        let (first, last) = (self.starts[*rows.start()] as usize, self.starts[rows.end() + 1] as usize);
        self.entries[first..last].iter().map(|i| &self.edges[*i as usize])
    }

    pub(super) fn edges(&self) -> &[[[f32; 2]; 2]] {
        &self.edges
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.even_odd == other.even_odd && self.edges == other.edges
    }

    /// Edges looked at to answer for a piece of this height, roughly.
    pub(super) fn effort(&self, height: f32) -> u64 {
        let rows = (height / self.row_height).min(MAX_ROWS as f32) as usize + 1;
        let all = self.starts.len().saturating_sub(1).max(1);
        (self.entries.len() / all * rows.min(all)) as u64 + 1
    }

    pub(super) fn contains(&self, p: [f32; 2]) -> bool {
        let b = &self.bounds;
        if !(p[0] >= b.left && p[0] <= b.right && p[1] >= b.top && p[1] <= b.bottom) {
            return false;
        }
        let (mut turns, mut crossed) = (0_i32, 0_u32);
        for [a, b] in self.between(p[1], p[1]) {
            if (a[1] <= p[1]) == (b[1] <= p[1]) {
                continue;
            }
            let along = f64::from(p[1] - a[1]) / f64::from(b[1] - a[1]);
            if f64::from(a[0]) + along * f64::from(b[0] - a[0]) > f64::from(p[0]) {
                turns += if b[1] > a[1] { 1 } else { -1 };
                crossed += 1;
            }
        }
        if self.even_odd { crossed % 2 == 1 } else { turns != 0 }
    }

    /// Where a line from `a` to `b` meets edges: 0 at `a`, 1 at `b`.
    pub(super) fn crossings(&self, a: [f32; 2], b: [f32; 2], out: &mut Crossings) {
        for edge in self.between(a[1].min(b[1]), a[1].max(b[1])) {
            out.extend(crossing(a, b, edge));
        }
    }

    pub(super) fn relation(&self, area: &ListRect) -> Relation {
        if !self.bounds.intersects(area) {
            return Relation::Outside;
        }
        if self.between(area.top, area.bottom).any(|edge| clip(edge[0], edge[1], area).is_some()) {
            return Relation::Across;
        }
        if self.contains([area.left, area.top]) { Relation::Inside } else { Relation::Outside }
    }
}

pub(super) type Crossings = SmallVec<[f32; 8]>;

fn crossing(a: [f32; 2], b: [f32; 2], edge: &[[f32; 2]; 2]) -> Option<f32> {
    let wide = |v: f32| f64::from(v);
    let [c, d] = edge;
    let (rx, ry) = (wide(b[0]) - wide(a[0]), wide(b[1]) - wide(a[1]));
    let (sx, sy) = (wide(d[0]) - wide(c[0]), wide(d[1]) - wide(c[1]));
    let across = rx * sy - ry * sx;
    if across == 0.0 {
        return None;
    }
    let (ox, oy) = (wide(c[0]) - wide(a[0]), wide(c[1]) - wide(a[1]));
    let (t, u) = ((ox * sy - oy * sx) / across, (ox * ry - oy * rx) / across);
    // An edge's ends belong to it: where two edges meet, no line may slip through.
    ((0.0..=1.0).contains(&t) && (-1e-6..=1.000_001).contains(&u)).then_some(t as f32)
}

/// Corners of closed rings.
#[derive(Debug, Default)]
pub(super) struct Rings {
    corners: Vec<[f32; 2]>,
    /// First corner of each ring.
    starts: Vec<usize>,
}

impl Rings {
    /// The rings of a path, curves as chords.
    pub(super) fn of(verbs: &[Verb], coords: &[[f32; 2]]) -> Self {
        let mut rings = Self::default();
        let mut next = 0;
        for verb in verbs {
            let pairs = &coords[next..next + verb.pairs()];
            next += verb.pairs();
            match verb {
                Verb::Move => rings.start(pairs[0]),
                Verb::Line => rings.corners.push(pairs[0]),
                Verb::Cubic => {
                    let from = rings.corners.last().copied().unwrap_or(pairs[0]);
                    flatten(from, pairs, &mut rings.corners);
                }
                Verb::Close => {}
            }
        }
        rings
    }

    /// The rings of a path that `to_list` leads to list space.
    pub(super) fn of_path(path: &BezPath, to_list: Affine) -> Self {
        let mut rings = Self::default();
        let place = |p: Point| {
            let p = to_list * p;
            [p.x as f32, p.y as f32]
        };
        let mut at = Point::ZERO;
        for element in path.elements() {
            let from = place(at);
            match *element {
                PathEl::MoveTo(p) => rings.start(place(p)),
                PathEl::LineTo(p) => rings.corners.push(place(p)),
                PathEl::QuadTo(c, p) => {
                    let (a, b) = cubic_of(at, c, p);
                    flatten(from, &[place(a), place(b), place(p)], &mut rings.corners);
                }
                PathEl::CurveTo(a, b, p) => {
                    flatten(from, &[place(a), place(b), place(p)], &mut rings.corners);
                }
                PathEl::ClosePath => {}
            }
            at = element.end_point().unwrap_or(at);
        }
        rings
    }

    fn start(&mut self, at: [f32; 2]) {
        self.starts.push(self.corners.len());
        self.corners.push(at);
    }

    pub(super) fn len(&self) -> usize {
        self.corners.len()
    }

    pub(super) fn is_finite(&self) -> bool {
        self.corners.iter().flatten().all(|v| v.is_finite())
    }

    pub(super) fn bounds(&self) -> ListRect {
        let mut bounds = ListRect::EMPTY;
        self.corners.iter().for_each(|p| bounds.add(p[0], p[1]));
        bounds
    }

    fn each(&self) -> impl Iterator<Item = &[[f32; 2]]> {
        let ends = self.starts.iter().skip(1).copied().chain([self.corners.len()]);
        self.starts.iter().zip(ends).map(|(&start, end)| &self.corners[start..end])
    }

    /// Edges, each ring closed.
    fn edges(&self) -> impl Iterator<Item = [[f32; 2]; 2]> {
        self.each().flat_map(|ring| {
            (0..ring.len()).map(|i| [ring[i], ring[(i + 1) % ring.len()]]).filter(|[a, b]| a != b)
        })
    }

    /// How thick the area is, roughly: twice its size by the length of its outline.
    pub(super) fn thickness(&self) -> f32 {
        let (mut area, mut length) = (0.0_f32, f32::MIN_POSITIVE);
        for ring in self.each() {
            let o = ring[0];
            // Turns one way and the other cancel each other out, as they should where a line goes forth and
            // back; not so in a ring that crosses itself.
            let (mut turned, mut swept) = (0.0_f32, 0.0_f32);
            for i in 0..ring.len() {
                let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
                length += (b[0] - a[0]).hypot(b[1] - a[1]);
                let twice = (a[0] - o[0]) * (b[1] - o[1]) - (b[0] - o[0]) * (a[1] - o[1]);
                turned += twice;
                swept += twice.abs();
            }
            area += if crosses_itself(ring) { swept } else { turned.abs() } / 2.0;
        }
        2.0 * area / length
    }

    /// Whether the area is an upright rectangle.
    pub(super) fn is_upright(&self) -> bool {
        let ring = match self.corners.as_slice() {
            [head @ .., last] if head.len() == 4 && *last == head[0] => head,
            all => all,
        };
        let level = |a: [f32; 2], b: [f32; 2], axis: usize| (a[axis] - b[axis]).abs() <= UPRIGHT;
        let turns = |axis: usize| {
            (0..4).all(|i| level(ring[i], ring[(i + 1) % 4], if i % 2 == 0 { axis } else { 1 - axis }))
        };
        self.starts.len() == 1 && ring.len() == 4 && (turns(0) || turns(1))
    }
}

/// Whether a ring of a few edges crosses itself; larger ones are not looked at.
fn crosses_itself(ring: &[[f32; 2]]) -> bool {
    const FEW: usize = 32;
    let edge = |i: usize| [ring[i], ring[(i + 1) % ring.len()]];
    let inner = |t: f32| t > 1e-4 && t < 1.0 - 1e-4;
    ring.len() <= FEW
        && (0..ring.len()).any(|i| {
            let [a, b] = edge(i);
            (i + 2..ring.len()).any(|j| crossing(a, b, &edge(j)).is_some_and(inner))
        })
}
