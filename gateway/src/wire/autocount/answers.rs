//! What a session's actions answer, and what they say of what they left out.

use serde::Serialize;
use takeoff_core::count::Apart;
use takeoff_core::model::{self, Id};
use utoipa::ToSchema;

use super::Detection;

/// That detections in legends, title blocks and key plans and those beyond match lines do not count by themselves.
pub(crate) fn set_apart(s: &model::CountSession) -> Option<String> {
    let counts = ApartCounts::from(s);
    let all = [
        (counts.legend, Apart::Legend, "as a sample", "as samples"),
        (counts.title_block, Apart::TitleBlock, "", ""),
        (counts.key_plan, Apart::KeyPlan, "", ""),
        (
            counts.beyond_match_line,
            Apart::BeyondMatchLine,
            "for the sheet that goes on there",
            "for the sheet that goes on there",
        ),
    ];
    let them = |(count, why, one, many): (u64, Apart, &str, &str)| {
        let (lies, place) = (if count == 1 { "detection lies" } else { "detections lie" }, why.place());
        let (is, what) = if count == 1 { ("is", one) } else { ("are", many) };
        let what = if what.is_empty() { String::new() } else { format!(" {what}") };
        let only = if count == 1 { "it counts only if it is" } else { "each counts only if it is" };
        (count > 0)
            .then(|| format!("{count} {lies} {place} and {is} set apart{what}: {only} confirmed by itself"))
    };
    all.into_iter().filter_map(them).reduce(|a, b| format!("{a}; {b}"))
}

/// How many pending detections are set apart, by where they lie.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct ApartCounts {
    /// Samples that explain the symbol; as `in_legend_count`.
    legend: u64,
    title_block: u64,
    key_plan: u64,
    /// What another searched sheet shows, too, and counts.
    beyond_match_line: u64,
}

impl From<&model::CountSession> for ApartCounts {
    fn from(s: &model::CountSession) -> Self {
        let model::ApartCounts { title_block, key_plan, beyond_match_line } = s.apart;
        Self { legend: s.set_apart, title_block, key_plan, beyond_match_line }
    }
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
    let open = s.total_detections.saturating_sub(decided).saturating_sub(s.set_apart + s.apart.all());
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
