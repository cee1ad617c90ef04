//! Tasks: jobs as clients see them.

use takeoff_core::job::Job;
use takeoff_core::model::Id;

use crate::erased;
use crate::{CommandError, Ctx};

/// Cancels the job and moves its owner out of its running state. `None` for an id that no task has; a
/// task that has ended is returned as it is.
#[erased]
pub async fn cancel(ctx: &Ctx<'_>, task_id: Id) -> Result<Option<Job>, CommandError> {
    let known = ctx.handle.catalog().job(ctx.tenant, task_id).await?;
    if known.is_none_or(|job| job.task.is_none()) {
        return Ok(None);
    }
    Ok(ctx.handle.cancel(ctx.tenant, task_id, "cancelled by the client").await?)
}
