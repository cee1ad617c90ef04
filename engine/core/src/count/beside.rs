//! What passes within the exemplar's own outline without being its: a grab bar, a pipe, a wire. Where another
//! place has the like in the same position, that makes no other symbol of it, however it goes on outside.

use super::ink::Segment;
use super::inkmap::InkMap;
use super::matching::{Matcher, Score};
use super::pose::Pose;
use super::surroundings::{self, MAX_NEAR, Surroundings, grow};
use super::texture::Hatches;
use crate::geom::clip;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    map: InkMap,
    /// What else is around the exemplar itself.
    own: Surroundings,
}

impl Beside {
    /// Of an exemplar on its own page, hatch and lettering apart; `None` if nothing passes.
    pub(super) fn of(matcher: &Matcher<'_>, pose: &Pose) -> Option<Self> {
        let map = passing(matcher, pose)?;
        let own = surroundings::look(matcher, pose, Some(&map), &|_| false);
        Some(Self { map, own })
    }
}

/// Lets what is around a pose count, in the way that speaks for the instance: all of it against all that is around
/// the exemplar, or what does not pass against the same there.
pub(super) fn weigh(matcher: &Matcher<'_>, pose: &Pose, score: &mut Score, taken: &dyn Fn(u32) -> bool) {
    let template = matcher.template;
    matcher.weigh(score, surroundings::look(matcher, pose, None, taken), template.own);
    if score.confidence < score.base
        && let Some(beside) = &template.beside
    {
        let before = (score.confidence, score.extra, score.frame, score.unframed);
        matcher.weigh(score, surroundings::look(matcher, pose, Some(&beside.map), taken), beside.own);
        if score.confidence <= before.0 {
            (score.confidence, score.extra, score.frame, score.unframed) = before;
        }
    }
}

/// A map of it; `None` if nothing passes, or too much lies there to say.
fn passing(matcher: &Matcher<'_>, pose: &Pose) -> Option<InkMap> {
    let (page, template) = (matcher.page, matcher.template);
    let outline = template.outline(pose);
    let diameter = template.diameter as f32;
    let near = page.grid.within(&grow(&outline, diameter * 0.5));
    if near.len() > MAX_NEAR {
        return None;
    }
    let around: Vec<Segment> = near.iter().map(|&i| page.segments[i as usize]).collect();
    let hatches = Hatches::of(&around, &page.styles, diameter * 0.25);
    let mut places: Vec<([f32; 2], [f32; 2])> = Vec::new();
    for (&i, piece) in near.iter().zip(&around) {
        if page.lettered[page.run_of[i as usize] as usize] || hatches.hold(piece, &page.styles) {
            continue;
        }
        let Some((a, b)) = clip(piece.a, piece.b, &grow(&outline, template.tolerance as f32 * 2.0)) else {
            continue;
        };
        let d = pose.unturn([f64::from(b[0] - a[0]), f64::from(b[1] - a[1])]);
        let length = d[0].hypot(d[1]);
        if length <= 0.0 {
            // It only touches the box, and has no direction there.
            continue;
        }
        let steps = (length / template.tolerance).ceil().clamp(1.0, 500.0);
        for k in 0..=steps as u32 {
            let t = k as f32 / steps as f32;
            let q = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
            let p = pose.invert([f64::from(q[0]), f64::from(q[1])]);
            if !template.map.has(p, d) && template.encloses(p, template.tolerance * 1.5) {
                places.push((p.map(|v| v as f32), [(d[0] / length) as f32, (d[1] / length) as f32]));
            }
        }
    }
    let reach = (template.tolerance * 1.5) as f32;
    (!places.is_empty()).then(|| InkMap::of(places.iter().map(|(p, d)| (p, d)), reach))
}
