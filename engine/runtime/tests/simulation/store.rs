//! One store, and the links of the nodes to it: on each of them calls are late, fail, or are carried out without an
//! answer, as the seed has it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use takeoff_core::job::{Job, JobEvent, Stage};
use takeoff_core::model::{BlobHash, Id, Index, Kind, TenantId, Timestamp};
use takeoff_storage::catalog::{
    Claim, Event, JobPage, JobQuery, LeaseRequest, ListQuery, Renewal, Renewed, StageQueue,
};
use takeoff_storage::register::{Beat, Joined, NodeEntry, NodeIdentity};
use takeoff_storage::{Batch, Catalog, Committed, Record, StoreError, mem};
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::fate::{Dice, SharedDice, StoreClock, WallClock, short};
use crate::history::{Fact, History, Said};

/// What is taken out of the store, to see that it is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Nothing,
    /// Whoever commits is believed to hold the newest lease.
    Fence,
    /// Nobody's lease is taken away.
    Rescue,
    /// Jobs are acknowledged before they are stored.
    Acknowledgement,
    /// Of an attempt's end the effects are stored when the job's end is refused.
    Atomicity,
}

pub(crate) struct World {
    pub(crate) store: Arc<dyn Catalog>,
    pub(crate) clock: Arc<StoreClock>,
    pub(crate) dice: SharedDice,
    pub(crate) history: Mutex<History>,
    pub(crate) log: Mutex<Vec<String>>,
    pub(crate) calm: AtomicBool,
    /// Calls that are under way without a caller.
    pub(crate) strays: AtomicU64,
    start: Instant,
    broken: Broken,
    wakes: broadcast::Sender<Stage>,
}

fn lost(what: &str) -> StoreError {
    StoreError::Unavailable(what.to_owned())
}

impl World {
    pub(crate) fn new(seed: u64, broken: Broken) -> Arc<Self> {
        let start = Instant::now();
        let clock = Arc::new(StoreClock(WallClock::new(start)));
        Arc::new(Self {
            store: mem::open(Arc::clone(&clock) as _).expect("a store in memory"),
            clock,
            dice: SharedDice::new(Dice::of(seed, 1)),
            history: Mutex::default(),
            log: Mutex::default(),
            calm: AtomicBool::new(false),
            strays: AtomicU64::new(0),
            start,
            broken,
            wakes: broadcast::Sender::new(64),
        })
    }

    pub(crate) fn note(&self, what: &str) {
        let us = self.start.elapsed().as_micros();
        self.log.lock().unwrap().push(format!("{us:>10} {what}"));
    }

    pub(crate) fn fact(&self, fact: Fact) {
        self.history.lock().unwrap().facts.push(fact);
    }

    /// Carries a call out, at this moment and at once.
    pub(crate) fn now<T>(&self, call: impl Future<Output = T>) -> T {
        self.clock.0.look();
        block_on(call)
    }

    fn commit(&self, node: &str, mut batch: Batch) -> Result<Committed, StoreError> {
        let said: Vec<_> = batch.changes.iter().map(|c| (c.job, c.token, Said::of(&c.event))).collect();
        let jobs: Vec<Id> = batch.jobs.iter().map(|j| j.id).collect();
        if self.broken == Broken::Acknowledgement && !jobs.is_empty() && self.dice.roll(|d| d.percent(20)) {
            return Ok(Committed::default());
        }
        if self.broken == Broken::Fence {
            for change in batch.changes.iter_mut().filter(|c| c.token.is_some()) {
                let job = self.now(self.store.job(batch.tenant, change.job)).ok().flatten();
                change.token = job.and_then(|j| j.lease).map(|l| l.token).or(change.token);
            }
        }
        let effects = (self.broken == Broken::Atomicity && !said.is_empty()).then(|| batch.clone());
        let result = self.now(self.store.commit(batch));
        if let (Some(mut effects), Err(_)) = (effects, &result) {
            effects.changes.retain(|c| matches!(c.event, JobEvent::Cancel { .. }));
            effects.expect.clear();
            let _ = self.now(self.store.commit(effects));
        }
        let outcome = match &result {
            Ok(_) => "done".to_owned(),
            Err(e) => e.to_string(),
        };
        for (job, token, said) in &said {
            self.note(&format!("{node} {} {token:?} {said:?}: {outcome}", short(*job)));
        }
        if !jobs.is_empty() {
            let jobs: Vec<u128> = jobs.into_iter().map(short).collect();
            self.note(&format!("{node} enqueues {jobs:?}: {outcome}"));
        }
        if let Ok(committed) = &result {
            let mut history = self.history.lock().unwrap();
            let said = said.into_iter().map(|(job, token, said)| Fact::Said { job, token, said });
            history.facts.extend(said);
            history.facts.extend(committed.ended.iter().map(|job| Fact::Ended { job: *job }));
            // Wakes are hints, of which some are lost.
            for stage in committed.woken.iter().filter(|_| self.dice.roll(|d| d.percent(80))) {
                let _ = self.wakes.send(*stage);
            }
        }
        result
    }

    fn lease(&self, request: LeaseRequest) -> Result<Vec<Job>, StoreError> {
        let node = request.node.clone();
        let leased = self.now(self.store.lease(request))?;
        for job in &leased {
            self.note(&format!("{node} leases {} under {}", short(job.id), job.token));
            self.fact(Fact::Leased { job: job.id, token: job.token });
        }
        Ok(leased)
    }
}

/// How a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Well,
    /// Nothing reaches the store.
    Fails,
    /// It is carried out, and nobody hears of it.
    AnswerLost,
    /// It is carried out later, whether or not the caller still wants it.
    Strays,
}

/// A node's link to the store. When the node is killed, nothing goes through any more.
pub(crate) struct Link {
    world: Arc<World>,
    node: String,
    alive: AtomicBool,
    /// Until then, in microseconds of the run, nothing goes through.
    frozen_until: AtomicU64,
}

impl Link {
    pub(crate) fn new(world: &Arc<World>, node: &str) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(world),
            node: node.to_owned(),
            alive: AtomicBool::new(true),
            frozen_until: AtomicU64::new(0),
        })
    }

    pub(crate) fn cut(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }

    pub(crate) fn freeze(&self, length: Duration) {
        let until = self.world.start.elapsed() + length;
        self.frozen_until.store(u64::try_from(until.as_micros()).unwrap(), Ordering::Relaxed);
    }

    async fn passes(&self) {
        let until = self.world.start + Duration::from_micros(self.frozen_until.load(Ordering::Relaxed));
        if until > Instant::now() {
            tokio::time::sleep_until(until).await;
        }
        if !self.alive.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    /// The way to the store: others get their turns meanwhile, and sometimes it takes long.
    async fn way_there(&self, matters: bool) {
        let (turns, wait) = self.world.dice.roll(|d| {
            let wait = matters && d.percent(15);
            (d.below(3), wait.then(|| d.ms(1, 120)))
        });
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        if let Some(wait) = wait {
            tokio::time::sleep(wait).await;
        }
        self.passes().await;
    }

    fn way(&self) -> Way {
        if self.world.calm.load(Ordering::Relaxed) {
            return Way::Well;
        }
        self.world.dice.roll(|d| match d.below(100) {
            0..4 => Way::Fails,
            4..9 => Way::AnswerLost,
            9..12 => Way::Strays,
            _ => Way::Well,
        })
    }

    /// A call whose outcome counts.
    async fn write<T: Send + 'static>(
        &self,
        call: impl FnOnce(&World) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.way_there(true).await;
        let way = self.way();
        match way {
            Way::Fails => return Err(lost("it failed")),
            Way::Strays => {
                self.strays(call);
                self.passes().await;
                let wait = self.world.dice.roll(|d| d.ms(1, 400));
                tokio::time::sleep(wait).await;
                return Err(lost("no answer"));
            }
            Way::Well | Way::AnswerLost => {}
        }
        let answer = call(&self.world);
        if self.world.dice.roll(|d| d.percent(10)) {
            let wait = self.world.dice.roll(|d| d.ms(1, 120));
            tokio::time::sleep(wait).await;
        }
        self.passes().await;
        if way == Way::AnswerLost { Err(lost("its answer is lost")) } else { answer }
    }

    #[expect(clippy::disallowed_methods, reason = "what is under way outlives whoever sent it")]
    fn strays<T: 'static>(&self, call: impl FnOnce(&World) -> Result<T, StoreError> + Send + 'static) {
        let world = Arc::clone(&self.world);
        let late = world.dice.roll(|d| d.ms(1, 3_000));
        world.strays.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            tokio::time::sleep(late).await;
            let _ = call(&world);
            world.strays.fetch_sub(1, Ordering::Relaxed);
        });
    }

    async fn read<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.way_there(false).await;
        if !self.world.calm.load(Ordering::Relaxed) && self.world.dice.roll(|d| d.percent(1)) {
            return Err(lost("it cannot be read"));
        }
        self.world.now(call)
    }
}

#[async_trait]
impl Catalog for Link {
    async fn get(&self, tenant: TenantId, kind: Kind, id: Id) -> Result<Option<Record>, StoreError> {
        self.read(self.world.store.get(tenant, kind, id)).await
    }

    async fn get_many(
        &self,
        tenant: TenantId,
        kind: Kind,
        ids: &[Id],
    ) -> Result<Vec<Option<Record>>, StoreError> {
        self.read(self.world.store.get_many(tenant, kind, ids)).await
    }

    async fn list(&self, query: ListQuery) -> Result<Vec<Record>, StoreError> {
        self.read(self.world.store.list(query)).await
    }

    async fn count(&self, tenant: TenantId, kind: Kind, index: Index, parent: Id) -> Result<u64, StoreError> {
        self.read(self.world.store.count(tenant, kind, index, parent)).await
    }

    async fn claim_owner(&self, tenant: TenantId, claim: &Claim) -> Result<Option<Id>, StoreError> {
        self.read(self.world.store.claim_owner(tenant, claim)).await
    }

    async fn events(
        &self,
        tenant: TenantId,
        project: Id,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.read(self.world.store.events(tenant, project, after, limit)).await
    }

    async fn job(&self, tenant: TenantId, id: Id) -> Result<Option<Job>, StoreError> {
        self.read(self.world.store.job(tenant, id)).await
    }

    async fn jobs(&self, tenant: TenantId, query: JobQuery) -> Result<JobPage, StoreError> {
        self.read(self.world.store.jobs(tenant, query)).await
    }

    async fn queue(&self, stage: Stage) -> Result<StageQueue, StoreError> {
        self.read(self.world.store.queue(stage)).await
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        let node = self.node.clone();
        self.write(move |world| world.commit(&node, batch)).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Job>, StoreError> {
        self.write(move |world| world.lease(request)).await
    }

    async fn renew(
        &self,
        node: &str,
        lease_ms: i64,
        renewals: &[Renewal],
    ) -> Result<Vec<Renewed>, StoreError> {
        let (node, renewals) = (node.to_owned(), renewals.to_vec());
        self.write(move |world| world.now(world.store.renew(&node, lease_ms, &renewals))).await
    }

    async fn rescue(&self, renewed_ms: i64, limit: usize) -> Result<usize, StoreError> {
        if self.world.broken == Broken::Rescue {
            return Ok(0);
        }
        self.write(move |world| {
            let rescued = world.now(world.store.rescue(renewed_ms, limit))?;
            if rescued > 0 {
                world.note(&format!("{rescued} leases have run out"));
            }
            Ok(rescued)
        })
        .await
    }

    async fn prune(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.read(self.world.store.prune(before, limit)).await
    }

    async fn forget_blob(&self, tenant: TenantId, hash: BlobHash) -> Result<bool, StoreError> {
        self.read(self.world.store.forget_blob(tenant, hash)).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.read(self.world.store.now()).await
    }

    async fn join(&self, node: &NodeIdentity, silent_ms: i64) -> Result<Joined, StoreError> {
        self.read(self.world.store.join(node, silent_ms)).await
    }

    async fn beat(&self, beat: &Beat) -> Result<Option<NodeEntry>, StoreError> {
        self.read(self.world.store.beat(beat)).await
    }

    async fn nodes(&self) -> Result<Vec<NodeEntry>, StoreError> {
        self.read(self.world.store.nodes()).await
    }

    async fn ask_to_drain(&self, name: &str) -> Result<Option<NodeEntry>, StoreError> {
        self.read(self.world.store.ask_to_drain(name)).await
    }

    /// As of a store of several nodes: whoever is not heard of may have died.
    fn wakes(&self) -> Option<broadcast::Receiver<Stage>> {
        Some(self.world.wakes.subscribe())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(self.world.store.ping()).await
    }
}
