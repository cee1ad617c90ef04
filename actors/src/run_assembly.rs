//! Pricing: the quantities of a condition through the formulas of its assembly.

use async_trait::async_trait;
use serde_json::json;
use takeoff_commands::assemblies::{Pricing, priced_batch};
use takeoff_commands::jobs::{RunAssemblyArgs, decode};
use takeoff_core::job::{Job, Stage as StageName};
use takeoff_engine::error::StageError;
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::Batch;

/// Prices one assembly. Its work is far shorter than a hand-over to the compute pool, so it stays here.
#[derive(Debug)]
pub struct RunAssembly;

#[async_trait]
impl Stage for RunAssembly {
    fn name(&self) -> StageName {
        StageName::RunAssembly
    }

    fn budget_ms(&self, _job: &Job) -> u64 {
        30_000
    }

    async fn run(&self, attempt: Attempt, tools: Tools) -> Result<Effects, StageError> {
        let args: RunAssemblyArgs =
            decode(&attempt.job.args).map_err(|e| StageError::Reject(e.to_string()))?;
        let desk = crate::desk(&attempt, &tools);
        let priced = match priced_batch(&desk, args.assembly_id).await? {
            Pricing::Priced(priced) => *priced,
            Pricing::Refused(error) => {
                return Ok(Effects { batch: Batch::new(desk.tenant), end: End::Refused { error } });
            }
        };
        let assembly = &priced.assembly;
        let result = json!({
            "assembly_id": assembly.id,
            "total_cost": assembly.total_cost,
            "components_in_error": assembly.components_in_error,
        });
        Ok(Effects { batch: priced.batch, end: End::Done { result } })
    }

    /// An assembly has no running state to leave.
    async fn bury(&self, job: &Job, _why: &str, _tools: Tools) -> Result<Batch, StageError> {
        Ok(Batch::new(job.tenant))
    }
}
