use serde::Serialize;
use serde_json::Value;
use takeoff_commands::measurements::{MeasurementPatch, NewMeasurement};
use takeoff_core::model::{self, GeometryType, Id};
use utoipa::ToSchema;
use uuid::Uuid;

use super::scalar::Stamp;
use super::validate::{Dict, Fields, IdRule, text};

/// A quantity with its geometry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Measurement {
    id: Uuid,
    condition_id: Uuid,
    page_id: Uuid,
    /// `line`, `polyline`, `polygon`, `rectangle`, `circle`, `point`.
    geometry_type: &'static str,
    /// Page pixels, as the client sent it.
    #[schema(value_type = Object)]
    geometry_data: Value,
    /// In `unit`.
    quantity: f64,
    unit: String,
    pixel_length: Option<f64>,
    pixel_area: Option<f64>,
    is_ai_generated: bool,
    ai_confidence: Option<f64>,
    ai_model: Option<String>,
    is_modified: bool,
    is_verified: bool,
    is_rejected: bool,
    rejection_reason: Option<String>,
    review_notes: Option<String>,
    reviewed_at: Option<Stamp>,
    #[schema(value_type = Option<Object>)]
    original_geometry: Option<Value>,
    original_quantity: Option<f64>,
    notes: Option<String>,
    created_at: Stamp,
    updated_at: Stamp,
}

pub(crate) const fn geometry_word(geometry: GeometryType) -> &'static str {
    match geometry {
        GeometryType::Line => "line",
        GeometryType::Polyline => "polyline",
        GeometryType::Polygon => "polygon",
        GeometryType::Rectangle => "rectangle",
        GeometryType::Circle => "circle",
        GeometryType::Point => "point",
    }
}

impl From<model::Measurement> for Measurement {
    fn from(m: model::Measurement) -> Self {
        Self {
            id: m.id.0,
            condition_id: m.condition_id.0,
            page_id: m.page_id.0,
            geometry_type: geometry_word(m.geometry_type),
            geometry_data: m.geometry_data,
            quantity: m.quantity,
            unit: m.unit,
            pixel_length: m.pixel_length,
            pixel_area: m.pixel_area,
            is_ai_generated: m.is_ai_generated,
            ai_confidence: m.ai_confidence,
            ai_model: m.ai_model,
            is_modified: m.is_modified,
            is_verified: m.is_verified,
            is_rejected: m.is_rejected,
            rejection_reason: m.rejection_reason,
            review_notes: m.review_notes,
            reviewed_at: m.reviewed_at.map(Stamp),
            original_geometry: m.original_geometry,
            original_quantity: m.original_quantity,
            notes: m.notes,
            created_at: Stamp(m.created_at),
            updated_at: Stamp(m.updated_at),
        }
    }
}

/// A measurement that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasurementMade {
    #[serde(flatten)]
    measurement: Measurement,
    /// What to know of it: that the condition has the same shape on that page already. `null` when nothing is.
    notice: Option<String>,
}

impl MeasurementMade {
    pub(crate) fn of(m: model::Measurement, same: Option<Id>) -> Self {
        let notice = same.map(|id| {
            format!("the condition has the same shape on this page already (measurement {id}): both count")
        });
        Self { measurement: m.into(), notice }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasurementList {
    measurements: Vec<Measurement>,
    total: usize,
}

impl From<Vec<model::Measurement>> for MeasurementList {
    fn from(all: Vec<model::Measurement>) -> Self {
        Self { total: all.len(), measurements: all.into_iter().map(Measurement::from).collect() }
    }
}

/// A measurement to be.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `create_measurement` reads")]
pub(crate) struct CreateMeasurement {
    page_id: Uuid,
    /// `line`, `polyline`, `polygon`, `rectangle`, `circle`, `point`.
    geometry_type: String,
    /// Page pixels.
    #[schema(value_type = Object)]
    geometry_data: Value,
    notes: Option<String>,
}

/// The geometry type is judged by the command: an unknown one is 400, as on the platform.
pub(crate) fn new_measurement(condition_id: Option<Id>, fields: &Fields<'_>) -> Option<NewMeasurement> {
    let page_id = fields.required("page_id", IdRule);
    let geometry_type = fields.required("geometry_type", text().max(50));
    let geometry_data = fields.required("geometry_data", Dict);
    let notes = fields.optional("notes", text());
    Some(NewMeasurement {
        condition_id: condition_id?,
        page_id: page_id?,
        geometry_type: geometry_type?,
        geometry_data: geometry_data?,
        notes: notes?,
    })
}

/// Absent and `null` leave the stored value.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `update_measurement` reads")]
pub(crate) struct UpdateMeasurement {
    #[schema(value_type = Option<Object>)]
    geometry_data: Option<Value>,
    notes: Option<String>,
}

pub(crate) fn measurement_patch(fields: &Fields<'_>) -> Option<MeasurementPatch> {
    let geometry_data = fields.optional("geometry_data", Dict);
    let notes = fields.optional("notes", text());
    Some(MeasurementPatch { geometry_data: geometry_data?, notes: notes? })
}
