//! Which strokes in and about a symbol's outline are hatch, and whose.

use std::cell::LazyCell;

use rustc_hash::FxHashSet;

use super::super::ink::{InkStyle, Segment};
use super::super::matching::Matcher;
use super::super::pose::Pose;
use super::super::texture::{self, Hatches};
use super::{MAX_PIECES, Stroke, ends, going_on, grow};
use crate::geom::ListRect;

/// Share of the lines of a hatch in the outline that end on the symbol's ink if it is the symbol's.
const OWN_HATCH_SHARE: f32 = 0.8;

/// Hatch, and scraps of a hatch that goes on around the symbol: not the symbol's. A hatch that ends where the symbol
/// does is the symbol's, and makes another one of it.
pub(super) struct Texture<'p> {
    hatches: Hatches,
    marked: FxHashSet<[u32; 4]>,
    styles: &'p [InkStyle],
    /// By number of the stroke: it hatches the symbol itself.
    own: Vec<bool>,
}

impl<'p> Texture<'p> {
    pub(super) fn of(
        matcher: &Matcher<'p>,
        pose: &Pose,
        outline: &ListRect,
        diameter: f32,
        strokes: &[Stroke],
    ) -> Self {
        let (page, gap) = (matcher.page, diameter * 0.25);
        let around = page.grid.within(&grow(outline, diameter * 0.5));
        let around: Vec<Segment> = around.iter().map(|&i| page.segments[i as usize]).collect();
        let hatches = Hatches::of(&around, &page.styles, gap);
        let inside: Vec<Segment> =
            strokes.iter().filter(|s| s.matched == 0.0).flat_map(|s| s.pieces.iter().copied()).collect();
        let marks = texture::regular(&inside, gap);
        let marked = inside.iter().zip(marks).filter(|m| m.1).map(|m| bits(m.0)).collect();
        let mut texture = Self { hatches, marked, styles: &page.styles, own: vec![false; strokes.len()] };
        texture.own = own_hatch(matcher, pose, strokes, &|s| texture.holds(s));
        texture
    }

    pub(super) fn holds(&self, stroke: &Stroke) -> bool {
        let held = |p: &Segment| self.marked.contains(&bits(p)) || self.hatches.hold(p, self.styles);
        !self.own[stroke.number] && stroke.pieces.iter().all(held)
    }
}

/// By stroke: whether it is of a hatch that is the symbol's. None of its lines passes the outline; and it is either
/// nowhere else, as dashes or scraps of a hatch under the symbol would be, or ends on the symbol's ink, as it would
/// in one of several such symbols side by side, and goes on nowhere.
fn own_hatch(
    matcher: &Matcher<'_>,
    pose: &Pose,
    strokes: &[Stroke],
    is_texture: &dyn Fn(&Stroke) -> bool,
) -> Vec<bool> {
    let mut own = vec![false; strokes.len()];
    if strokes.iter().map(|s| s.pieces.len()).sum::<usize>() > MAX_PIECES {
        return own;
    }
    let texture = strokes.iter().filter(|s| s.matched == 0.0 && is_texture(s));
    let mut texture: Vec<(u32, f32, &Stroke)> =
        texture.filter_map(|s| s.pieces.first().map(|p| (p.style, texture::direction_deg(p), s))).collect();
    if texture.is_empty() {
        return own;
    }
    texture.sort_by(|p, q| p.0.cmp(&q.0).then(p.1.total_cmp(&q.1)).then(p.2.number.cmp(&q.2.number)));
    let led_out = LazyCell::new(|| going_on(strokes, |s| s.leaves || !s.inside));
    for family in texture.chunk_by(|p, q| p.0 == q.0 && q.1 - p.1 < texture::SAME_DIRECTION) {
        let (mut inside, mut outside, mut crossing) = (Vec::new(), false, false);
        for &(.., stroke) in family {
            match lies(matcher, pose, stroke) {
                (true, false) => inside.push(stroke),
                (within, beyond) => {
                    outside |= beyond;
                    crossing |= within && beyond;
                }
            }
        }
        let ends_here = |s: &&&Stroke| {
            let on_ink =
                |p: [f32; 2]| matcher.template.map.near(pose.invert([f64::from(p[0]), f64::from(p[1])]));
            !led_out[s.number] && ends(s).all(on_ink)
        };
        let ending = || inside.iter().filter(ends_here).count() as f32;
        if !crossing && (!outside || ending() >= OWN_HATCH_SHARE * inside.len() as f32) {
            inside.iter().for_each(|s| own[s.number] = true);
        }
    }
    own
}

/// Whether a stroke lies within the outline, and whether it lies beyond it.
fn lies(matcher: &Matcher<'_>, pose: &Pose, stroke: &Stroke) -> (bool, bool) {
    let template = matcher.template;
    let margin = template.tolerance * 1.5;
    let step = template.tolerance * pose.scale();
    let (mut within, mut beyond) = (false, false);
    for piece in &stroke.pieces {
        let on = |q: [f32; 2]| pose.invert([f64::from(q[0]), f64::from(q[1])]);
        let (a, b) = (on(piece.a), on(piece.b));
        // Nowhere between them is it less deep.
        beyond |= template.depth(a).min(template.depth(b)) < -margin;
        if within {
            continue;
        }
        let steps = (f64::from(piece.length()) / step).ceil().clamp(1.0, 500.0);
        if let Some((from, _)) = template.deeper(a, b, margin) {
            let first = (from * steps).ceil() as u32;
            within = (first..=(first + 1).min(steps as u32))
                .any(|k| template.depth(on(piece.at(k as f32 / steps as f32))) > margin);
        }
    }
    (within, beyond)
}

fn bits(s: &Segment) -> [u32; 4] {
    [s.a[0].to_bits(), s.a[1].to_bits(), s.b[0].to_bits(), s.b[1].to_bits()]
}
