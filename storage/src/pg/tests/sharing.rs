//! Several nodes on one database.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};
use takeoff_core::job::{Job, JobEvent, JobState, Stage};
use takeoff_core::model::{Id, Index, Kind, TenantId};
use tokio::time::timeout;

use super::{LIMIT, database, eventually, server, subject};
use crate::catalog::{
    Batch, Catalog, Committed, Expect, JobChange, LeaseRequest, NewRecord, Op, Renewal, Renewed,
};
use crate::conformance::{id, job};
use crate::error::StoreError;
use crate::pg::{PgCatalog, PgSettings, open};

const TENANT: TenantId = TenantId::DEFAULT;

async fn nodes(settings: &PgSettings, count: usize) -> Vec<Arc<PgCatalog>> {
    let opened = join_all((0..count).map(|_| open(settings))).await;
    opened.into_iter().map(|node| node.expect("open")).collect()
}

fn document(n: u64) -> NewRecord {
    let lists = vec![(Index::ByProject, id(1))];
    NewRecord { kind: Kind::Document, id: id(n), format: 1, lists, blobs: Vec::new(), body: b"{}".to_vec() }
}

fn done(batch: &mut Batch, job: &Job) {
    let event = JobEvent::Succeed { result: Value::Null };
    batch.changes.push(JobChange { job: job.id, token: Some(job.token), event });
}

async fn lease(node: &dyn Catalog, name: &str, max_jobs: usize) -> Vec<Job> {
    let request = LeaseRequest::new(name, Stage::Noop, max_jobs, 60_000);
    node.lease(request).await.expect("lease")
}

/// Every job is leased once, by one of the nodes, and ends once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_lease_from_one_queue() {
    const JOBS: u64 = 600;
    const NODES: usize = 4;
    let settings = database(server()).await;
    let nodes = nodes(&settings, NODES).await;
    for first in (0..JOBS).step_by(100) {
        let mut batch = Batch::new(TENANT);
        batch.jobs = (first..first + 100).map(job).collect();
        nodes[0].commit(batch).await.unwrap();
    }
    let workers = (0..NODES * 3).map(|n| {
        let node = Arc::clone(&nodes[n % NODES]);
        async move {
            let mut had = Vec::new();
            loop {
                let leased = lease(&*node, &format!("node-{}", n % NODES), 7).await;
                if leased.is_empty() && node.queue(Stage::Noop).await.expect("queue").ready == 0 {
                    return had;
                }
                for job in leased {
                    let mut batch = Batch::new(TENANT);
                    done(&mut batch, &job);
                    node.commit(batch).await.expect("its end");
                    had.push(job);
                }
            }
        }
    });
    let had: Vec<Job> =
        timeout(LIMIT, join_all(workers)).await.expect("in time").into_iter().flatten().collect();
    let mut ids: Vec<Id> = had.iter().map(|job| job.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..JOBS).map(id).collect::<Vec<_>>(), "each once");
    assert!(had.iter().all(|job| job.token == 1 && job.attempts <= 1));
    let queue = nodes[1].queue(Stage::Noop).await.unwrap();
    assert_eq!((queue.ready, queue.leased, queue.dead), (0, 0, 0));
}

/// Of a death that two rescuers share, each finding one lease of it, neither takes the job for a lone one. Nor does
/// one that was started since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_is_shared_between_rescuers() {
    let settings = database(server()).await;
    let (a, b) = (subject(&settings).await, subject(&settings).await);
    a.enqueue([job(1), job(2), job(3)]).await;
    assert_eq!(lease(&*a.catalog, "a", 3).await.len(), 3);
    a.clock.advance_ms(60_001);
    b.clock.advance_ms(60_001);
    assert_eq!(a.catalog.rescue(1_000, 1).await.unwrap(), 1);
    assert_eq!(b.catalog.rescue(1_000, 1).await.unwrap(), 1);
    let c = subject(&settings).await;
    c.clock.advance_ms(60_002);
    assert_eq!(c.catalog.rescue(1_000, 9).await.unwrap(), 1);
    for n in 1..=3 {
        let job = b.job(n).await;
        assert_eq!((job.state, job.node_deaths, job.lone_deaths), (JobState::Ready, 1, 0));
    }
    // All at once: each lease is taken away once, and none is taken for a lone one.
    c.enqueue((10..50).map(job)).await;
    assert_eq!(lease(&*c.catalog, "a", 64).await.len(), 43);
    let rescuers = [&a, &b, &c];
    rescuers.iter().for_each(|s| s.clock.advance_ms(200_000));
    let rounds = (0..30).map(|n| rescuers[n % 3].catalog.rescue(1_000, 4));
    let rescued: usize = join_all(rounds).await.into_iter().map(|n| n.expect("rescue")).sum();
    let rest = a.catalog.rescue(1_000, 64).await.unwrap();
    assert_eq!(rescued + rest, 43);
    for n in 10..50 {
        assert_eq!((a.job(n).await.node_deaths, a.job(n).await.lone_deaths), (1, 0));
    }
}

/// The name of a node that has a connection is not taken from it; that of one that has none is, at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_connection_is_dead() {
    use crate::register::{Beat, Joined, NodeIdentity, NodeState};
    let settings = database(server()).await;
    let run_of = |life: u64| NodeIdentity {
        name: "a".to_owned(),
        life: id(life),
        roles: Vec::new(),
        stages: Vec::new(),
        version: "1".to_owned(),
    };
    let session = |n: u64| PgSettings { session: format!("takeoff run {n}"), ..settings.clone() };
    let first = open(&session(1)).await.expect("open");
    let second = open(&session(2)).await.expect("open");
    assert!(matches!(first.join(&run_of(1), 60_000).await, Ok(Joined::In(_))));
    assert!(matches!(second.join(&run_of(2), 60_000).await, Ok(Joined::Taken(by)) if by.node.life == id(1)));
    drop(first);
    eventually("its connections are gone", || async {
        matches!(second.join(&run_of(2), 60_000).await, Ok(Joined::In(_))).then_some(())
    })
    .await;
    let late = Beat { name: "a".to_owned(), life: id(1), state: NodeState::Up, address: String::new() };
    assert_eq!(second.beat(&late).await.unwrap(), None);
}

/// A node whose lease has passed to another stores nothing any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_is_fenced() {
    let settings = database(server()).await;
    let a = subject(&settings).await;
    let b = subject(&settings).await;
    a.enqueue([job(1)]).await;
    let stale = lease(&*a.catalog, "a", 1).await.remove(0);
    b.clock.advance_ms(61_000);
    assert_eq!(b.catalog.rescue(1_000, 10).await.unwrap(), 1);
    b.clock.advance_ms(60_000);
    let fresh = lease(&*b.catalog, "b", 1).await.remove(0);
    assert_eq!((fresh.id, fresh.token), (stale.id, 2));
    let renewals = [Renewal { job: stale.id, token: stale.token, progress: None }];
    assert_eq!(a.catalog.renew("a", 60_000, &renewals).await.unwrap(), [Renewed::Lost]);
    let late = a.commit(|batch| {
        batch.ops.push(Op::Put(document(7)));
        done(batch, &stale);
    });
    assert!(matches!(late.await, Err(StoreError::Fenced { token: 1, .. })));
    assert!(b.catalog.get(TENANT, Kind::Document, id(7)).await.unwrap().is_none());
    b.commit(|batch| done(batch, &fresh)).await.unwrap();
    assert_eq!(a.job(1).await.state, JobState::Succeeded);
}

/// A death of a node is counted against the job that was its only lease, and against none of several.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_counts_against_who_was_alone() {
    let settings = database(server()).await;
    let (a, b) = (subject(&settings).await, subject(&settings).await);
    a.enqueue([job(1), job(2), job(3)]).await;
    assert_eq!(lease(&*a.catalog, "a", 2).await.len(), 2);
    // Leased later than the others were, and so it ends later.
    a.clock.advance_ms(500);
    assert_eq!(lease(&*a.catalog, "b", 1).await.len(), 1);
    b.clock.advance_ms(60_200);
    assert_eq!(b.catalog.rescue(1_000, 1).await.unwrap(), 1);
    assert_eq!(b.catalog.rescue(1_000, 9).await.unwrap(), 1, "the other one of that death");
    b.clock.advance_ms(1_000);
    assert_eq!(b.catalog.rescue(1_000, 9).await.unwrap(), 1);
    let mut deaths = Vec::new();
    for n in 1..=3 {
        let job = b.job(n).await;
        assert_eq!((job.state, job.attempts), (JobState::Ready, 0));
        deaths.push((job.node_deaths, job.lone_deaths));
    }
    deaths.sort_unstable();
    assert_eq!(deaths, [(1, 0), (1, 0), (1, 1)]);
}

/// Of many that saw the same version, one on one of the nodes changes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_winner_among_nodes() {
    let settings = database(server()).await;
    let nodes = nodes(&settings, 3).await;
    for version in 0..12 {
        let tries = (0..6).map(|n| {
            let mut batch = Batch::new(TENANT);
            batch.expect.push(if version == 0 {
                Expect::Absent(Kind::Document, id(1))
            } else {
                Expect::Version(Kind::Document, id(1), version)
            });
            batch.ops.push(Op::Put(document(1)));
            nodes[n % 3].commit(batch)
        });
        let answers: Vec<Result<Committed, StoreError>> = join_all(tries).await;
        let won = answers.iter().filter(|a| a.is_ok()).count();
        let lost = answers.iter().filter(|a| matches!(a, Err(StoreError::Conflict { .. }))).count();
        assert_eq!((won, lost), (1, 5), "{answers:?}");
    }
}

/// Batches over the same rows in any order wait for each other or begin again, and none fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crossing_batches_all_come_through() {
    const ROUNDS: u64 = 30;
    let settings = database(server()).await;
    let nodes = nodes(&settings, 3).await;
    let writers = (0..6_u64).map(|w| {
        let node = Arc::clone(&nodes[usize::try_from(w % 3).expect("small")]);
        async move {
            for round in 0..ROUNDS {
                let mut batch = Batch::new(TENANT);
                let order = (0..5).map(|n| 1 + (n * (1 + (w + round) % 4) + w) % 5);
                for n in order.collect::<std::collections::BTreeSet<_>>().into_iter().rev() {
                    batch.ops.push(Op::Put(document(n)));
                }
                batch.expect.push(Expect::Exists(Kind::Project, id(99)));
                batch.event(id(1), "changed", json!({ "writer": w, "round": round }));
                node.commit(batch).await.expect("nobody fails");
            }
        }
    });
    let mut first = Batch::new(TENANT);
    first.ops.push(Op::Put(NewRecord { kind: Kind::Project, id: id(99), ..document(99) }));
    nodes[0].commit(first).await.unwrap();
    timeout(LIMIT, join_all(writers)).await.expect("in time");
    let events = nodes[1].events(TENANT, id(1), 0, 1_000).await.unwrap();
    assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=6 * ROUNDS).collect::<Vec<_>>());
    // Each writer's own order is kept.
    let mut rounds: BTreeMap<u64, u64> = BTreeMap::new();
    for event in &events {
        let next = rounds.entry(event.payload["writer"].as_u64().unwrap()).or_default();
        assert_eq!(event.payload["round"], *next);
        *next += 1;
    }
}

/// What one node enqueues wakes another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wakes_arrive() {
    let settings = database(server()).await;
    let nodes = nodes(&settings, 2).await;
    let mut wakes = nodes[0].wakes().unwrap();
    let mut batch = Batch::new(TENANT);
    batch.jobs.push(job(1));
    nodes[1].commit(batch).await.unwrap();
    assert_eq!(timeout(LIMIT, wakes.recv()).await.expect("in time").unwrap(), Stage::Noop);
    // A refused batch wakes nobody: the next that is heard is of another stage.
    let mut twin = Batch::new(TENANT);
    twin.jobs.push(job(1));
    assert!(nodes[1].commit(twin).await.is_err());
    let mut other = Batch::new(TENANT);
    other.jobs.push(takeoff_core::job::NewJob { stage: Stage::AutoCount, ..job(2) });
    nodes[1].commit(other).await.unwrap();
    assert_eq!(timeout(LIMIT, wakes.recv()).await.expect("in time").unwrap(), Stage::AutoCount);
}
