//! Which symbols repeat on a page: what to count, before anybody has drawn a box.
//!
//! Ink that hangs together ([`clusters`]) is put into groups of one shape ([`shape`]); what is known to be
//! something else is left out ([`weed`]); of each group one is counted as a person would have it counted
//! ([`verify`]), and only what that finds is told.

mod clusters;
mod places;
mod shape;
mod verify;
mod weed;

use super::index::PageIndex;
use super::search::CountParams;
use crate::budget::{Budget, Exhausted};
use crate::found::{Finding, Found};
use crate::geom::PxRect;

use clusters::Cluster;
use shape::Group;
use verify::{Limits, Verified, Verifier};

/// Suggestions of one page at most.
pub const MAX_SUGGESTIONS: usize = 100;
/// Instances that make a symbol worth a suggestion.
const MIN_COUNT: usize = 2;
/// Steps for finding groups.
const GROUPING_STEPS: u64 = 30_000_000;
/// What counting them may take: four to nine seconds of one core on dense sheets, nine to eleven on scans, where each
/// count takes more and strokes of one symbol fall into several groups.
const OF_DRAWINGS: Limits = Limits { groups: 72, steps: 8_000_000, shares_of_one: &[40, 4] };
const OF_SCANS: Limits = Limits { groups: 30, steps: 30_000_000, shares_of_one: &[8] };
/// A part is in this share of its places within something larger.
const PART_SHARE: f64 = 0.9;
/// Boxes that overlap by this share, over their union, mean one symbol.
const SAME_BOX: f64 = 0.7;
/// Middles closer than this share of a member's side are one place.
const SAME_PLACE: f32 = 0.25;

/// A symbol that repeats.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// Around one instance, in whole page pixels: the box of an exemplar that counts them.
    pub bbox: PxRect,
    /// Instances that a count from that box finds, samples in legends left out; where there was no time to
    /// count, so many that look the same.
    pub count: usize,
    /// Samples in legends that it finds.
    pub in_legend: usize,
    /// Of the instances; `None` where there was no time to count.
    pub confidence: Option<Confidence>,
    /// What a legend says beside its sample.
    pub label: Option<String>,
    /// Words inside the instance in the box, in reading order.
    pub words: Vec<String>,
}

/// How sure the instances of a suggestion are, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    pub least: f64,
    pub mean: f64,
}

/// What repeats on a page, most repeated first, then by size.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestions {
    /// At most [`MAX_SUGGESTIONS`], each with at least two instances.
    pub list: Vec<Suggestion>,
    /// False when the page has more ink, or more that repeats, than was looked at.
    pub complete: bool,
}

/// Finds what repeats on a page. `params` are those of the counts that the suggestions are for. Never fails:
/// where the budget or the module's own limits end the work, the answer says that it is not complete and a
/// finding says why; what could not be counted is told as it was grouped. The same page gives the same answer.
pub fn suggest(page: &PageIndex, params: &CountParams, budget: &Budget) -> Found<Suggestions> {
    let own = budget.part(GROUPING_STEPS.min(budget.steps_left()));
    let (mut list, why) = match candidates(page, &own) {
        Ok((clusters, candidates, mut cut_short)) => {
            let verifier = Verifier { page, params, clusters: &clusters };
            let limits = if page.sheet.is_some() { &OF_SCANS } else { &OF_DRAWINGS };
            let (verified, ended) = verifier.count(&candidates, limits, budget);
            cut_short = ended.or(cut_short);
            (told(verified), cut_short)
        }
        Err(e) => (Vec::new(), Some(e.to_string())),
    };
    let mut findings = Vec::new();
    list.truncate(MAX_SUGGESTIONS);
    if let Some(why) = &why {
        let message = format!("not all that may repeat on the page was looked at: {why}");
        findings.push(Finding::new("suggestions_incomplete", message));
    }
    Found::with(Suggestions { list, complete: why.is_none() }, findings)
}

/// A group that may be a symbol.
#[derive(Debug)]
struct Candidate {
    /// Clusters, one a place, the most typical first.
    members: Vec<u32>,
    /// Longer side, list units.
    side: f32,
}

type Candidates = (Vec<Cluster>, Vec<Candidate>, Option<String>);

/// What repeats, in the order in which it is to be counted.
fn candidates(page: &PageIndex, budget: &Budget) -> Result<Candidates, Exhausted> {
    let found = clusters::of(page, budget)?;
    let clusters = found.all;
    let groups = shape::groups(page, &clusters, budget)?;
    let letters = weed::Letters::of(&clusters, &groups);
    let mut candidates = Vec::new();
    for (g, group) in groups.iter().enumerate() {
        if group.members.len() < MIN_COUNT || group.shape.corner {
            continue;
        }
        let members = one_a_place(&clusters, group);
        budget.spend(group.members.len() as u64)?;
        let is_something_else = members.len() < MIN_COUNT
            || letters.are(g as u32, &members)
            || weed::are_arrows(page, &clusters, group, &members)
            || page.sheet.is_some() && weed::are_thin(page, &clusters, &members);
        if !is_something_else {
            let side = clusters[members[0] as usize].side();
            candidates.push(Candidate { members, side });
        }
    }
    let mut candidates = parts_last(&clusters, candidates);
    candidates.shrink_to_fit();
    let cut_short = found.cut_short.then(|| "it has too much ink".to_owned());
    Ok((clusters, candidates, cut_short))
}

/// Members of a group, those at one place once, the most typical first.
fn one_a_place(clusters: &[Cluster], group: &Group) -> Vec<u32> {
    let mut members = group.members.clone();
    members.sort_by(|p, q| p.unlike.total_cmp(&q.unlike).then(p.cluster.cmp(&q.cluster)));
    let side = group.members.iter().map(|m| clusters[m.cluster as usize].side()).fold(1.0, f32::max);
    let mut cells: rustc_hash::FxHashMap<(i32, i32), Vec<u32>> = rustc_hash::FxHashMap::default();
    let mut kept = Vec::new();
    for m in members {
        let [x, y] = clusters[m.cluster as usize].middle();
        let (column, row) = ((x / side).floor() as i32, (y / side).floor() as i32);
        let mut near = (row - 1..=row + 1)
            .flat_map(|r| (column - 1..=column + 1).map(move |c| (r, c)))
            .filter_map(|c| cells.get(&c))
            .flatten();
        let known = near.any(|&k: &u32| {
            let [ox, oy] = clusters[k as usize].middle();
            (x - ox).hypot(y - oy) <= side * SAME_PLACE
        });
        if !known {
            cells.entry((row, column)).or_default().push(m.cluster);
            kept.push(m.cluster);
        }
    }
    kept
}

/// Those with the most members first, then the larger; after them what is part of something larger that repeats
/// almost as often.
fn parts_last(clusters: &[Cluster], mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    // The largest repeated cluster that each segment belongs to.
    candidates.sort_by(|p, q| q.side.total_cmp(&p.side).then(p.members[0].cmp(&q.members[0])));
    let mut owner: rustc_hash::FxHashMap<u32, u32> = rustc_hash::FxHashMap::default();
    let mut is_part = vec![false; candidates.len()];
    for (c, candidate) in candidates.iter().enumerate() {
        let mut owners: rustc_hash::FxHashMap<u32, usize> = rustc_hash::FxHashMap::default();
        for &m in &candidate.members {
            if let Some(&o) = owner.get(&clusters[m as usize].segments[0]) {
                *owners.entry(o).or_default() += 1;
            }
        }
        let most = owners.into_iter().max_by(|p, q| p.1.cmp(&q.1).then(q.0.cmp(&p.0)));
        is_part[c] =
            most.is_some_and(|(_, times)| times as f64 >= PART_SHARE * candidate.members.len() as f64);
        if !is_part[c] {
            for &m in &candidate.members {
                for &s in &clusters[m as usize].segments {
                    owner.entry(s).or_insert(c as u32);
                }
            }
        }
    }
    let mut order: Vec<(bool, Candidate)> = is_part.into_iter().zip(candidates).collect();
    // Stable: the larger come first among equals.
    order.sort_by(|p, q| p.0.cmp(&q.0).then(q.1.members.len().cmp(&p.1.members.len())));
    order.into_iter().map(|(_, c)| c).collect()
}

/// What is told of what was counted: no parts, no rows of something else, nothing twice.
fn told(mut verified: Vec<Verified>) -> Vec<Suggestion> {
    verified.retain(|v| v.suggestion.count >= MIN_COUNT && !weed::is_texture(&v.places));
    // Of what is larger each is kept before its parts are judged by it.
    verified.sort_by(|p, q| {
        q.places.area().total_cmp(&p.places.area()).then(q.suggestion.count.cmp(&p.suggestion.count))
    });
    let row = |v: &Verified| {
        verified.iter().any(|o| {
            let smaller = o.places.area() < v.places.area() * 0.95;
            smaller && o.suggestion.count > v.suggestion.count && v.places.are_made_of(&o.places)
        })
    };
    let rows: Vec<bool> = verified.iter().map(row).collect();
    let mut kept: Vec<Verified> = Vec::new();
    for (v, is_row) in verified.into_iter().zip(rows) {
        let is_part = kept.iter().any(|larger| v.places.share_within(&larger.places) >= PART_SHARE);
        if !is_row && !is_part {
            kept.push(v);
        }
    }
    kept.sort_by(|p, q| {
        q.suggestion
            .count
            .cmp(&p.suggestion.count)
            .then(q.places.area().total_cmp(&p.places.area()))
            .then(p.suggestion.bbox.y.total_cmp(&q.suggestion.bbox.y))
            .then(p.suggestion.bbox.x.total_cmp(&q.suggestion.bbox.x))
    });
    let mut told: Vec<Suggestion> = Vec::new();
    for Verified { suggestion, .. } in kept {
        if told.iter().all(|t| t.bbox.iou(&suggestion.bbox) < SAME_BOX) {
            told.push(suggestion);
        }
    }
    told
}
