//! Filled areas of a page: a body that is solid is not one that is an outline.

use super::ink::{flatten, is_paper, sliver};
use super::pose::Pose;
use super::template::Template;
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;
use crate::page::display::{DisplayList, Paint, PathEntry, Style, Verb};

/// Larger areas are grounds (poché, shading of a room), whatever the symbol; list units.
const MAX_SIDE: f32 = 300.0;
/// Areas up to `SMALL` are kept in cells of that side, larger ones in cells of half `MAX_SIDE`.
const SMALL: f32 = 16.0;
const LARGE: f32 = MAX_SIDE / 2.0;
/// Corners of one area at most; more are a picture traced into curves.
const MAX_CORNERS: usize = 5_000;
/// Areas near one pose at most; a denser place says nothing of bodies.
const MAX_NEAR: usize = 200;
/// An area that leaves the outline by this share of the diameter is a ground, not a body.
const LEAVES_SHARE: f32 = 0.25;

/// A painted area.
#[derive(Debug)]
struct Area {
    bounds: ListRect,
    /// First ring and number of rings.
    rings: (u32, u32),
    even_odd: bool,
}

/// All areas small enough to be the body of a symbol.
#[derive(Debug, Default)]
pub(super) struct Fills {
    areas: Vec<Area>,
    /// First corner and number of corners of each ring.
    rings: Vec<(u32, u32)>,
    corners: Vec<[f32; 2]>,
    small: Cells,
    large: Cells,
}

/// Areas by the cell that their top left corner falls in, sorted.
#[derive(Debug, Default)]
struct Cells {
    side: f32,
    entries: Vec<((i32, i32), u32)>,
}

impl Cells {
    fn cell(&self, x: f32, y: f32) -> (i32, i32) {
        ((y / self.side).floor() as i32, (x / self.side).floor() as i32)
    }

    /// Areas that may meet a box: no area is larger than `reach`.
    fn near(&self, area: &ListRect, reach: f32, mut visit: impl FnMut(u32)) {
        if self.entries.is_empty() {
            return;
        }
        let (r0, c0) = self.cell(area.left - reach, area.top - reach);
        let (r1, c1) = self.cell(area.right, area.bottom);
        for row in r0..=r1 {
            let from = self.entries.partition_point(|e| e.0 < (row, c0));
            for entry in self.entries[from..].iter().take_while(|e| e.0 <= (row, c1)) {
                visit(entry.1);
            }
        }
    }
}

impl Fills {
    pub(super) fn of(list: &DisplayList, budget: &Budget) -> Result<Self, Exhausted> {
        let mut fills = Self {
            small: Cells { side: SMALL, entries: Vec::new() },
            large: Cells { side: LARGE, entries: Vec::new() },
            ..Self::default()
        };
        let mut spent = 0;
        for entry in &list.paths {
            let Some(style) = list.styles.get(entry.style as usize) else { continue };
            if style.paint == Paint::Stroke || is_paper(style) {
                continue;
            }
            spent += u64::from(entry.verb_len) + 1;
            if spent > 512 {
                budget.spend(spent)?;
                spent = 0;
            }
            fills.add(list, entry, style);
        }
        fills.small.entries.sort_unstable();
        fills.large.entries.sort_unstable();
        Ok(fills)
    }

    fn add(&mut self, list: &DisplayList, entry: &PathEntry, style: &Style) {
        let (bounds, visible) = (entry.bounds, entry.visible);
        let side = bounds.width().max(bounds.height());
        // A clipped area has another shape than its path; what is left of it is not known here.
        let clipped = visible.width() < bounds.width() * 0.99 || visible.height() < bounds.height() * 0.99;
        let known = side.is_finite() && side > 0.0 && side <= MAX_SIDE && !clipped;
        if !known || entry.verb_len as usize > MAX_CORNERS {
            return;
        }
        let (rings, corners) = (self.rings.len(), self.corners.len());
        self.flatten(list, entry);
        let lines_only = (rings..self.rings.len()).all(|r| sliver(self.ring(r as u32)).is_some());
        if lines_only || self.corners.len() - corners > MAX_CORNERS {
            self.rings.truncate(rings);
            self.corners.truncate(corners);
            return;
        }
        let id = self.areas.len() as u32;
        self.areas.push(Area {
            bounds,
            rings: (rings as u32, (self.rings.len() - rings) as u32),
            even_odd: style.paint == Paint::FillEvenOdd,
        });
        let cells = if side <= SMALL { &mut self.small } else { &mut self.large };
        cells.entries.push((cells.cell(bounds.left, bounds.top), id));
    }

    fn flatten(&mut self, list: &DisplayList, entry: &PathEntry) {
        let (verbs, coords) = list.path(entry);
        let mut ring: Vec<[f32; 2]> = Vec::new();
        let mut next = 0;
        for verb in verbs {
            let pairs = &coords[next..next + verb.pairs()];
            next += verb.pairs();
            match verb {
                Verb::Move => {
                    self.push_ring(&ring);
                    ring.clear();
                    ring.push(pairs[0]);
                }
                Verb::Line => ring.push(pairs[0]),
                Verb::Cubic => {
                    let from = ring.last().copied().unwrap_or(pairs[0]);
                    flatten(from, pairs, &mut ring);
                }
                Verb::Close => {}
            }
        }
        self.push_ring(&ring);
    }

    fn push_ring(&mut self, ring: &[[f32; 2]]) {
        if ring.len() >= 3 && ring.iter().all(|p| p[0].is_finite() && p[1].is_finite()) {
            self.rings.push((self.corners.len() as u32, ring.len() as u32));
            self.corners.extend_from_slice(ring);
        }
    }

    fn ring(&self, ring: u32) -> &[[f32; 2]] {
        let (from, count) = self.rings[ring as usize];
        &self.corners[from as usize..(from + count) as usize]
    }

    fn covers(&self, area: &Area, p: [f32; 2]) -> bool {
        let b = &area.bounds;
        if p[0] < b.left || p[0] > b.right || p[1] < b.top || p[1] > b.bottom {
            return false;
        }
        let (from, count) = area.rings;
        let winding: i32 = (from..from + count).map(|r| winding(self.ring(r), p)).sum();
        if area.even_odd { winding % 2 != 0 } else { winding != 0 }
    }

    /// Which of a template's places inside its outline are painted where a pose puts them. `None` when
    /// too much is painted there to tell.
    pub(super) fn painted(&self, template: &Template, pose: &Pose) -> Option<Vec<bool>> {
        if self.areas.is_empty() {
            return Some(vec![false; template.inside.len()]);
        }
        let outline = template.outline(pose);
        let out = (template.diameter * pose.scale()) as f32 * LEAVES_SHARE;
        let mut bodies: Vec<u32> = Vec::new();
        let mut take = |id: u32| {
            let b = &self.areas[id as usize].bounds;
            let leaves = b.left < outline.left - out
                || b.top < outline.top - out
                || b.right > outline.right + out
                || b.bottom > outline.bottom + out;
            if !leaves && b.intersects(&outline) {
                bodies.push(id);
            }
        };
        self.small.near(&outline, SMALL, &mut take);
        self.large.near(&outline, MAX_SIDE, &mut take);
        if bodies.len() > MAX_NEAR {
            return None;
        }
        let painted = |p: &[f64; 2]| {
            let q = pose.apply(*p);
            bodies.iter().any(|&id| self.covers(&self.areas[id as usize], [q[0] as f32, q[1] as f32]))
        };
        Some(template.inside.iter().map(painted).collect())
    }
}

/// How often a ring goes around a place, counter-clockwise turns less clockwise ones.
fn winding(ring: &[[f32; 2]], p: [f32; 2]) -> i32 {
    let mut turns = 0;
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        if (a[1] <= p[1]) == (b[1] <= p[1]) {
            continue;
        }
        let x = a[0] + (p[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
        if x > p[0] {
            turns += if b[1] > a[1] { 1 } else { -1 };
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_not_inside() {
        let outer = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]];
        let inner = [[3.0, 3.0], [3.0, 7.0], [7.0, 7.0], [7.0, 3.0]];
        let around = |p| winding(&outer, p) + winding(&inner, p);
        assert_ne!(around([1.0, 5.0]), 0);
        assert_eq!(around([5.0, 5.0]), 0);
        assert_eq!(around([11.0, 5.0]), 0);
    }
}
