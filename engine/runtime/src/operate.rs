//! What operators do with jobs and nodes.

use takeoff_core::job::{Job, JobEvent};
use takeoff_core::model::{Id, Pause, Scope, TenantId};
use takeoff_storage::StoreError;
use takeoff_storage::catalog::{Batch, JobChange};

use crate::controls::Paused;
use crate::erased;
use crate::error::EngineError;
use crate::handle::Handle;

/// Times that a change is tried again because the owner was changed meanwhile.
const TRIES: u32 = 5;

impl Handle {
    /// Gives a dead or cancelled job a fresh set of attempts and moves its owner back to where it waits for
    /// them, in one commit. Returns the job as it is then; `None` for an id that no job has.
    ///
    /// # Errors
    /// `JobState` when the job is in another state.
    #[erased]
    pub async fn requeue(&self, tenant: TenantId, job: Id) -> Result<Option<Job>, EngineError> {
        let mut newest = StoreError::NoSuchJob(job);
        for _ in 0..TRIES {
            let Some(found) = self.catalog().job(tenant, job).await? else { return Ok(None) };
            let mut batch = self.node().revive(&found).await.map_err(|e| {
                EngineError::Failed(format!("the job's owner cannot be told of the retry: {e}"))
            })?;
            batch.changes.push(JobChange { job, token: None, event: JobEvent::Requeue });
            match self.commit(batch).await {
                Ok(_) => {
                    tracing::info!(job = %job, stage = found.stage.name(), "job put back by an operator");
                    return Ok(self.catalog().job(tenant, job).await?);
                }
                Err(EngineError::Store(e)) if e.is_conflict() => newest = e,
                Err(e) => return Err(e),
            }
        }
        Err(newest.into())
    }

    /// Takes a dead job out of the dead letters, for good. Its owner was told when it died. `None` for an id
    /// that no job has.
    ///
    /// # Errors
    /// `JobState` when the job is in another state.
    #[erased]
    pub async fn discard(&self, tenant: TenantId, job: Id, reason: &str) -> Result<Option<Job>, EngineError> {
        let mut batch = Batch::new(tenant);
        let event = JobEvent::Discard { reason: reason.to_owned() };
        batch.changes.push(JobChange { job, token: None, event });
        match self.commit(batch).await {
            Ok(_) => {
                tracing::info!(job = %job, reason, "dead job discarded by an operator");
                Ok(self.catalog().job(tenant, job).await?)
            }
            Err(EngineError::Store(StoreError::NoSuchJob(_))) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Has this node heed at once what operators changed. Other nodes do within a poll.
    #[erased]
    pub async fn reload_controls(&self) -> Result<(), EngineError> {
        self.node().reload_controls().await?;
        Ok(())
    }

    /// Everything that operators hold back, the longest first.
    pub fn paused(&self) -> Vec<Paused> {
        self.node().controls.paused(self.now())
    }

    /// What keeps this job from starting, by an operator's will.
    pub fn pause_of(&self, job: &Job) -> Option<Paused> {
        let scopes = [
            Some(Scope::Stage(job.stage)),
            job.project_id.map(Scope::Project),
            Some(Scope::Node(self.config().node.clone())),
        ];
        let (scope, pause): (Scope, Pause) = scopes.into_iter().flatten().find_map(|scope| {
            let pause = self.node().controls.pause(&scope)?;
            Some((scope, pause))
        })?;
        Some(Paused::of(&scope, &pause, self.now()))
    }
}
