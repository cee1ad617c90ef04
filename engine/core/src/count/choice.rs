//! Which strokes in a box are the symbol's, and which are what is around it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::exemplar::MAX_PIECES;
use super::index::PageIndex;
use super::ink::close;
use super::scan::Patch;
use super::surroundings::grow;
use crate::geom::{ListRect, clip};

/// A piece belongs to the symbol when at least this share of it lies in the box.
const INSIDE_SHARE: f32 = 0.85;
/// A stroke that leaves the box by more than this share of its diagonal runs through.
const LEAVES_SHARE: f32 = 0.2;
/// Strokes in the box that go on outside are at most this share of its ink; more, and the box cuts a symbol.
const STRAY_SHARE: f32 = 0.4;
/// A stroke may lie outside the box by this much, list units; by this share of the diagonal if it
/// hangs on strokes inside.
const MIN_SLACK: f32 = 0.1;
const SLACK_SHARE: f32 = 0.03;
/// Ends this close touch, list units.
const TOUCH: f32 = 0.15;

/// Which segments in a box belong to its symbol.
pub(super) struct Choice {
    pub kept: Vec<u32>,
    /// Segments around it: those that enter or pass the box, and those near it.
    pub beyond: Vec<u32>,
    pub through: usize,
}

impl Choice {
    /// What the picture of a scan says: strokes on the symbol's ink are the symbol's.
    pub(super) fn on(page: &PageIndex, area: &ListRect, patch: &Patch) -> Self {
        let b = patch.bounds;
        let middle = [(b.left + b.right) / 2.0, (b.top + b.bottom) / 2.0];
        let diagonal = area.width().hypot(area.height());
        let (mut kept, mut beyond) = (Vec::new(), Vec::new());
        for i in page.grid.within(&grow(area, diagonal * 0.5)) {
            let s = &page.segments[i as usize];
            let places = [0.1, 0.3, 0.5, 0.7, 0.9];
            let held = places.into_iter().filter(|t| patch.holds(s.at(*t), middle)).count();
            if held >= 4 { kept.push(i) } else { beyond.push(i) }
        }
        Self { through: 0, kept, beyond }
    }

    pub(super) fn of(page: &PageIndex, area: &ListRect) -> Self {
        let diagonal = area.width().hypot(area.height());
        let grown = grow(area, MIN_SLACK);
        let slack = grow(area, (diagonal * SLACK_SHARE).max(MIN_SLACK));
        let (mut kept, mut beyond, mut edge, mut entered) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for i in page.grid.within(&grow(area, diagonal * 0.5)) {
            let s = &page.segments[i as usize];
            let inside = clip(s.a, s.b, &grown).map(|(a, b)| (b[0] - a[0]).hypot(b[1] - a[1]));
            if inside.is_some_and(|l| l >= s.length() * INSIDE_SHARE) {
                kept.push(i);
            } else if clip(s.a, s.b, &slack).is_some_and(|(a, b)| a == s.a && b == s.b) {
                edge.push(i);
            } else {
                entered += usize::from(inside.is_some());
                beyond.push(i);
            }
        }
        reach_out(page, &mut kept, edge, &mut beyond);
        // Lettering is text, however it is drawn: it counts only where it is all there is.
        let lettered = |i: &u32| page.lettered[page.run_of[*i as usize] as usize];
        if !kept.iter().all(lettered) {
            kept.retain(|i| !lettered(i));
        }
        if kept.len() > MAX_PIECES {
            return Self { kept, beyond, through: entered };
        }
        let passing = passing_runs(page, &kept, &grown, diagonal);
        let before = kept.len();
        let strays = strays(page, &kept, &beyond, &grow(area, diagonal * LEAVES_SHARE));
        kept.retain(|&i| {
            let passes = passing.contains(&page.run_of[i as usize]) || strays.contains(&i);
            if passes {
                beyond.push(i);
            }
            !passes
        });
        Self { through: entered + before - kept.len(), kept, beyond }
    }
}

/// A box drawn a little too tight: strokes just outside belong when they hang on those inside.
fn reach_out(page: &PageIndex, kept: &mut Vec<u32>, mut edge: Vec<u32>, beyond: &mut Vec<u32>) {
    let touch = |p, q| close(p, q, TOUCH);
    let ends = |i: u32| [page.segments[i as usize].a, page.segments[i as usize].b];
    // A few rounds: what lies in the slack is a side or two, not a drawing.
    for _ in 0..4 {
        let hangs = |i: &u32| {
            let near = |p: [f32; 2]| {
                page.grid
                    .near(p[0], p[1], TOUCH)
                    .any(|j| kept.binary_search(&j).is_ok() && ends(j).into_iter().any(|q| touch(p, q)))
            };
            ends(*i).into_iter().any(near)
        };
        let (more, rest): (Vec<u32>, Vec<u32>) = edge.iter().partition(|i| hangs(i));
        if more.is_empty() {
            break;
        }
        kept.extend(more);
        kept.sort_unstable();
        edge = rest;
    }
    beyond.extend(&edge);
}

/// Runs that leave the box although some of their pieces lie in it: a cable, a line drawn in pieces.
/// A run whose part in the box ends where other strokes of the symbol end is a side that a
/// neighbour's side happens to continue.
fn passing_runs(page: &PageIndex, kept: &[u32], grown: &ListRect, diagonal: f32) -> Vec<u32> {
    let mut by_run: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for &i in kept {
        by_run.entry(page.run_of[i as usize]).or_default().push(i);
    }
    let ends = |i: u32| {
        let s = &page.segments[i as usize];
        [s.a, s.b]
    };
    let touch = |p, q| close(p, q, TOUCH);
    let mut passing: Vec<u32> = Vec::new();
    for (&run, members) in &by_run {
        let b = page.runs[run as usize].bounds;
        let leaves = (grown.left - b.left)
            .max(grown.top - b.top)
            .max(b.right - grown.right)
            .max(b.bottom - grown.bottom);
        if leaves <= diagonal * LEAVES_SHARE {
            continue;
        }
        let outside = |p: [f32; 2]| {
            page.grid.near(p[0], p[1], TOUCH).any(|j| {
                page.run_of[j as usize] == run
                    && !members.contains(&j)
                    && ends(j).into_iter().any(|q| touch(p, q))
            })
        };
        let structural = |p: [f32; 2]| {
            kept.iter().any(|&j| page.run_of[j as usize] != run && ends(j).into_iter().any(|q| touch(p, q)))
        };
        let cut = members.iter().flat_map(|&i| ends(i)).any(|p| outside(p) && !structural(p));
        if cut {
            passing.push(run);
        }
    }
    passing.sort_unstable();
    passing
}

/// Pieces in the box that go on outside it, corner by corner: a wire that bends in the box, the side of a
/// neighbour. At a place where more than two strokes end, the symbol's own may begin.
fn strays(page: &PageIndex, kept: &[u32], beyond: &[u32], far: &ListRect) -> Vec<u32> {
    let ends = |i: u32| [page.segments[i as usize].a, page.segments[i as usize].b];
    let outside = |p: [f32; 2]| p[0] < far.left || p[0] > far.right || p[1] < far.top || p[1] > far.bottom;
    let touch = |p, q| close(p, q, TOUCH);
    // Whatever hangs end to end on a stroke that leaves, outside the box first.
    let mut open: Vec<u32> = beyond.iter().copied().filter(|&i| ends(i).into_iter().any(outside)).collect();
    let mut reached: FxHashSet<u32> = open.iter().copied().collect();
    let beyond: FxHashSet<u32> = beyond.iter().copied().collect();
    let mut strays = Vec::new();
    while let Some(i) = open.pop() {
        for end in ends(i) {
            let mut meeting: Vec<u32> = page
                .grid
                .near(end[0], end[1], TOUCH)
                .filter(|&j| j != i && ends(j).into_iter().any(|q| touch(end, q)))
                .collect();
            // A segment comes once for each cell that it passes here.
            meeting.sort_unstable();
            meeting.dedup();
            let &[next] = meeting.as_slice() else { continue };
            let one_pen = page.segments[next as usize].style == page.segments[i as usize].style;
            let is_kept = kept.binary_search(&next).is_ok();
            if one_pen && (is_kept || beyond.contains(&next)) && reached.insert(next) {
                open.push(next);
                if is_kept {
                    strays.push(next);
                }
            }
        }
    }
    let length = |list: &[u32]| list.iter().map(|&i| page.segments[i as usize].length()).sum::<f32>();
    // A box drawn through the symbol itself cuts it; then nothing is stray.
    if length(&strays) > STRAY_SHARE * length(kept) { Vec::new() } else { strays }
}
