//! Ink that hangs together: what may be a symbol, whatever it hangs on.
//!
//! Walls, cables and hatch join symbols to each other, and nothing tells them from a symbol's own strokes
//! but their length. So ink is joined in rounds, short strokes first: in the first rounds a symbol is
//! clear of what it hangs on, in the last ones large symbols are whole. What comes out of every round is a
//! candidate; that it repeats shows which of them are symbols.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::index::PageIndex;
use super::super::ink::Segment;
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;

/// Sides of a symbol's box, list units: smaller is a dot, larger a room.
pub(super) const MIN_SIDE: f32 = 3.5;
pub(super) const MAX_SIDE: f32 = 110.0;
/// Longest stroke that is joined in each round, list units.
const ROUNDS: [f32; 8] = [6.0, 10.0, 16.0, 25.0, 36.0, 52.0, 75.0, MAX_SIDE];
/// Ink this close hangs together, list units; and in pixels of a scan.
const GAP: f32 = 0.6;
const GRAIN_GAP: f32 = 1.2;
/// Distance of the places along a stroke at which neighbours are looked for, list units.
const STEP: f32 = 1.0;
/// Neighbours of one stroke at most; more are hatch.
const MAX_NEIGHBOURS: usize = 48;
/// Pieces of one symbol at most, and candidates of a page.
const MAX_PIECES: usize = 1_500;
const MAX_CLUSTERS: usize = 120_000;
/// Clusters that one may hold within its box and still be one symbol with them.
const MAX_INNER: usize = 24;
/// A run is straight when its ends are this share of its length apart.
const STRAIGHT: f32 = 0.995;

/// Strokes that may be one symbol.
#[derive(Debug)]
pub(super) struct Cluster {
    /// Indexes of the page's segments, rising.
    pub segments: Vec<u32>,
    pub bounds: ListRect,
}

impl Cluster {
    /// Longer side of the box, list units.
    pub(super) fn side(&self) -> f32 {
        self.bounds.width().max(self.bounds.height())
    }

    pub(super) fn middle(&self) -> [f32; 2] {
        let b = &self.bounds;
        [(b.left + b.right) / 2.0, (b.top + b.bottom) / 2.0]
    }
}

/// All clusters of a page, and whether there was room for them.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    pub all: Vec<Cluster>,
    pub cut_short: bool,
}

/// Joins the page's ink. A step of the budget is a stroke that was looked at as another's neighbour.
pub(super) fn of(page: &PageIndex, budget: &Budget) -> Result<Clusters, Exhausted> {
    let length = lengths(page);
    let mut edges = edges(page, &length, budget)?;
    edges.sort_unstable();
    let mut sets = Sets { parent: (0..page.segments.len() as u32).collect() };
    let mut found = Found { seen: FxHashSet::default(), clusters: Clusters::default() };
    let mut next = 0;
    for (round, longest) in ROUNDS.into_iter().enumerate() {
        while next < edges.len() && usize::from(edges[next].round) == round {
            sets.join(edges[next].pair);
            next += 1;
        }
        budget.spend(page.segments.len() as u64 / 8)?;
        let parts = sets.parts(page, &length, longest);
        let inner = inner(&parts, budget)?;
        for (part, inner) in parts.iter().zip(&inner) {
            found.add(part.segments.clone(), part.bounds);
            if (1..=MAX_INNER).contains(&inner.len()) {
                let mut whole = part.segments.clone();
                inner.iter().for_each(|&i| whole.extend(&parts[i as usize].segments));
                whole.sort_unstable();
                found.add(whole, part.bounds);
            }
        }
    }
    Ok(found.clusters)
}

/// What was found already, by its strokes.
struct Found {
    seen: FxHashSet<u64>,
    clusters: Clusters,
}

impl Found {
    fn add(&mut self, segments: Vec<u32>, bounds: ListRect) {
        let side = bounds.width().max(bounds.height());
        if segments.len() > MAX_PIECES || !(MIN_SIDE..=MAX_SIDE).contains(&side) {
            return;
        }
        if self.clusters.all.len() == MAX_CLUSTERS {
            self.clusters.cut_short = true;
            return;
        }
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for s in &segments {
            hash = (hash ^ u64::from(*s)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.seen.insert(hash) {
            self.clusters.all.push(Cluster { segments, bounds });
        }
    }
}

/// How long the stroke is that each segment is a piece of: a straight line counts whole, however it was cut.
/// Infinite where it can't be a symbol's: lettering, and what is larger than any symbol.
fn lengths(page: &PageIndex) -> Vec<f32> {
    let mut of_run = vec![0.0_f32; page.runs.len()];
    for (s, &run) in page.segments.iter().zip(&page.run_of) {
        of_run[run as usize] += s.length();
    }
    let of = |(s, &run): (&Segment, &u32)| {
        let (b, whole) = (&page.runs[run as usize].bounds, of_run[run as usize]);
        let across = b.width().hypot(b.height());
        if page.lettered[run as usize] || b.width().max(b.height()) > MAX_SIDE {
            f32::INFINITY
        } else if across >= whole * STRAIGHT {
            across
        } else {
            s.length()
        }
    };
    page.segments.iter().zip(&page.run_of).map(of).collect()
}

/// Two strokes that touch, and the round in which both may be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    round: u8,
    pair: [u32; 2],
}

fn edges(page: &PageIndex, length: &[f32], budget: &Budget) -> Result<Vec<Edge>, Exhausted> {
    let gap = GAP.max(page.grain * GRAIN_GAP);
    let round = |l: f32| ROUNDS.iter().position(|most| l <= *most);
    let mut edges = Vec::new();
    let mut neighbours: Vec<u32> = Vec::new();
    for (i, s) in page.segments.iter().enumerate() {
        if round(length[i]).is_none() {
            continue;
        }
        neighbours.clear();
        let mut looked = 0;
        let steps = (s.length() / STEP).ceil().max(1.0) as u32;
        'places: for step in 0..=steps {
            let p = s.at(step as f32 / steps as f32);
            let mut full = false;
            page.grid.any_near(p[0], p[1], gap, |item| {
                looked += 1;
                let j = item.segment;
                // The longer of two finds the shorter: its places are the denser for it.
                let other = length[j as usize].is_finite() && j as usize != i;
                if other && !neighbours.contains(&j) && item.nearest(p, gap).is_some() {
                    neighbours.push(j);
                    full = neighbours.len() >= MAX_NEIGHBOURS;
                }
                full
            });
            if full {
                break 'places;
            }
        }
        budget.spend(looked)?;
        for &j in &neighbours {
            if let Some(round) = round(length[i].max(length[j as usize])) {
                let (low, high) = (j.min(i as u32), j.max(i as u32));
                edges.push(Edge { round: round as u8, pair: [low, high] });
            }
        }
    }
    Ok(edges)
}

/// Of a place from a straight piece.
pub(super) fn distance(p: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let square = dx * dx + dy * dy;
    let t = if square > 0.0 { ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / square } else { 0.0 };
    let t = t.clamp(0.0, 1.0);
    (p[0] - a[0] - t * dx).hypot(p[1] - a[1] - t * dy)
}

/// Which segments hang together.
struct Sets {
    parent: Vec<u32>,
}

impl Sets {
    fn root(&mut self, mut i: u32) -> u32 {
        while self.parent[i as usize] != i {
            self.parent[i as usize] = self.parent[self.parent[i as usize] as usize];
            i = self.parent[i as usize];
        }
        i
    }

    fn join(&mut self, [a, b]: [u32; 2]) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }

    /// What hangs together and is no larger than a symbol, of strokes no longer than `longest`.
    fn parts(&mut self, page: &PageIndex, length: &[f32], longest: f32) -> Vec<Cluster> {
        let mut number: FxHashMap<u32, u32> = FxHashMap::default();
        let mut parts: Vec<Cluster> = Vec::new();
        for (i, s) in page.segments.iter().enumerate().filter(|(i, _)| length[*i] <= longest) {
            let root = self.root(i as u32);
            let n = *number.entry(root).or_insert_with(|| {
                parts.push(Cluster { segments: Vec::new(), bounds: ListRect::EMPTY });
                parts.len() as u32 - 1
            });
            let part = &mut parts[n as usize];
            part.bounds.add(s.a[0], s.a[1]);
            part.bounds.add(s.b[0], s.b[1]);
            part.segments.push(i as u32);
        }
        parts.retain(|p| p.side() <= MAX_SIDE && p.segments.len() <= MAX_PIECES);
        parts
    }
}

/// For each part those whose boxes lie within its own: a circle's bars, the dot in a square.
fn inner(parts: &[Cluster], budget: &Budget) -> Result<Vec<Vec<u32>>, Exhausted> {
    const CELL: f32 = MAX_SIDE / 2.0;
    const SLACK: f32 = 0.3;
    let cell = |v: f32| (v / CELL).floor() as i32;
    let mut cells: FxHashMap<(i32, i32), Vec<u32>> = FxHashMap::default();
    for (i, p) in parts.iter().enumerate() {
        let [x, y] = p.middle();
        cells.entry((cell(y), cell(x))).or_default().push(i as u32);
    }
    let mut all = vec![Vec::new(); parts.len()];
    for (outer, list) in parts.iter().zip(&mut all) {
        let b = &outer.bounds;
        if b.width().min(b.height()) < MIN_SIDE {
            continue;
        }
        let mut looked = 0;
        'cells: for row in cell(b.top)..=cell(b.bottom) {
            for column in cell(b.left)..=cell(b.right) {
                for &i in cells.get(&(row, column)).into_iter().flatten() {
                    looked += 1;
                    let p = &parts[i as usize].bounds;
                    let within = p.left >= b.left - SLACK
                        && p.right <= b.right + SLACK
                        && p.top >= b.top - SLACK
                        && p.bottom <= b.bottom + SLACK;
                    if within && parts[i as usize].segments[0] != outer.segments[0] {
                        list.push(i);
                        if list.len() > MAX_INNER {
                            break 'cells;
                        }
                    }
                }
            }
        }
        budget.spend(looked)?;
    }
    Ok(all)
}
