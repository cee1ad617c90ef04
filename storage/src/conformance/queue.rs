//! Order of leases, renewal, rescue, statistics and pruning.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use takeoff_core::job::{
    FailureKind, JobState, Lane, NewJob, PRIORITY_STEP_MS, Progress, Stage, Standing, Turns,
};
use tokio::task::JoinSet;

use super::{Subject, TENANT, fail, id, job, succeed};
use crate::catalog::{Batch, Clock, JobChange, JobEvent, LeaseRequest, Renewal, Renewed};

pub async fn lease_order(s: &Subject) {
    let with = |n, lane, priority| NewJob { lane, priority, ..job(n) };
    s.enqueue([with(1, Lane::Batch, -10), with(2, Lane::Interactive, 5), with(3, Lane::Interactive, -1)])
        .await;
    s.clock.advance_ms(1);
    s.enqueue([with(4, Lane::Interactive, 5), with(5, Lane::Batch, i16::MIN)]).await;
    s.clock.advance_ms(1);
    s.enqueue([with(6, Lane::Interactive, -1), NewJob { stage: Stage::Ingest, ..job(7) }]).await;
    assert_eq!(s.lease(0).await, []);
    let mut order = Vec::new();
    for size in [1, 2, 9] {
        let leased = s.lease(size).await;
        assert!(leased.len() <= size);
        order.extend(leased.into_iter().map(|j| j.id));
    }
    assert_eq!(order, [3, 6, 2, 4, 5, 1].map(id));
}

pub async fn delayed_jobs_wait(s: &Subject) {
    let now = s.clock.now();
    let at = |n, ms, priority| NewJob { run_at: Some(now.plus_ms(ms)), priority, ..job(n) };
    s.enqueue([at(1, 200, -5), at(2, 100, 0), at(3, -100, 0), job(4)]).await;
    let ids = |jobs: Vec<takeoff_core::job::Job>| jobs.into_iter().map(|j| j.id).collect::<Vec<_>>();
    assert_eq!(ids(s.lease(9).await), [3, 4].map(id));
    s.clock.advance_ms(99);
    assert_eq!(ids(s.lease(9).await), []);
    s.clock.advance_ms(1);
    assert_eq!(ids(s.lease(9).await), [id(2)]);
    s.clock.advance_ms(100);
    assert_eq!(ids(s.lease(9).await), [id(1)]);
}

pub async fn paused_projects(s: &Subject) {
    let of = |n, project| NewJob { project_id: Some(id(project)), ..job(n) };
    s.enqueue([of(1, 100), of(2, 100), of(3, 101), job(4), of(5, 100), of(6, 101)]).await;
    let lease = async |max_jobs, paused: &[u64]| {
        let paused = paused.iter().map(|n| id(*n)).collect();
        let request = LeaseRequest { paused, ..LeaseRequest::new("a", Stage::Noop, max_jobs, 60_000) };
        let leased = s.catalog.lease(request).await.expect("lease");
        leased.into_iter().map(|j| j.id).collect::<BTreeSet<_>>()
    };
    assert_eq!(lease(9, &[100, 101]).await, BTreeSet::from([id(4)]), "of no project");
    assert_eq!(lease(1, &[101]).await.len(), 1);
    assert_eq!(lease(9, &[100, 102]).await, BTreeSet::from([3, 6].map(id)));
    assert_eq!(lease(9, &[]).await.len(), 2);
}

async fn lease_by(s: &Subject, max_jobs: usize, turns: &Turns) -> Vec<takeoff_core::model::Id> {
    let request =
        LeaseRequest { turns: turns.clone(), ..LeaseRequest::new("a", Stage::Noop, max_jobs, 60_000) };
    s.catalog.lease(request).await.expect("lease").into_iter().map(|j| j.id).collect()
}

fn standing(project: Option<u64>, at: u64, step: u64) -> Standing {
    Standing { project: project.map(id), at, step }
}

/// The nth job of a project has the key `at + n × step`; the least keys go first, whatever is asked at once.
pub async fn turns_between_projects(s: &Subject) {
    let of = |n, project: Option<u64>| NewJob { project_id: project.map(id), ..job(n) };
    let jobs = (1..=4)
        .flat_map(|n| [of(n, None), of(10 + n, Some(100)), of(20 + n, Some(101)), of(30 + n, Some(102))]);
    s.enqueue(jobs).await;
    s.enqueue([NewJob { lane: Lane::Interactive, ..of(40, Some(101)) }]).await;
    let standings = vec![standing(None, 25, 10), standing(Some(100), 10, 10), standing(Some(101), 40, 5)];
    // 102 is not named and stands at the floor: 12, 24, 36, 48.
    let turns = Turns { floor: 12, step: 12, standings };
    let order = lease_by(s, 8, &turns).await;
    // Interactive first; then 100 at 10, 102 at 12, 100 at 20, 102 at 24, none at 25, 100 at 30, none at 35.
    assert_eq!(order, [40, 11, 31, 12, 32, 1, 13, 2].map(id));
    // Of equal keys the lesser project's is first, none before any.
    let level = Turns { floor: 0, step: 1, standings: Vec::new() };
    assert_eq!(lease_by(s, 4, &level).await, [3, 14, 21, 33].map(id));
    assert_eq!(lease_by(s, 9, &level).await, [4, 22, 34, 23, 24].map(id));
    assert_eq!(lease_by(s, 9, &level).await, []);
}

/// Within a lane and project a step of priority is worth a minute of waiting, so that nothing starves.
pub async fn ranks_within_a_project(s: &Subject) {
    let with = |n, priority| NewJob { priority, project_id: Some(id(100)), ..job(n) };
    s.enqueue([with(1, 3), with(2, 0)]).await;
    s.clock.advance_ms(PRIORITY_STEP_MS + 1);
    s.enqueue([with(3, 1), with(4, -1), with(5, 3)]).await;
    s.clock.advance_ms(PRIORITY_STEP_MS);
    s.enqueue([with(6, 0)]).await;
    let turns = Turns::default();
    let mut order = lease_by(s, 2, &turns).await;
    order.extend(lease_by(s, 9, &turns).await);
    // In minutes: 2 at 0, 4 at 0 and a millisecond, 3 and 6 at 2 and one, 1 at 3, 5 at 4.
    assert_eq!(order, [2, 4, 3, 6, 1, 5].map(id));
}

pub async fn delayed_projects_hold_up_nobody(s: &Subject) {
    let later = s.clock.now().plus_ms(100);
    let of = |n, project, run_at| NewJob { project_id: Some(id(project)), run_at, ..job(n) };
    s.enqueue([of(1, 100, Some(later)), of(2, 100, Some(later)), of(3, 101, None), of(4, 101, None)]).await;
    let turns = Turns { floor: 0, step: 1, standings: vec![standing(Some(101), 1_000, 1)] };
    assert_eq!(lease_by(s, 1, &turns).await, [id(3)]);
    s.clock.advance_ms(100);
    assert_eq!(lease_by(s, 9, &turns).await, [1, 2, 4].map(id));
}

/// Many nodes lease and finish while jobs arrive: each job runs once.
pub async fn no_job_twice(s: &Subject) {
    const JOBS: u64 = 120;
    let mut tasks = JoinSet::new();
    for worker in 0..6 {
        let catalog = Arc::clone(&s.catalog);
        tasks.spawn(async move {
            let mut mine = Vec::new();
            for n in (worker..JOBS).step_by(6) {
                let mut batch = Batch::new(TENANT);
                batch.jobs.push(job(n));
                catalog.commit(batch).await.expect("enqueue");
                let node = format!("node-{worker}");
                let request = LeaseRequest::new(node, Stage::Noop, 3, 60_000);
                for leased in catalog.lease(request).await.expect("lease") {
                    mine.push(leased.id);
                    if n % 2 == 0 {
                        let mut batch = Batch::new(TENANT);
                        let change =
                            JobChange { job: leased.id, token: Some(leased.token), event: succeed() };
                        batch.changes.push(change);
                        catalog.commit(batch).await.expect("complete");
                    }
                }
            }
            mine
        });
    }
    let mut leased = Vec::new();
    while let Some(mine) = tasks.join_next().await {
        leased.extend(mine.expect("a worker"));
    }
    leased.extend(s.lease(1_000).await.into_iter().map(|j| j.id));
    assert_eq!(leased.len(), usize::try_from(JOBS).expect("small"));
    assert_eq!(leased.iter().collect::<BTreeSet<_>>().len(), leased.len());
}

pub async fn statistics(s: &Subject) {
    let queue = async || s.catalog.queue(Stage::Noop).await.expect("queue");
    assert_eq!(queue().await, crate::catalog::StageQueue::default());
    let now = s.clock.now();
    let later = |n, ms| NewJob { run_at: Some(now.plus_ms(ms)), ..job(n) };
    s.enqueue([job(1), job(2), job(3), job(4), later(5, 900), later(6, 500)]).await;
    s.clock.advance_ms(40);
    s.enqueue([NewJob { lane: Lane::Interactive, ..job(7) }]).await;
    s.clock.advance_ms(2);
    let at = queue().await;
    assert_eq!((at.ready, at.delayed, at.leased, at.waiting, at.dead), (5, 2, 0, 0, 0));
    assert_eq!((at.oldest_ready_ms, at.next_due), (42, Some(now.plus_ms(500))));
    assert_eq!(s.lease(4).await.len(), 4);
    s.change(7, Some(1), succeed()).await.expect("succeed");
    s.change(1, Some(1), fail(FailureKind::Reject)).await.expect("die");
    let children = vec![NewJob { stage: Stage::Ingest, ..job(20) }];
    let event = JobEvent::FanOut { children, checkpoint: json!(0) };
    s.change(2, Some(1), event).await.expect("fan out");
    let at = queue().await;
    assert_eq!((at.ready, at.delayed, at.leased, at.waiting, at.dead), (1, 2, 1, 1, 1));
    s.change(1, None, JobEvent::Requeue).await.expect("requeue");
    s.clock.advance_ms(1_000);
    let at = queue().await;
    assert_eq!((at.ready, at.delayed, at.dead, at.next_due), (4, 0, 0, None));
    assert_eq!(s.catalog.queue(Stage::Ingest).await.expect("queue").ready, 1);
    assert_eq!(s.catalog.queue(Stage::AutoCount).await.expect("queue").ready, 0);
}

/// Jobs become due by and by, some of them within one second, and in whatever order they came.
pub async fn statistics_as_time_passes(s: &Subject) {
    const STEP_MS: i64 = 700;
    let start = s.clock.now();
    let due_ms: Vec<i64> = (0..40).map(|n| n * 37 % 40 * 130).collect();
    s.enqueue((1_u64..).zip(&due_ms).map(|(n, ms)| NewJob {
        run_at: Some(start.plus_ms(*ms)),
        priority: i16::try_from(n % 3).expect("small"),
        project_id: Some(id(100 + n % 2)),
        ..job(n)
    }))
    .await;
    for at_ms in (0..9).map(|step| step * STEP_MS) {
        let queue = s.catalog.queue(Stage::Noop).await.expect("queue");
        let later = || due_ms.iter().filter(|ms| **ms > at_ms);
        let delayed = later().count() as u64;
        assert_eq!((queue.ready, queue.delayed), (40 - delayed, delayed), "after {at_ms} ms");
        assert_eq!(queue.next_due, later().min().map(|ms| start.plus_ms(*ms)), "after {at_ms} ms");
        assert_eq!(queue.oldest_ready_ms, at_ms);
        s.clock.advance_ms(STEP_MS);
    }
    assert_eq!(s.lease(99).await.len(), 40);
    assert_eq!(s.catalog.queue(Stage::Noop).await.expect("queue").leased, 40);
}

pub async fn renewal(s: &Subject) {
    s.enqueue([job(1), job(2)]).await;
    s.lease(2).await;
    s.clock.advance_ms(30_000);
    let progress = Some(Progress { percent: 40.0, step: Some("page 2".into()) });
    let renew = |n, token, progress| Renewal { job: id(n), token, progress };
    let asked = [renew(1, 1, progress.clone()), renew(2, 7, None), renew(3, 1, None)];
    let until = s.clock.now().plus_ms(60_000);
    let got = s.catalog.renew("a", 60_000, &asked).await.expect("renew");
    assert_eq!(got, [Renewed::Until(until), Renewed::Lost, Renewed::Lost]);
    assert_eq!(Some(s.job(1).await.progress), progress);
    let stranger = s.catalog.renew("b", 60_000, &[renew(1, 1, None)]).await.expect("renew");
    assert_eq!(stranger, [Renewed::Lost]);
    s.clock.advance_ms(30_000);
    assert_eq!(s.catalog.rescue(1_000, 9).await.expect("rescue"), 1, "only the one that was not renewed");
    assert_eq!((s.job(1).await.state, s.job(2).await.state), (JobState::Leased, JobState::Ready));
    s.change(1, Some(1), succeed()).await.expect("succeed");
    assert_eq!(s.catalog.renew("a", 1, &[renew(1, 1, None)]).await.expect("renew"), [Renewed::Lost]);
}

pub async fn rescue(s: &Subject) {
    s.enqueue((1..=5).map(job)).await;
    s.lease(3).await;
    s.clock.advance_ms(59_999);
    assert_eq!(s.catalog.rescue(1_000, 9).await.expect("rescue"), 0);
    s.clock.advance_ms(1);
    assert_eq!(s.catalog.rescue(1_000, 2).await.expect("rescue"), 2);
    assert_eq!(s.catalog.rescue(1_000, 9).await.expect("rescue"), 1);
    assert_eq!(s.catalog.rescue(1_000, 9).await.expect("rescue"), 0);
    let again = s.lease(9).await;
    assert_eq!(again.iter().map(|j| j.id).collect::<Vec<_>>(), [1, 2, 3, 4, 5].map(id));
    assert!(again.iter().all(|j| j.attempts == 0 && j.failures.is_empty()));
}

pub async fn prune_keeps_what_is_wanted(s: &Subject) {
    s.enqueue((1..=6).map(job)).await;
    s.lease(5).await;
    let children = vec![job(11), job(12)];
    s.change(1, Some(1), JobEvent::FanOut { children, checkpoint: json!(0) }).await.expect("fan out");
    s.change(11, None, JobEvent::Cancel { reason: String::new() }).await.expect("a child ends");
    s.change(2, Some(1), succeed()).await.expect("succeed");
    s.change(3, Some(1), fail(FailureKind::Reject)).await.expect("die");
    s.change(4, None, JobEvent::Cancel { reason: String::new() }).await.expect("cancel");
    s.clock.advance_ms(10);
    let before = s.clock.now();
    s.change(5, Some(1), succeed()).await.expect("too new");
    assert_eq!(s.catalog.prune(before, 1).await.expect("prune"), 1);
    assert_eq!(s.catalog.prune(before, 100).await.expect("prune"), 1);
    assert_eq!(s.catalog.prune(before, 100).await.expect("prune"), 0);
    let left = crate::catalog::JobQuery { limit: 100, ..Default::default() };
    let left = s.catalog.jobs(TENANT, left).await.expect("jobs").jobs;
    // 1 waits, 3 is a dead letter, 5 is too new, 6 is ready, 11 belongs to one that waits.
    assert_eq!(left.iter().map(|j| j.id).collect::<Vec<_>>(), [12, 11, 6, 5, 3, 1].map(id));
    // When the parent has ended, its children may go, and it.
    s.change(1, None, JobEvent::Cancel { reason: String::new() }).await.expect("cancel");
    s.clock.advance_ms(1);
    assert_eq!(s.catalog.prune(s.clock.now(), 100).await.expect("prune"), 4);
}

pub async fn prune_forgets_events(s: &Subject) {
    let event = async |project| {
        s.commit(|b| {
            b.event(id(project), "e", json!(null));
        })
        .await
        .expect("event")
    };
    event(1).await;
    event(1).await;
    event(2).await;
    s.clock.advance_ms(10);
    let before = s.clock.now();
    event(1).await;
    assert_eq!(s.catalog.prune(before, 2).await.expect("prune"), 2);
    assert_eq!(s.catalog.prune(before, 9).await.expect("prune"), 1);
    assert_eq!(s.catalog.prune(before, 9).await.expect("prune"), 0);
    let seqs = async |project| {
        let events = s.catalog.events(TENANT, id(project), 0, 9).await.expect("events");
        events.into_iter().map(|e| e.seq).collect::<Vec<_>>()
    };
    assert_eq!((seqs(1).await, seqs(2).await), (vec![3], vec![]));
    event(2).await;
    assert_eq!(seqs(2).await, [2], "numbers are never given twice");
}
