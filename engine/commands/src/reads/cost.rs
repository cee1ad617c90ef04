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

/// Why the numbers of an assembly are not those of what there is, for a person: it is locked and its condition has
/// changed, or a count of the condition is not whole. `None` where nothing is known against them.
#[erased]
pub async fn price_doubt(ctx: &Ctx<'_>, assembly: &Assembly) -> Result<Option<String>, CommandError> {
    let condition = find::<Condition>(&ctx.desk(), assembly.condition_id).await?;
    let doubts =
        |c: &Condition| outdated(assembly, c).into_iter().chain(c.counted_short()).collect::<Vec<_>>();
    let said = condition.map_or_else(Vec::new, |condition| doubts(&condition.value));
    Ok((!said.is_empty()).then(|| said.join("; ")))
}
