//! Pricing as a job.

use takeoff_core::job::{JobState, Lane, NewJob, RetryPolicy, Stage};
use takeoff_core::model::{Assembly, Condition, Id};
use takeoff_engine::error::EngineError;
use takeoff_storage::{Batch, StoreError};

use super::{announce, price};
use crate::erased;
use crate::jobs::{self, RunAssemblyArgs};
use crate::load::{find, required};
use crate::retry::Tries;
use crate::{CommandError, Ctx, Desk};

/// Prices the assembly by an interactive job of the assembly stage and waits for it, at most
/// `api.calculate_wait_ms`.
#[erased]
pub async fn calculate(ctx: &Ctx<'_>, id: Id) -> Result<Assembly, CommandError> {
    let desk = ctx.desk();
    let assembly = required::<Assembly>(&desk, id, "Assembly").await?.value;
    if assembly.is_locked {
        return Err(CommandError::Locked);
    }
    let job = NewJob {
        id: desk.ids.next(),
        stage: Stage::RunAssembly,
        args: jobs::encode(&RunAssemblyArgs { assembly_id: id }),
        lane: Lane::Interactive,
        priority: 0,
        run_at: None,
        retry: RetryPolicy { max_attempts: 3, base_delay_ms: 100, max_delay_ms: 1_000 },
        project_id: Some(assembly.project_id),
        subject_id: Some(id),
        task: None,
        request_id: ctx.request_id.map(str::to_owned),
    };
    let job_id = job.id;
    let mut batch = Batch::new(ctx.tenant);
    batch.jobs.push(job);
    if !Tries::new(ctx).commit(batch).await? {
        return Err(CommandError::Conflict);
    }
    let wait_ms = ctx.handle.config().api.calculate_wait_ms;
    let job = ctx.handle.await_job(ctx.tenant, job_id, wait_ms).await?;
    match job.state {
        JobState::Succeeded => Ok(required::<Assembly>(&ctx.desk(), id, "Assembly").await?.value),
        JobState::Cancelled => Err(CommandError::Conflict),
        JobState::Refused => Err(refused(ctx, id, job.error).await),
        _ => {
            let why = job.error.unwrap_or_else(|| "the pricing job failed".to_owned());
            Err(EngineError::Failed(why).into())
        }
    }
}

/// Why the stage would not price the assembly: mostly that it was deleted while the job waited.
async fn refused(ctx: &Ctx<'_>, id: Id, why: Option<String>) -> CommandError {
    match required::<Assembly>(&ctx.desk(), id, "Assembly").await {
        Ok(_) => CommandError::invalid(why.unwrap_or_else(|| "the assembly has no price".to_owned())),
        Err(e) => e,
    }
}

/// An assembly priced by the stage.
#[derive(Debug)]
pub struct Priced {
    pub batch: Batch,
    pub assembly: Assembly,
}

/// What the stage does with an assembly.
#[derive(Debug)]
pub enum Pricing {
    Priced(Box<Priced>),
    /// It cannot be priced and trying again would not help: the reason for a person.
    Refused(String),
}

/// Prices the assembly from its condition's totals; a locked one keeps its numbers (an empty batch).
#[erased]
pub async fn priced_batch(desk: &Desk<'_>, assembly_id: Id) -> Result<Pricing, StoreError> {
    let gone = |what: &str| Ok(Pricing::Refused(format!("the {what} was deleted before it was priced")));
    let Some(read) = find::<Assembly>(desk, assembly_id).await? else { return gone("assembly") };
    let mut batch = Batch::new(desk.tenant);
    let mut assembly = read.value;
    if assembly.is_locked {
        return Ok(Pricing::Priced(Box::new(Priced { batch, assembly })));
    }
    let Some(condition) = find::<Condition>(desk, assembly.condition_id).await? else {
        return gone("assembly's condition");
    };
    if let Err(why) = price(&mut batch, &condition, &mut assembly) {
        return Ok(Pricing::Refused(why));
    }
    assembly.updated_at = desk.now;
    batch.update(read.version, &assembly);
    announce(&mut batch, "assembly_changed", &assembly);
    Ok(Pricing::Priced(Box::new(Priced { batch, assembly })))
}
