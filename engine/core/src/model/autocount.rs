use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::searched::SearchedSheets;
use super::{Entity, Id, Index, Kind, Timestamp};
use crate::count::{Apart, AtMatchLine, CONFIDENCE_FLOOR, Compare};
use crate::geom::{PxPoint, PxRect};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    Pending,
    Processing,
    Completed,
    Failed,
}

/// How lettering inside a symbol is taken when a person says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lettering {
    /// An instance says exactly what the exemplar says.
    Agree,
    /// It may say anything.
    Ignore,
}

/// A box on a page, page pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PageBox {
    pub page_id: Id,
    pub bbox: PxRect,
}

/// What a session asks beyond its first exemplar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountScope {
    /// Exemplars after the first. Each is an instance itself.
    pub exemplars: Vec<PageBox>,
    /// What looks like one of these at least as much is no instance.
    pub negatives: Vec<PageBox>,
    /// Only what has its centre in here counts, page pixels of whichever page is searched.
    pub region: Option<PxRect>,
    /// Whether mirror images are instances, too (they are flagged).
    pub mirrored: bool,
    /// Whether line weight, colour and dashes are part of the meaning on an exemplar's own page. Candidates of which
    /// that decides, here or elsewhere, are marked.
    pub same_pen: bool,
}

impl Default for CountScope {
    fn default() -> Self {
        Self { exemplars: Vec::new(), negatives: Vec::new(), region: None, mirrored: true, same_pen: true }
    }
}

/// How many candidates of which confidence a session has not kept, in steps of 0.01.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeftOut(BTreeMap<u8, u64>);

impl LeftOut {
    /// Rounding of a confidence that is meant as whole hundredths.
    const SLACK: f64 = 1e-9;

    pub fn add(&mut self, confidence: f64, count: u64) {
        if count > 0 {
            let step = (confidence.clamp(0.0, 1.0) * 100.0 + Self::SLACK).floor();
            *self.0.entry(step as u8).or_default() += count;
        }
    }

    /// How many have this confidence or more; if it is not whole hundredths, those of the step that it falls
    /// in are not among them.
    pub fn from(&self, confidence: f64) -> u64 {
        let first = (confidence.clamp(0.0, 1.0) * 100.0 - Self::SLACK).ceil();
        self.0.range(first as u8..).map(|(_, count)| count).sum()
    }
}

/// What was searched for and kept, whatever the session's threshold has become since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptCandidates {
    /// The session's threshold when it was started, with which its pages are searched.
    pub threshold: f64,
    /// Confidence down to which candidates are kept, 0 to 1.
    pub floor: f64,
    pub left_out: LeftOut,
}

impl KeptCandidates {
    /// Of a search that has not begun.
    pub fn with(threshold: f64) -> Self {
        Self { threshold, floor: CONFIDENCE_FLOOR.min(threshold), left_out: LeftOut::default() }
    }
}

/// How far a search has come, and what its pages have shown that holds for the next ones: what another attempt
/// goes on from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CountProgress {
    /// Pages dealt with, from the first of the session's on.
    pub next: u32,
    /// Those of them that were searched.
    pub searched: u32,
    /// How the lettering of each exemplar is taken, where a page has shown it.
    pub lettering: Vec<Option<Compare>>,
    /// What the exemplars say.
    pub says: Vec<String>,
    /// What stands beside the exemplars, where it is not compared and matches say something else there.
    pub beside: Vec<String>,
    /// What they say there, and how many of them.
    pub said_beside: BTreeMap<String, u64>,
    /// Look-alikes that say something else, by what they say.
    pub others: BTreeMap<String, u64>,
    /// Look-alikes that say something else again, of which no list is kept.
    pub others_more: u64,
    /// Places that all lack the same part of the exemplar's box.
    pub lacking_a_part: u64,
    /// Where the first of them are: page numbers and page pixels.
    pub lacking_at: Vec<(u32, PxPoint)>,
    /// Near misses that would be matches, were it not for their pen; and matches on pages where pens are not compared
    /// that would be none if they were.
    pub pen_refused: u64,
    pub pen_taken: u64,
    /// Near misses for nothing but the frame around them, and where the first of them are: page numbers and page pixels.
    pub framed: u64,
    pub framed_at: Vec<(u32, PxPoint)>,
    /// Places that show most of an exemplar and too little to be candidates, and where the first of them are: page
    /// numbers and page pixels.
    pub partly: u64,
    pub partly_at: Vec<(u32, PxPoint)>,
    /// Matches that are set apart as samples in a legend though no heading says that it is one, and where the first of
    /// them are: page numbers and page pixels.
    pub legend_in_doubt: u64,
    pub legend_in_doubt_at: Vec<(u32, PxPoint)>,
    /// Matches that say something although no exemplar does, by what they say.
    pub lettered: BTreeMap<String, u64>,
    /// Matches that show strokes about them which the exemplar does not, alike at several.
    pub variants: u64,
    /// Places that would have been matches at the threshold of the search, were it not for a negative exemplar, by
    /// searched page. `None` without negative exemplars, and of engines that did not count them.
    pub excluded: Option<BTreeMap<Id, u64>>,
    /// Matches at which strokes that an exemplar's box cuts go on as they do there: it holds a part of a symbol only.
    pub cut: u64,
    /// Matches that are no exemplars, at the threshold of the search.
    pub others_found: u64,
    /// Where the symbol of an exemplar is, if that is not where its box was drawn: its number, and page pixels.
    pub moved: Vec<(u32, PxRect)>,
    /// Searched pages that are pictures.
    pub scans: u32,
    /// Searched pages as sheets: their numbers and match lines.
    pub sheets: SearchedSheets,
    /// Ink at the edge of an exemplar's box was left out of it.
    pub trimmed: bool,
    /// Pages of a known scale at which what is drawn to scale is of no size that was looked for.
    pub other_sizes: Vec<OtherSize>,
    /// What the result does not cover, for a person.
    pub missing: Vec<String>,
}

/// A searched page that shows things at another size than the exemplars' pages do, by the scales of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherSize {
    /// Its number.
    pub page: u32,
    /// How many times as large as on the exemplar's page, pixel for pixel.
    pub times: f64,
    /// Detections there, above the threshold of the search.
    pub found: u64,
}

/// Pending detections that are set apart for lying elsewhere than in a legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ApartCounts {
    pub title_block: u64,
    pub key_plan: u64,
    pub beyond_match_line: u64,
}

impl ApartCounts {
    pub fn all(&self) -> u64 {
        self.title_block + self.key_plan + self.beyond_match_line
    }
}

/// One question "count these": exemplars, parameters and the tally of its detections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountSession {
    pub id: Id,
    /// The first exemplar's page.
    pub page_id: Id,
    /// All pages that are searched, the first exemplar's first.
    pub page_ids: Vec<Id>,
    pub condition_id: Id,
    pub project_id: Id,
    pub job_id: Id,
    /// Box of the first exemplar on `page_id`, page pixels.
    pub exemplar: PxRect,
    #[serde(default)]
    pub scope: CountScope,
    /// Which of the candidates are detections. May be moved after the search.
    pub confidence_threshold: f64,
    pub scale_tolerance: f64,
    /// Deviation allowed about each quarter turn, degrees; `None` or 45 and more means any angle.
    pub rotation_tolerance: Option<f64>,
    pub detection_method: String,
    /// `None`: tags must agree, numbers need not, words that happen to lie across the exemplar mean nothing.
    pub lettering: Option<Lettering>,
    pub max_detections: u32,
    pub status: SessionStatus,
    pub error_message: Option<String>,
    /// What a person should know of a result that is complete, such as look-alikes left out.
    pub notes: Option<String>,
    /// `None` in sessions of engines that kept nothing below the threshold; see [`Self::kept`].
    pub kept: Option<KeptCandidates>,
    #[serde(default)]
    pub progress: CountProgress,
    /// Detections shown.
    pub total_detections: u64,
    /// Detections before the cap.
    pub found_detections: u64,
    pub truncated: bool,
    /// Candidates below the threshold that are listed for review.
    #[serde(default)]
    pub near_misses: u64,
    /// Pending detections in legends: they wait for a word of their own.
    #[serde(default)]
    pub set_apart: u64,
    /// The same of those in other parts of a sheet that show no work of their own.
    #[serde(default)]
    pub apart: ApartCounts,
    pub confirmed_count: u64,
    pub rejected_count: u64,
    pub processing_time_ms: Option<f64>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl CountSession {
    /// What was kept of the search. An old session kept nothing below its threshold, and what its cap left out
    /// had that much confidence at least.
    pub fn kept(&self) -> KeptCandidates {
        self.kept.clone().unwrap_or_else(|| {
            let threshold = self.confidence_threshold;
            let mut left_out = LeftOut::default();
            left_out.add(threshold, self.found_detections.saturating_sub(self.total_detections));
            KeptCandidates { threshold, floor: threshold, left_out }
        })
    }

    /// Places that negative exemplars took out on pages of which this holds; `None` where that is not known.
    pub fn excluded_on(&self, page: impl Fn(Id) -> bool) -> Option<u64> {
        let by_page = self.progress.excluded.as_ref()?;
        Some(by_page.iter().filter(|(id, _)| page(**id)).map(|(_, places)| places).sum())
    }

    /// Pages searched. Those of an old session were when it completed, but for what it says is missing.
    pub fn pages_searched(&self) -> usize {
        match (&self.kept, self.status) {
            (None, SessionStatus::Completed) => self.page_ids.len(),
            _ => self.progress.searched as usize,
        }
    }
}

/// That a count of which a condition has measurements has not all of what there is: the quantity is too small for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShortCount {
    pub session_id: Id,
    /// Page and box of its first exemplar: a later count of the same box on the same pages takes its place.
    pub exemplar: PageBox,
    pub page_ids: Vec<Id>,
    /// What it lacks, for a person.
    pub why: String,
}

impl CountSession {
    /// What the search has not covered: it ran out of time, failed, was cancelled, or is not over.
    pub fn uncovered(&self) -> Option<String> {
        let searched = || format!("{} of {} pages were searched", self.pages_searched(), self.page_ids.len());
        match (self.status, &self.error_message) {
            (SessionStatus::Completed, missing) => missing.clone(),
            (SessionStatus::Failed, Some(why)) => {
                Some(format!("the count ended before it was complete ({why}): {}", searched()))
            }
            (SessionStatus::Failed, None) => {
                Some(format!("the count ended before it was complete: {}", searched()))
            }
            (SessionStatus::Pending | SessionStatus::Processing, _) => {
                Some(format!("the count is not over: {}", searched()))
            }
        }
    }

    /// How many places the search found beyond those that the session holds.
    pub fn cut_off(&self) -> Option<String> {
        let missing = self.found_detections.saturating_sub(self.total_detections);
        self.truncated.then(|| {
            format!(
                "the search found {} and the session holds {} (max_detections {}): {missing} are not counted; \
                 count again with a larger max_detections, or page by page",
                self.found_detections, self.total_detections, self.max_detections
            )
        })
    }

    /// What a condition that takes measurements of this count has to know of it.
    pub fn short(&self) -> Option<ShortCount> {
        let why: Vec<String> = self.cut_off().into_iter().chain(self.uncovered()).collect();
        let exemplar = PageBox { page_id: self.page_id, bbox: self.exemplar };
        (!why.is_empty()).then(|| ShortCount {
            session_id: self.id,
            exemplar,
            page_ids: self.page_ids.clone(),
            why: why.join("; "),
        })
    }

    /// Whether what that count lacks is not lacking any more once this one's measurements are taken: it is the same
    /// count, or it asks for the same box on all of its pages and is whole.
    pub fn replaces(&self, short: &ShortCount) -> bool {
        let same_box = short.exemplar == PageBox { page_id: self.page_id, bbox: self.exemplar };
        let all = || short.page_ids.iter().all(|page| self.page_ids.contains(page));
        short.session_id == self.id
            || same_box && self.scope.region.is_none() && self.short().is_none() && all()
    }
}

impl Entity for CountSession {
    const KIND: Kind = Kind::CountSession;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        self.id
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        vec![(Index::ByPage, self.page_id), (Index::ByCondition, self.condition_id)]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetectionStatus {
    Pending,
    Confirmed,
    Rejected,
}

/// A candidate: a proposed match, or a near miss while its session's threshold is above it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    pub id: Id,
    pub session_id: Id,
    pub page_id: Id,
    pub measurement_id: Option<Id>,
    pub bbox: PxRect,
    pub center: PxPoint,
    /// How often a place of such a likeness is an instance, 0 to 1.
    pub confidence: f64,
    /// How like the exemplar it is, 0 to 1; `None` of old ones, whose confidence it is.
    #[serde(default)]
    pub likeness: Option<f64>,
    /// Share of the exemplar's ink that the page has there, 0 to 1; `None` of old ones.
    pub coverage: Option<f64>,
    /// Ink inside the outline that is not the exemplar's, as a share of the exemplar's ink; `None` of old ones.
    pub extra: Option<f64>,
    /// Which of the session's exemplars it rests on, the first is 0.
    #[serde(default)]
    pub exemplar: u32,
    /// Rotation against the exemplar, degrees clockwise, 0 to 360.
    pub angle: f64,
    pub mirrored: bool,
    /// Size against the exemplar.
    pub scale: f64,
    /// An exemplar itself.
    pub is_exemplar: bool,
    /// Lies in a legend: a sample of the symbol, not an instance of it. It counts only if it is confirmed by itself.
    pub in_legend: bool,
    /// Why else it counts only if it is confirmed by itself. That it is beyond a match line is decided when all pages were
    /// searched.
    #[serde(default)]
    pub apart: Option<Apart>,
    /// Lies upon a match line of its page, or beyond it.
    #[serde(default)]
    pub match_line: Option<AtMatchLine>,
    /// Shows strokes about it that several others show and the exemplar does not: perhaps another symbol.
    #[serde(default)]
    pub variant: bool,
    /// Differs from the exemplar in its pen, which decides whether it is a match: see `same_pen` of the scope.
    #[serde(default)]
    pub other_pen: bool,
    /// What it says: the words inside its outline, in reading order.
    pub label: Option<String>,
    pub status: DetectionStatus,
    pub is_auto_confirmed: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Detection {
    /// Why it counts only if it is confirmed by itself.
    pub fn set_apart(&self) -> Option<Apart> {
        if self.in_legend { Some(Apart::Legend) } else { self.apart }
    }
}

impl Entity for Detection {
    const KIND: Kind = Kind::Detection;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        self.id
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        let measured = self.measurement_id.map(|id| (Index::ByMeasurement, id));
        [(Index::BySession, self.session_id)].into_iter().chain(measured).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_left_out_is_counted_by_confidence() {
        let mut left_out = LeftOut::default();
        for confidence in [0.5, 0.55, 0.58, 0.8, 0.85, 0.99, 1.0] {
            left_out.add(confidence, 1);
        }
        left_out.add(0.8, 2);
        left_out.add(0.7, 0);
        let from: Vec<u64> = [0.0, 0.5, 0.58, 0.8, 0.85, 0.851, 0.99, 1.0].map(|c| left_out.from(c)).to_vec();
        assert_eq!(from, [9, 9, 7, 6, 3, 2, 2, 1]);
        let stored = serde_json::to_value(&left_out).unwrap();
        assert_eq!(serde_json::from_value::<LeftOut>(stored).unwrap(), left_out);
    }

    /// As 0.1 wrote them.
    #[test]
    fn sessions_and_detections_of_older_engines_are_read() {
        let nil = Id::NIL;
        let session: CountSession = serde_json::from_value(json!({
            "id": nil, "page_id": nil, "page_ids": [nil, nil], "condition_id": nil, "project_id": nil,
            "job_id": nil, "exemplar": {"x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0}, "confidence_threshold": 0.8,
            "scale_tolerance": 0.2, "rotation_tolerance": null, "detection_method": "hybrid",
            "lettering": null, "max_detections": 3, "status": "completed", "error_message": null,
            "notes": null, "total_detections": 3, "found_detections": 10, "truncated": true,
            "confirmed_count": 1, "rejected_count": 0, "processing_time_ms": 7.0, "created_at": 1,
            "updated_at": 2
        }))
        .unwrap();
        assert_eq!(session.scope, CountScope::default());
        assert!(session.scope.mirrored && session.scope.same_pen);
        let kept = session.kept();
        assert_eq!((kept.threshold, kept.floor, kept.left_out.from(0.8)), (0.8, 0.8, 7));
        assert_eq!((session.pages_searched(), session.near_misses), (2, 0));
        let detection: Detection = serde_json::from_value(json!({
            "id": nil, "session_id": nil, "page_id": nil, "measurement_id": null,
            "bbox": {"x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0}, "center": {"x": 2.5, "y": 4.0},
            "confidence": 0.9, "angle": 0.0, "mirrored": false, "scale": 1.0, "is_exemplar": false,
            "in_legend": false, "label": null, "status": "pending", "is_auto_confirmed": false,
            "created_at": 1, "updated_at": 2
        }))
        .unwrap();
        assert_eq!((detection.coverage, detection.extra, detection.exemplar), (None, None, 0));
        assert_eq!((detection.set_apart(), detection.match_line, session.apart.all()), (None, None, 0));
    }
}
