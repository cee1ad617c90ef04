//! Drain, death and what a node shows of itself.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use takeoff_core::job::{JobState, MAX_LONE_DEATHS, Stage as StageName};
use takeoff_core::model::{BlobHash, IdSource, Kind, Timestamp};
use takeoff_engine::NoopStage;
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::error::EngineError;
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_storage::catalog::{Clock, NewRecord};
use takeoff_storage::fs::FsBlobs;
use takeoff_storage::{Batch, BlobStore, Catalog, Op, StoreError, mem, sled};
use tokio::sync::mpsc;

use crate::support::{
    Fixture, SOON_MS, TENANT, config, counter, done, ended, job, parts, start, start_with, stored, submit,
    until, wait_for_cancel, within,
};

const STAGE: StageName = StageName::Ingest;

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_lets_running_work_finish() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go_tx, go) = tokio::sync::watch::channel(false);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |_, _| {
        let (begun, mut go) = (begun_tx.clone(), go.clone());
        async move {
            begun.send(()).unwrap();
            go.wait_for(|go| *go).await.unwrap();
            done(Value::Null)
        }
    });
    let mut config = config();
    config.stages.iter_mut().for_each(|s| s.slots = 1);
    let handle = start_with(config, vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    let queued = submit(&handle, job(STAGE, Value::Null)).await;
    let drain = tokio::spawn({
        let handle = handle.clone();
        async move { handle.drain(SOON_MS).await }
    });
    until(async || !handle.readiness().ready).await;
    assert!(handle.readiness().reasons.iter().any(|r| r.contains("draining")));
    let mut batch = Batch::new(TENANT);
    batch.jobs.push(job(STAGE, Value::Null));
    assert!(matches!(handle.commit(batch).await, Err(EngineError::Draining)));
    go_tx.send(true).unwrap();
    let report = within(drain).await.unwrap();
    assert_eq!((report.finished, report.released, report.within_limit), (1, 0, true));
    // Reads go on; what was not begun waits for another node.
    assert_eq!(stored(&handle, id).await.state, JobState::Succeeded);
    assert_eq!(stored(&handle, queued).await.state, JobState::Ready);
    let view = handle.observe().await.unwrap();
    let actors = view.actors.iter().filter(|a| a.name != "node/watchers");
    assert!(view.draining && actors.clone().all(|a| a.state == "stopped"), "{:?}", view.actors);
    assert_eq!(view.compute["threads"], json!(0));
    assert_eq!(within(handle.drain(0)).await, report, "the second drain has nothing to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_past_its_limit_releases_without_cost() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (stage, mut burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let begun = begun_tx.clone();
        async move {
            // One ends when it is told, the other has to be torn away.
            if attempt.job.args == json!("deaf") {
                begun.send(attempt.job.id).unwrap();
                std::future::pending::<()>().await;
            }
            wait_for_cancel(attempt, begun).await
        }
    });
    let handle = start(vec![stage]).await;
    let ids =
        [submit(&handle, job(STAGE, json!("good"))).await, submit(&handle, job(STAGE, json!("deaf"))).await];
    within(begun.recv()).await.unwrap();
    within(begun.recv()).await.unwrap();
    let report = within(handle.drain(10)).await;
    assert_eq!((report.finished, report.released, report.within_limit), (0, 2, false));
    for id in ids {
        let job = stored(&handle, id).await;
        assert_eq!((job.state, job.attempts), (JobState::Ready, 0));
    }
    assert!(burials.none());
}

pub(crate) async fn reopen(path: &std::path::Path) -> Arc<dyn Catalog> {
    // The dead node's last task lets go of the folder a moment after its death.
    within(async {
        loop {
            match sled::open(path, Arc::new(SystemClock)) {
                Ok(catalog) => return catalog,
                Err(StoreError::Unusable(_)) => tokio::task::yield_now().await,
                Err(e) => panic!("{e}"),
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_death_of_a_node_costs_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (stage, _burials) =
        Fixture::stage(STAGE, 60_000, move |attempt, _| wait_for_cancel(attempt, begun_tx.clone()));
    let catalog = reopen(folder.path()).await;
    let handle = Handle::start(parts(config(), catalog, vec![stage])).await.unwrap();
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    assert_eq!(stored(&handle, id).await.state, JobState::Leased);
    drop(handle);

    let (stage, _burials) =
        Fixture::stage(STAGE, 60_000, |attempt, _| async move { done(json!(attempt.job.token)) });
    let handle = Handle::start(parts(config(), reopen(folder.path()).await, vec![stage])).await.unwrap();
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts, job.result), (JobState::Succeeded, 0, Some(json!(2))));
    assert!(job.failures.is_empty());
}

/// The clock of a store that somebody puts back.
#[derive(Default)]
struct PutBack(AtomicI64);

impl Clock for PutBack {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_ms(-self.0.load(Ordering::Relaxed))
    }
}

/// By the store's clock the dead node's last sign of life is of an hour from now.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_free_after_silence_though_the_clock_of_the_store_was_put_back() {
    let clock = Arc::new(PutBack::default());
    let catalog = mem::open(Arc::clone(&clock) as _).unwrap();
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |_, _| async { done(Value::Null) });
    let mut config = config();
    (config.cluster.heartbeat_ms, config.cluster.silent_ms) = (20, 200);
    let start = || Handle::start(parts(config.clone(), Arc::clone(&catalog), vec![Arc::clone(&stage)]));
    let first = start().await.unwrap();
    clock.0.store(3_600_000, Ordering::Relaxed);
    let twin = start().await.err().expect("the name is taken");
    assert!(matches!(twin, EngineError::NameTaken { .. }), "{twin}");
    clock.0.store(7_200_000, Ordering::Relaxed);
    drop(first);
    let second = within(start()).await.unwrap();
    assert!(second.readiness().ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_node_each_time_is_quarantined_and_its_neighbour_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (mut killer, mut neighbour) = (None, None);
    let mut lives = 0;
    // A node that dies within this process may give its lease back with its last breath; that is no death.
    let catalog = loop {
        let catalog = reopen(folder.path()).await;
        if let Some(id) = killer
            && catalog.job(TENANT, id).await.unwrap().unwrap().lone_deaths == MAX_LONE_DEATHS
        {
            break catalog;
        }
        lives += 1;
        let (begun_tx, mut begun) = mpsc::unbounded_channel();
        let in_first_life = lives == 1;
        let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
            let begun = begun_tx.clone();
            async move {
                // Both die in the first life; after it the neighbour comes through.
                if attempt.job.args == "neighbour" && !in_first_life {
                    return done(Value::Null);
                }
                wait_for_cancel(attempt, begun).await
            }
        });
        let handle = Handle::start(parts(config(), catalog, vec![stage])).await.unwrap();
        let mut begins = 1;
        if in_first_life {
            killer = Some(submit(&handle, job(STAGE, json!("killer"))).await);
            neighbour = Some(submit(&handle, job(STAGE, json!("neighbour"))).await);
            begins = 2;
        } else if let Some(id) = neighbour {
            ended(&handle, id).await;
        }
        for _ in 0..begins {
            within(begun.recv()).await.unwrap();
        }
        drop(handle);
    };
    let (killer, neighbour) = (killer.unwrap(), neighbour.unwrap());
    let (stage, mut burials) =
        Fixture::stage(STAGE, 60_000, |attempt, _| async move { done(json!(attempt.job.token)) });
    let handle = Handle::start(parts(config(), catalog, vec![stage])).await.unwrap();
    let dead = ended(&handle, killer).await;
    assert_eq!((dead.state, dead.attempts, dead.lone_deaths), (JobState::Dead, 1, MAX_LONE_DEATHS));
    let why = dead.error.unwrap();
    assert!(why.contains(&format!("quarantined: {MAX_LONE_DEATHS} times in a row the node died")), "{why}");
    assert_eq!(burials.next().await, (dead.id, why));
    let innocent = stored(&handle, neighbour).await;
    assert_eq!((innocent.state, innocent.attempts, innocent.lone_deaths), (JobState::Succeeded, 0, 0));
    assert!(lives > u32::from(MAX_LONE_DEATHS), "its death in company was counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_is_not_enabled_takes_nothing() {
    let mut config = config();
    config.stages.iter_mut().filter(|s| s.stage == STAGE).for_each(|s| s.enabled = false);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |_, _| async { done(Value::Null) });
    let handle = start_with(config, vec![stage, Arc::new(NoopStage)]).await;
    let idle = submit(&handle, job(STAGE, Value::Null)).await;
    let noop = submit(&handle, job(StageName::Noop, Value::Null)).await;
    ended(&handle, noop).await;
    assert_eq!(stored(&handle, idle).await.state, JobState::Ready);
    // It still knows how to bury.
    assert_eq!(handle.cancel(TENANT, idle, "x").await.unwrap().unwrap().state, JobState::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_actor_can_be_observed() {
    let handle = start(vec![Arc::new(NoopStage)]).await;
    let id = submit(&handle, job(StageName::Noop, Value::Null)).await;
    ended(&handle, id).await;
    let view = handle.observe().await.unwrap();
    for name in [
        "node",
        "node/compute-pulse",
        "node/deadlines",
        "node/gauges",
        "node/noop",
        "node/noop/foreman",
        "node/noop/puller",
        "node/noop/watchman",
        "node/pruner",
        "node/releaser",
        "node/renewer",
        "node/herald",
        "node/lease-watch",
        "node/rescuer",
        "node/statistics",
        "node/store-pulse",
        "node/blob-pulse",
        "node/sweeper",
    ] {
        let actor = view.actors.iter().find(|a| a.name == name).unwrap_or_else(|| panic!("no {name}"));
        assert!(actor.counters.is_object() && actor.restarts == 0, "{actor:?}");
        assert!(["running", "idle"].contains(&actor.state.as_str()), "{actor:?}");
    }
    assert!(view.readiness.ready && !view.draining);
    assert_eq!(view.queues["noop"]["ready"], json!(0));
    assert_eq!(view.compute["kind"], json!("actix"));
    assert!(serde_json::to_string(&view).unwrap().contains("node/noop/puller"));
    assert!(counter(&handle, "node/noop/puller", "asked").await >= 1);
    assert_eq!(handle.members()[0].stages, [(StageName::Noop, 64)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_blobs_that_no_record_refers_to_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Arc::new(FsBlobs::open(folder.path()).unwrap());
    let catalog = mem::open(Arc::new(SystemClock)).unwrap();
    let day = Duration::from_secs(86_400);
    let mut hashes = Vec::new();
    for (text, age) in [("left behind", 2 * day), ("referred to", 2 * day), ("just put", day / 2)] {
        let blob = blobs.put_bytes(TENANT, text.into()).await.unwrap();
        let file = File::open(&blobs.local(TENANT, blob.hash).await.unwrap().path).unwrap();
        let put_at = file.metadata().unwrap().modified().unwrap();
        file.set_modified(put_at - age).unwrap();
        let mut batch = Batch::new(TENANT);
        batch.ops.push(Op::BlobStored { hash: blob.hash, size: blob.size });
        catalog.commit(batch).await.unwrap();
        hashes.push(blob.hash);
    }
    let mut batch = Batch::new(TENANT);
    batch.ops.push(referring(hashes[1]));
    catalog.commit(batch).await.unwrap();

    let parts = EngineParts { blobs: blobs.clone(), ..parts(config(), catalog, vec![Arc::new(NoopStage)]) };
    let handle = Handle::start(parts).await.unwrap();
    until(async || counter(&handle, "node/sweeper", "rounds").await == 1).await;
    assert_eq!(counter(&handle, "node/sweeper", "swept").await, 1);
    let mut left = Vec::new();
    for hash in &hashes {
        left.push(blobs.stat(TENANT, *hash).await.unwrap().is_some());
    }
    assert_eq!(left, [false, true, true]);
    let mut late = Batch::new(TENANT);
    late.ops.push(referring(hashes[0]));
    let late = handle.commit(late).await;
    assert!(matches!(late, Err(EngineError::Store(StoreError::MissingBlob(_)))), "{late:?}");
}

/// A record that keeps a blob.
fn referring(hash: BlobHash) -> Op {
    Op::Put(NewRecord {
        kind: Kind::Document,
        id: SystemIds.next(),
        format: 1,
        lists: Vec::new(),
        blobs: vec![hash],
        body: b"{}".to_vec(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn old_jobs_are_pruned() {
    let mut config = config();
    config.jobs.retention_ms = 1;
    let handle = start_with(config, vec![Arc::new(NoopStage)]).await;
    let id = submit(&handle, job(StageName::Noop, Value::Null)).await;
    until(async || handle.catalog().job(TENANT, id).await.unwrap().is_none()).await;
    // The pruner counts after the store has answered, which this test may see first.
    until(async || counter(&handle, "node/pruner", "pruned").await >= 1).await;
}
