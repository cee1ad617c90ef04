//! Parts of its work that an attempt commits before its end.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use takeoff_core::job::{FailureKind, JobState, Stage as StageName};
use takeoff_core::model::{Id, Kind};
use takeoff_engine::error::StageError;
use takeoff_engine::handle::Handle;
use takeoff_storage::catalog::{JobChange, JobEvent, LeaseRequest};
use takeoff_storage::{Batch, Expect};
use tokio::sync::{mpsc, watch};

use crate::support::{
    Faulty, Fixture, TENANT, config, done, ended, job, parts, start, stored, submit, until, within,
};

const STAGE: StageName = StageName::AutoCount;

fn part(name: &str) -> Batch {
    let mut batch = Batch::new(TENANT);
    batch.event(Id::NIL, name, Value::Null);
    batch
}

async fn told(handle: &Handle) -> Vec<String> {
    let events = handle.catalog().events(TENANT, Id::NIL, 0, 10).await.unwrap();
    events.into_iter().map(|e| e.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_work_is_seen_while_the_attempt_goes_on() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go_tx, go) = watch::channel(false);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let (begun, mut go) = (begun_tx.clone(), go.clone());
        async move {
            assert!(attempt.checkpoint(part("first")).await?);
            assert!(attempt.checkpoint(Batch::new(TENANT)).await?, "nothing is committed at once");
            let mut late = part("never");
            late.expect.push(Expect::Exists(Kind::Page, Id::NIL));
            assert!(!attempt.checkpoint(late).await?, "its precondition does not hold");
            begun.send(()).unwrap();
            go.wait_for(|go| *go).await.unwrap();
            assert!(attempt.checkpoint(part("second")).await?);
            done(json!(2))
        }
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    assert_eq!(told(&handle).await, ["first"]);
    assert_eq!(stored(&handle, id).await.state, JobState::Leased);
    go_tx.send(true).unwrap();
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts, job.token), (JobState::Succeeded, 0, 1));
    assert_eq!(told(&handle).await, ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_an_attempt_that_lost_its_job_is_refused() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (seen_tx, mut seen) = mpsc::unbounded_channel();
    let (go_tx, go) = watch::channel(false);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let (begun, seen, mut go) = (begun_tx.clone(), seen_tx.clone(), go.clone());
        async move {
            begun.send(()).unwrap();
            go.wait_for(|go| *go).await.unwrap();
            let refused = attempt.checkpoint(part("stored")).await;
            seen.send((attempt.job.id, matches!(refused, Err(StageError::Fenced)))).unwrap();
            refused?;
            done(Value::Null)
        }
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    // The node's other slot is filled, so that the thief gets the job.
    let filler = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    let mut steal = Batch::new(TENANT);
    steal.changes.push(JobChange { job: id, token: Some(1), event: JobEvent::Release });
    handle.catalog().commit(steal).await.unwrap();
    let request = LeaseRequest::new("thief", STAGE, 1, 60_000);
    assert_eq!(handle.catalog().lease(request).await.unwrap().len(), 1);

    go_tx.send(true).unwrap();
    let mut answers = [within(seen.recv()).await.unwrap(), within(seen.recv()).await.unwrap()];
    answers.sort_by_key(|(job, _)| *job != id);
    assert_eq!(answers, [(id, true), (filler, false)]);
    ended(&handle, filler).await;
    until(async || stored(&handle, id).await.attempts == 1).await;
    assert_eq!(stored(&handle, id).await.failures[0].kind, FailureKind::Fenced);
    assert_eq!(told(&handle).await, ["stored"], "only the filler's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_waits_for_the_store_and_bugs_are_told() {
    let catalog = Faulty::new();
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go_tx, go) = watch::channel(false);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let (begun, mut go) = (begun_tx.clone(), go.clone());
        async move {
            if attempt.job.args == json!("bug") {
                let mut wrong = part("never");
                wrong.changes.push(JobChange { job: attempt.job.id, token: None, event: JobEvent::Requeue });
                attempt.checkpoint(wrong).await?;
            }
            begun.send(()).unwrap();
            go.wait_for(|go| *go).await.unwrap();
            assert!(attempt.checkpoint(part("late")).await?);
            done(Value::Null)
        }
    });
    let handle = Handle::start(parts(config(), Arc::clone(&catalog) as _, vec![stage])).await.unwrap();
    let bug = ended(&handle, submit(&handle, job(STAGE, json!("bug"))).await).await;
    assert_eq!(bug.state, JobState::Dead);
    assert!(bug.error.unwrap().contains("a bug in the stage"));

    let id = submit(&handle, job(STAGE, Value::Null)).await;
    within(begun.recv()).await.unwrap();
    catalog.down.store(true, Ordering::Relaxed);
    go_tx.send(true).unwrap();
    until(async || handle.readiness().reasons.iter().any(|r| r.contains("the disk is full"))).await;
    catalog.down.store(false, Ordering::Relaxed);
    assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
    assert_eq!(told(&handle).await, ["buried", "late"]);
}
