//! What repeats on a page and is no symbol: letters, arrowheads, corners, the grain of a hatch.

use std::f32::consts::PI;

use rustc_hash::FxHashMap;

use super::super::index::PageIndex;
use super::clusters::{Cluster, distance};
use super::places::Places;
use super::shape::Group;
use crate::geom::{ListRect, PxPoint};

/// Members of a group that are looked at.
const LOOKED_AT: usize = 24;
/// Share of those from which on what is true of them is true of the group.
const MOST: f32 = 0.6;
/// Letters are no higher, list units.
const MAX_LETTER: f32 = 16.0;
/// Letters of a word stand on one line and are of one height up to this share, at most so many heights apart.
const LINE_SHARE: f32 = 0.15;
const LETTER_GAP: f32 = 0.8;
/// Arrowheads are no larger, list units; the line runs through their middle up to this share of their size.
const MAX_ARROW: f32 = 14.0;
const ARROW_AXIS: f32 = 0.12;
/// On scans, what is no wider is a stroke or the end of a wall, list units.
const MIN_WIDTH: f32 = 4.8;
/// Directions in which that is measured.
const WAYS: usize = 24;
/// A shape is texture when of this many instances at least this share has so many neighbours within so many
/// sides.
const MIN_TEXTURE: usize = 12;
const TEXTURE_SHARE: f64 = 0.7;
const TEXTURE_NEIGHBOURS: usize = 3;
const TEXTURE_REACH: f64 = 1.4;

/// Clusters of the size of letters, by place.
pub(super) struct Letters<'c> {
    clusters: &'c [Cluster],
    /// Group of each cluster.
    group_of: Vec<u32>,
    cells: FxHashMap<(i32, i32), Vec<u32>>,
}

fn cell(v: f32) -> i32 {
    (v / MAX_LETTER).floor() as i32
}

impl<'c> Letters<'c> {
    pub(super) fn of(clusters: &'c [Cluster], groups: &[Group]) -> Self {
        let mut group_of = vec![u32::MAX; clusters.len()];
        for (g, group) in groups.iter().enumerate() {
            group.members.iter().for_each(|m| group_of[m.cluster as usize] = g as u32);
        }
        let mut cells: FxHashMap<(i32, i32), Vec<u32>> = FxHashMap::default();
        for (i, c) in clusters.iter().enumerate().filter(|(_, c)| c.side() <= MAX_LETTER) {
            let [x, y] = c.middle();
            cells.entry((cell(y), cell(x))).or_default().push(i as u32);
        }
        Self { clusters, group_of, cells }
    }

    /// Whether the members of a group mostly stand beside others of their height, as letters do.
    pub(super) fn are(&self, group: u32, members: &[u32]) -> bool {
        let side = |m: &u32| self.clusters[*m as usize].side();
        if members.iter().any(|m| side(m) > MAX_LETTER) {
            return false;
        }
        let looked_at = sample(members);
        let beside = |m: &&u32| {
            let b = &self.clusters[**m as usize].bounds;
            let (x, y) = (cell((b.left + b.right) / 2.0), cell((b.top + b.bottom) / 2.0));
            let cells = (y - 1..=y + 1).flat_map(|y| (x - 1..=x + 1).map(move |x| (y, x)));
            cells.filter_map(|c| self.cells.get(&c)).flatten().any(|&o| {
                self.group_of[o as usize] != group && {
                    let other = &self.clusters[o as usize].bounds;
                    in_a_line(b, other) || in_a_line(&upright(b), &upright(other))
                }
            })
        };
        looked_at.iter().filter(beside).count() as f32 >= MOST * looked_at.len() as f32
    }
}

/// Rows for columns.
fn upright(b: &ListRect) -> ListRect {
    ListRect { left: b.top, right: b.bottom, top: b.left, bottom: b.right }
}

fn in_a_line(b: &ListRect, other: &ListRect) -> bool {
    let h = b.height();
    let gap = (other.left - b.right).max(b.left - other.right);
    h > 0.0
        && (b.top - other.top).abs() <= h * LINE_SHARE
        && (b.bottom - other.bottom).abs() <= h * LINE_SHARE
        && gap > 0.0
        && gap <= h * LETTER_GAP
}

/// Some of the members, evenly.
fn sample(members: &[u32]) -> Vec<u32> {
    let step = members.len().div_ceil(LOOKED_AT).max(1);
    members.iter().copied().step_by(step).collect()
}

/// Whether a group of triangles sits at the ends of lines.
pub(super) fn are_arrows(page: &PageIndex, clusters: &[Cluster], group: &Group, members: &[u32]) -> bool {
    let of = |m: &u32| &clusters[*m as usize];
    if group.shape.lines != 3 || members.iter().any(|m| of(m).side() > MAX_ARROW) {
        return false;
    }
    let looked_at = sample(members);
    let on_a_line = |m: &&u32| {
        let cluster = of(m);
        let size = cluster.side();
        let [x, y] = cluster.middle();
        let middle = {
            let all = cluster.segments.iter().map(|&i| &page.segments[i as usize]);
            let (mut sx, mut sy, mut n) = (0.0, 0.0, 0.0_f32);
            for s in all {
                sx += s.a[0] + s.b[0];
                sy += s.a[1] + s.b[1];
                n += 2.0;
            }
            [sx / n, sy / n]
        };
        page.grid.near(x, y, size).any(|j| {
            let s = &page.segments[j as usize];
            let l = s.length();
            if l < size * 1.2 || cluster.segments.binary_search(&j).is_ok() {
                return false;
            }
            let across =
                ((middle[0] - s.a[0]) * (s.b[1] - s.a[1]) - (middle[1] - s.a[1]) * (s.b[0] - s.a[0])).abs()
                    / l;
            across <= size * ARROW_AXIS && distance(middle, s.a, s.b) <= size
        })
    };
    looked_at.iter().filter(on_a_line).count() as f32 >= MOST * looked_at.len() as f32
}

/// Whether the members of a group are mostly no wider than a stroke or two, however they are turned.
pub(super) fn are_thin(page: &PageIndex, clusters: &[Cluster], members: &[u32]) -> bool {
    let ways: [[f32; 2]; WAYS] = std::array::from_fn(|k| (PI * k as f32 / WAYS as f32).sin_cos().into());
    let looked_at = sample(members);
    let thin = |m: &&u32| {
        let segments = clusters[**m as usize].segments.iter().map(|&i| &page.segments[i as usize]);
        let places: Vec<[f32; 2]> = segments.flat_map(|s| [s.a, s.b]).collect();
        ways.iter().any(|way| {
            let across = places.iter().map(|p| p[0] * way[0] + p[1] * way[1]);
            let (low, high) = across.fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)));
            high - low < MIN_WIDTH
        })
    };
    looked_at.iter().filter(thin).count() as f32 >= MOST * looked_at.len() as f32
}

/// Whether instances tile an area.
pub(super) fn is_texture(found: &Places) -> bool {
    if found.boxes.len() < MIN_TEXTURE {
        return false;
    }
    let crowded = |b: &&crate::geom::PxRect| {
        let (reach, c): (f64, PxPoint) = (b.w.max(b.h) * TEXTURE_REACH, b.center());
        // A box is one of its own neighbours.
        found.near(c).filter(|o| o.center().distance(c) <= reach).count() > TEXTURE_NEIGHBOURS
    };
    let crowded = found.boxes.iter().filter(crowded).count();
    crowded as f64 >= TEXTURE_SHARE * found.boxes.len() as f64
}
