//! Memory tokens: never more than the budget, whatever becomes of those who hold them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use takeoff_core::job::{JobState, Lane, NewJob, Stage as StageName};
use takeoff_engine::error::StageError;
use takeoff_engine::handle::Handle;
use takeoff_engine::memory::{Held, MemoryView};
use takeoff_engine::stage::{Attempt, Tools};
use tokio::sync::{mpsc, watch};

use crate::support::{
    Faulty, Fixture, SOON, TENANT, config, done, ended, job, parts, start_with, stored, submit, until, within,
};

const STAGE: StageName = StageName::AutoCount;
const MIB: u64 = 1024 * 1024;

fn view(handle: &Handle) -> MemoryView {
    handle.memory().view()
}

async fn take(attempt: &Attempt, tools: &Tools, bytes: u64) -> Result<Held, StageError> {
    let taken = tools.memory.take(attempt.job.lane, bytes, SOON, &attempt.budget).await;
    taken.map_err(|e| StageError::Retry(e.to_string()))
}

fn node_config(slots: usize) -> takeoff_config::NodeConfig {
    let mut config = config();
    config.memory.budget_bytes = 256 * MIB;
    config.stages.iter_mut().filter(|s| s.stage == STAGE).for_each(|s| s.slots = slots);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn dear_jobs_share_the_budget_and_one_that_is_too_dear_runs_alone_among_cheap_ones() {
    const JOBS: u64 = 60;
    let (together, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let alone = Arc::new(AtomicUsize::new(usize::MAX));
    let (counted, highest, seen_alone) = (together.clone(), most.clone(), alone.clone());
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, tools| {
        let (together, most, alone) = (counted.clone(), highest.clone(), seen_alone.clone());
        async move {
            let bytes = attempt.job.args["mib"].as_u64().unwrap() * MIB;
            let _held = take(&attempt, &tools, bytes).await?;
            let now = together.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            for _ in 0..20 {
                tokio::task::yield_now().await;
                let seen = tools.memory.view();
                assert!(seen.taken_bytes <= seen.budget_bytes, "{seen:?}");
                if attempt.job.args["mib"] == 900 {
                    assert_eq!(together.load(Ordering::SeqCst), 1, "somebody runs beside it");
                    alone.fetch_min(attempt.job.created_at.0.unsigned_abs() as usize, Ordering::SeqCst);
                }
            }
            together.fetch_sub(1, Ordering::SeqCst);
            done(Value::Null)
        }
    });
    let handle = start_with(node_config(8), vec![stage]).await;
    let mut ids = Vec::new();
    for n in 0..JOBS {
        // Cheap ones before and after it, and dear ones of which two fit.
        let mib = match n {
            20 => 900,
            n if n % 5 == 0 => 100,
            _ => 10,
        };
        ids.push(submit(&handle, job(STAGE, json!({ "mib": mib }))).await);
    }
    for id in ids {
        let job = ended(&handle, id).await;
        assert_eq!((job.state, job.attempts), (JobState::Succeeded, 0), "{:?}", job.failures);
    }
    let seen = handle.observe().await.unwrap().memory;
    assert_eq!((&seen["taken_bytes"], &seen["holders"], &seen["waiting"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!((&seen["granted"], &seen["alone"]), (&json!(JOBS), &json!(1)));
    assert!(seen["peak_bytes"].as_u64() <= seen["budget_bytes"].as_u64(), "{seen}");
    assert!(most.load(Ordering::SeqCst) > 1, "never two at once");
    assert_ne!(alone.load(Ordering::SeqCst), usize::MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_come_back_from_a_panic_a_hang_and_a_cancel() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (stage, _burials) = Fixture::stage(STAGE, 200, move |attempt, tools| {
        let begun = begun_tx.clone();
        async move {
            let _held = take(&attempt, &tools, 100 * MIB).await?;
            begun.send(attempt.job.id).unwrap();
            match attempt.job.args.as_str() {
                Some("panic") => panic!("a page that nobody can draw"),
                // Deaf to its budget: it is torn away.
                Some("hang") => std::future::pending().await,
                _ => {
                    while !attempt.budget.is_cancelled() {
                        tokio::task::yield_now().await;
                    }
                    Err(StageError::Fenced)
                }
            }
        }
    });
    let handle = start_with(node_config(2), vec![stage]).await;
    for how in ["panic", "hang", "cancel"] {
        let mut new = job(STAGE, json!(how));
        new.retry.max_attempts = 1;
        let id = submit(&handle, new).await;
        assert_eq!(within(begun.recv()).await, Some(id));
        if how != "panic" {
            assert!(view(&handle).taken_bytes >= 100 * MIB);
        }
        if how == "cancel" {
            handle.cancel(TENANT, id, "not wanted").await.unwrap();
        }
        assert!(ended(&handle, id).await.state.is_terminal());
        until(async || view(&handle).taken_bytes == 0).await;
    }
    assert_eq!(view(&handle).holders, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_come_back_when_the_lease_is_lost() {
    let catalog = Faulty::new();
    let mut config = node_config(1);
    config.jobs.lease_ms = 400;
    config.jobs.renew_ms = 50;
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, tools| {
        let begun = begun_tx.clone();
        async move {
            let _held = take(&attempt, &tools, 200 * MIB).await?;
            if attempt.job.token > 1 {
                return done(json!(tools.memory.view().holders));
            }
            begun.send(()).unwrap();
            std::future::pending().await
        }
    });
    let handle = Handle::start(parts(config, Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    catalog.renew_fails.store(true, Ordering::Relaxed);
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    // The next attempt has the one slot and the memory that the first one held.
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.result), (JobState::Succeeded, Some(json!(1))));
    until(async || view(&handle).taken_bytes == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_interactive_work_does_not_starve_a_dear_page() {
    let (stop, stopped) = watch::channel(false);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, tools| {
        let stopped = stopped.clone();
        async move {
            let dear = attempt.job.lane == Lane::Batch;
            let _held = take(&attempt, &tools, if dear { 900 * MIB } else { 40 * MIB }).await?;
            if !dear && !*stopped.borrow() {
                tokio::task::yield_now().await;
            }
            done(Value::Null)
        }
    });
    let handle = start_with(node_config(6), vec![stage]).await;
    let stream = tokio::spawn({
        let (handle, stopped) = (handle.clone(), stop.subscribe());
        async move {
            // Always some that wait, until the dear one is through.
            let mut open = std::collections::VecDeque::new();
            while !*stopped.borrow() {
                open.push_back(
                    submit(&handle, NewJob { lane: Lane::Interactive, ..job(STAGE, Value::Null) }).await,
                );
                if open.len() > 12 {
                    ended(&handle, open.pop_front().unwrap()).await;
                }
            }
            for id in open {
                ended(&handle, id).await;
            }
        }
    });
    until(async || view(&handle).granted > 5).await;
    // A place of its own, or the interactive lane would have all slots: what is looked at is the memory.
    let held = within(async {
        let budget = takeoff_core::budget::Budget::unlimited();
        handle.memory().take(Lane::Batch, 900 * MIB, SOON, &budget).await
    })
    .await
    .expect("it had its turn");
    assert_eq!(view(&handle).alone, 1);
    drop(held);
    stop.send(true).unwrap();
    tokio::time::timeout(SOON + Duration::from_secs(10), stream).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_queue_is_told_to_the_next_one() {
    let mut config = node_config(1);
    config.jobs.max_waiting = 3;
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |attempt, _| async move {
        while !attempt.budget.is_cancelled() {
            tokio::task::yield_now().await;
        }
        Err(StageError::Fenced)
    });
    let handle = start_with(config, vec![stage]).await;
    let mut last = None;
    for _ in 0..4 {
        handle.admit(STAGE).await.unwrap();
        last = Some(submit(&handle, job(STAGE, Value::Null)).await);
        until(async || handle.catalog().queue(STAGE).await.unwrap().leased == 1).await;
    }
    let refused = handle.admit(STAGE).await.unwrap_err();
    let expected = takeoff_engine::error::EngineError::Busy {
        what: "3 jobs of the stage auto_count are waiting already".to_owned(),
        retry_after_s: 30,
    };
    assert_eq!(refused.to_string(), expected.to_string());
    handle.admit(StageName::Ingest).await.unwrap();
    let last = last.unwrap();
    handle.cancel(TENANT, last, "not wanted").await.unwrap();
    assert_eq!(stored(&handle, last).await.state, JobState::Cancelled);
    handle.admit(STAGE).await.unwrap();
}
