//! Drain, death and what a node shows of itself.

use std::sync::Arc;

use serde_json::{Value, json};
use takeoff_core::job::{JobState, Stage as StageName};
use takeoff_engine::NoopStage;
use takeoff_engine::clock::SystemClock;
use takeoff_engine::error::EngineError;
use takeoff_engine::handle::Handle;
use takeoff_storage::{Batch, Catalog, StoreError, sled};
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

async fn reopen(path: &std::path::Path) -> Arc<dyn Catalog> {
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
        "node/gauges",
        "node/noop",
        "node/noop/foreman",
        "node/noop/puller",
        "node/noop/watchman",
        "node/pruner",
        "node/releaser",
        "node/renewer",
        "node/rescuer",
        "node/store-pulse",
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
async fn old_jobs_are_pruned() {
    let mut config = config();
    config.jobs.retention_ms = 1;
    let handle = start_with(config, vec![Arc::new(NoopStage)]).await;
    let id = submit(&handle, job(StageName::Noop, Value::Null)).await;
    until(async || handle.catalog().job(TENANT, id).await.unwrap().is_none()).await;
    // The pruner counts after the store has answered, which this test may see first.
    until(async || counter(&handle, "node/pruner", "pruned").await >= 1).await;
}
