//! A proposed match.

use serde::Serialize;
use takeoff_core::count::Apart;
use takeoff_core::model::{self, DetectionStatus};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::scalar::Stamp;
use super::{BBox, TEMPLATE};

/// A proposed match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Detection {
    id: Uuid,
    session_id: Uuid,
    page_id: Uuid,
    measurement_id: Option<Uuid>,
    bbox: BBox,
    center_x: f64,
    center_y: f64,
    /// How often a place of such a likeness is an instance, 0 to 1. A place of which its page shows that it is something
    /// else, drawn so many times, has one below 0.05, however like the example it is.
    confidence: f64,
    /// How like the example it is, 0 to 1; null in sessions of older versions, where `confidence` says so.
    likeness: Option<f64>,
    /// Share of the example's strokes that are there, 0 to 1; null in sessions of older versions.
    coverage: Option<f64>,
    /// Strokes inside its outline that the example has not, as a share of the example's strokes; null in
    /// sessions of older versions.
    extra: Option<f64>,
    /// Which example it rests on: 0 is that of `template_bbox`, then come those of `exemplars`.
    exemplar: u32,
    /// `template`.
    detection_source: &'static str,
    /// `pending`, `confirmed`, `rejected`.
    status: &'static str,
    is_auto_confirmed: bool,
    /// Rotation against the example, degrees clockwise.
    angle: f64,
    mirrored: bool,
    /// Size against the example.
    scale: f64,
    /// Lies in a legend: a sample of the symbol, not an instance. `bulk-confirm` leaves it out.
    in_legend: bool,
    /// Where it lies that it does not count by itself: `legend`, `title_block`, `key_plan`, `beyond_match_line` (where
    /// another searched sheet goes on and counts it; known when all pages were searched). `bulk-confirm` leaves it out;
    /// confirmed by its id, it counts. `null`: nowhere of these.
    apart: Option<&'static str>,
    /// An example itself.
    is_exemplar: bool,
    /// Shows strokes about it that several others show and the example does not: perhaps another symbol. Its
    /// `confidence` is at most 0.89, or the session's first threshold if that is higher.
    variant: bool,
    /// Differs from the example in its pen, and that decides: with the example on another page, or with `same_pen`
    /// the other way round, a near miss would be a detection, or a detection a near miss. With `same_pen` false its
    /// `confidence` is at most 0.89, or the session's first threshold if that is higher.
    other_pen: bool,
    /// What it says: the words inside its outline.
    label: Option<String>,
    created_at: Stamp,
    updated_at: Stamp,
}

impl From<model::Detection> for Detection {
    fn from(d: model::Detection) -> Self {
        let status = match d.status {
            DetectionStatus::Pending => "pending",
            DetectionStatus::Confirmed => "confirmed",
            DetectionStatus::Rejected => "rejected",
        };
        Self {
            id: d.id.0,
            session_id: d.session_id.0,
            page_id: d.page_id.0,
            measurement_id: d.measurement_id.map(|id| id.0),
            bbox: d.bbox.into(),
            center_x: d.center.x,
            center_y: d.center.y,
            confidence: d.confidence,
            likeness: d.likeness,
            coverage: d.coverage,
            extra: d.extra,
            exemplar: d.exemplar,
            detection_source: TEMPLATE,
            status,
            is_auto_confirmed: d.is_auto_confirmed,
            angle: d.angle,
            mirrored: d.mirrored,
            scale: d.scale,
            in_legend: d.in_legend,
            apart: d.set_apart().map(Apart::name),
            is_exemplar: d.is_exemplar,
            variant: d.variant,
            other_pen: d.other_pen,
            label: d.label,
            created_at: Stamp(d.created_at),
            updated_at: Stamp(d.updated_at),
        }
    }
}
