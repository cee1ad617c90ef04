//! Submitting, waiting, order and throughput.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use takeoff_core::job::{JobState, Lane, Stage as StageName};
use takeoff_core::model::IdSource;
use takeoff_engine::NoopStage;
use takeoff_engine::clock::{Stopwatch, SystemIds};
use takeoff_engine::error::EngineError;
use takeoff_storage::{Batch, StoreError};
use tokio::sync::mpsc;

use crate::support::{
    Fixture, SOON_MS, TENANT, config, counter, done, ended, job, progress, start, start_with, stored, submit,
    until, within,
};

const STAGE: StageName = StageName::RunAssembly;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_jobs_go_through() {
    let handle = start(vec![Arc::new(NoopStage)]).await;
    let jobs: Vec<_> = (0..1_000).map(|_| job(StageName::Noop, Value::Null)).collect();
    let ids: Vec<_> = jobs.iter().map(|j| j.id).collect();
    let mut batch = Batch::new(TENANT);
    batch.jobs = jobs;
    handle.commit(batch).await.unwrap();
    for id in ids {
        assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
    }
    assert_eq!(counter(&handle, "node/noop/puller", "leased").await, 1_000);
    assert_eq!(counter(&handle, "node/noop/foreman", "started").await, 1_000);
    assert_eq!(counter(&handle, "node/watchers", "jobs").await, 0);
    let queue = handle.catalog().queue(StageName::Noop).await.unwrap();
    assert_eq!((queue.ready, queue.leased, queue.dead), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_wakes_its_stage() {
    let mut config = config();
    // No poll can be what starts the job.
    config.jobs.poll_ms = 3_600_000;
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |_, _| async { done(Value::Null) });
    let handle = start_with(config, vec![stage]).await;
    for _ in 0..20 {
        let since = Stopwatch::start();
        let mut new = job(STAGE, Value::Null);
        new.lane = Lane::Interactive;
        let id = submit(&handle, new).await;
        let job = ended(&handle, id).await;
        assert_eq!(job.state, JobState::Succeeded);
        assert!(since.elapsed_ms() < 20_000.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interactive_before_batch_then_priority_then_age() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go_tx, go) = tokio::sync::watch::channel(false);
    let noted = Arc::clone(&order);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let (noted, begun, mut go) = (Arc::clone(&noted), begun_tx.clone(), go.clone());
        async move {
            let name = attempt.job.args.as_str().unwrap_or_default().to_owned();
            if name == "first" {
                begun.send(()).unwrap();
                go.wait_for(|go| *go).await.unwrap();
            }
            noted.lock().unwrap().push(name);
            done(Value::Null)
        }
    });
    let mut config = config();
    config.stages.iter_mut().for_each(|s| s.slots = 1);
    let handle = start_with(config, vec![stage]).await;
    submit(&handle, job(STAGE, json!("first"))).await;
    within(begun.recv()).await.unwrap();
    let mut ids = Vec::new();
    for (name, lane, priority) in [
        ("old batch", Lane::Batch, 0),
        ("urgent batch", Lane::Batch, -5),
        ("young batch", Lane::Batch, 0),
        ("lazy interactive", Lane::Interactive, 9),
        ("interactive", Lane::Interactive, 0),
    ] {
        let mut new = job(STAGE, json!(name));
        (new.lane, new.priority) = (lane, priority);
        ids.push(submit(&handle, new).await);
    }
    go_tx.send(true).unwrap();
    for id in ids {
        ended(&handle, id).await;
    }
    let order = order.lock().unwrap().clone();
    assert_eq!(
        order,
        ["first", "interactive", "lazy interactive", "urgent batch", "old batch", "young batch"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_attempts_than_slots() {
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
    let handle = start(vec![stage]).await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(submit(&handle, job(STAGE, Value::Null)).await);
    }
    for _ in 0..4 {
        within(begun.recv()).await.unwrap();
    }
    let queue = handle.catalog().queue(STAGE).await.unwrap();
    assert_eq!((queue.leased, queue.ready), (4, 6));
    assert!(begun.try_recv().is_err());
    go_tx.send(true).unwrap();
    for id in ids {
        assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn awaiting_has_a_deadline_and_knows_what_does_not_exist() {
    let handle = start(vec![]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let outcome = handle.await_job(TENANT, id, 20).await;
    assert!(matches!(outcome, Err(EngineError::Deadline { ms: 20 })), "{outcome:?}");
    let outcome = handle.await_job(TENANT, SystemIds.next(), SOON_MS).await;
    assert!(matches!(outcome, Err(EngineError::Store(StoreError::NoSuchJob(_)))), "{outcome:?}");
    assert_eq!(counter(&handle, "node/watchers", "jobs").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_nobody_told_of_is_found_by_looking() {
    // Long before the node would look for work by itself: a client waits.
    let mut config = config();
    config.jobs.poll_ms = 10 * SOON_MS;
    let handle = start_with(config, vec![]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let waits = tokio::spawn({
        let handle = handle.clone();
        async move { handle.await_job(TENANT, id, SOON_MS).await }
    });
    until(async || counter(&handle, "node/watchers", "jobs").await == 1).await;
    // Past the handle, as on another node.
    let mut batch = Batch::new(TENANT);
    let event = takeoff_storage::catalog::JobEvent::Cancel { reason: "elsewhere".to_owned() };
    batch.changes.push(takeoff_storage::catalog::JobChange { job: id, token: None, event });
    handle.catalog().commit(batch).await.unwrap();
    assert_eq!(within(waits).await.unwrap().unwrap().state, JobState::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_seen_while_it_runs_and_stored_by_renewals() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go_tx, go) = tokio::sync::watch::channel(false);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let (begun, mut go) = (begun_tx.clone(), go.clone());
        async move {
            attempt.progress.report(40.0, "page 4 of 10");
            begun.send(()).unwrap();
            go.wait_for(|go| *go).await.unwrap();
            done(Value::Null)
        }
    });
    let mut config = config();
    config.jobs.renew_ms = 10;
    let handle = start_with(config, vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    assert_eq!(handle.progress(id), Some(progress(40.0, "page 4 of 10")));
    until(async || stored(&handle, id).await.progress == progress(40.0, "page 4 of 10")).await;
    let view = handle.observe().await.unwrap();
    let attempt = view.actors.iter().find(|a| a.name.starts_with("node/run_assembly/attempt/")).unwrap();
    assert_eq!((attempt.state.as_str(), &attempt.counters["percent"]), ("running", &json!(40.0)));
    go_tx.send(true).unwrap();
    ended(&handle, id).await;
    until(async || handle.progress(id).is_none()).await;
}
