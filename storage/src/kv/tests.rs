//! The writer over stores that fail, stall and panic.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use takeoff_core::job::Stage;
use takeoff_core::model::{Kind, TenantId};
use tokio::task::JoinSet;

use super::{Known, Kv, KvCatalog, Opener, Visit, Writes};
use crate::catalog::{Batch, Catalog, JobQuery, LeaseRequest, Standing};
use crate::conformance::{HandClock, id, job};
use crate::error::StoreError;
use crate::mem::MemKv;

const TENANT: TenantId = TenantId::DEFAULT;
const DEADLINE: Duration = Duration::from_secs(10);

/// What goes wrong from the moment that `armed` is set.
#[derive(Clone, Copy)]
enum Fault {
    Apply,
    Flush,
    ApplyPanics,
    Read,
    ReadPanics,
}

struct FaultyKv {
    inner: Arc<MemKv>,
    fault: Fault,
    armed: Arc<AtomicBool>,
    /// What it lacks is space.
    full: bool,
}

impl FaultyKv {
    fn fail(&self, panics: bool) -> Result<(), StoreError> {
        assert!(!(panics && self.armed.load(Ordering::SeqCst)), "the store panics");
        let failed = self.armed.load(Ordering::SeqCst);
        if failed { Err(StoreError::Unavailable("no space left on device".into())) } else { Ok(()) }
    }
}

impl Kv for FaultyKv {
    const BLOCKS: bool = true;

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if matches!(self.fault, Fault::Read | Fault::ReadPanics) {
            self.fail(matches!(self.fault, Fault::ReadPanics))?;
        }
        self.inner.get(key)
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        descending: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.inner.scan(from, to, descending, visit)
    }

    fn apply(&self, writes: Writes, known: &Known) -> Result<(), StoreError> {
        if matches!(self.fault, Fault::Apply | Fault::ApplyPanics) {
            self.fail(matches!(self.fault, Fault::ApplyPanics))?;
        }
        self.inner.apply(writes, known)
    }

    fn flush(&self, _seq: u64) -> Result<(), StoreError> {
        if matches!(self.fault, Fault::Flush) { self.fail(false) } else { Ok(()) }
    }

    fn may_open_again(&self) -> bool {
        self.full
    }
}

fn enqueue(n: u64) -> Batch {
    let mut batch = Batch::new(TENANT);
    batch.jobs.push(job(n));
    batch
}

fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
}

/// After a failure every call, waiting or new, is answered `Unavailable`, and stays so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_failed_answers_so_for_good() {
    for fault in [Fault::Apply, Fault::Flush, Fault::ApplyPanics, Fault::Read, Fault::ReadPanics] {
        let armed = Arc::new(AtomicBool::new(false));
        let store = FaultyKv { inner: Arc::default(), fault, armed: Arc::clone(&armed), full: false };
        let catalog = Arc::new(KvCatalog::start(store, Arc::new(HandClock::default()), None).expect("start"));
        catalog.commit(enqueue(1)).await.expect("before");
        armed.store(true, Ordering::SeqCst);
        let mut calls = JoinSet::new();
        for n in 2..50 {
            let catalog = Arc::clone(&catalog);
            calls.spawn(async move { tokio::time::timeout(DEADLINE, catalog.commit(enqueue(n))).await });
        }
        while let Some(call) = calls.join_next().await {
            assert_unavailable(call.expect("a call").expect("an answer in time"));
        }
        // A writer that panics says so after its callers were told.
        until("it is dead", || matches!(catalog.standing(), Standing::Dead { .. })).await;
        let why = catalog.standing().why().to_owned();
        assert!(why.contains("restart the node") && !why.contains("unavailable"), "{why}");
        // The disk is well again, but nobody knows what is in memory.
        armed.store(false, Ordering::SeqCst);
        assert_unavailable(catalog.ping().await);
        assert_unavailable(catalog.commit(enqueue(99)).await);
        assert_unavailable(catalog.get(TENANT, Kind::Page, id(1)).await);
        assert_unavailable(catalog.jobs(TENANT, JobQuery::default()).await);
    }
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let turns = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, turns).await.unwrap_or_else(|_| panic!("{what}: not in time"));
}

/// Everything is refused while the disk is full; what was acknowledged is there when it has space again,
/// and what was leased is free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_disk_was_full_is_opened_again() {
    let (inner, armed) = (Arc::new(MemKv::default()), Arc::new(AtomicBool::new(false)));
    let open = {
        let armed = Arc::clone(&armed);
        move || FaultyKv {
            inner: Arc::clone(&inner),
            fault: Fault::Apply,
            armed: Arc::clone(&armed),
            full: true,
        }
    };
    let tries = Arc::new(AtomicU64::new(0));
    let again = {
        let (open, armed, tries) = (open.clone(), Arc::clone(&armed), Arc::clone(&tries));
        move || {
            tries.fetch_add(1, Ordering::SeqCst);
            let full = armed.load(Ordering::SeqCst);
            if full { Err(StoreError::Unavailable("still full".into())) } else { Ok(open()) }
        }
    };
    let clock = Arc::new(HandClock::default());
    let catalog = KvCatalog::start(open(), clock, Some(Box::new(again))).expect("start");
    catalog.commit(enqueue(1)).await.expect("before");
    let request = LeaseRequest::new("n", Stage::Noop, 1, 60_000);
    assert_eq!(catalog.lease(request.clone()).await.expect("lease").len(), 1);
    armed.store(true, Ordering::SeqCst);
    assert_unavailable(catalog.commit(enqueue(2)).await);
    let Standing::Failed { why } = catalog.standing() else { panic!("{:?}", catalog.standing()) };
    assert!(why.contains("disk") && why.contains("full") && !why.contains("unavailable"), "{why}");
    assert!(matches!(catalog.ping().await, Err(StoreError::Full(_))), "it lacks room and nothing else");
    assert!(matches!(catalog.get(TENANT, Kind::Page, id(1)).await, Err(StoreError::Full(_))));
    until("it is tried", || tries.load(Ordering::SeqCst) > 0).await;
    assert!(!catalog.standing().is_working(), "there is no space yet");
    armed.store(false, Ordering::SeqCst);
    until("it is open", || catalog.standing().is_working()).await;
    catalog.commit(enqueue(3)).await.expect("after");
    let jobs = catalog.jobs(TENANT, JobQuery { limit: 10, ..JobQuery::default() }).await.expect("jobs");
    assert_eq!(jobs.total, 2, "the refused one is not there");
    let leased = catalog.lease(LeaseRequest { max_jobs: 10, ..request }).await.expect("lease");
    assert_eq!(leased.len(), 2, "the lease from before has ended");
    assert!(leased.iter().all(|job| job.attempts <= 1), "and cost nothing: {leased:?}");
}

/// Whoever drops a catalogue that waits for space does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogue_that_waits_for_space_can_be_closed() {
    let armed = Arc::new(AtomicBool::new(true));
    let store = FaultyKv { inner: Arc::default(), fault: Fault::Apply, armed, full: true };
    let again: Opener<FaultyKv> = Box::new(|| Err(StoreError::Unavailable("still full".into())));
    let catalog = KvCatalog::start(store, Arc::new(HandClock::default()), Some(again)).expect("start");
    assert_unavailable(catalog.commit(enqueue(1)).await);
    let closed = tokio::task::spawn_blocking(move || drop(catalog));
    tokio::time::timeout(DEADLINE, closed).await.expect("in time").expect("closed");
}

/// A folder that cannot be opened again, for another reason than space, is for an operator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_damaged_when_it_is_opened_again_is_dead() {
    for panics in [false, true] {
        let armed = Arc::new(AtomicBool::new(true));
        let store = FaultyKv { inner: Arc::default(), fault: Fault::Apply, armed, full: true };
        let again: Opener<FaultyKv> = Box::new(move || {
            assert!(!panics, "sled answers some damage so");
            Err(StoreError::Unusable("its log has lost its beginning".into()))
        });
        let catalog = KvCatalog::start(store, Arc::new(HandClock::default()), Some(again)).expect("start");
        assert_unavailable(catalog.commit(enqueue(1)).await);
        until("it is dead", || matches!(catalog.standing(), Standing::Dead { .. })).await;
        assert!(catalog.standing().why().contains("restart the node"));
        let cause = if panics { "it is damaged: sled answers some damage so" } else { "lost its beginning" };
        assert!(catalog.standing().why().contains(cause), "{}", catalog.standing().why());
        assert_unavailable(catalog.ping().await);
    }
}

/// Stops in each flush until it is let go.
struct GatedKv {
    inner: MemKv,
    entered: Mutex<Sender<()>>,
    go: Mutex<Receiver<()>>,
    flushes: Arc<AtomicU64>,
}

impl Kv for GatedKv {
    const BLOCKS: bool = false;

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        descending: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.inner.scan(from, to, descending, visit)
    }

    fn apply(&self, writes: Writes, known: &Known) -> Result<(), StoreError> {
        self.inner.apply(writes, known)
    }

    fn flush(&self, _seq: u64) -> Result<(), StoreError> {
        self.flushes.fetch_add(1, Ordering::SeqCst);
        self.entered.lock().expect("lock").send(()).expect("the test listens");
        let go = self.go.lock().expect("lock").recv_timeout(DEADLINE);
        go.map_err(|e| StoreError::Unavailable(e.to_string()))
    }
}

/// What waits while a flush runs goes into the next one together; nothing is answered before its flush.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_flush_for_many_and_no_answer_before_it() {
    let (entered, entry) = channel();
    let (let_go, go) = channel();
    let flushes = Arc::new(AtomicU64::new(0));
    let store = GatedKv {
        inner: MemKv::default(),
        entered: Mutex::new(entered),
        go: Mutex::new(go),
        flushes: Arc::clone(&flushes),
    };
    let catalog = Arc::new(KvCatalog::start(store, Arc::new(HandClock::default()), None).expect("start"));
    let entry = Arc::new(Mutex::new(entry));
    let at_gate = async || {
        let entry = Arc::clone(&entry);
        let waited = tokio::task::spawn_blocking(move || entry.lock().expect("lock").recv_timeout(DEADLINE));
        waited.await.expect("wait").expect("a flush begins");
    };
    let mut calls = JoinSet::new();
    let first = Arc::clone(&catalog);
    calls.spawn(async move { first.commit(enqueue(0)).await });
    at_gate().await;
    for n in 1..=20 {
        let catalog = Arc::clone(&catalog);
        calls.spawn(async move { catalog.commit(enqueue(n)).await });
    }
    assert!(calls.try_join_next().is_none(), "answered before its flush");
    // All twenty are in the queue.
    let queued = async {
        while catalog.waiting() < 20 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, queued).await.expect("queued");
    let_go.send(()).expect("go");
    at_gate().await;
    calls.join_next().await.expect("the first").expect("call").expect("commit");
    assert!(calls.try_join_next().is_none(), "answered before its flush");
    let_go.send(()).expect("go");
    while let Some(call) = calls.join_next().await {
        call.expect("call").expect("commit");
    }
    assert_eq!(flushes.load(Ordering::SeqCst), 2);
}
