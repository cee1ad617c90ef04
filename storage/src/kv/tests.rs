//! The writer over stores that fail, stall and panic.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use takeoff_core::model::{Kind, TenantId};
use tokio::task::JoinSet;

use super::{Kv, KvCatalog, Visit, Writes};
use crate::catalog::{Batch, Catalog};
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
    inner: MemKv,
    fault: Fault,
    armed: Arc<AtomicBool>,
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

    fn apply(&self, writes: Writes) -> Result<(), StoreError> {
        if matches!(self.fault, Fault::Apply | Fault::ApplyPanics) {
            self.fail(matches!(self.fault, Fault::ApplyPanics))?;
        }
        self.inner.apply(writes)
    }

    fn flush(&self, _seq: u64) -> Result<(), StoreError> {
        if matches!(self.fault, Fault::Flush) { self.fail(false) } else { Ok(()) }
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
        let store = FaultyKv { inner: MemKv::default(), fault, armed: Arc::clone(&armed) };
        let catalog = Arc::new(KvCatalog::start(store, Arc::new(HandClock::default())).expect("start"));
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
        // The disk is well again, but nobody knows what is in memory.
        armed.store(false, Ordering::SeqCst);
        assert_unavailable(catalog.ping().await);
        assert_unavailable(catalog.commit(enqueue(99)).await);
        assert_unavailable(catalog.get(TENANT, Kind::Page, id(1)).await);
        assert_unavailable(catalog.jobs(TENANT, crate::catalog::JobQuery::default()).await);
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

    fn apply(&self, writes: Writes) -> Result<(), StoreError> {
        self.inner.apply(writes)
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
    let catalog = Arc::new(KvCatalog::start(store, Arc::new(HandClock::default())).expect("start"));
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
