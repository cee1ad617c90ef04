//! The engine's one face: submit, watch, observe, drain.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::erased;
use crate::supervise::ActorRef;
use serde::Serialize;
use serde_json::json;
use takeoff_config::NodeConfig;
use takeoff_core::ENGINE_VERSION;
use takeoff_core::job::{Job, Progress, Stage as StageName};
use takeoff_core::model::{Id, IdSource, TenantId, Timestamp};
use takeoff_storage::catalog::{Batch, Clock, Committed};
use takeoff_storage::register::NodeState;
use takeoff_storage::{BlobStore, Catalog, Standing, StoreError};
use tokio::sync::broadcast;
use tokio_util::task::AbortOnDropHandle;

use crate::child::{ChildConfig, ChildPool};
use crate::clock::{Stopwatch, StoreTime};
use crate::cluster::fabric::Fabric;
use crate::cluster::remote::Opened;
use crate::compute::Compute;
use crate::controls::Paused;
use crate::error::EngineError;
use crate::memory::Memory;
use crate::metrics as names;
use crate::node::Node;
use crate::presence::{self, Leave};
use crate::running::Cause;
use crate::stage::{Stage, Tools};
use crate::supervise::{self, GRACE, SupervisorMessage};
use crate::task;

/// Longest that a node may take until each of its stages has asked the store for work.
const START: Duration = Duration::from_secs(30);

/// Longest that actors and threads may take to be gone once they have nothing left to do.
const STOP: Duration = Duration::from_secs(5);

/// Before the first look for the end of a job that may run on another node. Each pause is twice the one before it.
const FIRST_LOOK: Duration = Duration::from_millis(4);

/// Between two looks at the store's standing while the node drains.
const LOOK: Duration = Duration::from_millis(100);

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
    /// Stages that operators hold back, and the node if they do. It makes no node unready: a paused node still answers requests.
    pub paused: Vec<Paused>,
}

/// Observable state of every actor of the node, as counters.
#[derive(Debug, Clone, Serialize)]
pub struct NodeView {
    pub node: String,
    pub engine_version: &'static str,
    pub started_at: Timestamp,
    pub draining: bool,
    pub readiness: Readiness,
    /// Everything that operators hold back.
    pub paused: Vec<Paused>,
    /// One entry an actor, by its name in the tree (`node/ingest/puller`, ...).
    pub actors: Vec<ActorView>,
    pub compute: serde_json::Value,
    pub children: serde_json::Value,
    pub memory: serde_json::Value,
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

/// The node, and its end: the last handle that goes takes the tree with it, like a death of the process,
/// without giving leases back. [`Handle::drain`] is the orderly way.
struct Tree {
    node: Arc<Node>,
    root: ActorRef<SupervisorMessage>,
    drained: tokio::sync::Mutex<Option<DrainReport>>,
    /// Passes on what the store says of other nodes' work.
    _wakes: Option<AbortOnDropHandle<()>>,
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.node.stopping.store(true, Ordering::Relaxed);
        self.root.kill();
    }
}

/// Ends with the store.
async fn pass_on(fabric: Arc<dyn Fabric>, mut wakes: broadcast::Receiver<StageName>) {
    loop {
        match wakes.recv().await {
            Ok(stage) => fabric.woken(stage),
            // Some were missed, of any stage.
            Err(broadcast::error::RecvError::Lagged(_)) => {
                StageName::ALL.into_iter().for_each(|stage| fabric.woken(stage));
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Cheap to clone; all clones speak to the same node.
#[derive(Clone)]
pub struct Handle {
    tree: Arc<Tree>,
}

impl Handle {
    /// Starts the supervision tree and returns when it leases.
    #[erased]
    pub async fn start(parts: EngineParts) -> Result<Self, EngineError> {
        names::describe();
        let config = Arc::clone(&parts.config);
        let links = Opened::open(&config.cluster.links, &config.node).map_err(EngineError::Links)?;
        let compute = Compute::start(&config.compute).map_err(EngineError::Failed)?;
        let children = ChildPool::new(ChildConfig {
            program: parts.child_program.clone(),
            args: parts.child_args.clone(),
            workers: config.children.workers,
            memory_bytes: config.children.memory_bytes,
            recycle_after: config.children.recycle_after,
            queue_ms: config.children.page_deadline_ms,
        });
        let time = Arc::new(StoreTime::new(Arc::clone(&parts.clock)));
        let tools = Tools {
            catalog: Arc::clone(&parts.catalog),
            blobs: Arc::clone(&parts.blobs),
            compute,
            children,
            memory: Memory::new(config.memory.budget_bytes),
            clock: Arc::clone(&time) as _,
            ids: Arc::clone(&parts.ids),
        };
        let node = Arc::new(Node::new(parts, tools, time, links));
        for post in node.posts() {
            ::metrics::counter!(names::ACTOR_RESTARTS, "actor" => post.name().to_owned()).increment(0);
        }
        // Before the first lease: what was paused when the node ended is paused now.
        node.reload_controls().await?;
        presence::join(&node).await?;
        let root = supervise::start(&node)
            .await
            .map_err(|e| EngineError::Failed(format!("the node's actors cannot be started: {e}")))?;
        let wakes =
            node.tools.catalog.wakes().map(|wakes| task::start(pass_on(Arc::clone(&node.fabric), wakes)));
        let tree = Tree { node, root, drained: tokio::sync::Mutex::default(), _wakes: wakes };
        let handle = Self { tree: Arc::new(tree) };
        handle.until_leasing().await?;
        tracing::info!(node = config.node, stages = handle.node().stages.len(), "the node leases");
        Ok(handle)
    }

    async fn until_leasing(&self) -> Result<(), EngineError> {
        let all = async {
            for stage in &self.node().stages {
                // The sender is the stage's own, so it cannot be gone.
                let _ = stage.leasing.subscribe().wait_for(|leases| *leases).await;
            }
        };
        tokio::time::timeout(START, all).await.map_err(|_| {
            let reasons = self.readiness().reasons.join("; ");
            EngineError::Failed(format!("the node does not lease after {} s: {reasons}", START.as_secs()))
        })
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.tree.node
    }

    /// In force now; see [`Handle::reconfigure`].
    pub fn config(&self) -> Arc<NodeConfig> {
        self.node().live.now()
    }

    /// Takes over what a running node can take over of `wanted`; what it cannot stays as it was at the start.
    pub fn reconfigure(&self, wanted: &NodeConfig) {
        let node = self.node();
        let new = takeoff_config::taken_over(&node.config, wanted);
        for stage in &node.stages {
            let slots = new.stage(stage.name).map_or(0, |settings| settings.slots);
            if slots > 0 && slots != stage.slots() {
                stage.resize(slots);
            }
        }
        node.live.replace(new);
    }

    /// For reads. Writes go through [`Handle::commit`], which also wakes and watches.
    pub fn catalog(&self) -> &dyn Catalog {
        &*self.node().tools.catalog
    }

    pub fn blobs(&self) -> &dyn BlobStore {
        &*self.node().tools.blobs
    }

    pub fn compute(&self) -> &Compute {
        &self.node().tools.compute
    }

    pub fn children(&self) -> &ChildPool {
        &self.node().tools.children
    }

    pub fn memory(&self) -> &Memory {
        &self.node().tools.memory
    }

    /// The tenant of requests that name none.
    pub fn tenant(&self) -> TenantId {
        TenantId::DEFAULT
    }

    pub fn now(&self) -> Timestamp {
        self.node().now()
    }

    pub fn next_id(&self) -> Id {
        self.node().tools.ids.next()
    }

    /// Where the node is reached; the others are told.
    pub fn set_address(&self, address: String) {
        self.node().presence.set_address(address);
    }

    /// Waits until the node is to leave by itself: somebody has asked it to drain, or it was given up.
    pub async fn leave(&self) -> Leave {
        self.node().presence.leave().await
    }

    /// Commits, wakes the stages that have new work and tells watchers of jobs that ended. While the
    /// node drains, batches that enqueue jobs are refused; while something is missing that a node needs to open the
    /// stores again, all are.
    #[erased]
    pub async fn commit(&self, batch: Batch) -> Result<Committed, EngineError> {
        // Where there are other nodes, one of them takes it.
        let alone = self.catalog().wakes().is_none();
        if alone && self.node().is_draining() && !batch.jobs.is_empty() {
            return Err(EngineError::Draining);
        }
        self.node().may_acknowledge().await?;
        let committed = self.node().tools.catalog.commit(batch).await?;
        self.node().after_commit(&committed, None);
        Ok(committed)
    }

    /// Waits until the job is terminal and returns it.
    #[erased]
    pub async fn await_job(&self, tenant: TenantId, job: Id, deadline_ms: u64) -> Result<Job, EngineError> {
        let watch = self.node().watchers.watch(job);
        let poll = Duration::from_millis(self.config().jobs.poll_ms.max(1));
        let mut pause = FIRST_LOOK.min(poll);
        let wait = async {
            loop {
                // Listens before it reads: an end in between is heard.
                let ended = watch.ended();
                let found = self.catalog().job(tenant, job).await?.ok_or(StoreError::NoSuchJob(job))?;
                if found.state.is_terminal() {
                    return Ok(found);
                }
                // An end on another node is no news here; a look finds it, in at most twice the time that it took.
                let _ = tokio::time::timeout(pause, ended).await;
                pause = (pause * 2).min(poll);
            }
        };
        tokio::time::timeout(Duration::from_millis(deadline_ms), wait)
            .await
            .unwrap_or(Err(EngineError::Deadline { ms: deadline_ms }))
    }

    /// Newest progress of a job that runs on a reachable node; `None` when only the store knows it.
    pub fn progress(&self, job: Id) -> Option<Progress> {
        self.node().board.latest(job).or_else(|| self.node().fabric.progress_of(job))
    }

    /// Cancels a job with everything that waits on it and moves its owner out of its running state, in
    /// one commit. Returns the job as it is then; a terminal job is returned unchanged.
    #[erased]
    pub async fn cancel(&self, tenant: TenantId, job: Id, reason: &str) -> Result<Option<Job>, EngineError> {
        self.node().may_acknowledge().await?;
        self.node().cancel(tenant, job, reason).await
    }

    /// What is known of the store, without asking it.
    pub fn store_standing(&self) -> Standing {
        self.catalog().standing()
    }

    pub fn readiness(&self) -> Readiness {
        self.node().readiness()
    }

    #[erased]
    pub async fn observe(&self) -> Result<NodeView, EngineError> {
        let node = self.node();
        let mut actors: Vec<ActorView> = node.posts().iter().map(|post| post.view()).collect();
        actors.extend(node.running.all().iter().map(|running| {
            let progress = node.board.latest(running.id());
            ActorView {
                name: format!("node/{}/attempt/{}", running.job.stage.name(), running.id()),
                state: running.describe().to_owned(),
                restarts: 0,
                counters: json!({
                    "token": running.token(),
                    "attempts": running.job.attempts,
                    "ran_ms": running.since.elapsed_ms().round(),
                    "percent": progress.map(|p| p.percent),
                }),
            }
        }));
        actors.push(ActorView {
            name: "node/watchers".to_owned(),
            state: "running".to_owned(),
            restarts: 0,
            counters: json!({ "jobs": node.watchers.len() }),
        });
        actors.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(NodeView {
            node: node.config.node.clone(),
            engine_version: ENGINE_VERSION,
            started_at: node.started_at.get().copied().unwrap_or_else(|| node.now()),
            draining: node.is_draining(),
            readiness: node.readiness(),
            paused: self.paused(),
            actors,
            compute: serde_json::to_value(node.tools.compute.view()).unwrap_or_default(),
            children: serde_json::to_value(node.tools.children.view()).unwrap_or_default(),
            memory: serde_json::to_value(node.tools.memory.view()).unwrap_or_default(),
            queues: self.queues().await,
        })
    }

    /// A store that does not answer is part of the picture, not the end of it.
    async fn queues(&self) -> serde_json::Value {
        let mut queues = serde_json::Map::new();
        for stage in StageName::ALL {
            let view = match self.catalog().queue(stage).await {
                Ok(queue) => json!({
                    "ready": queue.ready,
                    "delayed": queue.delayed,
                    "leased": queue.leased,
                    "waiting": queue.waiting,
                    "dead": queue.dead,
                    "oldest_ready_ms": queue.oldest_ready_ms,
                }),
                Err(e) => json!({ "error": e.to_string() }),
            };
            queues.insert(stage.name().to_owned(), view);
        }
        queues.into()
    }

    /// Stops leasing, lets running attempts finish until the deadline, releases the rest, stops. Reads
    /// go on; a second drain returns what the first came to.
    #[erased]
    pub async fn drain(&self, deadline_ms: u64) -> DrainReport {
        let mut drained = self.tree.drained.lock().await;
        if let Some(report) = &*drained {
            return report.clone();
        }
        let since = Stopwatch::start();
        let node = self.node();
        let count = || (node.finished.load(Ordering::Relaxed), node.released.load(Ordering::Relaxed));
        let before = count();
        tracing::info!(running = node.running.all().len(), deadline_ms, "the node drains");
        self.stop_leasing();
        let within_limit = self.wind_down(Duration::from_millis(deadline_ms)).await;
        node.fabric.leave();
        self.stop().await;
        if let Err(e) = presence::beat(node, NodeState::Gone).await {
            tracing::warn!(error = %e, "the register was not told that the node has left");
        }
        let after = count();
        let report = DrainReport { finished: after.0 - before.0, released: after.1 - before.1, within_limit };
        let took_ms = since.elapsed_ms().round();
        tracing::info!(
            finished = report.finished,
            released = report.released,
            took_ms,
            "the node has drained"
        );
        *drained = Some(report.clone());
        report
    }

    /// Takes no more work, for good: the node is unready from now on, and what runs goes on. [`Handle::drain`] ends it.
    pub fn stop_leasing(&self) {
        self.node().draining.store(true, Ordering::Relaxed);
        for stage in &self.node().stages {
            stage.wake.notify_one();
        }
    }

    /// Stops leasing and waits until all attempts have ended, at most so long. The node is unready and goes on
    /// answering requests; [`Handle::drain`] ends it.
    pub async fn quiesce(&self, deadline_ms: u64) {
        self.stop_leasing();
        let limit = Duration::from_millis(deadline_ms);
        tokio::select! {
            biased;
            _ = tokio::time::timeout(limit, self.node().open_work.none()) => {}
            () = self.store_is_gone() => {}
        }
    }

    /// Lets attempts finish, at most so long, and releases the rest. Whether none was left.
    async fn wind_down(&self, limit: Duration) -> bool {
        let node = self.node();
        let finished = tokio::select! {
            biased;
            finished = tokio::time::timeout(limit, node.open_work.none()) => finished.is_ok(),
            () = self.store_is_gone() => false,
        };
        if finished {
            return true;
        }
        for running in node.running.all() {
            running.tell(Cause::Drain);
        }
        let released = async {
            node.give_back(node.orphans.take()).await;
            let _ = tokio::time::timeout(GRACE * 2 + STOP, node.open_work.none()).await;
        };
        tokio::select! {
            biased;
            () = released => {}
            () = self.store_is_gone() => {
                tracing::warn!("the store is not working: nothing can be finished or given back, leases end by themselves");
            }
        }
        false
    }

    /// Ends when the store answers nothing, so that there is nothing to wait for.
    async fn store_is_gone(&self) {
        let mut look = tokio::time::interval(LOOK);
        while self.catalog().standing().is_working() {
            look.tick().await;
        }
    }

    /// Ends actors, children and threads.
    async fn stop(&self) {
        let node = self.node();
        node.stopping.store(true, Ordering::Relaxed);
        self.tree.root.stop(Some("drained".to_owned()));
        if tokio::time::timeout(STOP, node.actors.none()).await.is_err() {
            tracing::warn!(left = node.actors.count(), "actors do not end");
        }
        node.tools.children.close().await;
        if !node.tools.compute.close(STOP).await {
            tracing::warn!("threads of the compute pool do not end");
        }
        for stage in &node.stages {
            stage.abandoned.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        for post in node.posts() {
            post.set_state("stopped");
        }
    }
}
