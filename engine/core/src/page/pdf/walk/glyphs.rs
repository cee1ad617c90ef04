//! Letters, as far as they can be seen.

use hayro_interpret::font::Glyph;
use hayro_interpret::hayro_cmap::BfString;
use kurbo::{Affine, Point, Vec2};

use super::{Walk, is_light};
use crate::geom::ListRect;
use crate::page::pdf::cover::{Cover, Scene};
use crate::page::pdf::text::GlyphAt;

impl Walk<'_> {
    /// Notes a glyph where it can be seen, or could be if it were painted.
    fn show(&mut self, mut glyph: GlyphAt, shown: Shown) {
        let middle = glyph.middle();
        if !holds(&self.sight.clip(), middle) {
            return;
        }
        match shown {
            Shown::Painted => self.text.push(glyph),
            Shown::Light => {
                glyph.ground = self.dark.iter().rev().find(|(r, _)| holds(r, middle)).map(|(_, seq)| *seq);
                if glyph.ground.is_some() {
                    self.text.push(glyph);
                }
            }
            Shown::Unpainted => self.unpainted.push(glyph),
        }
    }

    pub(super) fn glyph(
        &mut self,
        glyph: &Glyph<'_>,
        to_list: Affine,
        vertical: bool,
        (run, seq): (u32, u32),
        shown: Shown,
    ) {
        let text = match glyph.as_unicode() {
            Some(BfString::Char(c)) => Some(String::from(c)),
            Some(BfString::String(s)) => Some(s),
            None => None,
        };
        self.unreadable_glyphs += u64::from(text.is_none());
        let origin = to_list * Point::ZERO;
        let along =
            if vertical { to_list * Point::new(0.0, -1000.0) } else { to_list * Point::new(1000.0, 0.0) };
        let along: Vec2 = along - origin;
        let up: Vec2 = to_list * Point::new(0.0, 1000.0) - origin;
        let advance_em = match glyph {
            _ if vertical => 1.0,
            Glyph::Outline(g) => g.advance_width().map_or(0.5, |w| f64::from(w) / 1000.0),
            Glyph::Type3(g) => g.advance_width().map_or(0.5, |w| f64::from(w) / 1000.0),
        };
        let length = along.hypot();
        let size = up.hypot();
        let bounds_known = origin.is_finite() && length.is_finite() && size.is_finite() && length > 0.0;
        if !bounds_known || !advance_em.is_finite() {
            self.not_finite += 1;
            return;
        }
        let glyph = GlyphAt {
            text: text.unwrap_or_else(|| char::REPLACEMENT_CHARACTER.to_string()),
            x: origin.x,
            y: origin.y,
            dir: along / length,
            up: if size > 0.0 { up / size } else { Vec2::new(0.0, -1.0) },
            advance: advance_em * length,
            size,
            layer: self.layer(),
            run,
            seq,
            clip: self.sight.shape(),
            ground: None,
        };
        self.show(glyph, shown);
    }
}

/// How a glyph is shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shown {
    Painted,
    /// In the colour of paper.
    Light,
    Unpainted,
}

pub(super) fn holds(area: &ListRect, p: [f32; 2]) -> bool {
    p[0] >= area.left && p[0] <= area.right && p[1] >= area.top && p[1] <= area.bottom
}

/// Whether the middle of a glyph shows. What a program read off a scan may lie under the scan's picture.
pub(super) fn is_seen(glyph: &GlyphAt, scene: &Scene, scanned: bool) -> bool {
    let p = glyph.middle();
    let lies_on_paper =
        |ground: u32| scene.over(p, ground, |c| c.rgba.is_some_and(is_light) && c.seq < glyph.seq).is_some();
    let hides = |c: &Cover| !scanned || c.rgba.is_some();
    scene.clips.chain(glyph.clip).all(|outline| scene.outline(outline).contains(p))
        && !glyph.ground.is_some_and(lies_on_paper)
        && scene.over(p, glyph.seq, hides).is_none()
}
