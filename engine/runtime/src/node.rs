//! What all actors of a node share. Actors change it; the handle reads it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::supervise::ActorRef;
use takeoff_config::{Live, NodeConfig};
use takeoff_core::job::{Job, JobEvent, Shares, Stage as StageName};
use takeoff_core::model::{Id, TenantId, Timestamp};
use takeoff_storage::catalog::JobChange;
use takeoff_storage::{Batch, Committed, StoreError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::task::AbortOnDropHandle;

use crate::clock::{Stopwatch, StoreTime};
use crate::cluster::fabric::{Fabric, Member};
use crate::cluster::remote::{Opened, Remote};
use crate::cluster::solo::{Solo, Wakes};
use crate::controls::Controls;
use crate::error::StageError;
use crate::handle::{EngineParts, Readiness};
use crate::maintain::MaintainPosts;
use crate::observe::{Counted, Observed, Tally};
use crate::presence::Presence;
use crate::progress::Board;
use crate::running::RunningTable;
use crate::stage::{Effects, Stage, Tools};
use crate::supervise::restart::{Intensity, Verdict};
use crate::supervise::{StagePosts, foreman};
use crate::task;
use crate::watchers::Watchers;

/// Longest that a stage may take to say what its job's end changes.
const BURY: Duration = Duration::from_secs(10);

/// A stage that is enabled on this node.
pub(crate) struct StageState {
    pub(crate) name: StageName,
    pub(crate) stage: Arc<dyn Stage>,
    slots: Mutex<usize>,
    pub(crate) free: Arc<Semaphore>,
    /// Slots that are to go and are still in use; the next that become free are not given out again.
    surplus: AtomicUsize,
    pub(crate) wake: Arc<Notify>,
    /// The queue had at least as much as there were slots: a slot that becomes free is news.
    pub(crate) more: AtomicBool,
    /// An attempt has begun.
    pub(crate) begun: Notify,
    /// The puller has asked the store for work and was answered.
    pub(crate) leasing: watch::Sender<bool>,
    pub(crate) foreman: Mutex<Option<ActorRef<foreman::Leased>>>,
    /// Its actors crashed too often; it leases no more.
    pub(crate) halted: AtomicBool,
    /// Attempts that crashed of late without a success between them.
    crashes: Mutex<Intensity>,
    rest: Mutex<Option<(Stopwatch, Duration)>>,
    /// Attempts that were given up and have not stopped.
    pub(crate) abandoned: Mutex<Vec<AbortOnDropHandle<Result<Effects, StageError>>>>,
    pub(crate) posts: StagePosts,
}

impl StageState {
    fn new(stage: Arc<dyn Stage>, slots: usize, wake: Arc<Notify>, config: &NodeConfig) -> Self {
        let name = stage.name();
        Self {
            name,
            stage,
            slots: Mutex::new(slots),
            free: Arc::new(Semaphore::new(slots)),
            surplus: AtomicUsize::new(0),
            wake,
            more: AtomicBool::new(true),
            begun: Notify::new(),
            leasing: watch::Sender::new(false),
            foreman: Mutex::default(),
            halted: AtomicBool::new(false),
            crashes: Mutex::new(Intensity::new(config.jobs.restart_limit, config.jobs.restart_window_ms)),
            rest: Mutex::default(),
            abandoned: Mutex::default(),
            posts: StagePosts::new(name),
        }
    }

    pub(crate) fn slots(&self) -> usize {
        *self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on so many attempts at once. What runs goes on: slots that are to go and are in use go when they
    /// become free.
    pub(crate) fn resize(&self, wanted: usize) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let (more, fewer) = (wanted.saturating_sub(*slots), slots.saturating_sub(wanted));
        *slots = wanted;
        let kept = self.surplus.load(Ordering::Acquire).min(more);
        self.surplus.fetch_sub(kept, Ordering::AcqRel);
        self.free.add_permits(more - kept);
        self.surplus.fetch_add(fewer, Ordering::AcqRel);
        drop(slots);
        // The puller is the one that takes slots; it looks now.
        self.wake.notify_one();
    }

    /// A free slot, if there is one that stays.
    pub(crate) fn free_slot(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let slot = Arc::clone(&self.free).try_acquire_owned().ok()?;
            let paid = self.surplus.try_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1));
            if paid.is_err() {
                return Some(slot);
            }
            slot.forget();
        }
    }

    pub(crate) fn succeeded(&self) {
        self.crashes.lock().unwrap_or_else(PoisonError::into_inner).forget();
    }

    /// A crash of one attempt costs that attempt. A stage whose attempts do nothing but crash is put to
    /// rest for a while, so that it does not burn through the whole queue.
    pub(crate) fn crashed(&self, now: Timestamp, window_ms: u64) {
        let mut crashes = self.crashes.lock().unwrap_or_else(PoisonError::into_inner);
        if crashes.crash(now) == Verdict::GiveUp {
            crashes.forget();
            let rest = Duration::from_millis(window_ms);
            *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = Some((Stopwatch::start(), rest));
            tracing::error!(
                stage = self.name.name(),
                rest_ms = window_ms,
                "the stage only crashes, it rests"
            );
        }
    }

    /// How long it still rests.
    pub(crate) fn resting(&self) -> Option<Duration> {
        let rest = *self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, rest) = rest?;
        rest.checked_sub(since.elapsed()).filter(|left| !left.is_zero())
    }
}

/// A lease that nobody works under any more and that is to be given back.
pub(crate) struct Orphan {
    pub(crate) tenant: TenantId,
    pub(crate) job: Id,
    pub(crate) token: u64,
    /// It is open work until it is given back.
    pub(crate) open: Counted,
}

#[derive(Default)]
pub(crate) struct Orphans {
    waiting: Mutex<Vec<Orphan>>,
    pub(crate) news: Notify,
}

impl Orphans {
    pub(crate) fn push(&self, orphan: Orphan) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(orphan);
        self.news.notify_one();
    }

    pub(crate) fn take(&self) -> Vec<Orphan> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The store, as something that there may be trouble with.
pub(crate) const STORE: &str = "store";
/// A store that takes longer for a trivial write is no store to work with.
pub(crate) const STORE_ANSWERS: Duration = Duration::from_secs(5);

/// What keeps the node from being ready, by what it concerns.
#[derive(Default)]
pub(crate) struct Troubles(Mutex<BTreeMap<String, String>>);

impl Troubles {
    /// `None` is: no trouble any more.
    pub(crate) fn set(&self, what: &str, reason: Option<String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match reason {
            Some(reason) => {
                if all.insert(what.to_owned(), reason.clone()).is_none() {
                    tracing::warn!(what, reason, "the node is not ready");
                }
            }
            None => {
                if all.remove(what).is_some() {
                    tracing::info!(what, "the trouble is over");
                }
            }
        }
    }

    /// By what they concern.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) struct Node {
    /// As it was at the start; what may change since is in `live`.
    pub(crate) config: Arc<NodeConfig>,
    pub(crate) live: Live,
    pub(crate) tools: Tools,
    /// Those that run here.
    pub(crate) stages: Vec<Arc<StageState>>,
    /// All that this node knows, for burials.
    known: Vec<Arc<dyn Stage>>,
    pub(crate) fabric: Arc<dyn Fabric>,
    /// The same, where there are links.
    pub(crate) links: Option<Arc<Remote>>,
    pub(crate) board: Arc<Board>,
    pub(crate) watchers: Watchers,
    pub(crate) running: RunningTable,
    pub(crate) orphans: Orphans,
    pub(crate) troubles: Troubles,
    pub(crate) controls: Controls,
    /// How far the projects of which something runs or ran here have come.
    pub(crate) shares: Mutex<Shares>,
    pub(crate) presence: Presence,
    pub(crate) maintain: MaintainPosts,
    pub(crate) draining: AtomicBool,
    /// The tree is being taken down; ends of actors are no crashes.
    pub(crate) stopping: AtomicBool,
    /// Leases that are asked for, held or to be given back.
    pub(crate) open_work: Tally,
    /// Actors that live, attempts excepted.
    pub(crate) actors: Tally,
    pub(crate) finished: AtomicU64,
    pub(crate) released: AtomicU64,
    /// Since when it is in the register, by the store's time.
    pub(crate) started_at: OnceLock<Timestamp>,
    pub(crate) time: Arc<StoreTime>,
}

impl Node {
    /// `time` is the clock of the tools.
    pub(crate) fn new(parts: EngineParts, tools: Tools, time: Arc<StoreTime>, links: Option<Opened>) -> Self {
        let config = parts.config;
        let enabled: Vec<_> = parts
            .stages
            .iter()
            .filter_map(|stage| {
                let settings = config.stage(stage.name())?;
                (config.roles.worker && settings.enabled && settings.slots > 0)
                    .then(|| (Arc::clone(stage), settings.slots))
            })
            .collect();
        let wakes = Wakes::of(enabled.iter().map(|(stage, _)| stage.name()));
        let stages: Vec<_> = enabled
            .into_iter()
            .map(|(stage, slots)| {
                let wake = wakes.get(stage.name()).unwrap_or_default();
                Arc::new(StageState::new(stage, slots, wake, &config))
            })
            .collect();
        let this = Member {
            node: config.node.clone(),
            stages: stages.iter().map(|stage| (stage.name, stage.slots())).collect(),
        };
        let life = tools.ids.next();
        let links = links.map(|opened| {
            Arc::new(Remote::new(opened, &config.cluster.links, wakes.clone(), this.clone(), life))
        });
        let fabric: Arc<dyn Fabric> = match &links {
            Some(links) => Arc::clone(links) as _,
            None => Arc::new(Solo::new(wakes, this)),
        };
        Self {
            started_at: OnceLock::new(),
            time,
            live: Live::new(Arc::clone(&config)),
            presence: Presence::new(life),
            config,
            tools,
            stages,
            known: parts.stages,
            board: Arc::new(Board::new(Arc::clone(&fabric))),
            fabric,
            links,
            watchers: Watchers::default(),
            running: RunningTable::default(),
            orphans: Orphans::default(),
            troubles: Troubles::default(),
            controls: Controls::default(),
            shares: Mutex::default(),
            maintain: MaintainPosts::default(),
            draining: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            open_work: Tally::default(),
            actors: Tally::default(),
            finished: AtomicU64::new(0),
            released: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.tools.clock.now()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Everything that a commit must tell on this node. `own` is the job whose attempt committed.
    pub(crate) fn after_commit(&self, committed: &Committed, own: Option<Id>) {
        for stage in &committed.woken {
            self.fabric.wake(*stage);
        }
        for job in committed.ended.iter().filter(|id| Some(**id) != own) {
            self.running.cancel(*job);
        }
        self.watchers.tell(&committed.ended);
    }

    pub(crate) fn knows(&self, stage: StageName) -> Option<&Arc<dyn Stage>> {
        self.known.iter().find(|s| s.name() == stage)
    }

    /// What must change so that the owner of a job that ends badly leaves its running state.
    pub(crate) async fn bury(&self, job: &Job, why: &str) -> Result<Batch, String> {
        let (buried, why, tools) = (job.clone(), why.to_owned(), self.tools.clone());
        self.owner_batch(job, |stage| async move { stage.bury(&buried, &why, tools).await }).await
    }

    /// The least of it, where others were quicker.
    pub(crate) async fn bury_in_short(&self, job: &Job, why: &str) -> Result<Batch, String> {
        let (buried, why, tools) = (job.clone(), why.to_owned(), self.tools.clone());
        self.owner_batch(job, |stage| async move { stage.bury_in_short(&buried, &why, tools).await }).await
    }

    /// What that has left.
    pub(crate) async fn bury_rest(&self, job: &Job, why: &str) -> Result<Batch, String> {
        let (buried, why, tools) = (job.clone(), why.to_owned(), self.tools.clone());
        self.owner_batch(job, |stage| async move { stage.bury_rest(&buried, &why, tools).await }).await
    }

    /// What must change so that the owner of a job that ended badly waits for it again.
    pub(crate) async fn revive(&self, job: &Job) -> Result<Batch, String> {
        let (revived, tools) = (job.clone(), self.tools.clone());
        self.owner_batch(job, |stage| async move { stage.revive(&revived, tools).await }).await
    }

    /// Runs apart, because a stage may crash or hang here as well.
    async fn owner_batch<F>(&self, job: &Job, ask: impl FnOnce(Arc<dyn Stage>) -> F) -> Result<Batch, String>
    where
        F: Future<Output = Result<Batch, StageError>> + Send + 'static,
    {
        let Some(stage) = self.knows(job.stage) else {
            return Err(format!("this node does not know the stage {}", job.stage.name()));
        };
        let tenant = job.tenant;
        let task = task::start(ask(Arc::clone(stage)));
        match tokio::time::timeout(BURY, task).await {
            Err(_) => Err(format!("it took longer than {} s", BURY.as_secs())),
            Ok(Err(e)) => Err(format!("it panicked: {e}")),
            Ok(Ok(Err(e))) => Err(e.to_string()),
            Ok(Ok(Ok(batch))) if batch.tenant != tenant || !batch.changes.is_empty() => {
                Err("its batch is of another tenant or changes jobs".to_owned())
            }
            Ok(Ok(Ok(batch))) => Ok(batch),
        }
    }

    /// Whether anything is different from before; then the stages look again.
    pub(crate) async fn reload_controls(&self) -> Result<bool, StoreError> {
        let changed = self.controls.reload(&*self.tools.catalog).await?;
        if changed {
            self.shares().weigh(self.controls.weights());
            for stage in &self.stages {
                stage.wake.notify_one();
            }
        }
        Ok(changed)
    }

    pub(crate) fn shares(&self) -> MutexGuard<'_, Shares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives leases back, each for itself: one that is gone must not keep the others.
    pub(crate) async fn give_back(&self, orphans: Vec<Orphan>) {
        for orphan in orphans {
            let mut batch = Batch::new(orphan.tenant);
            batch.changes.push(JobChange {
                job: orphan.job,
                token: Some(orphan.token),
                event: JobEvent::Release,
            });
            match self.tools.catalog.commit(batch).await {
                Ok(committed) => {
                    self.released.fetch_add(1, Ordering::Relaxed);
                    self.after_commit(&committed, Some(orphan.job));
                }
                Err(e) => {
                    tracing::warn!(job = %orphan.job, error = %e, "a lease was not given back, it expires")
                }
            }
            drop(orphan.open);
        }
    }

    /// That a node would open the stores again as they lie there.
    pub(crate) async fn stores_in_place(&self) -> Result<(), StoreError> {
        self.tools.blobs.in_place().await
    }

    /// Refuses what would be promised to somebody outside while they are not, and is unready from then on.
    pub(crate) async fn may_acknowledge(&self) -> Result<(), StoreError> {
        let looked = self.stores_in_place().await;
        if let Err(e) = &looked {
            self.troubles.set(STORE, Some(e.cause()));
            // So that the catalogue sees for itself whether it is the one that is gone; what it answers is its own
            // standing.
            let _ = tokio::time::timeout(STORE_ANSWERS, self.tools.catalog.ping()).await;
        }
        looked
    }

    pub(crate) fn readiness(&self) -> Readiness {
        let mut troubles = self.troubles.all();
        // What the store says of itself is newer than what its pulse found, and clearer.
        let standing = self.tools.catalog.standing();
        if !standing.is_working() {
            troubles.insert(STORE.to_owned(), standing.why().to_owned());
        }
        let mut reasons: Vec<String> = troubles.into_values().collect();
        for stage in &self.stages {
            if let Some(left) = stage.resting() {
                reasons.push(format!(
                    "stage {}: its attempts crashed more than {} times within {} s, it rests for {} s more",
                    stage.name.name(),
                    self.config.jobs.restart_limit,
                    self.config.jobs.restart_window_ms / 1_000,
                    left.as_secs() + 1
                ));
            }
        }
        if self.is_draining() {
            reasons.push("the node is draining".to_owned());
        }
        let paused = self.controls.paused_here(&self.config.node, self.now());
        Readiness { ready: reasons.is_empty(), reasons, paused }
    }

    /// Posts of all actors but the attempts.
    pub(crate) fn posts(&self) -> Vec<Arc<dyn Observed>> {
        let mut posts = self.maintain.all(self.config.roles);
        posts.extend(self.links.iter().map(|links| Arc::clone(&links.post) as Arc<dyn Observed>));
        for stage in &self.stages {
            posts.extend(stage.posts.all());
        }
        posts
    }
}
