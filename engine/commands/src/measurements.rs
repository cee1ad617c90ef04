//! Measurements. Each command leaves the condition's totals and its unlocked assembly right.

use serde_json::Value;
use takeoff_core::model::{Id, Measurement};

use crate::{CommandError, Ctx};

#[derive(Debug, Clone, PartialEq)]
pub struct NewMeasurement {
    pub condition_id: Id,
    pub page_id: Id,
    /// `line`, `polyline`, `polygon`, `rectangle`, `circle`, `point`.
    pub geometry_type: String,
    /// Page pixels; unknown keys are kept.
    pub geometry_data: Value,
    pub notes: Option<String>,
}

/// `None` leaves the stored value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeasurementPatch {
    pub geometry_data: Option<Value>,
    pub notes: Option<String>,
}

/// Page and condition must exist and be of one project, the page calibrated, the geometry well-formed:
/// all else is `Invalid`.
pub async fn create(_ctx: &Ctx<'_>, _new: NewMeasurement) -> Result<Measurement, CommandError> {
    todo!()
}

/// New geometry is recalculated and marks the measurement as modified.
pub async fn update(_ctx: &Ctx<'_>, _id: Id, _patch: MeasurementPatch) -> Result<Measurement, CommandError> {
    todo!()
}

pub async fn delete(_ctx: &Ctx<'_>, _id: Id) -> Result<(), CommandError> {
    todo!()
}

/// Computes the quantity again from its geometry and the page's scale.
pub async fn recalculate(_ctx: &Ctx<'_>, _id: Id) -> Result<Measurement, CommandError> {
    todo!()
}
