use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Entity, Id, Index, Kind, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeometryType {
    Line,
    Polyline,
    Polygon,
    Rectangle,
    Circle,
    Point,
}

/// A quantity with its geometry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    pub id: Id,
    pub condition_id: Id,
    pub page_id: Id,
    pub project_id: Id,
    pub geometry_type: GeometryType,
    /// As the client sent it, page pixels; unknown keys are kept.
    pub geometry_data: Value,
    /// In `unit`.
    pub quantity: f64,
    pub unit: String,
    pub pixel_length: Option<f64>,
    pub pixel_area: Option<f64>,
    /// Length or perimeter, feet; feeds the condition's `total_perimeter_ft`.
    pub perimeter_ft: f64,
    /// Full calculator output.
    pub calculation: Value,
    pub is_ai_generated: bool,
    pub ai_confidence: Option<f64>,
    pub ai_model: Option<String>,
    pub is_modified: bool,
    pub is_verified: bool,
    pub is_rejected: bool,
    pub rejection_reason: Option<String>,
    pub review_notes: Option<String>,
    pub reviewed_at: Option<Timestamp>,
    pub original_geometry: Option<Value>,
    pub original_quantity: Option<f64>,
    pub notes: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Entity for Measurement {
    const KIND: Kind = Kind::Measurement;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        self.id
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        vec![(Index::ByCondition, self.condition_id), (Index::ByPage, self.page_id)]
    }
}
