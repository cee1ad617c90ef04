//! The template library.

use takeoff_core::assembly::templates;
use takeoff_core::model::AssemblyTemplate;
use takeoff_storage::catalog::Claim;
use takeoff_storage::{Batch, Op};

use crate::erased;
use crate::load::find;
use crate::retry::Tries;
use crate::{CommandError, Ctx, Desk};

/// Writes the system templates that are not there yet, by name, and those of which the engine ships a
/// later version. Returns how many were written. Run at every start.
#[erased]
pub async fn seed(ctx: &Ctx<'_>) -> Result<usize, CommandError> {
    let mut tries = Tries::new(ctx);
    loop {
        let batch = missing(&ctx.desk()).await?;
        let written = batch.ops.iter().filter(|op| matches!(op, Op::Put(_))).count();
        if tries.commit(batch).await? {
            return Ok(written);
        }
    }
}

async fn missing(desk: &Desk<'_>) -> Result<Batch, CommandError> {
    let mut batch = Batch::new(desk.tenant);
    for spec in templates() {
        let shipped = spec.to_template(desk.ids.next(), desk.now);
        let claim = Claim::template_name(&shipped.name);
        let Some(owner) = desk.catalog.claim_owner(desk.tenant, &claim).await? else {
            batch.ops.push(Op::Claim(claim, shipped.id));
            batch.create(&shipped);
            continue;
        };
        if let Some(stored) = find::<AssemblyTemplate>(desk, owner).await?
            && stored.value.is_system
            && stored.value.version < shipped.version
        {
            let created_at = stored.value.created_at;
            batch.update(stored.version, &AssemblyTemplate { id: owner, created_at, ..shipped });
        }
    }
    Ok(batch)
}
