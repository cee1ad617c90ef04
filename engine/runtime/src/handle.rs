//! The engine's one face: submit, watch, observe, drain.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use takeoff_config::NodeConfig;
use takeoff_core::job::{Job, Progress};
use takeoff_core::model::{Id, IdSource, TenantId, Timestamp};
use takeoff_storage::catalog::{Batch, Clock, Committed};
use takeoff_storage::{BlobStore, Catalog};

use crate::child::ChildPool;
use crate::compute::Compute;
use crate::error::EngineError;
use crate::stage::Stage;

/// What a node is built from.
pub struct EngineParts {
    pub config: Arc<NodeConfig>,
    pub catalog: Arc<dyn Catalog>,
    pub blobs: Arc<dyn BlobStore>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub stages: Vec<Arc<dyn Stage>>,
    /// Program and first arguments of a parse child.
    pub child_program: PathBuf,
    pub child_args: Vec<String>,
}

/// Whether the node can make progress, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    pub ready: bool,
    pub reasons: Vec<String>,
}

/// Observable state of every actor of the node, as counters.
#[derive(Debug, Clone, Serialize)]
pub struct NodeView {
    pub node: String,
    pub engine_version: &'static str,
    pub started_at: Timestamp,
    pub draining: bool,
    pub readiness: Readiness,
    /// One entry an actor, by its name in the tree (`node/ingest/puller`, ...).
    pub actors: Vec<ActorView>,
    pub compute: serde_json::Value,
    pub children: serde_json::Value,
    pub queues: serde_json::Value,
}

#[derive(Debug, Clone, Serialize)]
pub struct ActorView {
    pub name: String,
    pub state: String,
    pub restarts: u64,
    pub counters: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrainReport {
    pub finished: u64,
    pub released: u64,
    pub within_limit: bool,
}

/// Cheap to clone; all clones speak to the same node.
#[derive(Clone)]
pub struct Handle {}

impl Handle {
    /// Starts the supervision tree and returns when it leases.
    pub async fn start(_parts: EngineParts) -> Result<Self, EngineError> {
        unreachable!()
    }

    pub fn config(&self) -> &NodeConfig {
        unreachable!()
    }

    /// For reads. Writes go through [`Handle::commit`], which also wakes and watches.
    pub fn catalog(&self) -> &dyn Catalog {
        unreachable!()
    }

    pub fn blobs(&self) -> &dyn BlobStore {
        unreachable!()
    }

    pub fn compute(&self) -> &Compute {
        unreachable!()
    }

    pub fn children(&self) -> &ChildPool {
        unreachable!()
    }

    /// The tenant of requests that name none.
    pub fn tenant(&self) -> TenantId {
        TenantId::DEFAULT
    }

    pub fn now(&self) -> Timestamp {
        unreachable!()
    }

    pub fn next_id(&self) -> Id {
        unreachable!()
    }

    /// Commits, wakes the stages that have new work and tells watchers of jobs that ended. While the
    /// node drains, batches that enqueue jobs are refused.
    pub async fn commit(&self, _batch: Batch) -> Result<Committed, EngineError> {
        unreachable!()
    }

    /// Waits until the job is terminal and returns it.
    pub async fn await_job(
        &self,
        _tenant: TenantId,
        _job: Id,
        _deadline_ms: u64,
    ) -> Result<Job, EngineError> {
        unreachable!()
    }

    /// Newest progress of a job that runs on a reachable node; `None` when only the store knows it.
    pub fn progress(&self, _job: Id) -> Option<Progress> {
        unreachable!()
    }

    /// Cancels a job with everything that waits on it and moves its owner out of its running state, in
    /// one commit. Returns the job as it is then; a terminal job is returned unchanged.
    pub async fn cancel(
        &self,
        _tenant: TenantId,
        _job: Id,
        _reason: &str,
    ) -> Result<Option<Job>, EngineError> {
        unreachable!()
    }

    pub fn readiness(&self) -> Readiness {
        unreachable!()
    }

    pub async fn observe(&self) -> Result<NodeView, EngineError> {
        unreachable!()
    }

    /// Stops leasing, lets running attempts finish until the deadline, releases the rest, stops.
    pub async fn drain(&self, _deadline_ms: u64) -> DrainReport {
        unreachable!()
    }
}
