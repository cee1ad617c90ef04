//! Conditions: the takeoff lines.

use serde_json::Value;
use takeoff_core::model::{Condition, Id, MeasurementType};

use crate::{CommandError, Ctx, Field};

/// `None` takes the default: scope `concrete`, color `#3B82F6`, line width 2, opacity 0.3, unit `LF`,
/// visible.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCondition {
    pub name: String,
    pub description: Option<String>,
    pub scope: Option<String>,
    pub category: Option<String>,
    pub measurement_type: MeasurementType,
    pub color: Option<String>,
    pub line_width: Option<i64>,
    pub fill_opacity: Option<f64>,
    pub unit: Option<String>,
    /// Inches.
    pub depth: Option<f64>,
    /// Inches.
    pub thickness: Option<f64>,
    pub is_visible: Option<bool>,
    pub is_ai_generated: Option<bool>,
    pub extra_metadata: Option<Value>,
}

impl NewCondition {
    pub fn named(name: impl Into<String>, measurement_type: MeasurementType) -> Self {
        Self {
            name: name.into(),
            description: None,
            scope: None,
            category: None,
            measurement_type,
            color: None,
            line_width: None,
            fill_opacity: None,
            unit: None,
            depth: None,
            thickness: None,
            is_visible: None,
            is_ai_generated: None,
            extra_metadata: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConditionPatch {
    pub name: Option<String>,
    pub description: Field<String>,
    pub scope: Option<String>,
    pub category: Field<String>,
    pub measurement_type: Option<MeasurementType>,
    pub color: Option<String>,
    pub line_width: Option<i64>,
    pub fill_opacity: Option<f64>,
    pub unit: Option<String>,
    pub depth: Field<f64>,
    pub thickness: Field<f64>,
    pub sort_order: Option<i64>,
    pub is_visible: Option<bool>,
    pub extra_metadata: Field<Value>,
}

/// Creates it last in the project's order.
pub async fn create(_ctx: &Ctx<'_>, _project_id: Id, _new: NewCondition) -> Result<Condition, CommandError> {
    todo!()
}

/// A change of type, unit, depth or thickness recalculates measurements, totals and the assembly in the
/// same commit. `NotFound` also when the condition is another project's.
pub async fn update(
    _ctx: &Ctx<'_>,
    _project_id: Id,
    _condition_id: Id,
    _patch: ConditionPatch,
) -> Result<Condition, CommandError> {
    todo!()
}
