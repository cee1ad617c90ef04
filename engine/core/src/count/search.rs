//! The question itself: where on the page is this symbol.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::apart::{Apart, AtMatchLine};
use super::beside;
use super::candidates::Range;
use super::exemplar::{Body, Exemplar};
use super::frame::{self, Frame};
use super::index::PageIndex;
use super::judge::Judged;
use super::label::{self, Compare};
use super::matching::Matcher;
use super::pose::Pose;
use super::round::Search;
use super::template::Template;
use super::worth;
use crate::budget::Budget;
use crate::found::{Finding, Found};
use crate::geom::{ListRect, PxPoint, PxRect};

/// Matches below the threshold are listed down to this likeness.
pub(super) const NEAR_MISS_FLOOR: f64 = 0.5;
/// Deviation from a quarter turn that rounding explains, degrees.
const TURN_SLACK: f64 = 1.0;

/// What counts as the same symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountParams {
    /// Confidence from which a match is a detection, 0 to 1.
    pub threshold: f64,
    /// Deviation allowed about each quarter turn, degrees; `None` or 45 and more means any angle.
    pub rotation_tolerance: Option<f64>,
    /// Deviation from the exemplar's size, as a share: 0.2 allows 1/1.2 to 1.2.
    pub scale_tolerance: f64,
    /// Look for mirrored instances, too (they are flagged).
    pub mirrored: bool,
    /// Line weight, colour and dashes are part of the meaning (new against existing work). Applies
    /// on the exemplar's own page; other pages may be plotted with other pens.
    pub same_pen: bool,
    /// How lettering inside the symbol is taken; `None` leaves it to what the page shows: a tag such as
    /// `T1` must agree, a number need not.
    pub lettering: Option<Compare>,
    /// Detections kept; the strongest are.
    pub max_detections: usize,
}

impl Default for CountParams {
    fn default() -> Self {
        Self {
            threshold: 0.80,
            rotation_tolerance: None,
            scale_tolerance: 0.20,
            mirrored: true,
            same_pen: true,
            lettering: None,
            max_detections: 500,
        }
    }
}

/// A place where the symbol is.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Axis-parallel box of the placed exemplar's ink, page pixels.
    pub bbox: PxRect,
    pub center: PxPoint,
    /// Turn against the exemplar, degrees clockwise, 0 to 360; for a shape that looks the same at
    /// several turns, the smallest.
    pub angle_deg: f64,
    pub mirrored: bool,
    /// Size against the exemplar.
    pub scale: f64,
    /// How often a place of such a likeness is an instance, 0 to 1.
    pub confidence: f64,
    /// How like the exemplar it is, 0 to 1.
    pub likeness: f64,
    /// Share of the exemplar's ink that the page has there, 0 to 1.
    pub coverage: f64,
    /// Ink inside the outline that is not the exemplar's, as a share of the exemplar's ink.
    pub extra: f64,
    /// The exemplar itself.
    pub is_exemplar: bool,
    /// Lies in a legend: a sample of the symbol, not an instance.
    pub in_legend: bool,
    /// Why it does not count by itself: it lies in a legend, a title block or a key plan. What is beyond a match line
    /// counts unless the sheet that goes on there is counted, too: see `match_line`.
    pub apart: Option<Apart>,
    /// Lies upon one of the page's match lines or beyond it.
    pub match_line: Option<AtMatchLine>,
    /// Shows strokes about it that several others show and the exemplar does not: perhaps another symbol of the
    /// family. Its confidence is at most 0.89, or the threshold if that is higher.
    pub variant: bool,
    /// Differs from the exemplar in its pen, and that decides what it is: a near miss on the exemplar's own page, where
    /// pens are compared, or a match on another, where they are not, or where no other place has the exemplar's width.
    pub other_pen: bool,
    /// A near miss for nothing but the frame around it, which others have alike and the exemplar has not: perhaps another
    /// symbol, perhaps the same one on a counter.
    pub framed: bool,
    /// Words inside its outline, in reading order.
    pub words: Vec<String>,
}

/// The answer for one page.
#[derive(Debug, Clone)]
pub struct CountOutcome {
    /// Highest confidence first, then from top to bottom and left to right.
    pub detections: Vec<Detection>,
    /// Detections before the cap.
    pub found: usize,
    /// The cap left some out.
    pub truncated: bool,
    /// False when the budget ended first: what had been found until then is returned.
    pub complete: bool,
    /// Places of a confidence below the threshold, and a likeness of 0.5 or more, strongest first, under the same cap.
    pub near_misses: Vec<Detection>,
    /// How lettering was taken; `None` while no other symbol showed how. The next page of the same
    /// question takes this for its [`CountParams::lettering`].
    pub lettering: Option<Compare>,
    /// Symbols of the same shape that were left out because they say something else, by what they say.
    pub other_lettering: BTreeMap<String, usize>,
    /// Places, more than the detections, that show most of the exemplar but all lack the same part of it: its
    /// box probably took in a piece of something else. 0 if there is no such sign.
    pub lacking_a_part: usize,
    /// Their middles.
    pub lacking_at: Vec<PxPoint>,
    /// Middles of places that show most of the exemplar and too little to be near misses: at most 200.
    pub partly: Vec<PxPoint>,
    /// Matches at which strokes that the box cuts go on as at the exemplar, a part of a symbol: none is sure, then.
    pub cut: usize,
    /// The exemplar without ink at the edge of its box that the other places lack, as it was looked for; the
    /// next pages of the same question take it for theirs.
    pub trimmed: Option<Box<Exemplar>>,
}

/// Looks for an exemplar on a page. Never fails: when the budget ends, the outcome says that it is
/// not complete and a finding says why.
pub fn find(
    page: &PageIndex,
    exemplar: &Exemplar,
    params: &CountParams,
    budget: &Budget,
) -> Found<CountOutcome> {
    let own = exemplar.page == Some(page.fingerprint);
    let grow = 1.0 + params.scale_tolerance.clamp(0.0, 1.0) + 1e-6;
    let range = Range { min_scale: 1.0 / grow, max_scale: grow };
    let mut ended = Ok(());
    let (mut lacking_a_part, mut lacking_at, mut trimmed) = (0, Vec::new(), None);
    let (mut partly, mut cut) = (Vec::new(), 0);
    let mut found: Vec<Detection> = match &exemplar.body {
        Body::Ink(template, pieces) => {
            let search = Search { page, params, range, own };
            let round;
            (round, trimmed) = match (&page.sheet, &exemplar.patch) {
                (Some(sheet), Some(patch)) => {
                    search.scanned(exemplar, template, pieces.middle, (sheet, patch), budget)
                }
                _ => search.trimming(exemplar, template, pieces, budget),
            };
            (lacking_a_part, lacking_at) = (round.lacking_a_part, round.lacking_at);
            (partly, cut) = (round.partly, round.cut);
            ended = round.ended;
            round.found
        }
        Body::Text(tag) => tag.find(page, own, range.min_scale, range.max_scale),
    };
    if page.grain > 0.0 {
        let others = found.iter_mut().filter(|d| !d.is_exemplar);
        others.for_each(|d| d.confidence = worth::on_scan(d.likeness));
    } else {
        worth::on_drawing(&mut found);
    }
    let others = found.iter().filter(|d| d.confidence >= params.threshold && !d.is_exemplar);
    let lettering = match exemplar.body {
        // A subscript in the box is a part of the tag.
        Body::Text(_) => params.lettering.or(exemplar.company.has_subscript.then_some(Compare::Whole)),
        Body::Ink(..) => {
            params.lettering.or_else(|| label::decide(&exemplar.words, others.map(|d| d.words.as_slice())))
        }
    };
    let (mut near, mut found): (Vec<Detection>, Vec<Detection>) =
        found.into_iter().partition(|d| d.confidence < params.threshold);
    let mut other_lettering = match lettering {
        Some(compare) => label::part(compare, &exemplar.words, &mut found),
        None => BTreeMap::new(),
    };
    if lettering == Some(Compare::Whole) {
        exemplar.company.part(page, &mut found, &mut other_lettering);
    }
    found.append(&mut near);
    let mut outcome = sort_out(page, params, found);
    (outcome.lettering, outcome.other_lettering) = (lettering, other_lettering);
    (outcome.complete, outcome.lacking_a_part, outcome.trimmed) = (ended.is_ok(), lacking_a_part, trimmed);
    (outcome.lacking_at, outcome.partly, outcome.cut) = (lacking_at, partly, cut);
    let mut findings = Vec::new();
    if let Err(e) = ended {
        let message = format!("the count stopped early ({e}); {} found until then", outcome.found);
        findings.push(Finding::new("count_incomplete", message));
    }
    if outcome.truncated {
        let message = format!("{} found, the strongest {} kept", outcome.found, outcome.detections.len());
        findings.push(Finding::new("count_truncated", message));
    }
    Found::with(outcome, findings)
}

/// By piece of page ink: the first of the poses for which something holds that takes it for itself.
pub(super) fn owners(kept: &[Judged], holds: impl Fn(&Judged) -> bool) -> FxHashMap<u32, usize> {
    let mut owner: FxHashMap<u32, usize> = FxHashMap::default();
    for (k, j) in kept.iter().enumerate().filter(|(_, j)| holds(j)) {
        for &(segment, _) in &j.score.claims {
            owner.entry(segment).or_insert(k);
        }
    }
    owner
}

/// Looks around the kept poses again, now that it is known which ink belongs to which instance.
pub(super) fn reconsider(matcher: &Matcher<'_>, params: &CountParams, kept: &mut Vec<Judged>) {
    let owner = owners(kept, |j| j.score.base >= params.threshold);
    for (k, j) in kept.iter_mut().enumerate().filter(|(_, j)| !j.own) {
        if j.score.confidence < j.score.base {
            let taken = |segment: u32| owner.get(&segment).is_some_and(|&o| o != k);
            beside::weigh(matcher, &j.pose, &mut j.score, &taken);
        }
    }
    let framed = |j: &Judged| j.score.frame.filter(|_| j.score.base >= params.threshold);
    let frames: Vec<Frame> = kept.iter().filter_map(framed).collect();
    let mut telling = frame::telling(&frames).into_iter();
    for j in kept.iter_mut().filter(|j| framed(j).is_some()) {
        if telling.next() == Some(false) {
            j.score.confidence = j.score.unframed;
        }
    }
    kept.retain(|j| j.score.confidence >= NEAR_MISS_FLOOR.min(params.threshold));
}

/// Smallest turn to either side, degrees.
pub(super) fn turn_of(pose: &Pose) -> f64 {
    let a = pose.angle_deg();
    // Whole hundredths, so that rounding does not choose between equal turns.
    (a.min(360.0 - a) * 100.0).round() / 100.0
}

/// Detections and near misses, each strongest first and under the cap.
fn sort_out(page: &PageIndex, params: &CountParams, mut found: Vec<Detection>) -> CountOutcome {
    found.sort_by(|p, q| {
        q.confidence
            .total_cmp(&p.confidence)
            .then(q.is_exemplar.cmp(&p.is_exemplar))
            .then(p.center.y.total_cmp(&q.center.y))
            .then(p.center.x.total_cmp(&q.center.x))
    });
    let split = found.partition_point(|d| d.confidence >= params.threshold);
    let mut near_misses = found.split_off(split);
    let mut detections = found;
    let boxes: Vec<ListRect> = detections.iter().map(|d| page.space.rect_to_list(&d.bbox)).collect();
    for (d, b) in detections.iter_mut().zip(&boxes) {
        d.in_legend = page.legend.sample(b, &boxes).is_some();
    }
    for d in detections.iter_mut().chain(&mut near_misses) {
        let b = page.space.rect_to_list(&d.bbox);
        d.apart = if d.in_legend { Some(Apart::Legend) } else { page.parts.holding(&b) };
        d.match_line = page.parts.at_match_line(&b);
    }
    let count = detections.len();
    detections.truncate(params.max_detections);
    near_misses.truncate(params.max_detections);
    CountOutcome {
        truncated: detections.len() < count,
        detections,
        found: count,
        complete: true,
        near_misses,
        lettering: None,
        other_lettering: BTreeMap::new(),
        lacking_a_part: 0,
        lacking_at: Vec::new(),
        partly: Vec::new(),
        cut: 0,
        trimmed: None,
    }
}

/// `None` when no way of seeing the symbol fits the allowed turns.
pub(super) fn detection(
    page: &PageIndex,
    template: &Template,
    params: &CountParams,
    j: &Judged,
) -> Option<Detection> {
    // A symbol that is its own mirror image is never seen as one.
    let own_image = template.round || template.symmetries.iter().any(|s| s.mirrored);
    let seen = || template.symmetries.iter().map(|s| j.pose.after(s));
    let fits =
        |p: &Pose| (template.round || allowed(params, p)) && (params.mirrored || !p.mirrored || own_image);
    let plainest = |p: &Pose, q: &Pose| p.mirrored.cmp(&q.mirrored).then(turn_of(p).total_cmp(&turn_of(q)));
    let fitting = seen().filter(fits).min_by(plainest)?;
    let unflipped = || seen().filter(|p| !p.mirrored).min_by(plainest);
    let pose = if fitting.mirrored && own_image { unflipped()? } else { fitting };
    let bbox = placed(page, &template.hull, &j.pose);
    // No drawing is exact to a hundredth of a degree.
    let angle = if template.round { 0.0 } else { (pose.angle_deg() * 100.0).round() / 100.0 % 360.0 };
    Some(Detection {
        bbox,
        center: bbox.center(),
        angle_deg: angle,
        mirrored: pose.mirrored && !own_image,
        scale: pose.scale(),
        confidence: j.score.confidence,
        likeness: j.score.confidence,
        coverage: j.score.coverage,
        extra: j.score.extra,
        is_exemplar: j.own,
        in_legend: false,
        apart: None,
        match_line: None,
        variant: j.score.variant,
        other_pen: j.score.other_pen,
        framed: j.score.is_only_framed(params.threshold),
        words: label::inside(page, template, &j.pose, &bbox),
    })
}

/// Axis-parallel box of a placed symbol's ink, page pixels.
pub(super) fn placed(page: &PageIndex, hull: &[[f64; 2]], pose: &Pose) -> PxRect {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for &corner in hull {
        let p = pose.apply(corner);
        for axis in 0..2 {
            low[axis] = low[axis].min(p[axis]);
            high[axis] = high[axis].max(p[axis]);
        }
    }
    let to_px = |p: [f64; 2]| page.space.to_px(p[0] as f32, p[1] as f32);
    PxRect::from_corners(to_px(low), to_px(high))
}

/// Whether a turn is near enough to a quarter turn.
fn allowed(params: &CountParams, pose: &Pose) -> bool {
    let Some(tolerance) = params.rotation_tolerance.filter(|t| *t < 45.0) else { return true };
    let off = pose.angle_deg() % 90.0;
    off.min(90.0 - off) <= tolerance.max(0.0) + TURN_SLACK
}
