//! The cost of a project.

use rust_decimal::Decimal;
use takeoff_core::model::Id;

use crate::{CommandError, Ctx};

/// Sums of the stored totals of the project's assemblies; zeros for an unknown project.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CostSummary {
    pub total_conditions: u64,
    pub conditions_with_assemblies: u64,
    pub components_in_error: u64,
    pub material_cost: Decimal,
    pub labor_cost: Decimal,
    pub equipment_cost: Decimal,
    pub subcontract_cost: Decimal,
    pub other_cost: Decimal,
    pub total_cost: Decimal,
    pub total_with_markup: Decimal,
}

pub async fn cost_summary(_ctx: &Ctx<'_>, _project_id: Id) -> Result<CostSummary, CommandError> {
    todo!()
}
