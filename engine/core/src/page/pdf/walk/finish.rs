//! What is left of a walk when all was drawn: what can be seen.

use rustc_hash::FxHashMap;

use super::glyphs::is_seen;
use super::{INK_PER_DRAW, INK_PER_TILE, Walk, Walked};
use crate::page::PageFailure;
use crate::page::display::PageKind;
use crate::page::pdf::cut::cut;
use crate::page::pdf::ground;
use crate::page::pdf::sample::{Sample, Wanted};

impl Walk<'_> {
    /// `pictures` looks up what those pictures of the page look like that something is drawn on.
    pub(super) fn finish(
        mut self,
        pictures: impl FnOnce(&Wanted) -> Result<FxHashMap<u32, Option<Sample>>, PageFailure>,
    ) -> Result<Walked, PageFailure> {
        let mut unsure = self.sight.unsure();
        let (mut scene, mut marks) = self.sight.finish(&self.list);
        let budget = self.tally.budget();
        let mut all_looked_at = !scene.incomplete;
        if !scene.is_empty() || marks.iter().any(|mark| !mark.mix.is_normal()) {
            let mut judged = ground::judge(&self.list, &marks, &scene, budget)?;
            if !judged.wanted.is_empty() {
                scene.samples = pictures(&judged.wanted)?;
                judged = ground::judge_again(&self.list, &marks, &scene, judged, budget)?;
            }
            unsure += ground::apply(&mut self.list, &mut marks, &judged);
            all_looked_at &= !judged.incomplete;
            all_looked_at &= cut(&mut self.list, &marks, &scene, budget)?;
        }
        let scanned = super::super::kind(&self.list) == PageKind::Raster;
        if !scene.is_empty() {
            self.text.retain(|glyph| is_seen(glyph, &scene, scanned));
        }
        if scanned {
            std::mem::take(&mut self.unpainted).into_iter().for_each(|glyph| self.text.push(glyph));
        }
        let (words, lines) = self.text.group();
        self.list.words = words;
        self.list.lines = lines;
        Ok(Walked {
            list: self.list,
            unreadable_glyphs: self.unreadable_glyphs,
            glyphs: self.tally.glyphs(),
            not_finite: self.not_finite,
            kept: self.kept,
            ink_bytes: INK_PER_DRAW * (self.drawn + self.tally.glyphs()) as f64
                + INK_PER_TILE * (self.ink_tiles + 2.0 * self.tally.dashes()),
            coloured: self.coloured,
            all_looked_at,
            unsure,
        })
    }
}
