//! What a stage is, sees and returns.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use serde_json::Value;
use takeoff_core::budget::Budget;
use takeoff_core::job::{Job, NewJob, Stage as StageName};
use takeoff_core::model::{IdSource, TenantId, Timestamp};
use takeoff_storage::{Batch, BlobStore, Catalog};

use crate::child::ChildPool;
use crate::compute::Compute;
use crate::error::StageError;
use crate::memory::Memory;

/// One leased execution of a job, as its stage sees it: no node, no lease.
#[derive(Clone)]
pub struct Attempt {
    pub job: Arc<Job>,
    /// Cancelled when the job is cancelled, its lease is lost, its deadline passes or the node drains hard.
    pub budget: Budget,
    /// Progress for people; dropped when called too often.
    pub progress: ProgressSink,
    /// When the attempt ends as a hang.
    pub deadline: Timestamp,
    /// Where it hands over parts of its work before its end.
    pub parts: PartSink,
}

impl Attempt {
    pub fn tenant(&self) -> TenantId {
        self.job.tenant
    }

    /// Has the engine commit a part of the work now, under the fence, so that it is seen while the attempt
    /// goes on, and kept whatever becomes of it. Another attempt of the job must find in the store how far
    /// this one came. No job changes.
    ///
    /// `false` when a precondition of the batch does not hold, or when it was applied and the answer was lost:
    /// read again and decide again.
    ///
    /// # Errors
    /// `Fenced` when the lease is gone or the job was cancelled; `Retry` when the store stays away.
    pub async fn checkpoint(&self, part: Batch) -> Result<bool, StageError> {
        (self.parts.0)(part).await
    }
}

/// Commits a part of an attempt's work.
pub type Commit = dyn Fn(Batch) -> BoxFuture<'static, Result<bool, StageError>> + Send + Sync;

/// Where an attempt hands over parts of its work; see [`Attempt::checkpoint`].
#[derive(Clone)]
pub struct PartSink(pub Arc<Commit>);

/// Takes percent and step.
pub type Report = dyn Fn(f32, &str) + Send + Sync;

/// Where an attempt reports progress.
#[derive(Clone)]
pub struct ProgressSink(pub Arc<Report>);

impl ProgressSink {
    /// `percent` 0 to 100.
    pub fn report(&self, percent: f32, step: &str) {
        (self.0)(percent, step);
    }
}

/// What a stage may use.
///
/// `catalog` is for reading. It is the same object the engine commits through, but a stage that commits
/// is a bug that the tidy test looks for: results, follow-up jobs and the job's own end must go in one
/// fenced commit.
#[derive(Clone)]
pub struct Tools {
    pub catalog: Arc<dyn Catalog>,
    pub blobs: Arc<dyn BlobStore>,
    pub compute: Compute,
    pub children: ChildPool,
    /// What whoever is about to hold much memory takes first.
    pub memory: Memory,
    pub clock: Arc<dyn takeoff_storage::catalog::Clock>,
    pub ids: Arc<dyn IdSource>,
}

/// What an attempt wants to be true. The engine commits it, with the job's end, under the fence.
#[derive(Debug)]
pub struct Effects {
    /// Records, preconditions, follow-up jobs, events. No job changes of its own.
    pub batch: Batch,
    pub end: End,
}

/// How the attempt ends.
#[derive(Debug)]
pub enum End {
    Done {
        result: Value,
    },
    /// The work is done and its outcome is that the input cannot be worked on; the batch says so to its
    /// owner. The job ends without a dead letter, clients see a failure with this reason.
    Refused {
        error: String,
    },
    /// Runs again with `checkpoint` when the children have ended.
    FanOut {
        children: Vec<NewJob>,
        checkpoint: Value,
    },
}

#[async_trait]
pub trait Stage: Send + Sync + 'static {
    fn name(&self) -> StageName;

    /// Longest that one attempt of this job may take, milliseconds.
    fn budget_ms(&self, job: &Job) -> u64;

    /// What must change so that clients see that the work has begun (document and session `processing`).
    /// Committed before each run, apart from the effects, so it must hold by its own preconditions; the
    /// default changes nothing.
    async fn begin(&self, job: &Job, _tools: &Tools) -> Result<Batch, StageError> {
        Ok(Batch::new(job.tenant))
    }

    /// Whether an attempt of this job may hand out children ([`End::FanOut`]). Such a one is postponed, without cost,
    /// while the stage's queue is so long that children would make it grow beyond all bounds.
    fn hands_out(&self, _job: &Job) -> bool {
        false
    }

    /// Does the work. Bad drawings are data in the effects; an error is an outage, a bug or a cancel.
    /// A precondition of the batch that fails at commit makes the engine run the attempt again, a few
    /// times, without cost.
    async fn run(&self, attempt: Attempt, tools: Tools) -> Result<Effects, StageError>;

    /// The job is about to become a dead letter or was cancelled: what must change so that its owner
    /// leaves its running state (document `error`, session `failed`). Committed with the job's end.
    async fn bury(&self, job: &Job, why: &str, tools: Tools) -> Result<Batch, StageError>;

    /// The least of [`Stage::bury`] that takes the owner out of its running state, for a cancel that others who write what
    /// belongs to the owner were quicker than. What is left follows by [`Stage::bury_rest`], when the jobs below have been
    /// cancelled and nobody writes any more.
    async fn bury_in_short(&self, job: &Job, why: &str, tools: Tools) -> Result<Batch, StageError> {
        self.bury(job, why, tools).await
    }

    /// What [`Stage::bury_in_short`] has left to do; the default is nothing.
    async fn bury_rest(&self, job: &Job, _why: &str, _tools: Tools) -> Result<Batch, StageError> {
        Ok(Batch::new(job.tenant))
    }

    /// An operator puts a job back that was buried: what must change so that its owner waits for it again.
    /// Committed with the job's return; the default changes nothing.
    async fn revive(&self, job: &Job, _tools: Tools) -> Result<Batch, StageError> {
        Ok(Batch::new(job.tenant))
    }
}
