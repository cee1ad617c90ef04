//! Work that is done at times.

use std::sync::Arc;

use serde_json::{Value, json};
use takeoff_core::cron::Cron;
use takeoff_core::job::{JobState, NewJob, Stage as StageName};
use takeoff_core::model::Timestamp;
use takeoff_core::schedule::{Missed, Outcome, Running, Schedule, Times};
use takeoff_engine::NoopStage;
use takeoff_engine::clock::SystemClock;
use takeoff_engine::handle::Handle;
use takeoff_storage::catalog::Batch;
use takeoff_storage::mem;

use crate::node::reopen;
use crate::support::{TENANT, config, counter, ended, job, parts, start, stored, submit, until};

async fn entry(handle: &Handle, name: &str) -> Schedule {
    let all = handle.schedule().await.unwrap();
    all.into_iter().find(|s| s.entry.name == name).and_then(|s| s.stands).expect("somebody looked")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_runs_at_the_start_and_says_when_next() {
    let handle = start(vec![Arc::new(NoopStage)]).await;
    until(async || {
        let all = handle.schedule().await.unwrap();
        all.iter().all(|s| s.stands.as_ref().is_some_and(|s| s.last.is_some()))
    })
    .await;
    let all = handle.schedule().await.unwrap();
    let names: Vec<&str> = all.iter().map(|s| s.entry.name).collect();
    let expected =
        ["blob_sweep", "lease_rescue", "page_cache", "retention", "session_deadlines", "statistics"];
    assert_eq!(names, expected);
    for scheduled in &all {
        let stands = scheduled.stands.as_ref().unwrap();
        let last = stands.last.as_ref().unwrap();
        assert_eq!((last.outcome, last.node.as_str()), (Outcome::Done, "solo"), "{scheduled:?}");
        assert!(last.result.is_object() && last.ended_at >= last.started_at, "{scheduled:?}");
        let next_in_ms = stands.next_at.ms_since(last.started_at);
        let Times::Every(every_ms) = scheduled.entry.times else { panic!("{scheduled:?}") };
        assert!((0..=every_ms).contains(&next_in_ms), "{scheduled:?}");
    }
    let seen = entry(&handle, "statistics").await.last.unwrap().result;
    assert_eq!(seen["queues"]["noop"]["ready"], json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_on_one_store_do_nothing_twice() {
    let catalog = mem::open(Arc::new(SystemClock)).unwrap();
    let mut nodes = Vec::new();
    for name in ["a", "b"] {
        let mut config = config();
        config.node = name.to_owned();
        // Every 100 ms.
        config.jobs.retention_ms = 1;
        nodes.push(
            Handle::start(parts(config, Arc::clone(&catalog) as _, vec![Arc::new(NoopStage)])).await.unwrap(),
        );
    }
    let first = entry(&nodes[0], "retention").await.next_at;
    until(async || entry(&nodes[0], "retention").await.runs >= 12).await;
    // One that has begun may be in either books only.
    let rounds = async || {
        let mut sum = 0;
        for node in &nodes {
            sum += counter(node, "node/pruner", "rounds").await;
        }
        sum
    };
    let before = entry(&nodes[0], "retention").await;
    let (ran, after) = (rounds().await, entry(&nodes[0], "retention").await);
    assert!(
        (before.runs.saturating_sub(1)..=after.runs + 1).contains(&ran),
        "{ran} of {before:?}, {after:?}"
    );
    // From the first time on, and the one at the start.
    let times = u64::try_from(after.next_at.ms_since(first) / 100).unwrap() + 2;
    assert!(after.runs <= times, "{} runs in {times} times", after.runs);
    assert_eq!(after.failures, 0);
}

/// A time of the calendar that was missed is made up for by one of two nodes, or let go, and nothing runs at the start.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_keep_the_times_of_the_calendar() {
    let catalog = mem::open(Arc::new(SystemClock)).unwrap();
    let yearly: Cron = "0 0 1 1 *".parse().unwrap();
    let node_of = |name: &str| {
        let mut config = config();
        config.node = name.to_owned();
        config.schedule.blob_sweep = Some(yearly);
        config.schedule.page_cache = Some(yearly);
        config.schedule.statistics = Some(yearly);
        parts(config, Arc::clone(&catalog) as _, vec![Arc::new(NoopStage)])
    };
    let first = node_of("a");
    let now = first.clock.now();
    let mut batch = Batch::new(TENANT);
    for name in ["blob_sweep", "statistics"] {
        // Of two years ago and a bit: that time and two more had no run.
        let next_at = yearly.next(now.plus_ms(-3 * 366 * 86_400_000));
        let stands = Schedule {
            name: name.to_owned(),
            next_at,
            running: None,
            last: None,
            runs: 7,
            failures: 0,
            missed: 0,
        };
        batch.create(&stands);
    }
    catalog.commit(batch).await.unwrap();
    let nodes = [Handle::start(first).await.unwrap(), Handle::start(node_of("b")).await.unwrap()];
    let done = async |name| entry(&nodes[0], name).await;
    until(async || done("blob_sweep").await.last.is_some() && done("statistics").await.missed > 0).await;
    until(async || {
        let all = nodes[0].schedule().await.unwrap();
        all.iter().any(|s| s.entry.name == "page_cache" && s.stands.is_some())
    })
    .await;
    let next = yearly.next(now);
    let (swept, seen, forgot) =
        (done("blob_sweep").await, done("statistics").await, done("page_cache").await);
    assert_eq!((swept.runs, swept.next_at, swept.failures), (8, next, 0), "{swept:?}");
    assert!((1..=3).contains(&swept.missed), "{swept:?}");
    assert_eq!((seen.runs, seen.next_at, seen.last), (7, next, None), "it is let go");
    assert_eq!((forgot.runs, forgot.next_at), (0, next), "it is not due at the start");
    let mut rounds = 0;
    for node in &nodes {
        rounds += counter(node, "node/sweeper", "rounds").await;
    }
    assert_eq!(rounds, 1, "two nodes, one run");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_while_no_node_lived_is_made_up_for_once_or_let_go() {
    let catalog = mem::open(Arc::new(SystemClock)).unwrap();
    let node = parts(config(), Arc::clone(&catalog) as _, vec![Arc::new(NoopStage)]);
    let now = node.clock.now();
    let day_ms = 86_400_000;
    let mut batch = Batch::new(TENANT);
    for name in ["blob_sweep", "statistics", "page_cache"] {
        // The last has a run that a dead node began.
        let running = (name == "page_cache").then(|| Running {
            node: "dead".to_owned(),
            since: now.plus_ms(-3 * day_ms),
            until: now.plus_ms(-2 * day_ms),
        });
        let next_at = Timestamp(now.0).plus_ms(-3 * day_ms - 1);
        let stands =
            Schedule { name: name.to_owned(), next_at, running, last: None, runs: 7, failures: 0, missed: 0 };
        batch.create(&stands);
    }
    catalog.commit(batch).await.unwrap();
    let handle = Handle::start(node).await.unwrap();
    until(async || entry(&handle, "blob_sweep").await.last.is_some()).await;
    until(async || entry(&handle, "page_cache").await.last.is_some_and(|l| l.outcome == Outcome::Done)).await;
    until(async || entry(&handle, "statistics").await.missed > 0).await;
    let all = handle.schedule().await.unwrap();
    let policy = |name: &str| all.iter().find(|s| s.entry.name == name).unwrap().entry.missed;
    let (swept, forgot) = (entry(&handle, "blob_sweep").await, entry(&handle, "page_cache").await);
    assert_eq!((policy("blob_sweep"), swept.runs), (Missed::RunOnce, 8));
    assert!(swept.missed >= 3, "{swept:?}");
    assert_eq!(
        (forgot.runs, forgot.failures),
        (8, 1),
        "the run of the dead node is lost, one makes up for it"
    );
    let seen = entry(&handle, "statistics").await;
    assert_eq!((policy("statistics"), seen.runs, seen.last), (Missed::Skip, 7, None), "it is let go");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_job_waits_on_disk_and_runs_once() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = reopen(folder.path()).await;
    let handle = Handle::start(parts(config(), catalog, vec![Arc::new(NoopStage)])).await.unwrap();
    let run_at = handle.now().plus_ms(1_500);
    let id = submit(&handle, NewJob { run_at: Some(run_at), ..job(StageName::Noop, Value::Null) }).await;
    assert_eq!(handle.catalog().queue(StageName::Noop).await.unwrap().delayed, 1);
    drop(handle);
    let handle =
        Handle::start(parts(config(), reopen(folder.path()).await, vec![Arc::new(NoopStage)])).await.unwrap();
    assert_eq!(stored(&handle, id).await.state, JobState::Ready);
    let ran = ended(&handle, id).await;
    assert_eq!((ran.state, ran.token), (JobState::Succeeded, 1));
    assert!(ran.started_at >= Some(run_at), "{:?} before {run_at:?}", ran.started_at);
}
