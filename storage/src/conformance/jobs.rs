//! The life of one job, as batches change it.

use serde_json::json;
use takeoff_core::job::{FailureKind, JobState, NewJob, Stage, TaskLabel};
use takeoff_core::model::{Kind, TenantId};

use super::{Subject, TENANT, fail, id, job, record, succeed};
use crate::catalog::{Clock as _, Expect, JobChange, JobEvent, JobQuery, Op};
use crate::error::StoreError;

fn assert_fenced<T: std::fmt::Debug>(result: Result<T, StoreError>, n: u64, with: u64) {
    match result {
        Err(StoreError::Fenced { job, token }) => assert_eq!((job, token), (id(n), with)),
        other => panic!("not fenced: {other:?}"),
    }
}

fn assert_state<T: std::fmt::Debug>(result: Result<T, StoreError>, expected: JobState) {
    match result {
        Err(StoreError::JobState { state, .. }) => assert_eq!(state, expected),
        other => panic!("not refused: {other:?}"),
    }
}

pub async fn one_life(s: &Subject) {
    let done = s.commit(|b| b.jobs.push(job(1))).await.expect("enqueue");
    assert_eq!((done.woken, done.ended), (vec![Stage::Noop], vec![]));
    assert_state(s.commit(|b| b.jobs.push(job(1))).await, JobState::Ready);
    s.clock.advance_ms(7);
    let token = s.lease_one(1).await;
    assert_eq!(token, 1);
    assert_eq!(s.lease(9).await, [], "leased once");
    let now = s.job(1).await;
    assert_eq!((now.state, now.attempts), (JobState::Leased, 0));
    assert_eq!(now.started_at.expect("started").ms_since(now.created_at), 7);
    let event = JobEvent::Succeed { result: json!({ "pages": 3 }) };
    let done = s.change(1, Some(token), event).await.expect("succeed");
    assert_eq!((done.woken, done.ended), (vec![], vec![id(1)]));
    let now = s.job(1).await;
    assert_eq!((now.state, now.result, now.lease), (JobState::Succeeded, Some(json!({ "pages": 3 })), None));
    assert_eq!(now.args, json!({ "n": 1 }));
    assert_fenced(s.change(1, Some(token), succeed()).await, 1, token);
    assert_eq!(s.lease(9).await, []);
}

pub async fn retries_then_death(s: &Subject) {
    s.enqueue([job(1)]).await;
    for attempt in 1..=3_u16 {
        let token = s.lease_one(1).await;
        let done = s.change(1, Some(token), fail(FailureKind::Panic)).await.expect("fail");
        let now = s.job(1).await;
        assert_eq!((now.attempts, now.failures.len()), (attempt, usize::from(attempt)));
        if attempt < 3 {
            assert_eq!((now.state, done.ended.len()), (JobState::Ready, 0));
            assert_eq!(s.lease(1).await, [], "it rests first");
            s.clock.advance_ms(1_000);
        } else {
            assert_eq!((now.state, done.ended), (JobState::Dead, vec![id(1)]));
            assert_eq!(now.error.as_deref(), Some("Panic"));
        }
    }
    s.clock.advance_ms(100_000);
    assert_eq!(s.lease(1).await, []);
}

pub async fn reject_is_death(s: &Subject) {
    s.enqueue([job(1)]).await;
    let token = s.lease_one(1).await;
    let done = s.change(1, Some(token), fail(FailureKind::Reject)).await.expect("reject");
    assert_eq!(done.ended, [id(1)]);
    assert_eq!(s.job(1).await.state, JobState::Dead);
}

pub async fn poison(s: &Subject) {
    let mut tough = job(1);
    tough.retry.max_attempts = 50;
    s.enqueue([tough]).await;
    for death in 1..=3 {
        let token = s.lease_one(1).await;
        s.change(1, Some(token), fail(FailureKind::ChildDeath)).await.expect("fail");
        s.clock.advance_ms(1_000);
        let state = s.job(1).await.state;
        assert_eq!(state, if death < 3 { JobState::Ready } else { JobState::Dead });
    }
}

pub async fn snooze_and_release_cost_nothing(s: &Subject) {
    s.enqueue([job(1)]).await;
    let first = s.lease_one(1).await;
    let until = s.job(1).await.created_at.plus_ms(500);
    let event = JobEvent::Snooze { until, checkpoint: Some(json!("half")), why: None };
    s.change(1, Some(first), event).await.expect("snooze");
    assert_eq!(s.lease(1).await, []);
    s.clock.advance_ms(500);
    let second = s.lease_one(1).await;
    assert_eq!(s.job(1).await.checkpoint, Some(json!("half")));
    let done = s.change(1, Some(second), JobEvent::Release).await.expect("release");
    assert_eq!(done.woken, [Stage::Noop]);
    let third = s.lease_one(1).await;
    assert_eq!((first, second, third), (1, 2, 3));
    assert_eq!(s.job(1).await.attempts, 0);
}

/// What a holder that lost its lease brings is refused as a whole.
pub async fn fencing(s: &Subject) {
    s.enqueue([job(1), job(2)]).await;
    let old = s.lease(1).await.remove(0);
    s.clock.advance_ms(60_000);
    assert_eq!(s.catalog.rescue(1_000, 10).await.expect("rescue"), 1);
    let new = s.lease(1).await.remove(0);
    assert_eq!((old.id, new.id, old.token + 1), (id(1), id(1), new.token));
    let late = s
        .commit(|b| {
            b.ops.push(Op::Put(record(Kind::Document, 5, id(9), "late")));
            b.jobs.push(job(6));
            b.changes.push(JobChange { job: id(1), token: Some(old.token), event: succeed() });
        })
        .await;
    assert_fenced(late, 1, old.token);
    assert_eq!(s.get(Kind::Document, 5).await, None);
    assert_eq!(s.catalog.job(TENANT, id(6)).await.expect("job"), None);
    for event in [fail(FailureKind::Retry), JobEvent::Release] {
        assert_fenced(s.change(1, Some(old.token), event).await, 1, old.token);
    }
    assert_fenced(s.change(1, None, succeed()).await, 1, 0);
    assert_fenced(s.change(2, Some(1), succeed()).await, 2, 1);
    s.change(1, Some(new.token), succeed()).await.expect("the holder");
}

pub async fn late_fence_counts(s: &Subject) {
    s.enqueue([job(1)]).await;
    let old = s.lease_one(1).await;
    s.clock.advance_ms(60_000);
    s.catalog.rescue(1_000, 10).await.expect("rescue");
    let new = s.lease_one(1).await;
    let before = s.job(1).await;
    for _ in 0..2 {
        let event = JobEvent::Fenced { token: old, message: "late".into() };
        s.change(1, None, event).await.expect("fenced");
    }
    let after = s.job(1).await;
    assert_eq!((before.attempts, after.attempts), (0, 1), "reported twice, counted once");
    assert_eq!(after.failures.last().expect("a failure").kind, FailureKind::Fenced);
    assert_eq!((&after.lease, after.state), (&before.lease, before.state));
    s.change(1, Some(new), succeed()).await.expect("the holder goes on");
    let event = JobEvent::Fenced { token: old, message: "too late".into() };
    assert_state(s.change(1, None, event).await, JobState::Succeeded);
}

pub async fn cancel_is_terminal(s: &Subject) {
    s.enqueue([job(1), job(2)]).await;
    let cancel = || JobEvent::Cancel { reason: "not wanted".into() };
    let leased = s.lease(1).await.remove(0);
    assert_eq!(s.change(1, None, cancel()).await.expect("leased").ended, [id(1)]);
    assert_eq!(s.change(2, None, cancel()).await.expect("ready").ended, [id(2)]);
    assert_fenced(s.change(1, Some(leased.token), succeed()).await, 1, leased.token);
    let now = s.job(1).await;
    assert_eq!((now.state, now.error.as_deref()), (JobState::Cancelled, Some("not wanted")));
    assert_state(s.change(1, None, cancel()).await, JobState::Cancelled);
    assert_eq!(s.lease(9).await, []);
}

pub async fn requeue(s: &Subject) {
    s.enqueue([job(1)]).await;
    assert_state(s.change(1, None, JobEvent::Requeue).await, JobState::Ready);
    let token = s.lease_one(1).await;
    s.change(1, Some(token), fail(FailureKind::Reject)).await.expect("reject");
    s.clock.advance_ms(10);
    let done = s.change(1, None, JobEvent::Requeue).await.expect("requeue");
    assert_eq!(done.woken, [Stage::Noop]);
    let now = s.job(1).await;
    assert_eq!((now.state, now.attempts, now.error, now.finished_at), (JobState::Ready, 0, None, None));
    assert_eq!(s.lease_one(1).await, token + 1, "tokens are never given twice");
    s.change(1, Some(token + 1), succeed()).await.expect("succeed");
    assert_state(s.change(1, None, JobEvent::Requeue).await, JobState::Succeeded);
}

pub async fn discard(s: &Subject) {
    let discard = || JobEvent::Discard { reason: "not worth it".into() };
    s.enqueue([job(1)]).await;
    assert_state(s.change(1, None, discard()).await, JobState::Ready);
    let token = s.lease_one(1).await;
    s.change(1, Some(token), fail(FailureKind::Reject)).await.expect("reject");
    s.clock.advance_ms(5);
    let done = s.change(1, None, discard()).await.expect("discard");
    assert_eq!((done.woken, done.ended), (vec![], vec![]), "it had ended before");
    let now = s.job(1).await;
    assert_eq!((now.state, now.finished_at), (JobState::Refused, Some(s.clock.now())));
    assert_eq!(now.error.as_deref(), Some("not worth it; it had died of: Reject"));
    assert_eq!(s.catalog.queue(Stage::Noop).await.expect("queue").dead, 0);
    assert_state(s.change(1, None, discard()).await, JobState::Refused);
    s.clock.advance_ms(1);
    assert_eq!(s.catalog.prune(s.clock.now(), 9).await.expect("prune"), 1, "kept no longer than others");
}

pub async fn unknown_jobs(s: &Subject) {
    let unknown = s.change(1, Some(1), succeed()).await;
    assert!(matches!(unknown, Err(StoreError::NoSuchJob(which)) if which == id(1)), "{unknown:?}");
    assert_eq!(s.catalog.job(TENANT, id(1)).await.expect("job"), None);
    // A job that the same batch enqueues may be changed by it.
    s.commit(|b| {
        b.jobs.push(job(1));
        let event = JobEvent::Cancel { reason: "at once".into() };
        b.changes.push(JobChange { job: id(1), token: None, event });
    })
    .await
    .expect("both");
    assert_eq!(s.job(1).await.state, JobState::Cancelled);
}

fn labelled(n: u64, project: u64, subject: u64, task: Option<&str>) -> NewJob {
    let task = task.map(|t| TaskLabel { task_type: t.into(), name: format!("{t} {n}") });
    NewJob { project_id: Some(id(project)), subject_id: Some(id(subject)), task, ..job(n) }
}

pub async fn listings(s: &Subject) {
    s.enqueue([
        labelled(1, 100, 200, Some("document_processing")),
        labelled(2, 100, 201, None),
        labelled(3, 101, 200, Some("auto_count")),
        labelled(4, 100, 200, Some("auto_count")),
        NewJob { stage: Stage::Ingest, ..job(5) },
    ])
    .await;
    s.change(4, None, JobEvent::Cancel { reason: String::new() }).await.expect("cancel");
    let by = s.clock.now();
    s.clock.advance_ms(1);
    s.enqueue([NewJob { stage: Stage::AutoCount, ..job(6) }]).await;
    let old = JobQuery { created_by: Some(by), limit: 100, ..JobQuery::default() };
    assert_eq!(s.catalog.jobs(TENANT, old).await.expect("jobs").total, 5);
    let event = JobEvent::Cancel { reason: String::new() };
    s.change(6, None, event).await.expect("cancel");
    s.clock.advance_ms(1);
    assert_eq!(s.catalog.prune(s.clock.now(), 9).await.expect("prune"), 2);
    s.enqueue([labelled(4, 100, 200, Some("auto_count"))]).await;
    s.change(4, None, JobEvent::Cancel { reason: String::new() }).await.expect("cancel");
    let all = JobQuery { limit: 100, ..JobQuery::default() };
    let project = JobQuery { project_id: Some(id(100)), ..all.clone() };
    let cases: Vec<(JobQuery, &[u64], u64)> = vec![
        (all.clone(), &[5, 4, 3, 2, 1], 5),
        (JobQuery { offset: 1, limit: 2, ..all.clone() }, &[4, 3], 5),
        (JobQuery { limit: 0, ..all.clone() }, &[], 5),
        (JobQuery { offset: 9, ..all.clone() }, &[], 5),
        (project.clone(), &[4, 2, 1], 3),
        (JobQuery { tasks_only: true, ..project.clone() }, &[4, 1], 2),
        (JobQuery { offset: 1, tasks_only: true, ..project.clone() }, &[1], 2),
        (JobQuery { subject_id: Some(id(200)), ..project.clone() }, &[4, 1], 2),
        (JobQuery { subject_id: Some(id(200)), ..all.clone() }, &[4, 3, 1], 3),
        (JobQuery { tasks_only: true, ..all.clone() }, &[4, 3, 1], 3),
        (JobQuery { task_type: Some("auto_count".into()), ..all.clone() }, &[4, 3], 2),
        (JobQuery { states: vec![JobState::Cancelled, JobState::Dead], ..all.clone() }, &[4], 1),
        (JobQuery { states: vec![JobState::Ready], ..project }, &[2, 1], 2),
        (JobQuery { stage: Some(Stage::Ingest), ..all.clone() }, &[5], 1),
    ];
    for (query, expected, total) in cases {
        let page = s.catalog.jobs(TENANT, query.clone()).await.expect("jobs");
        let ids: Vec<_> = page.jobs.iter().map(|j| j.id).collect();
        assert_eq!(ids, expected.iter().map(|n| id(*n)).collect::<Vec<_>>(), "{query:?}");
        assert_eq!(page.total, total, "{query:?}");
    }
    assert_eq!(s.catalog.jobs(TenantId(2), all).await.expect("jobs").total, 0);
}

pub async fn listings_by_state(s: &Subject) {
    s.enqueue((1..=3).map(job)).await;
    s.enqueue([NewJob { stage: Stage::Ingest, ..job(4) }, job(5)]).await;
    s.lease(3).await;
    s.change(1, Some(1), fail(FailureKind::Reject)).await.expect("die");
    s.change(3, Some(1), fail(FailureKind::Reject)).await.expect("die");
    let listed = async |stage, states: &[JobState]| {
        let query = JobQuery { states: states.to_vec(), stage, limit: 9, ..JobQuery::default() };
        let page = s.catalog.jobs(TENANT, query).await.expect("jobs");
        assert_eq!(page.total, page.jobs.len() as u64);
        page.jobs.into_iter().map(|j| j.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, &[JobState::Dead]).await, [3, 1].map(id));
    assert_eq!(listed(Some(Stage::Ingest), &[JobState::Dead]).await, []);
    assert_eq!(listed(Some(Stage::Noop), &[JobState::Leased, JobState::Dead]).await, [3, 2, 1].map(id));
    assert_eq!(listed(None, &[JobState::Ready, JobState::Dead]).await, [5, 4, 3, 1].map(id));
    assert_eq!(listed(Some(Stage::Noop), &[JobState::Ready, JobState::Leased]).await, [5, 2].map(id));
    assert_eq!(listed(Some(Stage::Ingest), &[JobState::Ready]).await, [id(4)]);
    let query = JobQuery { states: vec![JobState::Dead], limit: 9, ..JobQuery::default() };
    assert_eq!(s.catalog.jobs(TenantId(2), query).await.expect("jobs").total, 0);
}

/// A precondition that fails keeps the job leased: result and completion are one.
pub async fn work_and_completion_are_one(s: &Subject) {
    s.enqueue([job(1)]).await;
    let token = s.lease_one(1).await;
    let finish = |expect| {
        s.commit(move |b| {
            b.expect.push(expect);
            b.ops.push(Op::Put(record(Kind::Document, 5, id(9), "result")));
            b.jobs.push(job(2));
            b.event(id(9), "done", json!(null));
            b.changes.push(JobChange { job: id(1), token: Some(token), event: succeed() });
        })
    };
    let refused = finish(Expect::Exists(Kind::Document, id(5))).await;
    assert!(refused.is_err_and(|e| e.is_conflict()));
    assert_eq!(s.job(1).await.state, JobState::Leased);
    let done = finish(Expect::Absent(Kind::Document, id(5))).await.expect("finish");
    assert_eq!((done.woken, done.ended), (vec![Stage::Noop], vec![id(1)]));
    assert_eq!(s.job(1).await.state, JobState::Succeeded);
    assert_eq!(s.lease_one(2).await, 1);
}
