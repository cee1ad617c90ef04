//! `takeoff-actors`: the stages of the mission. Each fetches what its job names, calls pure code of
//! `takeoff-core` (in a parse child for untrusted bytes, on the compute pool for the rest) and returns
//! [`takeoff_engine::stage::Effects`]. Nothing here writes to the catalogue, spawns, sleeps or knows a node.

mod auto_count;
mod detect_scale;
mod ingest;
mod memory;
mod page_list;
mod parse;
pub mod parse_worker;
mod run_assembly;

use std::sync::Arc;

use serde_json::Value;
use takeoff_commands::Desk;
use takeoff_config::NodeConfig;
use takeoff_core::job::Job;
use takeoff_engine::compute::ComputeError;
use takeoff_engine::error::StageError;
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::Batch;

pub use auto_count::AutoCount;
pub use detect_scale::DetectScale;
pub use ingest::Ingest;
pub use run_assembly::RunAssembly;

/// Every stage, set up for this node.
pub fn stages(config: &NodeConfig) -> Vec<Arc<dyn Stage>> {
    vec![
        Arc::new(Ingest::new(config)),
        Arc::new(DetectScale::new(config)),
        Arc::new(AutoCount::new(config)),
        Arc::new(RunAssembly),
    ]
}

/// What batch builders work with, for this attempt.
fn desk<'a>(attempt: &Attempt, tools: &'a Tools) -> Desk<'a> {
    desk_of(&attempt.job, tools)
}

fn desk_of<'a>(job: &Job, tools: &'a Tools) -> Desk<'a> {
    Desk { catalog: &*tools.catalog, ids: &*tools.ids, tenant: job.tenant, now: tools.clock.now() }
}

/// What the job was for is gone: it ends without effect.
fn nothing(attempt: &Attempt) -> Effects {
    Effects { batch: Batch::new(attempt.tenant()), end: End::Done { result: Value::Null } }
}

fn compute_error(error: ComputeError) -> StageError {
    match error {
        ComputeError::Cancelled => StageError::Fenced,
        ComputeError::Panicked(_) => StageError::Panicked(error.to_string()),
        ComputeError::Unhealthy => StageError::Retry(error.to_string()),
    }
}
