//! Which strokes in and about a symbol's outline are hatch, and whose.

use std::cell::LazyCell;

use rustc_hash::FxHashSet;

use super::super::ink::{InkStyle, Segment};
use super::super::matching::Matcher;
use super::super::pose::Pose;
use super::super::texture::{self, Hatches};
use super::{MAX_PIECES, Stroke, ends, going_on, grow, is_tip};
use crate::geom::ListRect;

/// Share of the lines of a hatch in the outline that end on the symbol's ink if it is the symbol's.
const OWN_HATCH_SHARE: f32 = 0.8;
/// A stroke of which this share is on the exemplar's ink is the symbol's own.
const OWN_LINE_SHARE: f32 = 0.5;

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
/// nowhere else, as dashes or scraps of a hatch under the symbol would be, or ends on the symbol's ink or level with a
/// line of the symbol beside it, as it would in one of several such symbols side by side, and goes on nowhere.
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
    // From within the outline to somewhere beyond it, or from anywhere to where no accessory reaches.
    let led_out = LazyCell::new(|| going_on(strokes, |s| s.leaves || !s.inside));
    let led_away = LazyCell::new(|| going_on(strokes, |s| s.leaves));
    let on_ink = |p: [f32; 2]| matcher.template.map.near(pose.invert([f64::from(p[0]), f64::from(p[1])]));
    let touch = (matcher.template.tolerance * pose.scale()) as f32;
    for family in texture.chunk_by(|p, q| p.0 == q.0 && q.1 - p.1 < texture::SAME_DIRECTION) {
        let (along, levels) = (texture::along(family[0].1), levels(strokes, family[0].1));
        let is_level = |p: [f32; 2]| levels.iter().any(|level| (level - along(p)).abs() <= touch);
        let ends_here = |s: &Stroke| {
            let goes_on = if s.inside { led_out[s.number] } else { led_away[s.number] };
            let mut tips = ends(s).filter(|p| is_tip(s, *p));
            // What ends on none of the symbol's ink is beside it.
            !goes_on && ends(s).any(|p| on_ink(p) && is_tip(s, p)) && tips.all(|p| on_ink(p) || is_level(p))
        };
        let (mut inside, mut ending, mut outside, mut crossing) = (Vec::new(), 0, false, false);
        for &(.., stroke) in family {
            let (within, beyond) = lies(matcher, pose, stroke);
            let ends = within && ends_here(stroke);
            if ends || (within && !beyond) {
                inside.push(stroke);
                ending += u32::from(ends);
            } else {
                outside |= beyond;
                crossing |= within && beyond;
            }
        }
        if !crossing && (!outside || ending as f32 >= OWN_HATCH_SHARE * inside.len() as f32) {
            inside.iter().for_each(|s| own[s.number] = true);
        }
    }
    own
}

/// How far along a direction the symbol's own lines in it go, from and to.
fn levels(strokes: &[Stroke], direction_deg: f32) -> Vec<f32> {
    let along = texture::along(direction_deg);
    let is_parallel = |p: &&Segment| {
        let turn = (texture::direction_deg(p) - direction_deg).abs();
        turn.min(180.0 - turn) < texture::SAME_DIRECTION
    };
    let own = strokes.iter().filter(|s| s.matched > OWN_LINE_SHARE * s.length);
    let span = |s: &Stroke| {
        let ends = s.pieces.iter().filter(is_parallel).flat_map(|p| [along(p.a), along(p.b)]);
        ends.fold(None, |span: Option<(f32, f32)>, at| {
            Some(span.map_or((at, at), |(from, to)| (from.min(at), to.max(at))))
        })
    };
    own.filter_map(span).flat_map(|(from, to)| [from, to]).collect()
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
