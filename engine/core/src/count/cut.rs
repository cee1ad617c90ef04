//! Strokes that the exemplar's box cuts: they go well into it, are no part of the exemplar for what lies outside, and
//! stay near. What runs through the box, a wall or a wire, is not cut but passes. Where they go on in the same way at
//! the places found, the box holds a part of a symbol only.

use rustc_hash::FxHashMap;

use super::index::PageIndex;
use super::ink::Segment;
use super::matching::Matcher;
use super::pose::Pose;
use super::search::{CountParams, Judged};
use super::surroundings::grow;
use super::template::Template;
use super::variant::MAX_VARIANT;
use crate::geom::{ListRect, clip};

/// How far about the box such a stroke may go, diagonals; further, and it passes.
const REACH: f32 = 1.0;
/// How far it goes into the box at least: page pixels, which are a person's margin, and share of the diagonal.
const DEEP_PX: f64 = 6.0;
const DEEP_SHARE: f32 = 0.1;
/// Share of the diagonal that it goes out of it at least.
const OUT_SHARE: f32 = 0.03;
/// Ends this close touch, list units.
const TOUCH: f32 = 0.15;
/// Share of the strokes' length that is there where they go on in the same way.
const ALIKE: f64 = 0.75;

/// Segments of the strokes that a box cuts.
pub(super) fn strokes(page: &PageIndex, kept: &[u32], area: &ListRect) -> Vec<u32> {
    let diagonal = area.width().hypot(area.height());
    let far = grow(area, diagonal * REACH);
    let mut by_run: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for i in page.grid.within(&far) {
        let run = page.run_of[i as usize];
        if inside(&page.runs[run as usize].bounds, &far) && !page.lettered[run as usize] {
            by_run.entry(run).or_default().push(i);
        }
    }
    let is_kept = |i: &u32| kept.binary_search(i).is_ok();
    let deep = ((DEEP_PX / page.space.px_per_unit.max(f64::MIN_POSITIVE)) as f32).max(diagonal * DEEP_SHARE);
    let is_cut = |members: &Vec<u32>| {
        let outside = |i: &u32| {
            let s = &page.segments[*i as usize];
            let within = clip(s.a, s.b, area).map_or(0.0, |(a, b)| (b[0] - a[0]).hypot(b[1] - a[1]));
            s.length() - within
        };
        !members.iter().all(is_kept)
            && members.iter().map(outside).sum::<f32>() > diagonal * OUT_SHARE
            && members.iter().any(|&i| depth(page, area, members, i, deep) >= deep)
    };
    let mut cut: Vec<u32> = by_run.into_values().filter(is_cut).flatten().collect();
    cut.sort_unstable();
    cut
}

fn inside(inner: &ListRect, outer: &ListRect) -> bool {
    inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom
}

/// How far a stroke goes into the box from where `first` of its pieces enters it, until it ends or others end on its
/// pieces' ends; no further than `enough`.
fn depth(page: &PageIndex, area: &ListRect, members: &[u32], first: u32, enough: f32) -> f32 {
    let within = |p: [f32; 2]| p[0] > area.left && p[0] < area.right && p[1] > area.top && p[1] < area.bottom;
    let touch = |p: [f32; 2], q: [f32; 2]| (p[0] - q[0]).hypot(p[1] - q[1]) <= TOUCH;
    let s = &page.segments[first as usize];
    let (out, mut end) = match (within(s.a), within(s.b)) {
        (false, true) => (s.a, s.b),
        (true, false) => (s.b, s.a),
        _ => return 0.0,
    };
    let mut deep = clip(out, end, area).map_or(0.0, |(a, b)| (b[0] - a[0]).hypot(b[1] - a[1]));
    let mut from = first;
    while deep < enough {
        let mut next = None;
        for i in page.grid.near(end[0], end[1], TOUCH).filter(|&i| i != from) {
            let o = &page.segments[i as usize];
            let Some(there) = [(o.a, o.b), (o.b, o.a)].into_iter().find(|(p, _)| touch(*p, end)) else { continue };
            if !members.contains(&i) {
                return deep;
            }
            next = Some((i, there.1));
        }
        let Some((i, to)) = next else { break };
        deep += (to[0] - end[0]).hypot(to[1] - end[1]);
        (from, end) = (i, to);
    }
    deep
}

/// At how many of the other matches the strokes that the exemplar's box cuts go on as they do there, and out of how
/// many.
pub(super) fn tell(
    matcher: &Matcher<'_>,
    cut: &[Segment],
    params: &CountParams,
    kept: &mut [Judged],
) -> (usize, usize) {
    let all: f64 = cut.iter().map(|s| f64::from(s.length())).sum();
    if all <= 0.0 {
        return (0, 0);
    }
    let alike = |pose: &Pose| {
        let there = |pose: &Pose| {
            let there = cut.iter().filter(|s| !matcher.lacks(pose, s));
            there.map(|s| f64::from(s.length())).sum::<f64>() / all
        };
        seen(matcher.template, pose).map(|p| there(&p)).fold(0.0, f64::max)
    };
    let others: Vec<f64> = kept
        .iter()
        .filter(|j| !j.own && j.score.confidence >= params.threshold)
        .map(|j| alike(&j.pose))
        .collect();
    let shared = others.iter().filter(|a| **a >= ALIKE).count();
    if std::env::var_os("CUT").is_some() {
        eprintln!("cut {} pieces {:.2} of {:.2}: {shared} of {}", cut.len(), all, matcher.template.weight, others.len());
    }
    (shared, others.len())
}

/// The ways to see a symbol that is placed.
fn seen<'a>(template: &'a Template, pose: &'a Pose) -> impl Iterator<Item = Pose> + 'a {
    template.symmetries.iter().map(|s| pose.after(s))
}
