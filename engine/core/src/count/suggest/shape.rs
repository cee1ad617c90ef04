//! What of a drawing stays as it is when it is turned, mirrored, cut into other pieces or rounded.

use rustc_hash::FxHashMap;

use super::super::index::PageIndex;
use super::super::ink::InkStyle;
use super::clusters::Cluster;
use crate::budget::{Budget, Exhausted};

/// Rings about the middle of the ink, and directions against the ray from there, that ink is sorted by.
const RINGS: usize = 6;
const DIRECTIONS: usize = 4;
/// Longest piece that is sorted at once, as a share of the shape's radius.
const PIECE: f32 = 0.12;
/// Two shapes are alike when lengths differ by no more than this share and ink sorted otherwise is no more
/// than that share, and what rounding does to small ones, by their radius in list units.
const SIZE_SLACK: f32 = 0.035;
const INK_SLACK: f32 = 0.09;
const ROUNDING: f32 = 0.12;
const GRAIN_ROUNDING: f32 = 0.4;
/// The most that such slack may be.
const MAX_SIZE_SLACK: f32 = 0.09;
const MAX_INK_SLACK: f32 = 0.22;
/// Sides of the cells that groups are kept in, of the logarithms of length and radius.
const CELL: f32 = 0.1;
/// A straight stroke is told by directions that differ by less, degrees.
const SAME_DIRECTION: f32 = 6.0;
/// Lines that cross pass the middle of their ink by less than this share of the radius.
const OFF_MIDDLE: f32 = 0.15;

/// A cluster's shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Length of its ink, list units.
    pub length: f32,
    /// Largest distance of its ink from the middle of it, list units.
    pub radius: f32,
    /// Shares of the ink by ring and direction.
    sorted: [f32; RINGS * DIRECTIONS],
    /// The pen that draws most of it.
    pub style: u32,
    /// Different straight lines that its ink lies on, as far as they matter: up to four.
    pub lines: u8,
    /// Two lines that do not cross in their middle: a corner, whatever it is the corner of.
    pub corner: bool,
}

impl Shape {
    /// `None` for what has no extent in one direction: a line, however it is cut.
    pub(super) fn of(page: &PageIndex, cluster: &Cluster) -> Option<Self> {
        let (mut length, mut x, mut y) = (0.0_f32, 0.0_f32, 0.0_f32);
        let mut pens: FxHashMap<u32, f32> = FxHashMap::default();
        for s in cluster.segments.iter().map(|&i| &page.segments[i as usize]) {
            let (l, m) = (s.length(), s.at(0.5));
            length += l;
            x += l * m[0];
            y += l * m[1];
            *pens.entry(s.style).or_default() += l;
        }
        if length <= 0.0 {
            return None;
        }
        let middle = [x / length, y / length];
        let from = |p: [f32; 2]| (p[0] - middle[0]).hypot(p[1] - middle[1]);
        let mut radius = 0.0_f32;
        let mut lines: Vec<(f32, f32)> = Vec::new();
        for s in cluster.segments.iter().map(|&i| &page.segments[i as usize]) {
            radius = radius.max(from(s.a)).max(from(s.b));
            let angle = (s.b[1] - s.a[1]).atan2(s.b[0] - s.a[0]).to_degrees().rem_euclid(180.0);
            let (sin, cos) = angle.to_radians().sin_cos();
            let offset = (s.a[1] - middle[1]) * cos - (s.a[0] - middle[0]) * sin;
            let same = |l: &(f32, f32)| {
                let turn = (l.0 - angle).abs();
                let (turn, offset) = if turn > 90.0 { (180.0 - turn, -offset) } else { (turn, offset) };
                turn < SAME_DIRECTION && (l.1 - offset).abs() < 0.6
            };
            if lines.len() < 4 && s.length() > 0.4 && !lines.iter().any(same) {
                lines.push((angle, offset));
            }
        }
        if lines.len() < 2 || radius <= 0.0 {
            return None;
        }
        let style = pens.into_iter().max_by(|p, q| p.1.total_cmp(&q.1).then(q.0.cmp(&p.0)))?.0;
        let sorted = sorted(page, cluster, middle, radius, length);
        let corner = lines.len() == 2 && lines.iter().any(|l| l.1.abs() > radius * OFF_MIDDLE);
        Some(Self { length, radius, sorted, style, lines: lines.len() as u8, corner })
    }

    /// How unlike two shapes are: 1 is as much as may be; `None` for more.
    fn unlike(&self, other: &Self, grain: f32) -> Option<f32> {
        let rounding = (ROUNDING + grain * GRAIN_ROUNDING) / self.radius.min(other.radius);
        let size = (SIZE_SLACK + rounding).min(MAX_SIZE_SLACK);
        let ink = (INK_SLACK + rounding * 2.0).min(MAX_INK_SLACK);
        let ratio = |p: f32, q: f32| (p / q).ln().abs() / size;
        let moved: f32 = self.sorted.iter().zip(&other.sorted).map(|(p, q)| (p - q).abs()).sum();
        let most =
            ratio(self.length, other.length).max(ratio(self.radius, other.radius)).max(moved / 2.0 / ink);
        (most <= 1.0).then_some(most)
    }
}

/// Ink by how far from the middle it is and how it runs there. Between two rings or directions it counts for
/// both, so that rounding moves little.
fn sorted(
    page: &PageIndex,
    cluster: &Cluster,
    middle: [f32; 2],
    radius: f32,
    length: f32,
) -> [f32; RINGS * DIRECTIONS] {
    let mut sorted = [0.0; RINGS * DIRECTIONS];
    for s in cluster.segments.iter().map(|&i| &page.segments[i as usize]) {
        let whole = s.length();
        let pieces = (whole / (radius * PIECE)).ceil().clamp(1.0, 64.0) as u32;
        let (dx, dy) = ((s.b[0] - s.a[0]) / whole, (s.b[1] - s.a[1]) / whole);
        for piece in 0..pieces {
            let p = s.at((piece as f32 + 0.5) / pieces as f32);
            let (rx, ry) = (p[0] - middle[0], p[1] - middle[1]);
            let r = rx.hypot(ry);
            let ring = (r / radius * RINGS as f32 - 0.5).clamp(0.0, (RINGS - 1) as f32);
            // Near the middle a ray has no sure direction.
            let along = if r > radius * 0.08 { ((rx * dx + ry * dy) / r).abs() } else { 0.5 };
            let turn = along.min(1.0).acos() / std::f32::consts::FRAC_PI_2;
            let turn = (turn * DIRECTIONS as f32 - 0.5).clamp(0.0, (DIRECTIONS - 1) as f32);
            let ink = whole / pieces as f32 / length;
            for (cell, share) in split(ring, RINGS) {
                for (direction, part) in split(turn, DIRECTIONS) {
                    sorted[cell * DIRECTIONS + direction] += ink * share * part;
                }
            }
        }
    }
    sorted
}

/// A place between two cells, as shares of both.
fn split(at: f32, cells: usize) -> [(usize, f32); 2] {
    let low = (at as usize).min(cells - 1);
    let share = at - low as f32;
    [(low, 1.0 - share), ((low + 1).min(cells - 1), share)]
}

/// Clusters of one shape and pen.
#[derive(Debug)]
pub(super) struct Group {
    pub shape: Shape,
    pub members: Vec<Member>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// Index of the cluster.
    pub cluster: u32,
    /// From the group's first, as far as shapes may be: 0 to 1.
    pub unlike: f32,
}

/// Puts clusters of one shape together. Each joins the group that it is most like, the earliest of equals.
pub(super) fn groups(
    page: &PageIndex,
    clusters: &[Cluster],
    budget: &Budget,
) -> Result<Vec<Group>, Exhausted> {
    let mut groups: Vec<Group> = Vec::new();
    let mut cells: FxHashMap<(i32, i32), Vec<u32>> = FxHashMap::default();
    let cell = |v: f32| (v.ln() / CELL).floor() as i32;
    for (n, cluster) in clusters.iter().enumerate() {
        budget.spend(cluster.segments.len() as u64)?;
        let Some(shape) = Shape::of(page, cluster) else { continue };
        let pen: &InkStyle = &page.styles[shape.style as usize];
        let (l, r) = (cell(shape.length), cell(shape.radius));
        let mut best: Option<(f32, u32)> = None;
        for place in (l - 1..=l + 1).flat_map(|l| (r - 1..=r + 1).map(move |r| (l, r))) {
            let Some(near) = cells.get(&place) else { continue };
            budget.spend(near.len() as u64)?;
            for &g in near {
                let other = &groups[g as usize].shape;
                if !pen.agrees(&page.styles[other.style as usize]) {
                    continue;
                }
                let Some(unlike) = shape.unlike(other, page.grain) else { continue };
                if best.is_none_or(|(least, first)| (unlike, g) < (least, first)) {
                    best = Some((unlike, g));
                }
            }
        }
        let member = |unlike| Member { cluster: n as u32, unlike };
        match best {
            Some((unlike, g)) => groups[g as usize].members.push(member(unlike)),
            None => {
                cells.entry((l, r)).or_default().push(groups.len() as u32);
                groups.push(Group { shape, members: vec![member(0.0)] });
            }
        }
    }
    Ok(groups)
}
