//! A node with stages made of closures, and a store that can be made to fail.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use takeoff_config::NodeConfig;
use takeoff_core::job::{Job, Lane, NewJob, Progress, RetryPolicy, Stage as StageName, TaskLabel};
use takeoff_core::model::{BlobHash, Id, IdSource, Index, Kind, TenantId, Timestamp};
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::error::StageError;
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::catalog::{
    Claim, Event, JobPage, JobQuery, LeaseRequest, ListQuery, Renewal, Renewed, StageQueue,
};
use takeoff_storage::register::{Beat, Joined, NodeEntry, NodeIdentity};
use takeoff_storage::{Batch, Catalog, Committed, Expect, Record, Standing, StoreError, mem};
use tokio::sync::mpsc;

pub(crate) const TENANT: TenantId = TenantId::DEFAULT;

/// A signal that has not come after this long will not come.
pub(crate) const SOON: Duration = Duration::from_secs(30);
pub(crate) const SOON_MS: u64 = 30_000;

pub(crate) async fn within<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(SOON, work).await.expect("a signal that must come did not come")
}

/// Looks until it holds, without sleeping.
pub(crate) async fn until(what: impl AsyncFn() -> bool) {
    within(async {
        while !what().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

type Outcome = Result<Effects, StageError>;
type Behave = dyn Fn(Attempt, Tools) -> BoxFuture<'static, Outcome> + Send + Sync;

/// A stage that does what a closure says and tells whom it buried.
pub(crate) struct Fixture {
    name: StageName,
    budget_ms: u64,
    behave: Box<Behave>,
    buried: mpsc::UnboundedSender<(Id, String)>,
}

pub(crate) struct Burials(mpsc::UnboundedReceiver<(Id, String)>);

impl Burials {
    pub(crate) async fn next(&mut self) -> (Id, String) {
        within(self.0.recv()).await.expect("the stage lives")
    }

    pub(crate) fn none(&mut self) -> bool {
        self.0.try_recv().is_err()
    }
}

impl Fixture {
    pub(crate) fn stage<F>(
        name: StageName,
        budget_ms: u64,
        behave: impl Fn(Attempt, Tools) -> F + Send + Sync + 'static,
    ) -> (Arc<dyn Stage>, Burials)
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (buried, burials) = mpsc::unbounded_channel();
        let behave = Box::new(move |attempt, tools| Box::pin(behave(attempt, tools)) as _);
        (Arc::new(Self { name, budget_ms, behave, buried }), Burials(burials))
    }
}

#[async_trait]
impl Stage for Fixture {
    fn name(&self) -> StageName {
        self.name
    }

    fn budget_ms(&self, job: &Job) -> u64 {
        assert!(job.args["budget"] != "panic", "no budget for this one");
        self.budget_ms
    }

    fn hands_out(&self, job: &Job) -> bool {
        job.args["hands_out"] == true && job.checkpoint.is_none()
    }

    async fn run(&self, attempt: Attempt, tools: Tools) -> Outcome {
        (self.behave)(attempt, tools).await
    }

    async fn bury(&self, job: &Job, why: &str, _: Tools) -> Result<Batch, StageError> {
        let _ = self.buried.send((job.id, why.to_owned()));
        if job.args == json!("no grave") {
            return Err(StageError::Retry("the owner cannot be read".to_owned()));
        }
        let mut batch = Batch::new(job.tenant);
        if job.args == json!("disputed") {
            // As if others were always quicker.
            batch.expect.push(Expect::Exists(Kind::Document, Id::NIL));
        }
        batch.event(Id::NIL, "buried", json!({ "job": job.id, "why": why }));
        Ok(batch)
    }

    async fn bury_in_short(&self, job: &Job, why: &str, _: Tools) -> Result<Batch, StageError> {
        let mut batch = Batch::new(job.tenant);
        batch.event(Id::NIL, "buried_in_short", json!({ "job": job.id, "why": why }));
        Ok(batch)
    }

    async fn bury_rest(&self, job: &Job, why: &str, _: Tools) -> Result<Batch, StageError> {
        let mut batch = Batch::new(job.tenant);
        batch.event(Id::NIL, "buried_rest", json!({ "job": job.id, "why": why }));
        Ok(batch)
    }
}

pub(crate) fn done(result: Value) -> Outcome {
    Ok(Effects { batch: Batch::new(TENANT), end: End::Done { result } })
}

pub(crate) fn job(stage: StageName, args: Value) -> NewJob {
    NewJob {
        id: SystemIds.next(),
        stage,
        args,
        lane: Lane::Batch,
        priority: 0,
        run_at: None,
        retry: RetryPolicy { max_attempts: 3, base_delay_ms: 1, max_delay_ms: 4 },
        project_id: None,
        subject_id: None,
        task: Some(TaskLabel { task_type: "document_processing".to_owned(), name: "a plan set".to_owned() }),
        request_id: Some("request-1".to_owned()),
    }
}

pub(crate) fn config() -> NodeConfig {
    let mut config = NodeConfig::solo("/nonexistent");
    config.jobs.poll_ms = 50;
    config.compute.threads = 1;
    config
}

pub(crate) fn parts(
    config: NodeConfig,
    catalog: Arc<dyn Catalog>,
    stages: Vec<Arc<dyn Stage>>,
) -> EngineParts {
    EngineParts {
        config: Arc::new(config),
        catalog,
        blobs: mem::blobs().unwrap(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        stages,
        child_program: PathBuf::from(env!("CARGO_BIN_EXE_child-probe")),
        child_args: vec!["parse-worker".to_owned()],
    }
}

pub(crate) async fn start(stages: Vec<Arc<dyn Stage>>) -> Handle {
    start_with(config(), stages).await
}

pub(crate) async fn start_with(config: NodeConfig, stages: Vec<Arc<dyn Stage>>) -> Handle {
    let catalog = mem::open(Arc::new(SystemClock)).unwrap();
    within(Handle::start(parts(config, catalog, stages))).await.unwrap()
}

pub(crate) async fn submit(handle: &Handle, job: NewJob) -> Id {
    let id = job.id;
    let mut batch = Batch::new(TENANT);
    batch.jobs.push(job);
    handle.commit(batch).await.unwrap();
    id
}

pub(crate) async fn ended(handle: &Handle, job: Id) -> Job {
    handle.await_job(TENANT, job, SOON_MS).await.unwrap()
}

pub(crate) async fn stored(handle: &Handle, job: Id) -> Job {
    handle.catalog().job(TENANT, job).await.unwrap().unwrap()
}

/// A counter of an actor.
pub(crate) async fn counter(handle: &Handle, actor: &str, counter: &str) -> u64 {
    let view = handle.observe().await.unwrap();
    let found = view.actors.iter().find(|a| a.name == actor).unwrap_or_else(|| panic!("no actor {actor}"));
    found.counters[counter].as_u64().unwrap_or_else(|| panic!("no counter {counter} in {found:?}"))
}

/// A catalogue that fails where it is told to.
pub(crate) struct Faulty {
    inner: Arc<dyn Catalog>,
    /// Leasing panics.
    pub(crate) lease_panics: AtomicBool,
    /// Renewals fail.
    pub(crate) renew_fails: AtomicBool,
    /// Pings and commits fail.
    pub(crate) down: AtomicBool,
    /// What it says of itself.
    pub(crate) standing: Mutex<Standing>,
    /// The next commits that an attempt makes are applied, but the answer is lost.
    pub(crate) answers_lost: Mutex<u32>,
    /// Of what is committed under this lease the first is applied, but not answered; nothing more reaches the store.
    pub(crate) cut_off: Mutex<Option<(Id, u64)>>,
    cut: AtomicBool,
    /// The next looks at a job fail.
    pub(crate) looks_fail: AtomicU32,
}

impl Faulty {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: mem::open(Arc::new(SystemClock)).unwrap(),
            lease_panics: AtomicBool::new(false),
            renew_fails: AtomicBool::new(false),
            down: AtomicBool::new(false),
            standing: Mutex::new(Standing::Working),
            answers_lost: Mutex::new(0),
            cut_off: Mutex::default(),
            cut: AtomicBool::new(false),
            looks_fail: AtomicU32::new(0),
        })
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.down.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the disk is full".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl Catalog for Faulty {
    async fn get(&self, tenant: TenantId, kind: Kind, id: Id) -> Result<Option<Record>, StoreError> {
        self.inner.get(tenant, kind, id).await
    }

    async fn get_many(
        &self,
        tenant: TenantId,
        kind: Kind,
        ids: &[Id],
    ) -> Result<Vec<Option<Record>>, StoreError> {
        self.inner.get_many(tenant, kind, ids).await
    }

    async fn list(&self, query: ListQuery) -> Result<Vec<Record>, StoreError> {
        self.inner.list(query).await
    }

    async fn count(&self, tenant: TenantId, kind: Kind, index: Index, parent: Id) -> Result<u64, StoreError> {
        self.inner.count(tenant, kind, index, parent).await
    }

    async fn claim_owner(&self, tenant: TenantId, claim: &Claim) -> Result<Option<Id>, StoreError> {
        self.inner.claim_owner(tenant, claim).await
    }

    async fn events(
        &self,
        tenant: TenantId,
        project: Id,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.inner.events(tenant, project, after, limit).await
    }

    async fn job(&self, tenant: TenantId, id: Id) -> Result<Option<Job>, StoreError> {
        if self.looks_fail.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
            return Err(StoreError::Unavailable("it cannot be read".to_owned()));
        }
        self.inner.job(tenant, id).await
    }

    async fn jobs(&self, tenant: TenantId, query: JobQuery) -> Result<JobPage, StoreError> {
        self.inner.jobs(tenant, query).await
    }

    async fn queue(&self, stage: StageName) -> Result<StageQueue, StoreError> {
        self.inner.queue(stage).await
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        self.check()?;
        let of_attempt = batch.changes.iter().any(|c| c.token.is_some());
        let off = *self.cut_off.lock().unwrap();
        let is_off = batch.changes.iter().any(|c| off.is_some() && c.token.map(|t| (c.job, t)) == off);
        if is_off && self.cut.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the store is out of reach".to_owned()));
        }
        let committed = self.inner.commit(batch).await?;
        if is_off {
            self.cut.store(true, Ordering::Relaxed);
            return Err(StoreError::Unavailable("the answer is lost".to_owned()));
        }
        let mut left = self.answers_lost.lock().unwrap();
        if of_attempt && *left > 0 {
            *left -= 1;
            return Err(StoreError::Unavailable("the answer is lost".to_owned()));
        }
        Ok(committed)
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Job>, StoreError> {
        assert!(!self.lease_panics.load(Ordering::Relaxed), "the store's client has a bug");
        self.inner.lease(request).await
    }

    async fn renew(
        &self,
        node: &str,
        lease_ms: i64,
        renewals: &[Renewal],
    ) -> Result<Vec<Renewed>, StoreError> {
        if self.renew_fails.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("no renewals today".to_owned()));
        }
        self.inner.renew(node, lease_ms, renewals).await
    }

    async fn rescue(&self, renewed_ms: i64, limit: usize) -> Result<usize, StoreError> {
        self.inner.rescue(renewed_ms, limit).await
    }

    async fn prune(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.inner.prune(before, limit).await
    }

    async fn forget_blob(&self, tenant: TenantId, hash: BlobHash) -> Result<bool, StoreError> {
        self.inner.forget_blob(tenant, hash).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    async fn join(&self, node: &NodeIdentity, silent_ms: i64) -> Result<Joined, StoreError> {
        self.inner.join(node, silent_ms).await
    }

    async fn beat(&self, beat: &Beat) -> Result<Option<NodeEntry>, StoreError> {
        self.inner.beat(beat).await
    }

    async fn nodes(&self) -> Result<Vec<NodeEntry>, StoreError> {
        self.inner.nodes().await
    }

    async fn ask_to_drain(&self, name: &str) -> Result<Option<NodeEntry>, StoreError> {
        self.inner.ask_to_drain(name).await
    }

    fn standing(&self) -> Standing {
        self.standing.lock().unwrap().clone()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.check()?;
        self.inner.ping().await
    }
}

/// Progress as the tests write it.
pub(crate) fn progress(percent: f32, step: &str) -> Progress {
    Progress { percent, step: Some(step.to_owned()) }
}

/// Says that it has begun, then waits for its budget or for ever.
pub(crate) async fn wait_for_cancel(attempt: Attempt, begun: mpsc::UnboundedSender<Id>) -> Outcome {
    let _ = begun.send(attempt.job.id);
    while !attempt.budget.is_cancelled() {
        tokio::task::yield_now().await;
    }
    Err(StageError::Retry("cancelled".to_owned()))
}
