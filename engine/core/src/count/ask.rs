//! The question as people ask it: several exemplars, what is not meant, where to look. Made of [`find`].

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::apart::{Apart, SheetSeen};
use super::exemplar::Exemplar;
use super::index::PageIndex;
use super::label::{self, Compare};
use super::legend::Sample;
use super::search::{CountOutcome, CountParams, Detection, find};
use crate::budget::Budget;
use crate::found::{Finding, Found};
use crate::geom::{ListRect, PxPoint, PxRect};

/// Exemplars of one question at most, and as many negative ones; more are not looked for.
pub const MAX_EXEMPLARS: usize = 8;
/// Two likenesses that differ by no more tell nothing.
const TIE: f64 = 0.001;
/// Centres nearer than this share of the smaller box's smaller side, or that of its larger side, are one
/// place. The second is for what has no width, such as a line.
const SAME_PLACE: f64 = 0.5;
const SAME_PLACE_ALONG: f64 = 0.15;
/// Places that show parts of two exemplars are one if they are no farther apart, page pixels.
const PARTLY_APART_PX: f64 = 12.0;

/// What to look for on a page.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// At least one. Each is an instance itself.
    pub exemplars: &'q [Exemplar],
    /// What is not meant: see [`Answer`].
    pub negatives: &'q [Exemplar],
    /// `max_detections` holds for each exemplar.
    pub params: CountParams,
    /// How other pages have shown that the lettering of each exemplar is taken; it may be shorter. Where
    /// `params` says how, that holds.
    pub lettering: &'q [Option<Compare>],
    /// Only what has its centre in here, page pixels.
    pub region: Option<PxRect>,
}

/// A place, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    pub place: Detection,
    /// Index of the exemplar that it is most like.
    pub exemplar: usize,
}

/// The answer for one page. At a place that several exemplars match is the most confident match, and none
/// where a negative exemplar matches at least as well. Where both match equally, because both are drawn
/// alike, lettering decides if they differ in it; else the negative one only excludes itself.
#[derive(Debug, Clone)]
pub struct Answer {
    /// At the threshold or above; highest confidence first, then from top to bottom and left to right.
    pub matches: Vec<Match>,
    /// Between 0.5 and the threshold, in the same order; those that say something else are left out as among
    /// the matches.
    pub near_misses: Vec<Match>,
    /// False when the budget ended first.
    pub complete: bool,
    /// How the lettering of each exemplar was taken; `None` while nothing showed how. The next page of the
    /// same question takes this for its [`Question::lettering`].
    pub lettering: Vec<Option<Compare>>,
    /// Symbols of the same shape that were left out because they say something else, by what they say.
    pub other_lettering: BTreeMap<String, usize>,
    /// Matches that say something else beside them than the exemplar, where that is not compared and may make another
    /// symbol of them, by what they say; the most of all exemplars.
    pub said_beside: BTreeMap<String, usize>,
    /// As in [`CountOutcome`]; the least of all exemplars.
    pub lacking_a_part: usize,
    /// As in [`CountOutcome`], of that exemplar.
    pub lacking_at: Vec<PxPoint>,
    /// As in [`CountOutcome`]; the most of all exemplars.
    pub cut: usize,
    /// As in [`CountOutcome`], where no exemplar matches.
    pub partly: Vec<PxPoint>,
    /// Middles of matches that are taken for samples in a legend though no heading says that it is one.
    pub legend_in_doubt: Vec<PxPoint>,
    /// Places that would be matches, were it not for a negative exemplar.
    pub excluded: usize,
    /// Exemplars, and negative ones, that were taken for less than their boxes hold: see [`CountOutcome`].
    pub trimmed: Vec<Option<Box<Exemplar>>>,
    pub trimmed_negatives: Vec<Option<Box<Exemplar>>>,
    /// What the page says of itself and of the sheets that go on where it ends.
    pub sheet: SheetSeen,
}

/// Answers a question for one page. Never fails: when the budget ends, the answer says that it is not
/// complete and a finding says why.
pub fn ask(page: &PageIndex, question: &Question<'_>, budget: &Budget) -> Found<Answer> {
    let exemplars = &question.exemplars[..question.exemplars.len().min(MAX_EXEMPLARS)];
    let mut findings = Vec::new();
    let mut outcomes: Vec<CountOutcome> = Vec::new();
    let mut trimmed: Vec<Option<Box<Exemplar>>> = Vec::new();
    for (nth, exemplar) in exemplars.iter().enumerate() {
        let known = question.lettering.get(nth).copied().flatten();
        let params = CountParams { lettering: question.params.lettering.or(known), ..question.params };
        let mut outcome = taken(find(page, exemplar, &params, budget), &mut findings);
        trimmed.push(outcome.trimmed.take());
        outcomes.push(outcome);
    }
    let used = trimmed.iter().zip(exemplars).map(|(less, whole)| less.as_deref().unwrap_or(whole));
    let exemplars: Vec<&Exemplar> = used.collect();
    let mut complete = outcomes.iter().all(|o| o.complete);
    let lettering: Vec<Option<Compare>> = outcomes.iter().map(|o| o.lettering).collect();
    let other_lettering = others(&exemplars, &outcomes);
    let said_beside = said_beside(page, question, &exemplars, &outcomes);
    let mut partly = shown_in_part(&outcomes);
    let least = outcomes.iter_mut().min_by_key(|o| o.lacking_a_part);
    let (mut lacking_a_part, mut lacking_at) =
        least.map_or((0, Vec::new()), |o| (o.lacking_a_part, std::mem::take(&mut o.lacking_at)));
    let cut = outcomes.iter().map(|o| o.cut).max().unwrap_or(0);
    let mut all: Vec<Match> = Vec::new();
    for (nth, (exemplar, outcome)) in exemplars.iter().zip(outcomes).enumerate() {
        let near = same_lettering(exemplar, outcome.lettering, outcome.near_misses);
        let places = outcome.detections.into_iter().chain(near);
        all.extend(places.map(|place| Match { place, exemplar: nth }));
    }
    all.sort_by(by_rank);
    all = one_a_place(all, question.params.threshold);
    let inside = |at: PxPoint| question.region.is_none_or(|region| region.contains(at));
    let (mut trimmed_negatives, mut excluded) = (Vec::new(), 0);
    for negative in question.negatives.iter().take(MAX_EXEMPLARS) {
        let params = CountParams { lettering: Some(Compare::Nothing), ..question.params };
        let mut outcome = taken(find(page, negative, &params, budget), &mut findings);
        complete &= outcome.complete;
        let less = outcome.trimmed.take();
        partly.retain(|p| !outcome.detections.iter().any(|d| d.bbox.contains(*p)));
        let struck = strike(&mut all, &exemplars, less.as_deref().unwrap_or(negative), outcome);
        let matched = |d: &&Detection| d.confidence >= question.params.threshold && inside(d.center);
        excluded += struck.iter().filter(matched).count();
        trimmed_negatives.push(less);
    }
    all.retain(|m| inside(m.place.center));
    partly.retain(|p| inside(*p));
    if question.region.is_some() {
        lacking_at.retain(|p| inside(*p));
        lacking_a_part = lacking_a_part.min(lacking_at.len());
    }
    let near_misses = all.split_off(all.partition_point(|m| m.place.confidence >= question.params.threshold));
    let mut answer = Answer {
        matches: all,
        near_misses,
        complete,
        lettering,
        other_lettering,
        said_beside,
        lacking_a_part,
        lacking_at,
        cut,
        partly,
        legend_in_doubt: Vec::new(),
        excluded,
        trimmed,
        trimmed_negatives,
        sheet: page.sheet(),
    };
    find_legends(page, &mut answer);
    Found::with(answer, findings)
}

/// What stands beside places found and is another text than beside the exemplar; a question that says how lettering is
/// taken has it compared, or wants to know nothing of it.
fn said_beside(
    page: &PageIndex,
    question: &Question<'_>,
    exemplars: &[&Exemplar],
    outcomes: &[CountOutcome],
) -> BTreeMap<String, usize> {
    match question.params.lettering {
        Some(_) => BTreeMap::new(),
        None => beside(page, exemplars, outcomes),
    }
}

/// Places that show most of an exemplar and that all of them leave to a person.
fn shown_in_part(outcomes: &[CountOutcome]) -> Vec<PxPoint> {
    let mut partly: Vec<PxPoint> = Vec::new();
    for p in outcomes.iter().flat_map(|o| &o.partly) {
        let there = |d: &Detection| d.bbox.contains(*p);
        let known = outcomes.iter().any(|o| o.detections.iter().chain(&o.near_misses).any(there))
            || partly.iter().any(|q| (q.x - p.x).hypot(q.y - p.y) < PARTLY_APART_PX);
        if !known {
            partly.push(*p);
        }
    }
    partly
}

fn taken(found: Found<CountOutcome>, findings: &mut Vec<Finding>) -> CountOutcome {
    findings.extend(found.findings);
    found.value
}

fn by_rank(p: &Match, q: &Match) -> std::cmp::Ordering {
    let (a, b) = (&p.place, &q.place);
    b.confidence
        .total_cmp(&a.confidence)
        .then(b.is_exemplar.cmp(&a.is_exemplar))
        .then(a.center.y.total_cmp(&b.center.y))
        .then(a.center.x.total_cmp(&b.center.x))
        .then(p.exemplar.cmp(&q.exemplar))
}

/// Near misses that say what the exemplar says. Where no match has shown how that is meant, they themselves do.
fn same_lettering(exemplar: &Exemplar, shown: Option<Compare>, mut near: Vec<Detection>) -> Vec<Detection> {
    let compare = shown.or_else(|| label::decide(&exemplar.words, near.iter().map(|d| d.words.as_slice())));
    if let Some(compare) = compare {
        label::part(compare, &exemplar.words, &mut near);
    }
    near
}

/// What says something else than every exemplar, counted once.
fn others(exemplars: &[&Exemplar], outcomes: &[CountOutcome]) -> BTreeMap<String, usize> {
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    for (says, times) in outcomes.iter().flat_map(|o| &o.other_lettering) {
        let most = others.entry(says.clone()).or_default();
        *most = (*most).max(*times);
    }
    if exemplars.len() > 1 {
        others.retain(|says, _| {
            let words: Vec<String> = says.split_whitespace().map(str::to_owned).collect();
            let meant = |(e, o): (&&Exemplar, &CountOutcome)| {
                o.lettering.is_some_and(|compare| label::agree(compare, &e.words, &words))
            };
            !exemplars.iter().zip(outcomes).any(meant)
        });
    }
    others
}

/// What matches say beside them otherwise than their exemplar, where lettering is taken as the page shows it.
fn beside(page: &PageIndex, exemplars: &[&Exemplar], outcomes: &[CountOutcome]) -> BTreeMap<String, usize> {
    let mut beside: BTreeMap<String, usize> = BTreeMap::new();
    let open = exemplars.iter().zip(outcomes).filter(|(_, o)| o.lettering != Some(Compare::Whole));
    for (says, times) in open.flat_map(|(e, o)| e.company.noted(page, &o.detections)) {
        let most = beside.entry(says).or_default();
        *most = (*most).max(times);
    }
    beside
}

/// Places by the cells that their centres lie in.
struct Places {
    /// Side of a cell, page pixels: no two centres of one place are farther apart.
    side: f64,
    cells: FxHashMap<(i64, i64), Vec<usize>>,
}

impl Places {
    fn new<'d>(all: impl Iterator<Item = &'d Detection>) -> Self {
        Self { side: all.map(|d| reach(&d.bbox)).fold(1.0, f64::max), cells: FxHashMap::default() }
    }

    fn cell(&self, d: &Detection) -> (i64, i64) {
        ((d.center.x / self.side).floor() as i64, (d.center.y / self.side).floor() as i64)
    }

    fn add(&mut self, d: &Detection, index: usize) {
        self.cells.entry(self.cell(d)).or_default().push(index);
    }

    /// Indexes of what was added and may be at the place of `d`.
    fn about(&self, d: &Detection) -> impl Iterator<Item = usize> {
        let (x, y) = self.cell(d);
        let cells = (x - 1..=x + 1).flat_map(move |x| (y - 1..=y + 1).map(move |y| (x, y)));
        cells.filter_map(|cell| self.cells.get(&cell)).flatten().copied()
    }
}

/// How far centres of one place may be apart, page pixels.
fn reach(bbox: &PxRect) -> f64 {
    (bbox.w.min(bbox.h) * SAME_PLACE).max(bbox.w.max(bbox.h) * SAME_PLACE_ALONG)
}

fn at_one_place(p: &Detection, q: &Detection) -> bool {
    let apart = (p.center.x - q.center.x).hypot(p.center.y - q.center.y);
    apart < reach(&p.bbox).min(reach(&q.bbox))
}

/// The best at each place, of matches and near misses in rank order. Matches of one exemplar are of different places
/// already; a near miss of its own may be the same ink seen otherwise.
fn one_a_place(all: Vec<Match>, threshold: f64) -> Vec<Match> {
    let mut places = Places::new(all.iter().map(|m| &m.place));
    let mut kept: Vec<Match> = Vec::with_capacity(all.len());
    for m in all {
        let taken = places.about(&m.place).any(|i| {
            let other: &Match = &kept[i];
            let may_be_one = other.exemplar != m.exemplar || m.place.confidence < threshold;
            may_be_one && at_one_place(&other.place, &m.place)
        });
        if !taken {
            places.add(&m.place, kept.len());
            kept.push(m);
        }
    }
    kept
}

/// Takes out what a negative exemplar matches at least as well, and gives it back.
fn strike(
    all: &mut Vec<Match>,
    exemplars: &[&Exemplar],
    negative: &Exemplar,
    outcome: CountOutcome,
) -> Vec<Detection> {
    let mut not_meant = outcome.detections;
    not_meant.extend(outcome.near_misses);
    let mut places = Places::new(all.iter().map(|m| &m.place).chain(&not_meant));
    for (i, d) in not_meant.iter().enumerate() {
        places.add(d, i);
    }
    let stays = |m: &Match| {
        let says = &exemplars[m.exemplar].words;
        let excluded = |n: &Detection| {
            let alike = (n.likeness - m.place.likeness).abs() <= TIE;
            let more_like = match (alike, negative.words != *says) {
                (false, _) => n.likeness > m.place.likeness,
                (true, true) => n.words == negative.words,
                (true, false) => false,
            };
            (more_like || n.is_exemplar) && at_one_place(n, &m.place)
        };
        m.place.is_exemplar || !places.about(&m.place).any(|i| excluded(&not_meant[i]))
    };
    all.extract_if(.., |m| !stays(m)).map(|m| m.place).collect()
}

/// Near misses that are looked for in legends, the strongest: it takes each of them a look at the others.
const LEGEND_LOOKS: usize = 2_000;

/// Near misses in legends, and which of the matches that are known to be there are so in doubt.
fn find_legends(page: &PageIndex, answer: &mut Answer) {
    let all = answer.matches.iter().chain(&answer.near_misses);
    let boxes: Vec<ListRect> = all.map(|m| page.space.rect_to_list(&m.place.bbox)).collect();
    let of_near = &boxes[answer.matches.len()..];
    for (m, b) in answer.near_misses.iter_mut().zip(of_near).take(LEGEND_LOOKS) {
        if page.legend.sample(b, &boxes).is_some() {
            (m.place.in_legend, m.place.apart) = (true, Some(Apart::Legend));
        }
    }
    let matches = answer.matches.iter().zip(&boxes).filter(|(m, _)| m.place.in_legend);
    let doubtful = matches.filter(|(_, b)| page.legend.sample(b, &boxes) != Some(Sample::Headed));
    answer.legend_in_doubt = doubtful.map(|(m, _)| m.place.center).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(exemplar: usize, x: f64, confidence: f64) -> Match {
        let bbox = PxRect::new(x, 10.0, 20.0, 20.0);
        let place = Detection {
            bbox,
            center: bbox.center(),
            angle_deg: 0.0,
            mirrored: false,
            scale: 1.0,
            confidence,
            likeness: confidence,
            coverage: 1.0,
            extra: 0.0,
            is_exemplar: false,
            in_legend: false,
            apart: None,
            match_line: None,
            variant: false,
            other_pen: false,
            framed: false,
            words: Vec::new(),
        };
        Match { place, exemplar }
    }

    #[test]
    fn a_place_is_listed_once() {
        // Two matches of one exemplar that overlap are two; what is less alike at a place that is listed is none.
        let all = [at(0, 50.0, 0.95), at(0, 57.0, 0.9), at(0, 64.0, 0.7), at(0, 90.0, 0.7), at(0, 96.0, 0.6)];
        let kept = one_a_place(all.to_vec(), 0.8);
        let places: Vec<f64> = kept.iter().map(|m| m.place.bbox.x).collect();
        assert_eq!(places, [50.0, 57.0, 90.0]);
        let kept = one_a_place(vec![at(0, 50.0, 0.95), at(1, 57.0, 0.9)], 0.8);
        assert_eq!(kept.len(), 1, "of two exemplars");
    }
}
