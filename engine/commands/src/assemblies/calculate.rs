//! Pricing as a job.

use takeoff_core::model::{Assembly, Id};
use takeoff_storage::{Batch, StoreError};

use crate::{CommandError, Ctx, Desk};

/// Prices the assembly by an interactive job of the assembly stage and waits for it, at most
/// `api.calculate_wait_ms`.
pub async fn calculate(_ctx: &Ctx<'_>, _id: Id) -> Result<Assembly, CommandError> {
    todo!()
}

/// An assembly priced by the stage.
#[derive(Debug)]
pub struct Priced {
    pub batch: Batch,
    pub assembly: Assembly,
}

/// Prices the assembly from its condition's totals. `None` when it is gone; a locked one keeps its
/// numbers (an empty batch).
pub async fn priced_batch(_desk: &Desk<'_>, _assembly_id: Id) -> Result<Option<Priced>, StoreError> {
    todo!()
}
