//! Strokes that the exemplar's box cuts: they go well into it, are no part of the exemplar for what lies outside, and
//! stay near. What runs through the box, a wall or a wire, is not cut but passes. Where they go on in the same way at
//! the places found, the box holds a part of a symbol only.

use rustc_hash::FxHashMap;

use super::index::PageIndex;
use super::ink::{Segment, close};
use super::judge::Judged;
use super::matching::{Matcher, narrow, passes, unit, wide};
use super::pose::Pose;
use super::runs::Run;
use super::search::{CountParams, owners};
use super::surroundings::{grow, touches};
use super::variant::MAX_VARIANT;
use crate::geom::{ListRect, clip};

/// How far about the box such a stroke may go, diagonals; further, and it passes.
const REACH: f32 = 1.0;
/// How far it goes into the box at least: page pixels, which are a person's margin, and share of the diagonal.
const DEEP_PX: f64 = 6.0;
const DEEP_SHARE: f32 = 0.1;
/// Share of the diagonal that it goes out of it at least.
const OUT_SHARE: f32 = 0.03;
/// How far out the ends of a stroke lie at most, diagonals, that is cut on both sides and does not pass.
const ABOUT: f32 = 0.2;
/// How close along a side, shares of the shorter one.
const ALONG: f32 = 0.25;
/// Ends this close touch, list units.
const TOUCH: f32 = 0.15;
/// Share of the strokes' length that is there where they go on in the same way.
const ALIKE: f64 = 0.75;
/// Length of such strokes that tells something, diameters.
const LEAST: f64 = 0.25;
/// Where they go on at this share of the other matches, the exemplar is a part of all of them; where at so many, and
/// not as the ink of another match, it is a part of those and something else than the rest.
const MOST: f64 = 0.5;
const SOME: usize = 2;
/// Pieces of one stroke at most; what has more is no symbol's.
const MAX_PIECES: usize = 500;
/// Places on a piece that are looked at.
const PLACES: u8 = 5;

/// Segments of the strokes that a box cuts.
pub(super) fn strokes(page: &PageIndex, kept: &[u32], area: &ListRect) -> Vec<u32> {
    let diagonal = area.width().hypot(area.height());
    let far = grow(area, diagonal * REACH);
    let mut pens: Vec<u32> = kept.iter().map(|&i| page.segments[i as usize].style).collect();
    pens.sort_unstable();
    pens.dedup();
    let of_symbol =
        |pen: u32| pens.iter().any(|&p| page.styles[p as usize].agrees(&page.styles[pen as usize]));
    let mut by_run: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for i in page.grid.within(&far) {
        let run = page.run_of[i as usize];
        let Run { bounds, style } = &page.runs[run as usize];
        if inside(bounds, &far) && !page.lettered[run as usize] && of_symbol(*style) {
            by_run.entry(run).or_default().push(i);
        }
    }
    let is_kept = |i: &u32| kept.binary_search(i).is_ok();
    let deep = ((DEEP_PX / page.space.px_per_unit.max(f64::MIN_POSITIVE)) as f32).max(diagonal * DEEP_SHARE);
    let passes = |i: &u32| !inside(&page.runs[page.run_of[*i as usize] as usize].bounds, &far);
    let ends_on = |meeting: &[u32]| meeting.iter().any(is_kept) || !meeting.iter().any(passes);
    // A grab bar or a shelf goes by and hangs on nothing.
    let hangs = |i: &u32| {
        let s = &page.segments[*i as usize];
        is_kept(i) || kept.iter().any(|&k| meet(s, &page.segments[k as usize]))
    };
    let is_cut = |members: &Vec<u32>| {
        let outside = |i: &u32| {
            let s = &page.segments[*i as usize];
            let within = clip(s.a, s.b, area).map_or(0.0, |(a, b)| (b[0] - a[0]).hypot(b[1] - a[1]));
            s.length() - within
        };
        members.len() <= MAX_PIECES
            && !members.iter().all(is_kept)
            && !along_side(page, area, members)
            && members.iter().map(outside).sum::<f32>() > diagonal * OUT_SHARE
            && members.iter().any(hangs)
            && members.iter().any(|&i| depth(page, area, members, i, &ends_on) >= deep)
    };
    let mut cut: Vec<u32> = by_run.into_values().filter(is_cut).flatten().collect();
    cut.sort_unstable();
    cut
}

fn inside(inner: &ListRect, outer: &ListRect) -> bool {
    inner.left >= outer.left
        && inner.right <= outer.right
        && inner.top >= outer.top
        && inner.bottom <= outer.bottom
}

/// Whether a stroke goes in at one side of the box and out at the opposite one, close along a third: a bar behind the
/// symbol.
fn along_side(page: &PageIndex, area: &ListRect, members: &[u32]) -> bool {
    let mut out = [false; 4];
    let (mut far, margin) = (0.0_f32, area.width().min(area.height()) * ALONG);
    for s in members.iter().map(|&i| &page.segments[i as usize]) {
        for p in [s.a, s.b] {
            let off = [p[0] - area.left, area.right - p[0], p[1] - area.top, area.bottom - p[1]];
            off.iter().zip(&mut out).for_each(|(o, out)| *out |= *o < 0.0);
        }
        let Some((a, b)) = clip(s.a, s.b, area) else { continue };
        for t in [0.0, 0.5, 1.0] {
            let p = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
            let off = [p[0] - area.left, area.right - p[0], p[1] - area.top, area.bottom - p[1]];
            far = off.into_iter().fold(f32::INFINITY, f32::min).max(far);
        }
    }
    ((out[0] && out[1]) || (out[2] && out[3])) && far < margin
}

/// Whether an end of one lies on the other, or they cross.
fn meet(s: &Segment, o: &Segment) -> bool {
    let side =
        |s: &Segment, p: [f32; 2]| (s.b[0] - s.a[0]) * (p[1] - s.a[1]) - (s.b[1] - s.a[1]) * (p[0] - s.a[0]);
    let crosses = side(s, o.a) * side(s, o.b) < 0.0 && side(o, s.a) * side(o, s.b) < 0.0;
    let on = |s: &Segment, p: [f32; 2]| touches(s, p, TOUCH);
    crosses || on(s, o.a) || on(s, o.b) || on(o, s.a) || on(o, s.b)
}

/// How far a stroke goes into the box from where its piece `first` enters it, until it ends or others end on its
/// pieces' ends. What ends on strokes that pass, and on none of the exemplar's, is a part of those: not at all.
fn depth(
    page: &PageIndex,
    area: &ListRect,
    members: &[u32],
    first: u32,
    ends_on: &dyn Fn(&[u32]) -> bool,
) -> f32 {
    let within = |p: [f32; 2]| p[0] > area.left && p[0] < area.right && p[1] > area.top && p[1] < area.bottom;
    let touch = |p, q| close(p, q, TOUCH);
    let s = &page.segments[first as usize];
    let Some((a, b)) = clip(s.a, s.b, area) else { return 0.0 };
    let mut deep = (b[0] - a[0]).hypot(b[1] - a[1]);
    let mut end = match (within(s.a), within(s.b)) {
        (false, true) => s.b,
        (true, false) => s.a,
        (true, true) => return 0.0,
        // Short, and through the box from side to side.
        (false, false) => {
            let about = grow(area, area.width().hypot(area.height()) * ABOUT);
            let near = |p: [f32; 2]| {
                p[0] >= about.left && p[0] <= about.right && p[1] >= about.top && p[1] <= about.bottom
            };
            return if near(s.a) && near(s.b) { deep } else { 0.0 };
        }
    };
    let mut from = first;
    for _ in 0..members.len() {
        let meets = |i: &u32| {
            let o = &page.segments[*i as usize];
            *i != from && (touch(o.a, end) || touch(o.b, end))
        };
        let meeting: Vec<u32> = page.grid.near(end[0], end[1], TOUCH).filter(meets).collect();
        let goes_on = meeting.iter().any(|i| members.binary_search(i).is_ok());
        if !meeting.iter().all(|i| members.binary_search(i).is_ok()) {
            return if goes_on || ends_on(&meeting) { deep } else { 0.0 };
        }
        let Some(&next) = meeting.first() else { break };
        let o = &page.segments[next as usize];
        let to = if touch(o.a, end) { o.b } else { o.a };
        deep += o.length();
        (from, end) = (next, to);
    }
    deep
}

/// How the strokes that the exemplar's box cuts are found elsewhere.
struct Seen {
    /// Share of their length that is there in the same way, and of what no other match takes for its own.
    there: f64,
    free: f64,
}

/// Whether the strokes that the exemplar's box cuts go on at the other matches as they do there. Then none of them
/// is sure.
pub(super) fn tell(
    matcher: &Matcher<'_>,
    cut: &[Segment],
    params: &CountParams,
    kept: &mut [Judged],
) -> usize {
    let length: f64 = cut.iter().map(|s| f64::from(s.length())).sum();
    if length < LEAST * matcher.template.diameter {
        return 0;
    }
    let matches = |j: &Judged| !j.own && j.score.confidence >= params.threshold;
    let owner = owners(kept, |j| j.own || matches(j));
    let at_match = |(k, j): (usize, &Judged)| {
        let taken = |segment: u32| owner.get(&segment).is_some_and(|&o| o != k);
        let ways = matcher.template.symmetries.iter().map(|s| look(matcher, cut, &j.pose.after(s), &taken));
        ways.max_by(|p, q| p.there.total_cmp(&q.there)).unwrap_or(Seen { there: 0.0, free: 0.0 })
    };
    let own = kept.iter().enumerate().find(|(_, j)| j.own).map(at_match);
    let others: Vec<Seen> = kept.iter().enumerate().filter(|(_, j)| matches(j)).map(at_match).collect();
    let shared = others.iter().filter(|s| s.there >= ALIKE).count();
    let free = others.iter().filter(|s| s.free >= ALIKE).count();
    let of_example = own.as_ref().is_none_or(|own| own.free >= ALIKE);
    let told = if shared as f64 >= MOST * others.len() as f64 {
        shared
    } else if of_example && free >= SOME {
        free
    } else {
        return 0;
    };
    for j in kept.iter_mut().filter(|j| matches(j)) {
        j.score.confidence = j.score.confidence.min(MAX_VARIANT.max(params.threshold));
    }
    told
}

fn look(matcher: &Matcher<'_>, cut: &[Segment], pose: &Pose, taken: &dyn Fn(u32) -> bool) -> Seen {
    let reach = (matcher.template.tolerance * pose.scale() * 2.0) as f32;
    let (mut all, mut there, mut free) = (f64::MIN_POSITIVE, 0.0, 0.0);
    for piece in cut {
        let step = f64::from(piece.length()) / f64::from(PLACES);
        let d = unit(pose.turn(wide([piece.b[0] - piece.a[0], piece.b[1] - piece.a[1]])));
        for k in 0..PLACES {
            let p = narrow(pose.apply(wide(piece.at((k as f32 + 0.5) / PLACES as f32))));
            let (mut is_there, mut is_free) = (false, false);
            matcher.page.grid.any_near(p[0], p[1], reach, |s| {
                if passes(s, p, d, reach) {
                    is_there = true;
                    is_free |= !taken(s.segment);
                }
                is_free
            });
            all += step;
            there += if is_there { step } else { 0.0 };
            free += if is_free { step } else { 0.0 };
        }
    }
    Seen { there: there / all, free: free / all }
}
