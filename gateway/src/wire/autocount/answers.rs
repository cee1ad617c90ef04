//! What a session's actions answer, and what they say of what they left out.

use serde::Serialize;
use takeoff_core::model::{self, Id};
use utoipa::ToSchema;

use super::Detection;

/// That detections in legends do not count by themselves.
pub(crate) fn set_apart(count: u64) -> Option<String> {
    let them = match count {
        0 => return None,
        1 => "1 detection lies in a legend and is set apart as a sample: it counts only if it is confirmed by itself"
            .to_owned(),
        n => format!(
            "{n} detections lie in a legend and are set apart as samples: each counts only if it is confirmed by \
             itself"
        ),
    };
    Some(them)
}

/// How many places the negative exemplars of a session that is over took out.
pub(super) fn excluded(s: &model::CountSession) -> Option<String> {
    let example = if s.scope.negatives.len() == 1 { "the excluded example" } else { "an excluded example" };
    Some(match s.excluded_on(|_| true).filter(|_| s.status == model::SessionStatus::Completed)? {
        0 => format!("no place was left out for being like {example}"),
        1 => format!("1 place like {example} was left out"),
        n => format!("{n} places like {example} were left out"),
    })
}

/// Whether a session holds all that its search found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Completeness {
    /// More were found than the session holds as detections: the count is too small.
    truncated: bool,
    /// At or above the session's threshold, before the cap.
    found_detections: u64,
    /// What is missing, for a person; `null` when nothing is.
    pub(super) notes: Option<String>,
}

impl Completeness {
    pub(crate) fn of(s: &model::CountSession) -> Self {
        Self { truncated: s.truncated, found_detections: s.found_detections, notes: s.cut_off() }
    }

    /// With more to know.
    pub(crate) fn and(mut self, more: impl IntoIterator<Item = String>) -> Self {
        self.notes = self.notes.into_iter().chain(more).reduce(|a, b| format!("{a}; {b}"));
        self
    }
}

/// A detection that was rejected.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rejected {
    #[serde(flatten)]
    detection: Detection,
    /// That the place counts nevertheless: its condition has a measurement there that was not made of this detection.
    notice: Option<String>,
}

impl Rejected {
    pub(crate) fn of(detection: model::Detection, still: Option<Id>) -> Self {
        let notice = still.map(|id| {
            format!(
                "the condition counts this place nevertheless: measurement {id}, of another count or placed by hand, \
                 stays until it is deleted or its own detection is rejected"
            )
        });
        Self { detection: detection.into(), notice }
    }
}

/// That detections wait for somebody to confirm or reject them, and make no measurement until then.
pub(crate) fn unconfirmed(s: &model::CountSession) -> Option<String> {
    let decided = s.confirmed_count + s.rejected_count;
    let open = s.total_detections.saturating_sub(decided).saturating_sub(s.set_apart);
    let them = match open {
        0 => return None,
        1 => "1 detection is not confirmed and makes no measurement".to_owned(),
        n => format!("{n} detections are not confirmed and make no measurements"),
    };
    Some(format!("{them}: confirm them one by one or by bulk-confirm"))
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkConfirmed {
    pub(crate) confirmed_count: u64,
    pub(crate) threshold: f64,
    #[serde(flatten)]
    pub(crate) completeness: Completeness,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasurementsCreated {
    /// 0 when no detection is confirmed, or when each confirmed one has its measurement already.
    pub(crate) measurements_created: u64,
    /// Confirmed detections that got no measurement, because the condition has a point on that very
    /// symbol: of an earlier count, or placed by hand.
    pub(crate) already_counted: u64,
    #[serde(flatten)]
    pub(crate) completeness: Completeness,
}
