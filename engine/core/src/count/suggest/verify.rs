//! Counting one of a group, as a person who drew its box would have it counted.

use super::super::ask::{Question, ask};
use super::super::exemplar::Exemplar;
use super::super::index::PageIndex;
use super::super::search::CountParams;
use super::clusters::Cluster;
use super::places::Places;
use super::{Candidate, PART_SHARE, Suggestion};
use crate::budget::Budget;
use crate::geom::{ListRect, PxRect};

/// Members of a group that are looked at for the one that stands freest.
const LOOKED_AT: usize = 32;
/// Members whose boxes are tried until one holds a symbol.
const TRIED: usize = 3;
/// What one group may take of the steps for all: a shape that is everywhere must not take them from the rest.
const SHARE_OF_ONE: u64 = 8;
/// Room around a member, page pixels.
const MARGIN_PX: f64 = 2.0;
/// Without a rule, a description begins at most so many heights of its letters right of the sample, or so many
/// sizes of the sample.
const GAP_IN_LETTERS: f32 = 8.0;
const GAP_IN_SIZES: f32 = 3.0;
/// Longest label, characters.
const MAX_LABEL: usize = 80;

/// A group that was counted.
#[derive(Debug)]
pub(super) struct Verified {
    pub suggestion: Suggestion,
    /// Instances, samples in legends left out.
    pub places: Places,
}

impl Verified {
    /// Of the box of one instance, square page pixels.
    pub(super) fn area(&self) -> f64 {
        let all = self.places.boxes.iter().map(|b| b.w * b.h);
        all.sum::<f64>() / self.places.boxes.len().max(1) as f64
    }
}

pub(super) struct Verifier<'a> {
    pub page: &'a PageIndex,
    pub params: &'a CountParams,
    pub clusters: &'a [Cluster],
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
    /// Counts up to `most` of the candidates, in their order, and says why not all.
    pub(super) fn count(
        &self,
        candidates: &[Candidate],
        most: usize,
        steps: u64,
        budget: &Budget,
    ) -> (Vec<Verified>, Option<String>) {
        let mut verified: Vec<Verified> = Vec::new();
        let (mut left, mut counted, mut unfinished) = (steps.min(budget.steps_left()), 0, 0);
        for (nth, candidate) in candidates.iter().enumerate() {
            if self.is_known(candidate, &verified) {
                continue;
            }
            if counted == most {
                let more = candidates.len() - nth;
                return (verified, Some(format!("{more} more shapes may repeat, {most} were counted")));
            }
            counted += 1;
            let part = budget.part(left.min(steps / SHARE_OF_ONE));
            let granted = part.steps_left();
            match self.one(candidate, &part) {
                Counted::Done(v) => verified.push(*v),
                Counted::No => {}
                Counted::Unfinished => unfinished += 1,
            }
            left = left.saturating_sub(granted - part.steps_left());
            if budget.is_cancelled() || left == 0 {
                return (verified, Some("the time for it was up".to_owned()));
            }
        }
        let why = (unfinished > 0).then(|| format!("{unfinished} shapes are too common to be counted"));
        (verified, why)
    }

    /// Whether what was counted before covers a group's places.
    fn is_known(&self, candidate: &Candidate, verified: &[Verified]) -> bool {
        let boxes =
            candidate.members.iter().map(|&m| self.page.space.rect_to_px(&self.clusters[m as usize].bounds));
        let places = Places::of(boxes.collect());
        verified.iter().any(|v| places.share_within(&v.places) >= PART_SHARE)
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
            let (samples, instances): (Vec<_>, Vec<_>) =
                answer.matches.iter().map(|m| &m.place).partition(|d| d.in_legend);
            let confidence = instances.iter().map(|d| d.confidence);
            let least_confidence = confidence.clone().fold(1.0, f64::min);
            let mean_confidence = confidence.sum::<f64>() / instances.len().max(1) as f64;
            let label = samples
                .iter()
                .filter_map(|d| label(self.page, &self.page.space.rect_to_list(&d.bbox)))
                .min_by(|p, q| p.0.total_cmp(&q.0))
                .map(|(_, text)| text);
            let suggestion = Suggestion {
                bbox,
                count: instances.len(),
                in_legend: samples.len(),
                least_confidence,
                mean_confidence,
                label,
                words: exemplars[0].words().to_vec(),
            };
            let places = Places::of(instances.iter().map(|d| d.bbox).collect());
            return Counted::Done(Box::new(Verified { suggestion, places }));
        }
        Counted::No
    }

    /// Members with the least foreign ink in and around their boxes first, those in legends last.
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
            looked_at.push((self.page.legend.contains(x, y), foreign, m));
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
            best = Some((off, words.join(" ").chars().take(MAX_LABEL).collect()));
        }
    }
    best
}
