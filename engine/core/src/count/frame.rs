//! Strokes that close around a symbol, and whether they make another symbol of it: a lamp in a box is no lamp.

use super::ink::Segment;
use super::matching::Matcher;
use super::pose::Pose;
use super::template::{Sample, Template};
use crate::geom::{self, ListRect};

/// Directions around the symbol, and how many of them strokes must close for a frame.
const SECTORS: usize = 36;
const CLOSED_SECTORS: usize = 34;
/// A frame is at most this much larger than the outline and holds this share of the symbol.
const FRAME_SIZE: f32 = 1.6;
const FRAMED_SHARE: f64 = 0.8;
/// How far from the middle of its frame a symbol is at most, and by how much frames that are alike differ in so many
/// directions at least, in diameters of the symbol.
const CENTRED: f32 = 0.12;
const ALIKE: f32 = 0.04;
const ALIKE_SECTORS: usize = 30;
/// So many frames that are alike tell, and so does the greater part of all: a pair may be two rooms of one kind.
const MANY: usize = 3;
/// Frames of one page that are compared at most; of more, all tell.
const MAX_COMPARED: usize = 1_000;

/// Where strokes around a symbol are, as it lies in the exemplar and in diameters of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    /// How near they come to the symbol's middle in each direction; what is not near is infinitely far.
    nearest: [f32; SECTORS],
    /// How far the symbol's middle is from theirs.
    off: f32,
}

impl Frame {
    /// Whether strokes that hang together close around most of the symbol, little larger than it.
    pub(super) fn of<'s>(
        matcher: &Matcher<'_>,
        pose: &Pose,
        pieces: impl Iterator<Item = &'s Segment>,
    ) -> Option<Self> {
        let template = matcher.template;
        let outline = template.bounds();
        let slack = template.tolerance as f32 * 4.0;
        let (w, h) =
            (outline.width() * (FRAME_SIZE - 1.0) + slack, outline.height() * (FRAME_SIZE - 1.0) + slack);
        let reach = ListRect {
            left: outline.left - w,
            right: outline.right + w,
            top: outline.top - h,
            bottom: outline.bottom + h,
        };
        // In the exemplar's own frame, so that turning changes nothing. A neighbour's frame may hang on this
        // one; only what is near counts.
        let mut bounds = ListRect::EMPTY;
        let mut places: Vec<[f32; 2]> = Vec::new();
        for piece in pieces {
            let steps = (f64::from(piece.length()) / (template.tolerance * 0.5)).ceil().clamp(1.0, 300.0);
            for k in 0..=steps as u32 {
                let p = piece.at(k as f32 / steps as f32);
                let p = pose.invert([f64::from(p[0]), f64::from(p[1])]).map(|v| v as f32);
                let near = p[0] > reach.left && p[0] < reach.right && p[1] > reach.top && p[1] < reach.bottom;
                if near {
                    bounds.add(p[0], p[1]);
                    places.push(p);
                }
            }
        }
        let larger = bounds.width() > outline.width() + w || bounds.height() > outline.height() + h;
        let around = if larger { outline } else { bounds };
        closes(template, &around, &places).then(|| {
            let diameter = template.diameter as f32;
            let middle = middle(&outline);
            let mut nearest = [f32::INFINITY; SECTORS];
            for p in &places {
                let r = &mut nearest[sector(middle, *p)];
                *r = r.min((p[0] - middle[0]).hypot(p[1] - middle[1]) / diameter);
            }
            let own = self::middle(&bounds);
            let off = (own[0] - middle[0]).abs().max((own[1] - middle[1]).abs()) / diameter;
            Self { nearest, off }
        })
    }

    /// Whether two are alike, whichever side of the symbol is up: it may look the same from several.
    fn agrees(&self, other: &Self) -> bool {
        let same = |p: f32, q: f32| p == q || (p - q).abs() <= ALIKE;
        let agree = |turn: usize, back: bool| {
            let at = |k: usize| (if back { SECTORS - 1 - k } else { k } + turn) % SECTORS;
            (0..SECTORS).filter(|&k| same(self.nearest[k], other.nearest[at(k)])).count() >= ALIKE_SECTORS
        };
        (0..4).any(|quarter| [false, true].into_iter().any(|back| agree(quarter * SECTORS / 4, back)))
    }
}

pub(super) fn middle(r: &ListRect) -> [f32; 2] {
    [(r.left + r.right) / 2.0, (r.top + r.bottom) / 2.0]
}

/// The direction of a place from a middle.
fn sector(middle: [f32; 2], p: [f32; 2]) -> usize {
    geom::sector([0, 1].map(|axis| f64::from(p[axis] - middle[axis])), SECTORS)
}

/// Which of the frames of a page make another symbol of what they hold. What happens to stand around a symbol,
/// a counter or a stall, holds it here so and there otherwise, or off its middle.
pub(super) fn telling(frames: &[Frame]) -> Vec<bool> {
    if let [one] = frames {
        return vec![one.off <= CENTRED];
    }
    if frames.len() > MAX_COMPARED {
        return vec![true; frames.len()];
    }
    // Of fewer than `2 * MANY` frames less than `MANY` may be the greater part; of more nobody need count on.
    let alike = |nth: usize| frames.iter().filter(|f| f.agrees(&frames[nth])).take(MANY).count();
    let enough = |alike: usize| alike == MANY || 2 * alike > frames.len();
    (0..frames.len()).map(|nth| enough(alike(nth))).collect()
}

/// Whether places lie in nearly all directions around the middle of a box that holds most of the symbol.
fn closes(template: &Template, bounds: &ListRect, places: &[[f32; 2]]) -> bool {
    let within = |s: &&Sample| {
        s.p[0] >= bounds.left && s.p[0] <= bounds.right && s.p[1] >= bounds.top && s.p[1] <= bounds.bottom
    };
    let inside = template.samples.iter().filter(within).count();
    if (inside as f64) < FRAMED_SHARE * template.samples.len() as f64 {
        return false;
    }
    let middle = middle(bounds);
    let mut sectors = [false; SECTORS];
    places.iter().for_each(|p| sectors[sector(middle, *p)] = true);
    sectors.iter().filter(|s| **s).count() >= CLOSED_SECTORS
}
