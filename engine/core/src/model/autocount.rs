use serde::{Deserialize, Serialize};

use super::{Entity, Id, Index, Kind, Timestamp};
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

/// One question "count these": an exemplar, its parameters and the tally of its detections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountSession {
    pub id: Id,
    /// The exemplar's page.
    pub page_id: Id,
    /// All pages that are searched, the exemplar's first.
    pub page_ids: Vec<Id>,
    pub condition_id: Id,
    pub project_id: Id,
    pub job_id: Id,
    /// Box of the exemplar on `page_id`, page pixels.
    pub exemplar: PxRect,
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
    /// Detections kept.
    pub total_detections: u64,
    /// Detections found before the cap.
    pub found_detections: u64,
    pub truncated: bool,
    pub confirmed_count: u64,
    pub rejected_count: u64,
    pub processing_time_ms: Option<f64>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
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

/// A proposed match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    pub id: Id,
    pub session_id: Id,
    pub page_id: Id,
    pub measurement_id: Option<Id>,
    pub bbox: PxRect,
    pub center: PxPoint,
    /// 0 to 1.
    pub confidence: f64,
    /// Rotation against the exemplar, degrees clockwise, 0 to 360.
    pub angle: f64,
    pub mirrored: bool,
    /// Size against the exemplar.
    pub scale: f64,
    /// The exemplar itself.
    pub is_exemplar: bool,
    /// Lies in a legend: a sample of the symbol, not an instance of it.
    pub in_legend: bool,
    /// What it says: the words inside its outline, in reading order.
    pub label: Option<String>,
    pub status: DetectionStatus,
    pub is_auto_confirmed: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
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
