//! Whether anything lies under what was just painted.

use hayro_interpret::{Image, ImageDrawProps};

use super::Walk;
use super::glyphs::holds;
use crate::geom::ListRect;
use crate::page::pdf::cover::Form;
use crate::page::pdf::through::Lets;
use crate::page::pdf::veil::Veil;

impl Walk<'_> {
    /// Notes what a picture that was just painted, and of which `bounds` can be seen, does to what lies under it.
    pub(super) fn picture(
        &mut self,
        (seq, bounds): (u32, ListRect),
        image: &Image<'_, '_>,
        props: &ImageDrawProps<'_>,
        mask: Option<Veil>,
    ) {
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
