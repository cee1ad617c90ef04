//! When the store or the node's own actors fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use takeoff_core::budget::Budget;
use takeoff_core::job::{FailureKind, JobState, NewJob, Stage as StageName};
use takeoff_core::model::{Kind, Timestamp};
use takeoff_engine::compute::Scratch;
use takeoff_engine::handle::Handle;
use takeoff_engine::stage::{Effects, End};
use takeoff_storage::catalog::{NewRecord, Op};
use takeoff_storage::{Batch, Expect, Standing, StoreError};
use tokio::sync::{mpsc, watch};

use crate::support::{
    Faulty, Fixture, TENANT, config, counter, done, ended, job, parts, start_with, stored, submit, until,
    wait_for_cancel, within,
};

const STAGE: StageName = StageName::AutoCount;

#[tokio::test(flavor = "multi_thread")]
async fn an_actor_that_crashes_is_restarted_up_to_the_intensity_then_the_node_is_unready() {
    let catalog = Faulty::new();
    let mut config = config();
    config.jobs.restart_limit = 3;
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |_, _| async { done(Value::Null) });
    let handle = Handle::start(parts(config, Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    assert!(handle.readiness().ready);

    catalog.lease_panics.store(true, Ordering::Relaxed);
    until(async || !handle.readiness().ready).await;
    let reasons = handle.readiness().reasons;
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].contains("node/auto_count/puller: more than 3 crashes"), "{reasons:?}");
    assert!(reasons[0].contains("the store's client has a bug"), "{reasons:?}");
    let view = handle.observe().await.unwrap();
    let puller = view.actors.iter().find(|a| a.name == "node/auto_count/puller").unwrap();
    assert_eq!((puller.restarts, puller.state.as_str()), (3, "crashed"));
    assert_eq!(counter(&handle, "node/auto_count", "crashes").await, 4);
    assert_eq!(counter(&handle, "node", "crashes").await, 0, "the crash stays below");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_crashes_are_survived() {
    let catalog = Faulty::new();
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |_, _| async { done(Value::Null) });
    let mut config = config();
    config.jobs.restart_limit = 1_000_000;
    let handle = Handle::start(parts(config, Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    catalog.lease_panics.store(true, Ordering::Relaxed);
    until(async || counter(&handle, "node/auto_count", "restarts").await >= 2).await;
    catalog.lease_panics.store(false, Ordering::Relaxed);
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
    assert!(handle.readiness().ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_only_crashes_rests_and_comes_back() {
    let mut config = config();
    config.jobs.restart_limit = 2;
    config.jobs.restart_window_ms = 400;
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |attempt, _| async move {
        assert!(attempt.job.attempts >= 3, "not yet");
        done(Value::Null)
    });
    let handle = start_with(config, vec![stage]).await;
    let mut new = job(STAGE, Value::Null);
    new.retry.max_attempts = 10;
    let id = submit(&handle, new).await;
    until(async || handle.readiness().reasons.iter().any(|r| r.contains("auto_count: its attempts crashed")))
        .await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Succeeded, 3));
    assert!(handle.readiness().ready);
    assert!(counter(&handle, "node/auto_count/puller", "held_back").await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_at_the_commit_is_waited_out() {
    let catalog = Faulty::new();
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go_tx, go) = tokio::sync::watch::channel(false);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |_, _| {
        let (begun, mut go) = (begun_tx.clone(), go.clone());
        async move {
            begun.send(()).unwrap();
            go.wait_for(|go| *go).await.unwrap();
            done(json!(1))
        }
    });
    let handle = Handle::start(parts(config(), Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    catalog.down.store(true, Ordering::Relaxed);
    go_tx.send(true).unwrap();
    until(async || handle.readiness().reasons.iter().any(|r| r.contains("the disk is full"))).await;
    assert_eq!(stored(&handle, id).await.state, JobState::Leased);
    catalog.down.store(false, Ordering::Relaxed);
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts, job.token), (JobState::Succeeded, 0, 1));
    until(async || handle.readiness().ready).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_not_done_twice() {
    let catalog = Faulty::new();
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |_, _| async { done(json!(1)) });
    let handle = Handle::start(parts(config(), Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    *catalog.answers_lost.lock().unwrap() = 1;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts, job.token), (JobState::Succeeded, 0, 1));
    until(async || counter(&handle, "node/auto_count/foreman", "ended").await == 1).await;
    let after = stored(&handle, id).await;
    assert_eq!((after.attempts, after.failures.len()), (0, 0), "it is not taken for fenced off");
}

/// The answer to a fan-out is lost, and before the holder reaches the store again the child has ended and the job
/// is leased anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_fan_out_whose_answer_was_lost_costs_no_attempt() {
    let catalog = Faulty::new();
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go_tx, go) = watch::channel(false);
    let store = Arc::clone(&catalog);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let (begun, mut go, store) = (begun_tx.clone(), go.clone(), Arc::clone(&store));
        async move {
            if attempt.job.parent.is_some() {
                return done(Value::Null);
            }
            if attempt.job.checkpoint.is_none() {
                *store.cut_off.lock().unwrap() = Some((attempt.job.id, attempt.job.token));
                let end = End::FanOut { children: vec![job(STAGE, Value::Null)], checkpoint: json!(1) };
                return Ok(Effects { batch: Batch::new(TENANT), end });
            }
            begun.send(()).unwrap();
            go.wait_for(|go| *go).await.unwrap();
            done(Value::Null)
        }
    });
    let handle = Handle::start(parts(config(), Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    // The second lease is given, and the first attempt reaches the store again.
    *catalog.cut_off.lock().unwrap() = None;
    until(async || counter(&handle, "node/auto_count/foreman", "ended").await == 2).await;
    let while_it_runs = stored(&handle, id).await;
    go_tx.send(true).unwrap();
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.token, job.children_total), (JobState::Succeeded, 2, 1));
    assert_eq!((while_it_runs.attempts, job.attempts), (0, 0), "it is not taken for fenced off: {job:?}");
}

/// Nor when the look at what became of it fails once.
#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_commit_is_looked_for_until_it_is_known() {
    let catalog = Faulty::new();
    let store = Arc::clone(&catalog);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let store = Arc::clone(&store);
        async move {
            if attempt.job.parent.is_some() || attempt.job.checkpoint.is_some() {
                return done(Value::Null);
            }
            *store.answers_lost.lock().unwrap() = 1;
            store.looks_fail.store(1, Ordering::Relaxed);
            let late = NewJob { run_at: Some(Timestamp(i64::MAX / 2)), ..job(STAGE, Value::Null) };
            let end = End::FanOut { children: vec![late], checkpoint: json!(1) };
            Ok(Effects { batch: Batch::new(TENANT), end })
        }
    });
    let handle = Handle::start(parts(config(), Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    until(async || counter(&handle, "node/auto_count/foreman", "ended").await == 1).await;
    let waits = stored(&handle, id).await;
    assert_eq!(catalog.looks_fail.load(Ordering::Relaxed), 0, "it was looked for");
    assert_eq!((waits.state, waits.attempts), (JobState::Waiting, 0), "it is not taken for fenced off");
}

/// A commit that was applied is refused by its own preconditions when it comes again.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_not_taken_for_a_change_by_others() {
    let catalog = Faulty::new();
    let (ran_tx, mut ran) = mpsc::unbounded_channel();
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let ran = ran_tx.clone();
        async move {
            ran.send(()).unwrap();
            let id = attempt.job.id;
            let body = b"{}".to_vec();
            let record =
                NewRecord { kind: Kind::Page, id, format: 1, lists: Vec::new(), blobs: Vec::new(), body };
            let mut batch = Batch::new(TENANT);
            batch.expect.push(Expect::Absent(Kind::Page, id));
            batch.ops.push(Op::Put(record));
            Ok(Effects { batch, end: End::Done { result: json!(1) } })
        }
    });
    let handle = Handle::start(parts(config(), Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    *catalog.answers_lost.lock().unwrap() = 1;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
    until(async || counter(&handle, "node/auto_count/foreman", "ended").await == 1).await;
    ran.try_recv().unwrap();
    assert!(ran.try_recv().is_err(), "it ran once");
}

/// What the batch expected of records is not so any more, because it was stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_not_taken_for_a_change_by_others() {
    let catalog = Faulty::new();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            let mut batch = Batch::new(attempt.tenant());
            if attempt.job.checkpoint.is_some() {
                return Ok(Effects { batch, end: End::Done { result: json!(1) } });
            }
            batch.expect.push(Expect::Absent(Kind::Page, attempt.job.id));
            batch.ops.push(Op::Put(NewRecord {
                kind: Kind::Page,
                id: attempt.job.id,
                format: 1,
                body: Vec::new(),
                lists: Vec::new(),
                blobs: Vec::new(),
            }));
            let end = End::FanOut { children: Vec::new(), checkpoint: json!("handed out") };
            Ok(Effects { batch, end })
        }
    });
    let handle = Handle::start(parts(config(), Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    *catalog.answers_lost.lock().unwrap() = 1;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts, job.failures.len()), (JobState::Succeeded, 0, 0), "{job:?}");
    assert_eq!(runs.load(Ordering::Relaxed), 2, "handed out once, gathered once");
}

/// A store that is out of use when the work needs it says nothing of the job, however often it is tried.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_in_the_middle_of_the_work_costs_no_attempt() {
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |attempt, _| async move {
        if attempt.job.token <= 5 {
            return Err(StoreError::Unavailable("the bucket is away".to_owned()).into());
        }
        done(json!(attempt.job.token))
    });
    let handle = start_with(config(), vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts, job.result), (JobState::Succeeded, 0, Some(json!(6))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_cannot_be_renewed_is_let_go_before_it_expires() {
    let catalog = Faulty::new();
    let mut config = config();
    config.jobs.lease_ms = 400;
    config.jobs.renew_ms = 50;
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let begun = begun_tx.clone();
        async move {
            if attempt.job.token == 1 {
                return wait_for_cancel(attempt, begun).await;
            }
            done(json!(attempt.job.token))
        }
    });
    let handle = Handle::start(parts(config, Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    catalog.renew_fails.store(true, Ordering::Relaxed);
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    let job = ended(&handle, id).await;
    // The rescue gave it to the next attempt, and the lost lease cost none.
    assert_eq!((job.state, job.attempts, job.result), (JobState::Succeeded, 0, Some(json!(2))));
    assert_eq!(counter(&handle, "node/auto_count/watchman", "lost").await, 1);
    assert!(counter(&handle, "node/renewer", "errors").await >= 1);
    assert_eq!(counter(&handle, "node/rescuer", "rescued").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_compute_pool_makes_the_node_unready_and_keeps_it_from_leasing() {
    let mut config = config();
    config.compute.health_ms = 40;
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |_, _| async { done(Value::Null) });
    let handle = start_with(config, vec![stage]).await;
    let (release, hold) = std::sync::mpsc::channel::<()>();
    let stuck = tokio::spawn({
        let compute = handle.compute().clone();
        async move {
            let work = move |_: &mut Scratch| {
                let _ = hold.recv();
            };
            compute.run(&Budget::unlimited(), work).await
        }
    });
    until(async || handle.readiness().reasons.iter().any(|r| r.contains("compute pool has not answered")))
        .await;
    until(async || counter(&handle, "node/auto_count/puller", "held_back").await > 0).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    assert_eq!(stored(&handle, id).await.state, JobState::Ready);
    drop(release);
    within(stuck).await.unwrap().unwrap();
    assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
    until(async || handle.readiness().ready).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_pool_is_a_crash_of_the_attempt() {
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |attempt, tools| async move {
        let work = |_: &mut Scratch| -> u32 { panic!("a bug in a hot loop") };
        match tools.compute.run(&attempt.budget, work).await {
            Err(e) => Err(takeoff_engine::error::StageError::Panicked(e.to_string())),
            Ok(n) => done(json!(n)),
        }
    });
    let mut config = config();
    config.jobs.restart_limit = 2;
    let handle = start_with(config, vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.failures.len()), (JobState::Dead, 3));
    assert!(
        job.failures
            .iter()
            .all(|f| f.kind == FailureKind::Panic && f.message.contains("a bug in a hot loop"))
    );
    let view = handle.observe().await.unwrap();
    assert_eq!((&view.compute["panics"], &view.compute["threads"]), (&json!(3), &json!(1)));
    assert_eq!(counter(&handle, "node/auto_count/foreman", "panicked").await, 3);
    let rests = |r: &String| r.contains("auto_count: its attempts crashed");
    assert!(handle.readiness().reasons.iter().any(rests), "the third crash puts the stage to rest");
}

/// A store that says that it has failed makes the node unready in the same moment, in its own words, and a
/// drain that could store nothing does not wait for what it could store.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_has_failed_is_seen_at_once_and_not_waited_for() {
    let catalog = Faulty::new();
    let mut config = config();
    // Far beyond the deadline of the test.
    config.jobs.drain_ms = 600_000;
    let (began, mut begun) = mpsc::unbounded_channel();
    let (stage, _burials) =
        Fixture::stage(STAGE, 60_000, move |attempt, _| wait_for_cancel(attempt, began.clone()));
    let handle = Handle::start(parts(config, Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    assert!(handle.readiness().ready);
    let why = "the store has failed (a bad block): restart the node".to_owned();
    *catalog.standing.lock().unwrap() = Standing::Dead { why: why.clone() };
    catalog.down.store(true, Ordering::Relaxed);
    assert_eq!(handle.readiness().reasons, std::slice::from_ref(&why));
    // Its pulse finds it too, and adds nothing.
    until(async || counter(&handle, "node/store-pulse", "failures").await > 0).await;
    assert_eq!(handle.readiness().reasons, [why]);
    let report = within(handle.drain(600_000)).await;
    assert!(!report.within_limit, "{report:?}");
}
