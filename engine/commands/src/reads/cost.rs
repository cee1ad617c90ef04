//! The cost of a project.

use takeoff_core::assembly::{CostSummary, summarize};
use takeoff_core::model::{Assembly, Id, Index, Kind};

use crate::erased;
use crate::load::list;
use crate::{CommandError, Ctx};

/// Sums of the stored totals of the project's assemblies; zeros for an unknown project.
#[erased]
pub async fn cost_summary(ctx: &Ctx<'_>, project_id: Id) -> Result<CostSummary, CommandError> {
    let desk = ctx.desk();
    let conditions = desk.catalog.count(desk.tenant, Kind::Condition, Index::ByProject, project_id).await?;
    let assemblies = list::<Assembly>(&desk, Index::ByProject, project_id).await?;
    Ok(summarize(conditions, assemblies.iter().map(|a| &a.value)))
}
