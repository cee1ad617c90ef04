//! Assemblies and their components. Every change leaves the priced numbers right; a locked assembly
//! refuses every change but the unlock.

mod calculate;
mod components;
mod recipe;

pub use calculate::{Priced, Pricing, calculate, priced_batch};
pub use components::{
    ComponentPatch, Line, MAX_COMPONENTS, NewComponent, add_component, add_components, delete_component,
    reorder_components, update_component,
};
pub use recipe::{AssemblyPatch, NewAssembly, check_markup, create, delete, fits, lock, unlock, update};

use serde_json::json;
use takeoff_core::model::{Assembly, Condition, Id, PricedFor};
use takeoff_storage::{Batch, Stored};

use crate::load::{relies_on, required};
use crate::retry::{Tries, turn};
use crate::{CommandError, Ctx, Desk, figures};

/// Loads an assembly, lets `edit` change it, prices it and commits it with what `edit` returned.
/// With `unlocked` a locked one is refused.
async fn change<T>(
    ctx: &Ctx<'_>,
    id: Id,
    unlocked: bool,
    edit: impl Fn(&Desk<'_>, &mut Assembly) -> Result<T, CommandError> + Send + Sync,
) -> Result<(Assembly, T), CommandError> {
    let project = required::<Assembly>(&ctx.desk(), id, "Assembly").await?.value.project_id;
    let _turn = turn(project).await?;
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let read = required::<Assembly>(&desk, id, "Assembly").await?;
        if unlocked && read.value.is_locked {
            return Err(CommandError::Locked);
        }
        let mut assembly = read.value.clone();
        let answer = edit(&desk, &mut assembly)?;
        assembly.updated_at = desk.now;
        let mut batch = Batch::new(ctx.tenant);
        if !assembly.is_locked {
            let condition = required::<Condition>(&desk, assembly.condition_id, "Condition").await?;
            price(&mut batch, &condition, &mut assembly).map_err(CommandError::invalid)?;
        } else if !read.value.is_locked && assembly.priced_for.is_none() {
            // An engine that did not keep it: until now the numbers have followed their condition.
            let condition = required::<Condition>(&desk, assembly.condition_id, "Condition").await?;
            relies_on(&mut batch, &condition);
            assembly.priced_for = Some(PricedFor::of(&condition.value));
        }
        batch.update(read.version, &assembly);
        announce(&mut batch, "assembly_changed", &assembly);
        if tries.commit(batch).await? {
            return Ok((assembly, answer));
        }
    }
}

/// Prices from the totals of the condition as they are, and holds the batch to them.
fn price(batch: &mut Batch, condition: &Stored<Condition>, assembly: &mut Assembly) -> Result<(), String> {
    relies_on(batch, condition);
    figures::price(assembly, &condition.value)
}

fn announce(batch: &mut Batch, name: &str, assembly: &Assembly) {
    let payload = json!({
        "assembly_id": assembly.id,
        "condition_id": assembly.condition_id,
        "total_with_markup": assembly.total_with_markup,
    });
    batch.event(assembly.project_id, name, payload);
}
