//! The cost of a project.

use rust_decimal::Decimal;
use takeoff_core::model::{Assembly, Id, Index, Kind};

use crate::load::list;
use crate::{CommandError, Ctx};

/// Sums of the stored totals of the project's assemblies; zeros for an unknown project.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CostSummary {
    pub total_conditions: u64,
    pub conditions_with_assemblies: u64,
    /// Components whose formula could not be evaluated; the sums lack them.
    pub components_in_error: u64,
    pub material_cost: Decimal,
    pub labor_cost: Decimal,
    pub equipment_cost: Decimal,
    pub subcontract_cost: Decimal,
    pub other_cost: Decimal,
    pub total_cost: Decimal,
    pub total_with_markup: Decimal,
}

impl CostSummary {
    /// Adds an assembly; `None` where a sum leaves the range of a decimal.
    fn add(mut self, assembly: &Assembly) -> Option<Self> {
        self.conditions_with_assemblies += 1;
        self.components_in_error += u64::from(assembly.components_in_error);
        for (sum, cost) in [
            (&mut self.material_cost, assembly.material_cost),
            (&mut self.labor_cost, assembly.labor_cost),
            (&mut self.equipment_cost, assembly.equipment_cost),
            (&mut self.subcontract_cost, assembly.subcontract_cost),
            (&mut self.other_cost, assembly.other_cost),
            (&mut self.total_cost, assembly.total_cost),
            (&mut self.total_with_markup, assembly.total_with_markup),
        ] {
            *sum = sum.checked_add(cost)?;
        }
        Some(self)
    }
}

pub async fn cost_summary(ctx: &Ctx<'_>, project_id: Id) -> Result<CostSummary, CommandError> {
    let desk = ctx.desk();
    let total_conditions =
        desk.catalog.count(desk.tenant, Kind::Condition, Index::ByProject, project_id).await?;
    let start = CostSummary { total_conditions, ..CostSummary::default() };
    list::<Assembly>(&desk, Index::ByProject, project_id)
        .await?
        .iter()
        .try_fold(start, |sum, assembly| sum.add(&assembly.value))
        .ok_or_else(|| CommandError::invalid("the project's costs are too large to be added up"))
}
