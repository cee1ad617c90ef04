//! Hatch that happens to lie where the exemplar has a stroke. Drawn with another pen than the exemplar's it is not that
//! stroke: fine hatch meets the strokes of anything.

use super::ink::Segment;
use super::matching::Matcher;
use super::pose::Pose;
use super::surroundings::{MAX_NEAR, grow};
use super::texture;

/// Share of the exemplar's ink from which on it matters what another pen drew of a pose. What the exemplar's own pens drew
/// less than this share of is drawn with other pens as a whole, and judged as that.
const LEAST: f64 = 0.02;
const OWN_PENS: f64 = 0.5;
/// How far around the outline lines of a hatch are looked for, and how far apart they are at most, in diameters.
const AROUND: f32 = 0.5;
const MAX_GAP: f32 = 0.25;

/// Whether it matters, of the weights of the exemplar's ink, what is there of it, and what its own pens drew of that.
pub(super) fn matters(exemplar: f64, all: f64, same_pen: f64) -> bool {
    all - same_pen >= LEAST * exemplar && same_pen >= OWN_PENS * all
}

/// Those of some segments about a pose that are lines of a hatch, in order.
pub(super) fn hatch(matcher: &Matcher<'_>, pose: &Pose, mut segments: Vec<u32>) -> Vec<u32> {
    let page = matcher.page;
    segments.sort_unstable();
    segments.dedup();
    let mut pens: Vec<u32> = segments.iter().map(|&i| page.segments[i as usize].style).collect();
    pens.sort_unstable();
    pens.dedup();
    let diameter = (matcher.template.diameter * pose.scale()) as f32;
    let around = grow(&matcher.template.outline(pose), diameter * AROUND);
    let mut near = page.grid.within(&around);
    near.retain(|&i| pens.binary_search(&page.segments[i as usize].style).is_ok());
    if near.len() > MAX_NEAR {
        return Vec::new();
    }
    let lines: Vec<Segment> = near.iter().map(|&i| page.segments[i as usize]).collect();
    let marks = texture::regular(&lines, diameter * MAX_GAP);
    let hatch: Vec<u32> = near.into_iter().zip(marks).filter(|m| m.1).map(|m| m.0).collect();
    segments.retain(|i| hatch.binary_search(i).is_ok());
    segments
}
