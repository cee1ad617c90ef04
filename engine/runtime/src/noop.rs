//! The stage that does nothing: it measures the engine itself.

use async_trait::async_trait;
use serde_json::Value;
use takeoff_core::job::{Job, Stage as StageName};
use takeoff_storage::Batch;

use crate::error::StageError;
use crate::stage::{Attempt, Effects, End, Stage, Tools};

#[derive(Debug, Clone, Copy, Default)]
pub struct NoopStage;

#[async_trait]
impl Stage for NoopStage {
    fn name(&self) -> StageName {
        StageName::Noop
    }

    fn budget_ms(&self, _: &Job) -> u64 {
        10_000
    }

    async fn run(&self, attempt: Attempt, _: Tools) -> Result<Effects, StageError> {
        Ok(Effects { batch: Batch::new(attempt.tenant()), end: End::Done { result: Value::Null } })
    }

    async fn bury(&self, job: &Job, _: &str, _: Tools) -> Result<Batch, StageError> {
        Ok(Batch::new(job.tenant))
    }
}
