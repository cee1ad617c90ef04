//! What a place of a page looks like before something is drawn on it: all that was painted there, one on the other.

use hayro_syntax::object::ObjectIdentifier;
use kurbo::{Affine, Point};

use super::cover::Scene;
use super::shade::{Coat, Shade};
use super::through::Mix;
use crate::geom::ListRect;

/// What an area is painted with.
#[derive(Debug)]
pub(super) enum What {
    Coat(Coat),
    Picture(Placed),
}

/// A picture on the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// Which of the page's pictures it is; `None` for one that is not found again.
    pub(super) nth: Option<u32>,
    /// Which object it is, unless it is painted in a colour of the page's.
    pub(super) object: Option<ObjectIdentifier>,
    /// From list space to a picture of width and height 1.
    pub(super) to_picture: Affine,
    pub(super) mix: Mix,
    /// A mask may let less of it be seen.
    pub(super) unsure: bool,
}

/// Looks up what places look like.
pub(super) struct Looker<'s> {
    scene: &'s Scene,
    /// Covers and grounds looked at.
    pub(super) looks: u64,
    /// Pictures that were met and whose colours are not known yet.
    pub(super) met: Vec<(u32, Option<ObjectIdentifier>)>,
    found: Vec<u32>,
}

impl<'s> Looker<'s> {
    pub(super) fn new(scene: &'s Scene) -> Self {
        Self { scene, looks: 0, met: Vec::new(), found: Vec::new() }
    }

    /// The place before what was painted `seq`th, with or without light lines.
    pub(super) fn shade(&mut self, p: [f32; 2], seq: u32, lines: bool) -> Shade {
        let scene = self.scene;
        let place = ListRect { left: p[0], top: p[1], right: p[0], bottom: p[1] };
        self.looks += scene.later(0, &place, &mut self.found);
        let mut below = self.found.iter().map(|id| scene.cover(*id)).filter(|c| c.seq < seq);
        let base = below.find(|c| (lines || !c.line) && scene.hides(c, p));
        let mut shade = base.map_or(Shade::PAPER, |c| c.rgba.map_or(Shade::ANY, Shade::of));
        if scene.grounds.is_empty() {
            return shade;
        }
        // An area that hides what lies under it may be of many colours: then it is its own ground.
        let from = base.map_or(0, |c| c.seq.saturating_sub(1));
        self.looks += scene.grounds.later(from, &place, &mut self.found);
        for at in (0..self.found.len()).rev() {
            let area = scene.grounds.cover(self.found[at]);
            if area.seq < seq && (lines || !area.line) && scene.hides(area, p) {
                let coat = match &scene.whats[area.what as usize] {
                    What::Coat(coat) => Some(*coat),
                    What::Picture(placed) => self.picture(placed, p),
                };
                shade = coat.map_or(shade, |coat| shade.under(&coat));
            }
        }
        shade
    }

    /// Whether an area lies on a ground that was painted before `seq`.
    pub(super) fn has_ground(&mut self, area: &ListRect, seq: u32) -> bool {
        let grounds = &self.scene.grounds;
        if grounds.is_empty() {
            return false;
        }
        self.looks += 1;
        grounds.any_before(area, seq)
    }

    /// What a picture paints on a place.
    fn picture(&mut self, placed: &Placed, p: [f32; 2]) -> Option<Coat> {
        let at = placed.to_picture * Point::new(f64::from(p[0]), f64::from(p[1]));
        let sample = placed.nth.map(|nth| (nth, self.scene.samples.get(&nth)));
        let (shade, least, most) = match sample {
            Some((_, Some(Some(sample)))) => {
                let (shade, opacity) = sample.at(at);
                (shade, opacity, opacity)
            }
            Some((nth, None)) => {
                self.met.push((nth, placed.object));
                (Shade::ANY, 0.0, 1.0)
            }
            _ => (Shade::ANY, 0.0, 1.0),
        };
        let least = if placed.unsure { 0.0 } else { least };
        let of = |opacity: f32| opacity * placed.mix.opacity;
        Some(Coat { shade, opacity: (of(least), of(most)), blend: placed.mix.blend })
    }
}
