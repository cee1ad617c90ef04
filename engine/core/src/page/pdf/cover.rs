//! What hides what: opaque areas in the order of painting, and the clips that are no rectangles.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::coats::What;
use super::outline::{Crossings, Outline, Relation, Rings};
use super::sample::Sample;
use super::walk::is_light;
use crate::geom::ListRect;
use crate::page::image_out::luma;

/// Areas that are looked at as covers: of more, the largest.
const MAX_COVERS: usize = 20_000;
/// Edges of all covers, and of all clips.
pub(super) const MAX_ALL_EDGES: usize = 1_000_000;
/// Cells a side of the grid that covers are found by.
const CELLS: usize = 64;
/// Covers in more cells than this are kept apart, the latest of them.
const MANY_CELLS: usize = 512;
const MAX_WIDE: usize = 64;

/// No clip but rectangles.
pub(super) const UNCLIPPED: u32 = 0;

/// Clips that are no rectangles, each inside of another.
#[derive(Debug, Default)]
pub(super) struct Clips {
    /// Enclosing clip and outline of each; clip 0 is none.
    nodes: Vec<(u32, u32)>,
    pub(super) outlines: Vec<Outline>,
}

impl Clips {
    /// The clip of `outline` inside of `parent`.
    pub(super) fn push(&mut self, parent: u32, outline: u32) -> u32 {
        self.nodes.push((parent, outline));
        self.nodes.len() as u32
    }

    /// Outlines of a clip and of all that enclose it.
    pub(super) fn chain(&self, clip: u32) -> impl Iterator<Item = u32> {
        let node = |clip: u32| (clip as usize).checked_sub(1).and_then(|i| self.nodes.get(i)).copied();
        std::iter::successors(node(clip), move |(parent, _)| node(*parent)).map(|(_, outline)| outline)
    }
}

/// A painted area that lets nothing through.
#[derive(Debug)]
pub(super) struct Cover {
    /// Its place in the order of painting; it hides what comes before.
    pub(super) seq: u32,
    /// The area is what these have in common.
    pub(super) rect: ListRect,
    pub(super) outlines: SmallVec<[u32; 2]>,
    /// `None` for a picture.
    pub(super) rgba: Option<u32>,
    /// Of an area that is looked at as a ground: what it is painted with, by its number.
    pub(super) what: u32,
    /// It is a thin line as light as paper.
    pub(super) line: bool,
}

impl Cover {
    /// A cover that is lighter than a line by less than this does not part it; of 255.
    const TOLD_APART: u8 = 64;

    /// Whether it parts a line of a colour where it lies over it. Under a dark area a line goes on for whoever
    /// looks at it, as it does through a solid body that stands on it.
    pub(super) fn parts(&self, rgba: u32) -> bool {
        let bright = |rgba: u32| {
            let [r, g, b, _] = rgba.to_be_bytes();
            luma(r, g, b)
        };
        self.rgba.is_none_or(|own| bright(own).saturating_sub(bright(rgba)) >= Self::TOLD_APART)
    }
}

/// Areas, found by their places.
#[derive(Debug, Default)]
pub(super) struct Areas {
    /// In the order of painting.
    covers: Vec<Cover>,
    grid: Grid,
    /// There were too many, and some were left out.
    incomplete: bool,
}

/// All that hides something on a page, and what lines lie on.
#[derive(Debug, Default)]
pub(super) struct Scene {
    pub(super) clips: Clips,
    areas: Areas,
    /// Areas that hide nothing, or have no single colour, and what they are painted with.
    pub(super) grounds: Areas,
    pub(super) whats: Vec<What>,
    /// Of the pictures among them, by their numbers on the page.
    pub(super) samples: FxHashMap<u32, Option<Sample>>,
    /// Some areas were too many to be looked at.
    pub(super) incomplete: bool,
}

impl Areas {
    pub(super) fn new(mut covers: Vec<Cover>, page: &ListRect) -> Self {
        let too_many = covers.len() > MAX_COVERS;
        if too_many {
            let size = |c: &Cover| c.rect.width().min(page.width()) * c.rect.height().min(page.height());
            covers.sort_by(|a, b| size(b).total_cmp(&size(a)).then(b.seq.cmp(&a.seq)));
            covers.truncate(MAX_COVERS);
        }
        covers.sort_by_key(|c| c.seq);
        let (grid, wide_left_out) = Grid::of(&covers, page);
        Self { covers, grid, incomplete: too_many || wide_left_out }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.covers.is_empty()
    }

    pub(super) fn cover(&self, id: u32) -> &Cover {
        &self.covers[id as usize]
    }

    /// Whether some area painted before `seq` may meet an area.
    pub(super) fn any_before(&self, area: &ListRect, seq: u32) -> bool {
        let meets = |id: &u32| {
            let cover = &self.covers[*id as usize];
            cover.seq < seq && cover.rect.intersects(area)
        };
        let early =
            |list: &[u32]| list.iter().take_while(|id| self.covers[**id as usize].seq < seq).any(meets);
        if early(&self.grid.wide) {
            return true;
        }
        if self.grid.entries.is_empty() {
            return false;
        }
        let (columns, mut rows) = self.grid.cells(area);
        rows.any(|row| columns.clone().any(|column| early(self.grid.cell(row, column))))
    }

    /// Areas painted after `seq` that may meet an area, each once, the latest first; returns the looks it took.
    pub(super) fn later(&self, seq: u32, area: &ListRect, found: &mut Vec<u32>) -> u64 {
        found.clear();
        let mut looks = 1;
        let mut take = |list: &[u32]| {
            for &id in list.iter().rev() {
                looks += 1;
                let cover = &self.covers[id as usize];
                if cover.seq <= seq {
                    break;
                }
                if cover.rect.intersects(area) {
                    found.push(id);
                }
            }
        };
        take(&self.grid.wide);
        if !self.grid.entries.is_empty() {
            let (columns, rows) = self.grid.cells(area);
            for row in rows {
                columns.clone().for_each(|column| take(self.grid.cell(row, column)));
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        looks
    }
}

impl Scene {
    pub(super) fn new(
        clips: Clips,
        areas: Areas,
        (grounds, whats): (Areas, Vec<What>),
        incomplete: bool,
    ) -> Self {
        let incomplete = incomplete || areas.incomplete || grounds.incomplete;
        Self { clips, areas, grounds, whats, samples: FxHashMap::default(), incomplete }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.areas.is_empty() && self.grounds.is_empty() && self.clips.outlines.is_empty()
    }

    pub(super) fn outline(&self, id: u32) -> &Outline {
        &self.clips.outlines[id as usize]
    }

    pub(super) fn cover(&self, id: u32) -> &Cover {
        self.areas.cover(id)
    }

    /// Covers painted after `seq` that may meet an area, each once, the latest first; returns the looks it took.
    pub(super) fn later(&self, seq: u32, area: &ListRect, found: &mut Vec<u32>) -> u64 {
        self.areas.later(seq, area, found)
    }

    pub(super) fn relation(&self, cover: &Cover, area: &ListRect) -> Relation {
        let r = &cover.rect;
        if !r.intersects(area) {
            return Relation::Outside;
        }
        let mut all =
            if r.left <= area.left && r.top <= area.top && r.right >= area.right && r.bottom >= area.bottom {
                Relation::Inside
            } else {
                Relation::Across
            };
        for &outline in &cover.outlines {
            match self.outline(outline).relation(area) {
                Relation::Outside => return Relation::Outside,
                Relation::Across => all = Relation::Across,
                Relation::Inside => {}
            }
        }
        all
    }

    /// Whether a place lies in a cover.
    pub(super) fn hides(&self, cover: &Cover, p: [f32; 2]) -> bool {
        let r = &cover.rect;
        let inside = p[0] >= r.left && p[0] <= r.right && p[1] >= r.top && p[1] <= r.bottom;
        inside && cover.outlines.iter().all(|&id| self.outline(id).contains(p))
    }

    /// Where a line from `a` to `b` crosses a cover's edge.
    pub(super) fn crossings(&self, cover: &Cover, a: [f32; 2], b: [f32; 2], out: &mut Crossings) {
        let r = &cover.rect;
        for (axis, at) in [(0, r.left), (0, r.right), (1, r.top), (1, r.bottom)] {
            let t = (at - a[axis]) / (b[axis] - a[axis]);
            if t > 0.0 && t < 1.0 {
                out.push(t);
            }
        }
        for &id in &cover.outlines {
            self.outline(id).crossings(a, b, out);
        }
    }

    /// The last cover over a place that was painted between two others and fits.
    pub(super) fn over(&self, p: [f32; 2], after: u32, fits: impl Fn(&Cover) -> bool) -> Option<&Cover> {
        let mut found = Vec::new();
        self.later(after, &ListRect { left: p[0], top: p[1], right: p[0], bottom: p[1] }, &mut found);
        found.into_iter().map(|id| self.cover(id)).find(|c| fits(c) && self.hides(c, p))
    }
}

/// Covers by the cells that they reach into.
#[derive(Debug, Default)]
struct Grid {
    left: f32,
    top: f32,
    cell: [f32; 2],
    /// First entry of each cell, row by row.
    starts: Vec<u32>,
    entries: Vec<u32>,
    /// Covers in too many cells.
    wide: Vec<u32>,
}

impl Grid {
    fn of(covers: &[Cover], page: &ListRect) -> (Self, bool) {
        let cell = |length: f32| (length / CELLS as f32).max(1.0);
        let mut grid = Self {
            left: page.left,
            top: page.top,
            cell: [cell(page.width()), cell(page.height())],
            ..Self::default()
        };
        let mut counts = vec![0_u32; CELLS * CELLS + 1];
        let mut narrow = Vec::new();
        for (i, cover) in covers.iter().enumerate() {
            let (columns, rows) = grid.cells(&cover.rect);
            if columns.clone().count() * rows.clone().count() > MANY_CELLS {
                grid.wide.push(i as u32);
                continue;
            }
            narrow.push(i as u32);
            rows.for_each(|r| columns.clone().for_each(|c| counts[r * CELLS + c + 1] += 1));
        }
        let left_out = grid.wide.len().saturating_sub(MAX_WIDE);
        grid.wide.drain(..left_out);
        for i in 1..counts.len() {
            counts[i] += counts[i - 1];
        }
        let mut next = counts.clone();
        grid.entries = vec![0; counts.last().map_or(0, |n| *n as usize)];
        for id in narrow {
            let (columns, rows) = grid.cells(&covers[id as usize].rect);
            for row in rows {
                for column in columns.clone() {
                    let at = &mut next[row * CELLS + column];
                    grid.entries[*at as usize] = id;
                    *at += 1;
                }
            }
        }
        grid.starts = counts;
        (grid, left_out > 0)
    }

    /// Columns and rows that an area reaches into; what lies off the page belongs to its edge.
    fn cells(&self, area: &ListRect) -> (std::ops::RangeInclusive<usize>, std::ops::RangeInclusive<usize>) {
        let index = |v: f32, from: f32, cell: f32| (((v - from) / cell).max(0.0) as usize).min(CELLS - 1);
        (
            index(area.left, self.left, self.cell[0])..=index(area.right, self.left, self.cell[0]),
            index(area.top, self.top, self.cell[1])..=index(area.bottom, self.top, self.cell[1]),
        )
    }

    /// In the order of painting.
    fn cell(&self, row: usize, column: usize) -> &[u32] {
        let at = row * CELLS + column;
        &self.entries[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}

/// The largest rectangle of a cover: its bounds as far as they are seen, without end where the page has one.
pub(super) fn reach(visible: &ListRect, page: &ListRect) -> ListRect {
    ListRect {
        left: if visible.left <= page.left { f32::NEG_INFINITY } else { visible.left },
        top: if visible.top <= page.top { f32::NEG_INFINITY } else { visible.top },
        right: if visible.right >= page.right { f32::INFINITY } else { visible.right },
        bottom: if visible.bottom >= page.bottom { f32::INFINITY } else { visible.bottom },
    }
}

/// The outline of a cover's rings, or that it is a rectangle.
pub(super) enum Form {
    Upright,
    Outline(Outline),
    /// Too thin to hide anything, or too many edges.
    Nothing,
}

impl Form {
    /// Thinner areas are lines; list units.
    pub(super) const LEAST: f32 = 1.5;
    /// What is as light as paper is there to hide something, be it in strips.
    const LEAST_LIGHT: f32 = 0.15;

    /// How thin an area of a colour may be.
    pub(super) fn least(rgba: u32) -> f32 {
        if is_light(rgba) { Self::LEAST_LIGHT } else { Self::LEAST }
    }

    pub(super) fn of(rings: &Rings, even_odd: bool, least: f32) -> Self {
        if rings.thickness() < least {
            return Self::Nothing;
        }
        if rings.is_upright() {
            return Self::Upright;
        }
        Outline::of(rings, even_odd).map_or(Self::Nothing, Self::Outline)
    }
}
