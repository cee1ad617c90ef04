//! Components of an assembly.

use rust_decimal::Decimal;
use takeoff_core::model::{Component, ComponentType, Id};

use crate::{CommandError, Ctx, Field};

/// `None` takes the default: `material`, last in order, formula `{qty}`, cost 0, waste 0, included, not
/// optional.
#[derive(Debug, Clone, PartialEq)]
pub struct NewComponent {
    pub name: String,
    pub unit: String,
    pub cost_item_id: Option<Id>,
    pub description: Option<String>,
    pub component_type: Option<ComponentType>,
    pub sort_order: Option<i64>,
    pub quantity_formula: Option<String>,
    pub unit_cost: Option<Decimal>,
    pub waste_percent: Option<f64>,
    pub labor_hours: Option<f64>,
    pub labor_rate: Option<Decimal>,
    pub crew_size: Option<i64>,
    pub duration_hours: Option<f64>,
    pub hourly_rate: Option<Decimal>,
    pub daily_rate: Option<Decimal>,
    pub is_included: Option<bool>,
    pub is_optional: Option<bool>,
    pub notes: Option<String>,
}

impl NewComponent {
    pub fn named(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            unit: unit.into(),
            cost_item_id: None,
            description: None,
            component_type: None,
            sort_order: None,
            quantity_formula: None,
            unit_cost: None,
            waste_percent: None,
            labor_hours: None,
            labor_rate: None,
            crew_size: None,
            duration_hours: None,
            hourly_rate: None,
            daily_rate: None,
            is_included: None,
            is_optional: None,
            notes: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct ComponentPatch {
    pub name: Option<String>,
    pub unit: Option<String>,
    pub cost_item_id: Field<Id>,
    pub description: Field<String>,
    pub component_type: Option<ComponentType>,
    pub sort_order: Option<i64>,
    pub quantity_formula: Option<String>,
    pub unit_cost: Option<Decimal>,
    pub waste_percent: Option<f64>,
    pub labor_hours: Field<f64>,
    pub labor_rate: Field<Decimal>,
    pub crew_size: Field<i64>,
    pub duration_hours: Field<f64>,
    pub hourly_rate: Field<Decimal>,
    pub daily_rate: Field<Decimal>,
    pub is_included: Option<bool>,
    pub is_optional: Option<bool>,
    pub notes: Field<String>,
}

/// A component with the assembly it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub assembly_id: Id,
    pub component: Component,
}

pub async fn add_component(
    _ctx: &Ctx<'_>,
    _assembly_id: Id,
    _new: NewComponent,
) -> Result<Line, CommandError> {
    todo!()
}

pub async fn update_component(
    _ctx: &Ctx<'_>,
    _component_id: Id,
    _patch: ComponentPatch,
) -> Result<Line, CommandError> {
    todo!()
}

pub async fn delete_component(_ctx: &Ctx<'_>, _component_id: Id) -> Result<(), CommandError> {
    todo!()
}

/// Gives the named components the positions 0, 1, ...; unknown ids are ignored, others keep theirs.
pub async fn reorder_components(_ctx: &Ctx<'_>, _assembly_id: Id, _order: &[Id]) -> Result<(), CommandError> {
    todo!()
}
