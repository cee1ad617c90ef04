use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};
use takeoff_commands::measurements::{MeasurementPatch, NewMeasurement};
use takeoff_commands::reads::Again;
use takeoff_core::measure::Geometry;
use takeoff_core::model::{self, GeometryType, Id};
use utoipa::ToSchema;
use uuid::Uuid;

use super::scalar::Stamp;
use super::validate::{At, Dict, Fields, IdRule, Rule, text};

/// A quantity with its geometry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Measurement {
    id: Uuid,
    condition_id: Uuid,
    page_id: Uuid,
    /// `line`, `polyline`, `polygon`, `rectangle`, `circle`, `point`.
    geometry_type: &'static str,
    /// Page pixels, as the client sent it; a rectangle of negative size as the same one of positive size.
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
    /// What to know of it: that its volume is 0 for want of a depth and, where it was just made, that the condition has
    /// the same shape, or a point on the same symbol, on that page already. `null` when nothing is.
    notice: Option<String>,
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
            notice: m.calculation.get("note").and_then(Value::as_str).map(str::to_owned),
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

impl Measurement {
    /// One that was just made, and what may be the same thing once more.
    pub(crate) fn made(m: model::Measurement, again: Option<Again>) -> Self {
        let again = again.map(|again| match again {
            Again::Same(id) => {
                format!("the condition has the same shape on this page already (measurement {id}): both count")
            }
            Again::Near { id, distance_px } => format!(
                "the condition has a point {distance_px:.1} px from this one (measurement {id}), which may be on the \
                 same symbol: both count"
            ),
        });
        let made = Self::from(m);
        let said: Vec<String> = again.into_iter().chain(made.notice).collect();
        Self { notice: (!said.is_empty()).then(|| said.join("; ")), ..made }
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
    /// Page pixels. Keys that the type does not have are kept and change no quantity; the answer names them in
    /// `X-Ignored-Fields`. `rotation` of a rectangle is kept for whoever draws it. Parts that are cut out (`holes`) are
    /// refused: 400.
    #[schema(value_type = Object)]
    geometry_data: Value,
    notes: Option<String>,
}

/// A geometry object, kept as it is. Keys that say nothing to a shape of the type are named beside the answer, like
/// fields of the body; without a type those that say nothing to any.
struct Shape(Option<GeometryType>);

const GEOMETRIES: [GeometryType; 6] = [
    GeometryType::Line,
    GeometryType::Polyline,
    GeometryType::Polygon,
    GeometryType::Rectangle,
    GeometryType::Circle,
    GeometryType::Point,
];
const POINT_KEYS: &[&str] = &["x", "y"];

impl Shape {
    fn of(word: Option<&String>) -> Self {
        Self(word.and_then(|word| GEOMETRIES.into_iter().find(|g| geometry_word(*g) == word)))
    }
}

impl Rule for Shape {
    type Out = Value;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<Value> {
        let data = Dict.read(value, at)?;
        let known: Vec<&str> = match self.0 {
            Some(kind) => Geometry::keys(kind).to_vec(),
            None => GEOMETRIES.into_iter().flat_map(Geometry::keys).copied().collect(),
        };
        for (key, part) in data.as_object().into_iter().flatten() {
            if !known.contains(&key.as_str()) {
                at.ignored(&[], key, &known);
                continue;
            }
            let points = part.as_array().map_or(std::slice::from_ref(part), Vec::as_slice);
            let of_points = points.iter().filter_map(Value::as_object).flat_map(Map::keys);
            // Each once, however many points have it.
            let other: BTreeSet<&String> = of_points.filter(|k| !POINT_KEYS.contains(&k.as_str())).collect();
            other.into_iter().for_each(|k| at.ignored(&[key.as_str()], k, POINT_KEYS));
        }
        Some(data)
    }
}

/// The geometry type is judged by the command: an unknown one is 400, as on the platform.
pub(crate) fn new_measurement(condition_id: Option<Id>, fields: &Fields<'_>) -> Option<NewMeasurement> {
    let page_id = fields.required("page_id", IdRule);
    let geometry_type = fields.required("geometry_type", text().max(50));
    let geometry_data = fields.required("geometry_data", Shape::of(geometry_type.as_ref()));
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

/// `kind` is the measurement's, where there is such a measurement.
pub(crate) fn measurement_patch(kind: Option<GeometryType>, fields: &Fields<'_>) -> Option<MeasurementPatch> {
    let geometry_data = fields.optional("geometry_data", Shape(kind));
    let notes = fields.optional("notes", text());
    Some(MeasurementPatch { geometry_data: geometry_data?, notes: notes? })
}
