//! Whether anything lies under what was just painted.

use hayro_interpret::font::Glyph;
use hayro_interpret::{BlendMode, DrawMode, DrawProps, Image, ImageDrawProps};
use kurbo::{Affine, Rect, Shape as _};

use super::glyphs::holds;
use super::{How, Walk};
use crate::geom::ListRect;
use crate::page::pdf::coats::{Placed, What};
use crate::page::pdf::cover::Form;
use crate::page::pdf::outline::Rings;
use crate::page::pdf::shade::Coat;
use crate::page::pdf::through::Lets;
use crate::page::pdf::veil::Veil;

/// Smaller letters, list units, have no strokes that anything could lie on or under.
const BIG_GLYPH: f64 = 24.0;
/// Letters of one page that are looked at as areas.
const MAX_BIG_GLYPHS: usize = 2_000;

impl Walk<'_> {
    /// What an area is to others: to what lies under it a cover, to what lies on it a ground, where it is no cover of
    /// one colour.
    pub(super) fn paints(
        &self,
        rgba: u32,
        lets: Lets,
        how: &How,
        blend: BlendMode,
    ) -> impl Iterator<Item = Result<u32, What>> + use<> {
        let cover = (lets == Lets::Nothing).then_some(Ok(rgba));
        cover.into_iter().chain(self.ground(rgba, lets, how, blend).map(Err))
    }

    fn ground(&self, rgba: u32, lets: Lets, how: &How, blend: BlendMode) -> Option<What> {
        if lets == Lets::Nothing && how.pattern.is_none() {
            return None;
        }
        let mix = self.sight.mix(blend);
        let mut coat = how.pattern.map_or(Coat::of(rgba, mix), |look| {
            let (least, most) = look.opacity;
            Coat { shade: look.shade, opacity: (least * mix.opacity, most * mix.opacity), blend: mix.blend }
        });
        if self.sight.is_veiled(how.mask) {
            coat.opacity.0 = 0.0;
        }
        Some(What::Coat(coat))
    }

    /// Notes a filled path that was just painted as a ground, where it is no cover of one colour.
    pub(super) fn note_ground(
        &mut self,
        area: &ListRect,
        rgba: u32,
        lets: Lets,
        how: &How,
        blend: BlendMode,
    ) {
        if area.width().min(area.height()) < Form::LEAST {
            return;
        }
        if let Some(what) = self.ground(rgba, lets, how, blend) {
            self.sight.ground_by_path(what);
        }
    }

    /// Notes a letter that is so large that it may hide something, or something may lie on it.
    pub(super) fn big_glyph(
        &mut self,
        glyph: &Glyph<'_>,
        to_list: Affine,
        props: &DrawProps<'_>,
        (mask, seq): (Option<Veil>, u32),
        mode: &DrawMode,
    ) {
        let size = 1000.0 * to_list.determinant().abs().sqrt();
        let Glyph::Outline(outline) = glyph else { return };
        let filled = matches!(mode, DrawMode::Fill(_) | DrawMode::FillAndStroke(..));
        // Also where the size is no number.
        let big = size >= BIG_GLYPH;
        if !big || !filled {
            return;
        }
        if self.big_glyphs >= MAX_BIG_GLYPHS {
            self.sight.leave_out();
            return;
        }
        self.big_glyphs += 1;
        let how = How { pattern: self.pattern(&props.paint), mask };
        let lets = self.sight.lets(props, how.tiles(), mask);
        let rgba = self.colour(&props.paint);
        let path = outline.outline();
        self.tally.call(path.elements().len() as u64);
        let rings = Rings::of_path(&path, to_list);
        for paint in self.paints(rgba, lets, &how, props.blend_mode) {
            self.sight.area(seq, &rings, paint, false);
        }
    }

    /// Notes what a picture that was just painted, and of which `bounds` can be seen, does to what lies under it.
    pub(super) fn picture(
        &mut self,
        (seq, bounds): (u32, ListRect),
        image: &Image<'_, '_>,
        props: &ImageDrawProps<'_>,
        (mask, nth): (Option<Veil>, Option<u32>),
    ) {
        self.ground_by_picture((seq, bounds), image, props, (mask, nth));
        let paths = self.list.paths.len();
        match self.sight.lets_of_picture(mask, props.blend_mode) {
            Lets::Nothing => {
                if self.sight.may_cover(&bounds, paths + self.text.len())
                    && self.has_something_in(&bounds, paths)
                {
                    self.sight.cover_by_picture(seq, image, props.transform);
                }
            }
            Lets::Unsure => self.look_under(&bounds, paths, Form::LEAST),
            Lets::Through => {}
        }
    }

    fn ground_by_picture(
        &mut self,
        (seq, bounds): (u32, ListRect),
        image: &Image<'_, '_>,
        props: &ImageDrawProps<'_>,
        (mask, nth): (Option<Veil>, Option<u32>),
    ) {
        let size = Affine::scale_non_uniform(f64::from(image.width()), f64::from(image.height()));
        let to_list = props.transform * size;
        if bounds.width().min(bounds.height()) < Form::LEAST || to_list.determinant() == 0.0 {
            return;
        }
        let object = match image {
            Image::Raster(raster) => Some(raster.stream().obj_id()),
            Image::Stencil(_) => None,
        };
        let what = What::Picture(Placed {
            nth,
            object,
            to_picture: to_list.inverse(),
            mix: self.sight.mix(props.blend_mode),
            unsure: self.sight.is_veiled(mask),
        });
        let outline = Rect::new(0.0, 0.0, 1.0, 1.0).to_path(1.0);
        self.sight.area(seq, &Rings::of_path(&outline, to_list), Err(what), false);
    }

    /// Notes an area through which so little shows that it may be seen or not, if it is no narrower than `least` and
    /// something lies under it.
    pub(super) fn look_under(&mut self, area: &ListRect, paths: usize, least: f32) {
        let wide = area.width().min(area.height()) >= least;
        // Past the limit it is taken for granted that something does.
        let known = wide && self.sight.may_look_under(paths + self.text.len());
        if wide && (!known || self.has_something_in(area, paths)) {
            self.sight.is_unsure();
        }
    }

    /// Whether one of the first `paths`, or a letter, is in an area.
    pub(super) fn has_something_in(&self, area: &ListRect, paths: usize) -> bool {
        self.list.paths[..paths].iter().any(|p| p.visible.intersects(area))
            || self.text.any(|glyph| holds(area, glyph.middle()))
    }
}
