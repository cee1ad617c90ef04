//! What each end of an attempt does to its job.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use takeoff_core::job::{FailureKind, JobState, Stage as StageName};
use takeoff_core::model::{Id, IdSource, Kind};
use takeoff_engine::clock::SystemIds;
use takeoff_engine::error::StageError;
use takeoff_engine::stage::{Effects, End};
use takeoff_storage::Batch;
use takeoff_storage::catalog::{Expect, JobChange, JobEvent, LeaseRequest};
use tokio::sync::mpsc;

use crate::support::{
    Fixture, TENANT, counter, done, ended, job, start, stored, submit, until, wait_for_cancel, within,
};

const STAGE: StageName = StageName::Ingest;

#[tokio::test(flavor = "multi_thread")]
async fn effects_and_end_are_one_commit() {
    let (stage, _) = Fixture::stage(STAGE, 60_000, |attempt, _| async move {
        let mut batch = Batch::new(attempt.tenant());
        batch.event(Id::NIL, "page_ready", json!({ "number": 1 }));
        Ok(Effects { batch, end: End::Done { result: json!({ "pages": 2 }) } })
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts, job.token), (JobState::Succeeded, 0, 1));
    assert_eq!(job.result, Some(json!({ "pages": 2 })));
    let events = handle.catalog().events(TENANT, Id::NIL, 0, 10).await.unwrap();
    assert_eq!(events.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["page_ready"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_one_attempt_and_is_visible() {
    let (stage, mut burials) = Fixture::stage(STAGE, 60_000, |attempt, _| async move {
        assert!(attempt.job.attempts > 0, "page {} is upside down", attempt.job.args["page"]);
        done(Value::Null)
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, json!({ "page": 7 }))).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Succeeded, 1));
    assert_eq!(job.failures[0].kind, FailureKind::Panic);
    assert!(job.failures[0].message.contains("page 7 is upside down"), "{:?}", job.failures);
    assert_eq!(counter(&handle, "node/ingest/foreman", "panicked").await, 1);
    assert!(burials.none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_rest_of_the_stage_is_a_failure_too() {
    let (stage, mut burials) = Fixture::stage(STAGE, 60_000, |_, _| async { done(Value::Null) });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, json!({ "budget": "panic" }))).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Dead, 3));
    assert!(job.failures.iter().all(|f| f.kind == FailureKind::Panic));
    assert_eq!(burials.next().await.0, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_past_the_budget_ends_as_one() {
    let (stage, _burials) = Fixture::stage(STAGE, 50, |attempt, _| async move {
        if attempt.job.attempts == 0 {
            std::future::pending::<()>().await;
        }
        done(Value::Null)
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Succeeded, 1));
    assert_eq!(job.failures[0].kind, FailureKind::Hang);
    assert!(job.failures[0].message.contains("50 ms"), "{:?}", job.failures);
    assert_eq!(counter(&handle, "node/ingest/watchman", "hangs").await, 1);
    assert_eq!(counter(&handle, "node/ingest/watchman", "given_up").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stage_returns_after_its_budget_was_cancelled_still_counts() {
    let (stage, _burials) = Fixture::stage(STAGE, 30, |attempt, _| async move {
        while !attempt.budget.is_cancelled() {
            tokio::task::yield_now().await;
        }
        done(json!("what it has"))
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Succeeded, 0));
    assert_eq!(job.result, Some(json!("what it has")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stage_that_blocks_its_thread_is_abandoned_and_watched() {
    let (release, hold) = std::sync::mpsc::channel::<()>();
    let hold = std::sync::Mutex::new(Some(hold));
    let (stage, _burials) = Fixture::stage(STAGE, 30, move |_, _| {
        let hold = hold.lock().unwrap().take();
        async move {
            if let Some(hold) = hold {
                let _ = hold.recv();
            }
            done(Value::Null)
        }
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Succeeded, 1));
    assert_eq!(job.failures[0].kind, FailureKind::Hang);
    until(async || handle.readiness().reasons.iter().any(|r| r.contains("do not stop"))).await;
    drop(release);
    until(async || handle.readiness().ready).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_back_off_then_the_job_dies_and_its_owner_is_told() {
    let (stage, mut burials) = Fixture::stage(STAGE, 60_000, |attempt, _| async move {
        Err(StageError::Retry(format!("outage {}", attempt.job.attempts)))
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts, job.error.as_deref()), (JobState::Dead, 3, Some("outage 2")));
    assert_eq!(burials.next().await, (id, "outage 2".to_owned()));
    assert!(burials.none(), "only the last failure buries");
    // In the commit that ended it.
    let events = handle.catalog().events(TENANT, Id::NIL, 0, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert!(events[0].at == job.finished_at.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_cannot_be_worked_on_is_an_outcome_and_no_dead_letter() {
    let (stage, mut burials) = Fixture::stage(STAGE, 60_000, |attempt, _| async move {
        let mut batch = Batch::new(attempt.tenant());
        batch.event(Id::NIL, "document_failed", Value::Null);
        Ok(Effects { batch, end: End::Refused { error: "the file is no drawing".to_owned() } })
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.error.as_deref()), (JobState::Refused, Some("the file is no drawing")));
    assert!(burials.none(), "its batch said so already");
    assert_eq!(handle.catalog().events(TENANT, Id::NIL, 0, 10).await.unwrap().len(), 1);
    assert_eq!(handle.catalog().queue(STAGE).await.unwrap().dead, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burial_that_fails_does_not_keep_the_job_alive() {
    let (stage, mut burials) = Fixture::stage(STAGE, 60_000, |_, _| async {
        Err(StageError::Reject("no such document".to_owned()))
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, json!("no grave"))).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Dead, 1));
    for _ in 0..8 {
        assert_eq!(burials.next().await.0, id, "tried before the end and after it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_job_is_dead_at_once() {
    let (stage, mut burials) = Fixture::stage(STAGE, 60_000, |_, _| async {
        Err(StageError::Reject("no such document".to_owned()))
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Dead, 1));
    assert_eq!(burials.next().await, (id, "no such document".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn child_deaths_poison_the_job() {
    let (stage, mut burials) = Fixture::stage(STAGE, 60_000, |_, _| async {
        Err(StageError::ChildDeath { message: "page 3 kills the parser".to_owned() })
    });
    let handle = start(vec![stage]).await;
    let mut new = job(STAGE, Value::Null);
    new.retry.max_attempts = 100;
    let id = submit(&handle, new).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.child_deaths), (JobState::Dead, 3));
    assert_eq!(burials.next().await.0, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_costs_nothing() {
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |attempt, tools| async move {
        if attempt.job.token < 3 {
            let until = tools.clock.now().plus_ms(10);
            return Err(StageError::Snooze { until, reason: "the scale is not known yet".to_owned() });
        }
        done(Value::Null)
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts, job.token), (JobState::Succeeded, 0, 3));
    assert!(job.failures.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_runs_the_attempt_again_without_cost() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let run = counted.fetch_add(1, Ordering::Relaxed);
        async move {
            let mut batch = Batch::new(attempt.tenant());
            if run < 2 {
                batch.expect.push(Expect::Exists(Kind::Page, SystemIds.next()));
            }
            Ok(Effects { batch, end: End::Done { result: json!(run) } })
        }
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts, job.token, job.result), (JobState::Succeeded, 0, 1, Some(json!(2))));
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_that_stays_becomes_a_failure() {
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |attempt, _| async move {
        let mut batch = Batch::new(attempt.tenant());
        batch.expect.push(Expect::Exists(Kind::Page, SystemIds.next()));
        Ok(Effects { batch, end: End::Done { result: Value::Null } })
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Dead, 3));
    assert!(job.error.unwrap().contains("changed again and again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_may_not_decide_about_jobs_itself() {
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, |attempt, _| async move {
        let mut batch = Batch::new(attempt.tenant());
        let event = JobEvent::Succeed { result: json!("forged") };
        batch.changes.push(JobChange { job: attempt.job.id, token: Some(attempt.job.token), event });
        Ok(Effects { batch, end: End::Done { result: Value::Null } })
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.result), (JobState::Dead, None));
    assert!(job.error.unwrap().contains("a bug in the stage"));
}

/// Takes the job away from its holder, as another node would after an expiry that the holder slept
/// through.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_is_fenced_off_stores_nothing_and_counts() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go_tx, go) = tokio::sync::watch::channel(false);
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let (begun, mut go) = (begun_tx.clone(), go.clone());
        async move {
            begun.send(attempt.job.token).unwrap();
            go.wait_for(|go| *go).await.unwrap();
            let mut batch = Batch::new(attempt.tenant());
            batch.event(Id::NIL, "stored", Value::Null);
            Ok(Effects { batch, end: End::Done { result: json!(attempt.job.token) } })
        }
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    assert_eq!(within(begun.recv()).await, Some(1));

    // The thief needs the job ready for a moment that the node does not use: its slots are filled first.
    let filler = submit(&handle, job(STAGE, Value::Null)).await;
    assert_eq!(within(begun.recv()).await, Some(1));
    let mut steal = Batch::new(TENANT);
    steal.changes.push(JobChange { job: id, token: Some(1), event: JobEvent::Release });
    handle.catalog().commit(steal).await.unwrap();
    let request = LeaseRequest::new("thief", STAGE, 1, 60_000);
    let stolen = handle.catalog().lease(request).await.unwrap();
    assert_eq!(stolen.iter().map(|j| (j.id, j.token)).collect::<Vec<_>>(), [(id, 2)]);

    go_tx.send(true).unwrap();
    ended(&handle, filler).await;
    until(async || stored(&handle, id).await.attempts == 1).await;
    let seen = stored(&handle, id).await;
    assert_eq!(seen.state, JobState::Leased, "the thief still has it");
    assert_eq!(seen.failures[0].kind, FailureKind::Fenced);
    let events = handle.catalog().events(TENANT, Id::NIL, 0, 10).await.unwrap();
    assert_eq!(events.len(), 1, "only the filler's");
}

/// Between the lease and the last failure another holder's fenced commit used up an attempt.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_turns_out_to_be_the_last_buries_as_well() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go_tx, go) = tokio::sync::watch::channel(false);
    let (stage, mut burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let (begun, mut go) = (begun_tx.clone(), go.clone());
        async move {
            if attempt.job.token == 1 {
                return Err(StageError::Snooze { until: attempt.job.run_at, reason: "once".to_owned() });
            }
            begun.send(()).unwrap();
            go.wait_for(|go| *go).await.unwrap();
            Err(StageError::Retry("an outage".to_owned()))
        }
    });
    let handle = start(vec![stage]).await;
    let mut new = job(STAGE, Value::Null);
    new.retry.max_attempts = 2;
    let id = submit(&handle, new).await;
    within(begun.recv()).await.unwrap();
    let mut late = Batch::new(TENANT);
    let event = JobEvent::Fenced { token: 1, message: "a node that woke up".to_owned() };
    late.changes.push(JobChange { job: id, token: None, event });
    handle.catalog().commit(late).await.unwrap();
    go_tx.send(true).unwrap();
    let job = ended(&handle, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Dead, 2));
    assert_eq!(burials.next().await, (id, "an outage".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn fan_out_and_fan_in_with_a_failing_child() {
    let (stage, mut burials) = Fixture::stage(STAGE, 60_000, |attempt, _| async move {
        let job = &attempt.job;
        if job.args == json!("bad page") {
            return Err(StageError::Reject("a bad page".to_owned()));
        }
        if job.args == json!("good page") {
            return done(Value::Null);
        }
        if job.checkpoint.is_none() {
            let children =
                ["good page", "bad page", "good page"].map(|p| crate::support::job(STAGE, json!(p)));
            let end = End::FanOut { children: children.to_vec(), checkpoint: json!("pages are running") };
            return Ok(Effects { batch: Batch::new(attempt.tenant()), end });
        }
        done(json!({ "failed": job.children_failed, "of": job.children_total, "then": job.checkpoint }))
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, json!("document"))).await;
    let job = ended(&handle, id).await;
    assert_eq!(job.state, JobState::Succeeded);
    assert_eq!(job.result, Some(json!({ "failed": 1, "of": 3, "then": "pages are running" })));
    assert_eq!((job.attempts, job.token), (0, 2));
    assert_eq!(burials.next().await.1, "a bad page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_reaches_the_running_attempt_at_once() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (stage, mut burials) =
        Fixture::stage(STAGE, 60_000, move |attempt, _| wait_for_cancel(attempt, begun_tx.clone()));
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    assert_eq!(within(begun.recv()).await, Some(id));
    let job = within(handle.cancel(TENANT, id, "the user changed their mind")).await.unwrap().unwrap();
    assert_eq!((job.state, job.error.as_deref()), (JobState::Cancelled, Some("the user changed their mind")));
    assert_eq!(burials.next().await, (id, "the user changed their mind".to_owned()));
    until(async || counter(&handle, "node/ingest/foreman", "ended").await == 1).await;
    let after = stored(&handle, id).await;
    assert_eq!((after.state, after.attempts), (JobState::Cancelled, 0));
    // A second cancel changes nothing, and one of nothing finds nothing.
    let again = handle.cancel(TENANT, id, "again").await.unwrap().unwrap();
    assert_eq!(again, after);
    assert_eq!(handle.cancel(TENANT, SystemIds.next(), "x").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_is_taken_though_others_are_always_quicker_with_what_belongs_to_the_owner() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (stage, _burials) =
        Fixture::stage(STAGE, 60_000, move |attempt, _| wait_for_cancel(attempt, begun_tx.clone()));
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, json!("disputed"))).await;
    assert_eq!(within(begun.recv()).await, Some(id));
    let cancelled = within(handle.cancel(TENANT, id, "enough")).await.unwrap().unwrap();
    assert_eq!(cancelled.state, JobState::Cancelled);
    let events = handle.catalog().events(TENANT, Id::NIL, 0, 10).await.unwrap();
    let names: Vec<&str> = events.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["buried_in_short", "buried_rest"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_takes_the_children_with_it() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |attempt, _| {
        let begun = begun_tx.clone();
        async move {
            if attempt.job.args == json!("page") {
                return wait_for_cancel(attempt, begun).await;
            }
            let children =
                vec![job(STAGE, json!("page")), job(STAGE, json!("page")), job(STAGE, json!("page"))];
            let end = End::FanOut { children, checkpoint: Value::Null };
            Ok(Effects { batch: Batch::new(attempt.tenant()), end })
        }
    });
    let handle = start(vec![stage]).await;
    let id = submit(&handle, job(STAGE, json!("document"))).await;
    let running = [within(begun.recv()).await.unwrap(), within(begun.recv()).await.unwrap()];
    let cancelled = within(handle.cancel(TENANT, id, "enough")).await.unwrap().unwrap();
    assert_eq!(cancelled.state, JobState::Cancelled);
    for child in running {
        assert_eq!(ended(&handle, child).await.state, JobState::Cancelled);
    }
    until(async || counter(&handle, "node/ingest/foreman", "ended").await == 3).await;
    let queue = handle.catalog().queue(STAGE).await.unwrap();
    assert_eq!((queue.ready, queue.leased, queue.waiting), (0, 0, 0));
}
