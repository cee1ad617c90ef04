//! The cost of a project.

use takeoff_core::assembly::{CostSummary, summarize};
use takeoff_core::model::{Assembly, Condition, Id, Index};

use crate::erased;
use crate::load::list;
use crate::{CommandError, Ctx};

/// Sums of the stored totals of the project's assemblies; zeros for an unknown project.
#[erased]
pub async fn cost_summary(ctx: &Ctx<'_>, project_id: Id) -> Result<CostSummary, CommandError> {
    let desk = ctx.desk();
    let conditions = list::<Condition>(&desk, Index::ByProject, project_id).await?;
    let assemblies = list::<Assembly>(&desk, Index::ByProject, project_id).await?;
    Ok(summarize(conditions.iter().map(|c| &c.value), assemblies.iter().map(|a| &a.value)))
}
