//! Parents and children.

use std::sync::Arc;

use serde_json::json;
use takeoff_core::job::{FailureKind, JobState, NewJob, Stage};
use tokio::task::JoinSet;

use super::{Subject, TENANT, fail, id, job, succeed};
use crate::catalog::{Batch, Clock, JobChange, JobEvent};

fn fan_out(children: impl IntoIterator<Item = u64>) -> JobEvent {
    let child = |n| NewJob { stage: Stage::Ingest, ..job(n) };
    JobEvent::FanOut { children: children.into_iter().map(child).collect(), checkpoint: json!("rest") }
}

async fn lease_children(s: &Subject, max_jobs: usize) -> Vec<u64> {
    let request = crate::catalog::LeaseRequest::new("b", Stage::Ingest, max_jobs, 60_000);
    s.catalog.lease(request).await.expect("lease").into_iter().map(|j| j.token).collect()
}

async fn counts(s: &Subject, n: u64) -> (JobState, u32, u32, u32) {
    let job = s.job(n).await;
    (job.state, job.children_total, job.children_left, job.children_failed)
}

/// A parent (1) that waits for children 11 to 10 + `count`, all leased.
async fn waiting_parent(s: &Subject, count: u64) {
    s.enqueue([job(1)]).await;
    let token = s.lease_one(1).await;
    let done = s.change(1, Some(token), fan_out(11..11 + count)).await.expect("fan out");
    assert_eq!((done.woken, done.ended), (vec![Stage::Ingest], vec![]));
    assert_eq!(lease_children(s, 100).await.len() as u64, count);
}

pub async fn fan_in(s: &Subject) {
    waiting_parent(s, 3).await;
    assert_eq!(counts(s, 1).await, (JobState::Waiting, 3, 3, 0));
    assert_eq!(s.job(12).await.parent, Some(id(1)));
    for n in 11..=13 {
        assert_eq!(s.lease(9).await, [], "it waits");
        let done = s.change(n, Some(1), succeed()).await.expect("child");
        assert_eq!(done.ended, [id(n)]);
        assert_eq!(done.woken, if n == 13 { vec![Stage::Noop] } else { vec![] });
    }
    assert_eq!(counts(s, 1).await, (JobState::Ready, 3, 0, 0));
    let queue = s.catalog.queue(Stage::Noop).await.expect("queue");
    assert_eq!((queue.ready, queue.waiting), (1, 0));
    let token = s.lease_one(1).await;
    let now = s.job(1).await;
    assert_eq!((token, now.attempts, now.checkpoint), (2, 0, Some(json!("rest"))));
    // And once more: a second round has its own numbers.
    s.change(1, Some(token), fan_out([21, 22])).await.expect("second round");
    assert_eq!(counts(s, 1).await, (JobState::Waiting, 2, 2, 0));
}

pub async fn failed_children_are_known(s: &Subject) {
    waiting_parent(s, 3).await;
    s.change(11, Some(1), fail(FailureKind::Reject)).await.expect("dead");
    s.change(12, Some(1), fail(FailureKind::Retry)).await.expect("tries again");
    assert_eq!(counts(s, 1).await, (JobState::Waiting, 3, 2, 1));
    s.change(13, Some(1), succeed()).await.expect("done");
    s.clock.advance_ms(1_000);
    assert_eq!(lease_children(s, 9).await, [2]);
    s.change(12, Some(2), succeed()).await.expect("done");
    assert_eq!(counts(s, 1).await, (JobState::Ready, 3, 0, 1));
}

/// 1 waits for 11 and 12; 11 waits for 31 and 32; 12 has ended.
pub async fn nested_cancel(s: &Subject) {
    waiting_parent(s, 2).await;
    s.change(11, Some(1), fan_out([31, 32])).await.expect("grandchildren");
    s.change(12, Some(1), succeed()).await.expect("done");
    assert_eq!(lease_children(s, 1).await, [1]);
    let cancel = JobEvent::Cancel { reason: "all of it".into() };
    let mut done = s.change(1, None, cancel).await.expect("cancel");
    done.ended.sort_unstable();
    assert_eq!(done.ended, [id(1), id(11), id(31), id(32)]);
    assert_eq!(done.woken, [], "nobody is released by a cancel from above");
    for n in [1, 11, 31, 32] {
        let now = s.job(n).await;
        assert_eq!((now.state, now.error.as_deref()), (JobState::Cancelled, Some("all of it")), "{n}");
    }
    assert_eq!(s.job(12).await.state, JobState::Succeeded);
    assert!(s.change(31, Some(1), succeed()).await.is_err());
    assert!(lease_children(s, 9).await.is_empty());
    assert_eq!(s.catalog.queue(Stage::Ingest).await.expect("queue").waiting, 0);
}

pub async fn cancelled_child_counts(s: &Subject) {
    waiting_parent(s, 1).await;
    let done = s.change(11, None, JobEvent::Cancel { reason: "this page".into() }).await.expect("cancel");
    assert_eq!((done.ended, done.woken), (vec![id(11)], vec![Stage::Noop]));
    assert_eq!(counts(s, 1).await, (JobState::Ready, 1, 0, 1));
}

pub async fn empty_fan_out(s: &Subject) {
    s.enqueue([job(1)]).await;
    let token = s.lease_one(1).await;
    let done = s.change(1, Some(token), fan_out([])).await.expect("fan out");
    assert_eq!(done.woken, [Stage::Noop]);
    assert_eq!(counts(s, 1).await, (JobState::Ready, 0, 0, 0));
    assert_eq!(s.job(1).await.checkpoint, Some(json!("rest")));
}

pub async fn requeued_child_is_on_its_own(s: &Subject) {
    waiting_parent(s, 2).await;
    s.change(11, Some(1), fail(FailureKind::Reject)).await.expect("dead");
    s.change(11, None, JobEvent::Requeue).await.expect("requeue");
    assert_eq!(lease_children(s, 9).await, [2]);
    s.change(11, Some(2), succeed()).await.expect("done");
    assert_eq!(counts(s, 1).await, (JobState::Waiting, 2, 1, 1), "it was told once");
    s.change(11, None, JobEvent::Cancel { reason: String::new() }).await.expect_err("ended");
    s.change(12, Some(1), succeed()).await.expect("done");
    assert_eq!(counts(s, 1).await, (JobState::Ready, 2, 0, 1));
}

/// All children end at the same time, in commits of their own: exactly one of them releases the parent.
pub async fn parallel_children_release_once(s: &Subject) {
    const CHILDREN: u64 = 40;
    waiting_parent(s, CHILDREN).await;
    let mut tasks = JoinSet::new();
    for n in 11..11 + CHILDREN {
        let catalog = Arc::clone(&s.catalog);
        tasks.spawn(async move {
            let mut batch = Batch::new(TENANT);
            batch.changes.push(JobChange { job: id(n), token: Some(1), event: succeed() });
            catalog.commit(batch).await.expect("child").woken.len()
        });
    }
    let mut releases = 0;
    while let Some(woken) = tasks.join_next().await {
        releases += woken.expect("a child");
    }
    assert_eq!(releases, 1);
    assert_eq!(counts(s, 1).await, (JobState::Ready, 40, 0, 0));
}

/// 1 and 2 wait; what 1 hands out is due since 1 was.
pub async fn parts_go_before_what_waits(s: &Subject) {
    s.enqueue([job(1)]).await;
    let token = s.lease_one(1).await;
    s.clock.advance_ms(10);
    s.enqueue([job(2)]).await;
    s.clock.advance_ms(10);
    let later = Some(s.clock.now().plus_ms(5));
    let children = vec![job(11), NewJob { run_at: later, ..job(12) }, job(13)];
    s.change(1, Some(token), JobEvent::FanOut { children, checkpoint: json!("rest") })
        .await
        .expect("fan out");
    s.clock.advance_ms(10);
    let order: Vec<_> = s.lease(9).await.into_iter().map(|j| j.id).collect();
    assert_eq!(order, [11, 13, 2, 12].map(id));
}
