//! Which of a session's candidates are its detections.

use std::cmp::Ordering;
use std::collections::HashMap;

use takeoff_core::count::Apart;
use takeoff_core::model::{ApartCounts, CountSession, Detection, DetectionStatus, Id};

/// Near misses that a session lists.
pub const MAX_NEAR_MISSES: usize = 500;

/// The candidates of a session, told apart by its threshold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Candidates {
    /// At or above the threshold, the strongest of them up to the session's limit, and whatever a person has
    /// confirmed or rejected. Highest confidence first, then by page and from top to bottom.
    pub detections: Vec<Detection>,
    /// Below the threshold, the strongest, in the same order.
    pub near_misses: Vec<Detection>,
    /// Detections before the limit, those that were not kept included.
    pub found: u64,
}

impl Candidates {
    pub fn of(session: &CountSession, mut all: Vec<Detection>) -> Self {
        let order = Order::of(session);
        all.sort_by(|a, b| order.compare(a, b));
        let threshold = session.confidence_threshold;
        let mut sorted = Self { found: session.kept().left_out.from(threshold), ..Self::default() };
        let mut above = 0;
        for detection in all {
            let decided = detection.status != DetectionStatus::Pending;
            if detection.confidence >= threshold {
                above += 1;
                sorted.found += 1;
                if decided || above <= session.max_detections {
                    sorted.detections.push(detection);
                }
            } else if decided {
                sorted.found += 1;
                sorted.detections.push(detection);
            } else if sorted.near_misses.len() < MAX_NEAR_MISSES {
                sorted.near_misses.push(detection);
            }
        }
        sorted
    }

    /// Writes what they come to into their session.
    pub(super) fn tally(&self, session: &mut CountSession) {
        let count = |status| self.detections.iter().filter(|d| d.status == status).count() as u64;
        session.kept = Some(session.kept());
        session.total_detections = self.detections.len() as u64;
        session.found_detections = self.found;
        session.truncated = self.found > session.total_detections;
        session.near_misses = self.near_misses.len() as u64;
        let pending = || self.detections.iter().filter(|d| d.status == DetectionStatus::Pending);
        let apart = |why| pending().filter(|d| d.set_apart() == Some(why)).count() as u64;
        session.set_apart = apart(Apart::Legend);
        session.apart = ApartCounts {
            title_block: apart(Apart::TitleBlock),
            key_plan: apart(Apart::KeyPlan),
            beyond_match_line: apart(Apart::BeyondMatchLine),
        };
        session.confirmed_count = count(DetectionStatus::Confirmed);
        session.rejected_count = count(DetectionStatus::Rejected);
    }
}

/// Strongest first, then in the order of the session's pages and from top to bottom.
pub(super) struct Order(HashMap<Id, usize>);

impl Order {
    pub(super) fn of(session: &CountSession) -> Self {
        Self(session.page_ids.iter().enumerate().map(|(nth, id)| (*id, nth)).collect())
    }

    pub(super) fn compare(&self, a: &Detection, b: &Detection) -> Ordering {
        b.confidence
            .total_cmp(&a.confidence)
            .then_with(|| self.0.get(&a.page_id).cmp(&self.0.get(&b.page_id)))
            .then_with(|| a.center.y.total_cmp(&b.center.y))
            .then_with(|| a.center.x.total_cmp(&b.center.x))
            .then_with(|| a.id.cmp(&b.id))
    }
}
