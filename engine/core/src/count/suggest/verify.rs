//! Counting one of a group, as a person who drew its box would have it counted.

use super::super::ask::{Question, ask};
use super::super::exemplar::Exemplar;
use super::super::index::PageIndex;
use super::super::search::CountParams;
use super::clusters::Cluster;
use super::places::Places;
use super::{Candidate, Confidence, PART_SHARE, Suggestion, weed};
use crate::budget::Budget;
use crate::geom::{ListRect, PxRect};

/// Members of a group that are looked at for the one that stands freest.
const LOOKED_AT: usize = 32;
/// Members whose boxes are tried until one holds a symbol.
const TRIED: usize = 3;
/// Groups of so many members are told uncounted when there is no time to count them, and so many of them.
const MIN_UNCOUNTED: usize = 3;
const MAX_UNCOUNTED: usize = 40;
/// Steps for looking at the box of such a group.
const LOOK_STEPS: u64 = 100_000;
/// Room around a member, page pixels.
const MARGIN_PX: f64 = 2.0;
/// Without a rule, a description begins at most so many heights of its letters right of the sample, or so many
/// sizes of the sample.
const GAP_IN_LETTERS: f32 = 8.0;
const GAP_IN_SIZES: f32 = 3.0;
/// Longest label, characters, and shortest: a letter beside a symbol is a part of it.
const MAX_LABEL: usize = 80;
const MIN_LABEL: usize = 3;

/// A group that was counted, or would be if there were time.
#[derive(Debug)]
pub(super) struct Verified {
    pub suggestion: Suggestion,
    /// Instances, samples in legends left out.
    pub places: Places,
}

pub(super) struct Verifier<'a> {
    pub page: &'a PageIndex,
    pub params: &'a CountParams,
    pub clusters: &'a [Cluster],
}

/// What counting the groups of a page may take.
pub(super) struct Limits {
    /// Groups at most, those with the most members, and steps for all of them.
    pub groups: usize,
    pub steps: u64,
    /// What one may take of these, at first and when all had their turn: a shape that is everywhere must not take them
    /// from those that are soon counted.
    pub shares_of_one: &'static [u64],
}

/// What became of a group.
enum Counted {
    Done(Box<Verified>),
    /// None of its boxes holds a symbol.
    No,
    /// There was not enough time.
    Unfinished,
}

impl Verifier<'_> {
    /// Counts the candidates in their order, within limits. The rest is taken as it was grouped; then the answer says
    /// why.
    pub(super) fn count(
        &self,
        candidates: &[Candidate],
        limits: &Limits,
        budget: &Budget,
    ) -> (Vec<Verified>, Option<String>) {
        let mut verified: Vec<Verified> = Vec::new();
        let mut uncounted: Vec<&Candidate> = candidates.iter().collect();
        let mut left = limits.steps.min(budget.steps_left());
        for share in limits.shares_of_one {
            let mut counted = 0;
            for candidate in std::mem::take(&mut uncounted) {
                if self.is_known(candidate, &verified) {
                    continue;
                }
                if counted == limits.groups || left == 0 || budget.is_cancelled() {
                    uncounted.push(candidate);
                    continue;
                }
                counted += 1;
                let part = budget.part(left.min(limits.steps / share));
                let granted = part.steps_left();
                match self.one(candidate, &part) {
                    Counted::Done(v) => verified.push(*v),
                    Counted::No => {}
                    Counted::Unfinished => uncounted.push(candidate),
                }
                left = left.saturating_sub(granted - part.steps_left());
            }
        }
        let why = (!uncounted.is_empty())
            .then(|| format!("{} shapes that may repeat were not counted", uncounted.len()));
        let large = uncounted.into_iter().filter(|c| c.members.len() >= MIN_UNCOUNTED);
        for candidate in large.take(MAX_UNCOUNTED) {
            if !budget.is_cancelled() && !self.is_known(candidate, &verified) {
                verified.extend(self.as_grouped(candidate, budget));
            }
        }
        (verified, why)
    }

    /// Whether a group is no news: what was taken before covers its places, or is what they are rows of, or
    /// they tile an area.
    fn is_known(&self, candidate: &Candidate, verified: &[Verified]) -> bool {
        let places = self.places(&candidate.members);
        let row_of =
            |v: &Verified| v.places.boxes.len() > places.boxes.len() && places.are_made_of(&v.places);
        weed::is_texture(&places)
            || verified.iter().any(|v| places.share_within(&v.places) >= PART_SHARE || row_of(v))
    }

    fn places(&self, members: &[u32]) -> Places {
        let px = |&m: &u32| self.page.space.rect_to_px(&self.clusters[m as usize].bounds);
        Places::of(members.iter().map(px).collect())
    }

    fn one(&self, candidate: &Candidate, budget: &Budget) -> Counted {
        for member in self.freest(candidate).into_iter().take(TRIED) {
            let bbox = self.bbox(&self.clusters[member as usize].bounds);
            let exemplar = match Exemplar::cut(self.page, bbox, budget) {
                Ok(exemplar) => exemplar,
                Err(_) if budget.is_cancelled() || budget.steps_left() == 0 => return Counted::Unfinished,
                Err(_) => continue,
            };
            let exemplars = [exemplar];
            let question = Question {
                exemplars: &exemplars,
                negatives: &[],
                params: *self.params,
                lettering: &[],
                region: None,
            };
            let answer = ask(self.page, &question, budget).value;
            if !answer.complete {
                return Counted::Unfinished;
            }
            let (samples, mut instances): (Vec<_>, Vec<_>) =
                answer.matches.iter().map(|m| &m.place).partition(|d| d.in_legend);
            instances.retain(|d| d.apart.is_none());
            let each = instances.iter().map(|d| d.confidence);
            let confidence = Confidence {
                least: each.clone().fold(1.0, f64::min),
                mean: each.sum::<f64>() / instances.len().max(1) as f64,
            };
            let samples: Vec<ListRect> =
                samples.iter().map(|d| self.page.space.rect_to_list(&d.bbox)).collect();
            let suggestion = Suggestion {
                bbox,
                count: instances.len(),
                in_legend: samples.len(),
                confidence: Some(confidence),
                label: self.label(&samples),
                words: exemplars[0].words().to_vec(),
            };
            let places = Places::of(instances.iter().map(|d| d.bbox).collect());
            return Counted::Done(Box::new(Verified { suggestion, places }));
        }
        Counted::No
    }

    /// A group as it is, where one of its boxes holds a symbol.
    fn as_grouped(&self, candidate: &Candidate, budget: &Budget) -> Option<Verified> {
        let own = budget.part(LOOK_STEPS);
        let boxes = self.freest(candidate).into_iter().take(TRIED);
        let mut boxes = boxes.map(|m| self.bbox(&self.clusters[m as usize].bounds));
        let (bbox, exemplar) = boxes.find_map(|b| Some((b, Exemplar::cut(self.page, b, &own).ok()?)))?;
        let in_legend = |m: &u32| {
            let [x, y] = self.clusters[*m as usize].middle();
            self.page.legend.contains(x, y)
        };
        let (samples, mut instances): (Vec<u32>, Vec<u32>) =
            candidate.members.iter().partition(|m| in_legend(m));
        instances.retain(|&m| self.page.parts.holding(&self.clusters[m as usize].bounds).is_none());
        let samples: Vec<ListRect> = samples.iter().map(|&m| self.clusters[m as usize].bounds).collect();
        let suggestion = Suggestion {
            bbox,
            count: instances.len(),
            in_legend: samples.len(),
            confidence: None,
            label: self.label(&samples),
            words: exemplar.words().to_vec(),
        };
        Some(Verified { suggestion, places: self.places(&instances) })
    }

    /// What stands beside the sample that it is closest to.
    fn label(&self, samples: &[ListRect]) -> Option<String> {
        let all = samples.iter().filter_map(|sample| label(self.page, sample));
        all.min_by(|p, q| p.0.total_cmp(&q.0)).map(|(_, text)| text)
    }

    /// Members with the least foreign ink in and around their boxes first, those in legends and other parts that show no work last.
    fn freest(&self, candidate: &Candidate) -> Vec<u32> {
        let step = candidate.members.len().div_ceil(LOOKED_AT).max(1);
        let mut looked_at: Vec<(bool, u32, u32)> = Vec::new();
        for &m in candidate.members.iter().step_by(step) {
            let cluster = &self.clusters[m as usize];
            let [x, y] = cluster.middle();
            let b = &cluster.bounds;
            let around = ListRect {
                left: b.left - 2.0,
                top: b.top - 2.0,
                right: b.right + 2.0,
                bottom: b.bottom + 2.0,
            };
            let near = self.page.grid.within(&around);
            let foreign = near.iter().filter(|&s| cluster.segments.binary_search(s).is_err()).count() as u32;
            let apart = self.page.legend.contains(x, y) || self.page.parts.holding(b).is_some();
            looked_at.push((apart, foreign, m));
        }
        // Stable: the most typical come first among equals.
        looked_at.sort_by_key(|l| (l.0, l.1));
        looked_at.into_iter().map(|l| l.2).collect()
    }

    /// In whole pixels, with some room.
    fn bbox(&self, bounds: &ListRect) -> PxRect {
        let space = &self.page.space;
        let px = space.rect_to_px(bounds);
        let (left, top) = ((px.x - MARGIN_PX).floor().max(0.0), (px.y - MARGIN_PX).floor().max(0.0));
        let right = (px.x + px.w + MARGIN_PX).ceil().min(f64::from(space.width_px));
        let bottom = (px.y + px.h + MARGIN_PX).ceil().min(f64::from(space.height_px));
        PxRect::new(left, top, right - left, bottom - top)
    }
}

/// The words right of a legend's sample, in its row, and how far away they begin, list units.
fn label(page: &PageIndex, sample: &ListRect) -> Option<(f32, String)> {
    let middle = (sample.top + sample.bottom) / 2.0;
    let mut best: Option<(f32, String)> = None;
    for &(start, len) in &page.word_lines {
        let line = &page.words[start as usize..(start + len) as usize];
        let right: Vec<_> =
            line.iter().filter(|w| w.angle.abs() < 1.0 && w.bounds.left >= sample.right).collect();
        let Some(first) = right.first() else { continue };
        let (b, h) = (&first.bounds, first.bounds.height());
        let gap = b.left - sample.right;
        let near = gap <= (GAP_IN_LETTERS * h).max(GAP_IN_SIZES * sample.width().max(sample.height()));
        let in_row = middle >= b.top - h * 0.5 && middle <= b.bottom + h * 0.5;
        let off = gap + (middle - (b.top + b.bottom) / 2.0).abs();
        if near && in_row && best.as_ref().is_none_or(|(least, _)| off < *least) {
            let words: Vec<&str> = right.iter().map(|w| w.text.as_str()).collect();
            let text: String = words.join(" ").chars().take(MAX_LABEL).collect();
            if text.chars().count() >= MIN_LABEL {
                best = Some((off, text));
            }
        }
    }
    best
}
