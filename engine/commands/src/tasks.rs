//! Tasks: jobs as clients see them.

use takeoff_core::job::Job;
use takeoff_core::model::Id;

use crate::{CommandError, Ctx};

/// Cancels the job and moves its owner out of its running state. `None` for an id that no job has; a job
/// that has ended is returned as it is.
pub async fn cancel(_ctx: &Ctx<'_>, _task_id: Id) -> Result<Option<Job>, CommandError> {
    todo!()
}
