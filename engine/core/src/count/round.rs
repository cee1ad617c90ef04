//! One look at a page for a drawing, and a second one where the first shows that the drawing is less than its
//! box holds.

use super::candidates::{Proposals, Range};
use super::cut;
use super::exemplar::{Body, Exemplar, Pieces};
use super::index::PageIndex;
use super::judge::{Judged, Judging, Stopped, weigh};
use super::matching::{Known, Matcher, Score};
use super::parts::{Lacking, Partly, Parts};
use super::pens;
use super::places::{one_each, strongest};
use super::pose::Pose;
use super::scan::{self, Patch, Sheet};
use super::search::{CountParams, Detection, detection, placed, reconsider};
use super::template::Template;
use super::trim;
use super::variant::tell_variants;
use crate::budget::Budget;
use crate::geom::PxPoint;

/// So few matches that the exemplar's box may be at fault.
const MAX_DOUBTED: usize = 4;
/// Share of its ink from which on a match shows all of it.
const WHOLE: f64 = 0.97;

/// Rough poses that are tried where only a hint is looked for: what the best of the places that lack something have in
/// common, or whether there are more.
const MAX_TRIED: usize = 500;

/// What other pens drew is looked at further while one of so many tries comes to something.
const WORTH: usize = 8;

/// How far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// For every place.
    All,
    /// For a hint, also at places that lack a large part.
    Thorough,
    Hint,
}

/// A drawing to look for on a page.
pub(super) struct Search<'a> {
    pub page: &'a PageIndex,
    pub params: &'a CountParams,
    pub range: Range,
    /// The page is the exemplar's own.
    pub own: bool,
}

/// What one look at the page gave.
pub(super) struct Round {
    /// Down to the floor of near misses.
    pub found: Vec<Detection>,
    /// Ink of the exemplar that places which are no matches all lack.
    lacking: Option<Lacking>,
    /// How many places are no matches only for want of the same part of the exemplar.
    pub lacking_a_part: usize,
    /// Their middles.
    pub lacking_at: Vec<PxPoint>,
    /// Places that show most of the exemplar, and too little of it to be among `found`.
    pub partly: Vec<PxPoint>,
    /// Other matches at which the strokes that the exemplar's box cuts go on as they do there.
    pub cut: usize,
    pub ended: Result<(), Stopped>,
}

impl Round {
    fn matches(&self, params: &CountParams) -> usize {
        self.matched(params).count()
    }

    fn matched(&self, params: &CountParams) -> impl Iterator<Item = &Detection> {
        let threshold = params.threshold;
        self.found.iter().filter(move |d| d.confidence >= threshold)
    }
}

/// Judges what other pens drew, as long as it is worth it.
fn judge_others(
    proposals: &mut Proposals<'_>,
    judging: &mut Judging<'_>,
    budget: &Budget,
    note: &mut dyn FnMut(&Pose, f64),
) -> Result<(), Stopped> {
    while let Some(others) = proposals.others() {
        let (places, tried) = judging.known();
        judging.judge(&others, budget, note)?;
        let (more, then) = judging.known();
        if (more - places) * WORTH < then - tried || more == places {
            break;
        }
    }
    Ok(())
}

impl Search<'_> {
    /// Places where the drawing is; `pieces` is what `template` was made of.
    fn run(&self, template: &Template, pieces: &Pieces, look: Look, budget: &Budget) -> Round {
        let (thorough, most) =
            (look == Look::Thorough, if look == Look::All { usize::MAX } else { MAX_TRIED });
        let same_pen = self.params.same_pen && self.own;
        let matcher = Matcher { page: self.page, template, same_pen, thorough };
        let mut judging = Judging::of(&matcher, self.params, self.range, most);
        if self.own {
            let pose = Pose::at(pieces.middle);
            judging.judged.push(Judged {
                pose,
                score: Score { confidence: 1.0, ..matcher.score(&pose, &Known::default()) },
                own: true,
                weighed: true,
                place: 0,
            });
        }
        let (mut parts, mut partly) = (Parts::default(), Partly::default());
        let mut note = |pose: &Pose, coverage: f64| {
            partly.note(&matcher, pose, coverage);
            if thorough {
                parts.note(&matcher, pieces, pose, coverage);
            }
        };
        let (mut proposals, mut ended) = (Proposals::of(&matcher, self.range, most, budget), Ok(()));
        while let Some((candidates, proposed)) = proposals.next() {
            ended = proposed.map_err(Stopped::from);
            ended = ended.and(judging.judge(&candidates, budget, &mut note));
            ended = ended.and_then(|()| judge_others(&mut proposals, &mut judging, budget, &mut note));
            if ended.is_err() || proposals.suffice(judging.found()) {
                break;
            }
        }
        drop(proposals);
        let mut kept = strongest(template, judging.judged, |j| weigh(&matcher, j));
        reconsider(&matcher, self.params, &mut kept);
        tell_variants(&matcher, self.params, &mut kept);
        let cut = cut::tell(&matcher, &pieces.cut, self.params, &mut kept);
        one_each(self.params, &mut kept);
        pens::tell(&matcher, self.params, &mut kept);
        let matches = kept.iter().filter(|j| j.score.confidence >= self.params.threshold).map(|j| &j.pose);
        let lacking = parts.common(&matcher, pieces, matches);
        let partly = partly.but(&matcher, &kept);
        let partly = self.to_px(partly);
        let found = kept.iter().filter_map(|j| detection(self.page, template, self.params, j)).collect();
        Round { found, lacking, lacking_a_part: 0, lacking_at: Vec::new(), partly, cut, ended }
    }

    /// The same on a scan, by its picture; and the exemplar that is left where it alone shows more. `middle` is where it
    /// is on its own page.
    pub(super) fn scanned(
        &self,
        exemplar: &Exemplar,
        template: &Template,
        middle: [f32; 2],
        (sheet, patch): (&Sheet, &Patch),
        budget: &Budget,
    ) -> (Round, Option<Box<Exemplar>>) {
        let own = self.own.then(|| Pose::at(middle));
        let asked = scan::Asked { page: sheet, params: self.params, range: self.range, own, budget };
        let (mut counted, ended) = scan::search(&asked, patch);
        // What goes on beyond the exemplar at all of them, such as the wall they stand at, is no part of their boxes.
        let b = patch.bounds;
        for (axis, (low, high)) in [(b.left, b.right), (b.top, b.bottom)].into_iter().enumerate() {
            let [low, high] = [low, high].map(|edge| f64::from(edge - middle[axis]));
            counted.hull.iter_mut().for_each(|p| p[axis] = p[axis].clamp(low, high));
        }
        let shown = |j: &Judged| {
            let mut d = detection(self.page, template, self.params, j)?;
            if !counted.hull.is_empty() {
                d.bbox = placed(self.page, &counted.hull, &j.pose);
                d.center = d.bbox.center();
            }
            Some(d)
        };
        let found = counted.judged.iter().filter_map(shown).collect();
        let less = counted.less.filter(|_| self.own).map(|patch| {
            let mut less = Box::new(exemplar.clone());
            less.patch = Some(Box::new(patch));
            less
        });
        let lacking_at = self.to_px(counted.lacking);
        let (lacking, partly) = (None, Vec::new());
        let lacking_a_part = lacking_at.len();
        (Round { found, lacking, lacking_a_part, lacking_at, partly, cut: 0, ended }, less)
    }

    fn to_px(&self, places: Vec<[f64; 2]>) -> Vec<PxPoint> {
        places.into_iter().map(|[x, y]| self.page.space.to_px(x as f32, y as f32)).collect()
    }

    /// As [`Search::run`]; where other places show that the exemplar's box took in ink that need not be the
    /// symbol's, again without it, and then with the exemplar that was left.
    pub(super) fn trimming(
        &self,
        exemplar: &Exemplar,
        template: &Template,
        pieces: &Pieces,
        budget: &Budget,
    ) -> (Round, Option<Box<Exemplar>>) {
        let mut first = self.run(template, pieces, Look::All, budget);
        // Where there are matches that show all of it, the box was right.
        let whole = first.matched(self.params).filter(|d| d.coverage >= WHOLE).count();
        if !self.own || first.ended.is_err() || whole > MAX_DOUBTED {
            return (first, None);
        }
        let Some(lacking) = self.run(template, pieces, Look::Thorough, budget).lacking else {
            // Hatch may stand in for what the other places lack, and what was drawn over the symbol is too much of
            // the box for them to show most of it.
            let all = first.matches(self.params);
            let mut looked_for = Vec::new();
            for less in [trim::tight, trim::one_pen] {
                if budget.is_cancelled() {
                    break;
                }
                let Some(Exemplar { body: Body::Ink(template, pieces), .. }) = less(self.page, exemplar)
                else {
                    continue;
                };
                // What one pen drew may be what hangs together.
                if pieces.ink.segments == looked_for {
                    continue;
                }
                let found = self.run(&template, &pieces, Look::Hint, budget);
                looked_for = pieces.ink.segments;
                let more = found.matches(self.params).saturating_sub(all);
                if more > all.max(first.lacking_a_part) {
                    first.lacking_a_part = more;
                    let there = |at: PxPoint| first.matched(self.params).any(|d| d.bbox.contains(at));
                    let others = found.matched(self.params).map(|d| d.center);
                    first.lacking_at = others.filter(|at| !there(*at)).collect();
                }
            }
            return (first, None);
        };
        first.lacking_a_part = lacking.places.len();
        first.lacking_at = self.to_px(lacking.places);
        if budget.is_cancelled() {
            return (first, None);
        }
        let less = trim::without(self.page, exemplar, &lacking.pieces);
        if let Some(less) = less
            && let Body::Ink(template, pieces) = &less.body
        {
            let second = self.run(template, pieces, Look::All, budget);
            if second.matches(self.params) > first.matches(self.params) {
                return (second, Some(Box::new(less)));
            }
        }
        (first, None)
    }
}
