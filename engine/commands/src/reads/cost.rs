//! The cost of a project.

use takeoff_core::assembly::{CostSummary, outdated, summarize};
use takeoff_core::model::{Assembly, Condition, Id, Index};

use crate::erased;
use crate::load::{find, list};
use crate::{CommandError, Ctx};

/// Sums of the stored totals of the project's assemblies; zeros for an unknown project.
#[erased]
pub async fn cost_summary(ctx: &Ctx<'_>, project_id: Id) -> Result<CostSummary, CommandError> {
    let desk = ctx.desk();
    let conditions = list::<Condition>(&desk, Index::ByProject, project_id).await?;
    let assemblies = list::<Assembly>(&desk, Index::ByProject, project_id).await?;
    Ok(summarize(conditions.iter().map(|c| &c.value), assemblies.iter().map(|a| &a.value)))
}

/// Why the numbers of an assembly that is locked are no longer those of its condition, for a person; `None` where they
/// are, and of one that is not locked.
#[erased]
pub async fn outdated_lock(ctx: &Ctx<'_>, assembly: &Assembly) -> Result<Option<String>, CommandError> {
    if !assembly.is_locked {
        return Ok(None);
    }
    let condition = find::<Condition>(&ctx.desk(), assembly.condition_id).await?;
    Ok(condition.and_then(|condition| outdated(assembly, &condition.value)))
}
