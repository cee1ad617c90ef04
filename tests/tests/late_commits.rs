//! A lease that outlives its holder's pause: what a node has sent to the database stands still on its way, for longer
//! than its lease lasts, and arrives when somebody else has the work. Nothing of it takes effect, and the node goes on.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use takeoff_config::NodeConfig;
use takeoff_core::job::{Job, Stage as StageName};
use takeoff_core::model::{Id, IdSource as _, Kind};
use takeoff_engine::clock::SystemIds;
use takeoff_engine::error::StageError;
use takeoff_engine::handle::Handle;
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::Batch;
use takeoff_storage::catalog::{NewRecord, Op};
use takeoff_test_servers::{Durability, Postgres};
use takeoff_tests::cluster::{Shared, migrated};
use takeoff_tests::history::{Place, Told, check, work_on};
use takeoff_tests::inside::{self, enqueue, job};
use takeoff_tests::line::{COMMIT, Line};
use takeoff_tests::{Client, Drawn, eventually};
use tokio::sync::watch;

const WORK: Duration = Duration::from_secs(180);
const READY: Duration = Duration::from_secs(30);
/// Times that a node is held up under work.
const ROUNDS: u32 = 2;

/// Puts a record, and tells a project of it, when it may.
struct Marking {
    record: Id,
    project: Id,
    begun: AtomicUsize,
    go: watch::Receiver<bool>,
}

#[async_trait]
impl Stage for Marking {
    fn name(&self) -> StageName {
        StageName::Noop
    }

    fn budget_ms(&self, _: &Job) -> u64 {
        600_000
    }

    async fn run(&self, attempt: Attempt, _: Tools) -> Result<Effects, StageError> {
        let mut batch = Batch::new(attempt.tenant());
        if attempt.job.args == "mark" {
            self.begun.fetch_add(1, Ordering::Relaxed);
            let mut go = self.go.clone();
            // The test holds the other end until all is over.
            let _ = go.wait_for(|go| *go).await;
            // Without preconditions: the lease alone stands between it and a second effect.
            batch.ops.push(Op::Put(NewRecord {
                kind: Kind::Template,
                id: self.record,
                format: 1,
                lists: Vec::new(),
                blobs: Vec::new(),
                body: b"{}".to_vec(),
            }));
            batch.event(self.project, "marked", Value::Null);
        }
        Ok(Effects { batch, end: End::Done { result: Value::Null } })
    }

    async fn bury(&self, job: &Job, _: &str, _: Tools) -> Result<Batch, StageError> {
        Ok(Batch::new(job.tenant))
    }
}

/// Two nodes, the first of which has its database behind a line.
struct Two {
    server: Postgres,
    database: String,
    line: Line,
    record: Id,
    project: Id,
    stages: [Arc<Marking>; 2],
    go: [watch::Sender<bool>; 2],
    nodes: [Handle; 2],
}

fn short_leases(config: &mut NodeConfig) {
    (config.jobs.lease_ms, config.jobs.renew_ms) = (6_000, 1_000);
}

impl Two {
    /// The first of them has begun the work.
    async fn start() -> Self {
        let server = Postgres::start(Durability::None);
        let url = migrated(&server).await;
        let database = url.rsplit('/').next().expect("a name").to_owned();
        let line = Line::to(&format!("127.0.0.1:{}", server.port())).await;
        let own = format!("@127.0.0.1:{}/", server.port());
        let through = url.replace(&own, &format!("@{}/", line.address()));
        assert_ne!(through, url);
        let (record, project) = (SystemIds.next(), SystemIds.next());
        let go = [watch::Sender::new(false), watch::Sender::new(false)];
        let stages = go
            .each_ref()
            .map(|go| Arc::new(Marking { record, project, begun: AtomicUsize::new(0), go: go.subscribe() }));
        let a = inside::node(&through, "a", Arc::clone(&stages[0]) as _, short_leases).await;
        enqueue(&a, std::iter::once(job(json!("mark")))).await;
        until_begun(&stages[0]).await;
        let b = inside::node(&url, "b", Arc::clone(&stages[1]) as _, short_leases).await;
        Self { server, database, line, record, project, stages, go, nodes: [a, b] }
    }

    fn sql(&self, sql: &str) -> String {
        tokio::task::block_in_place(|| self.server.sql(&self.database, sql))
    }

    /// Versions of the record and events of the project.
    fn effects(&self) -> (String, String) {
        let (record, project) = (self.record.0, self.project.0);
        (
            self.sql(&format!("SELECT coalesce(sum(version), 0) FROM records WHERE id = '{record}'")),
            self.sql(&format!("SELECT count(*) FROM events WHERE project = '{project}'")),
        )
    }

    async fn until_done(&self, jobs: usize) {
        let jobs = jobs.to_string();
        eventually("the jobs have succeeded", WORK, || async {
            (self.sql("SELECT count(*) FROM jobs WHERE state = 3") == jobs).then_some(())
        })
        .await;
    }
}

async fn until_begun(stage: &Marking) {
    eventually("the work has begun", WORK, || async {
        (stage.begun.load(Ordering::Relaxed) == 1).then_some(())
    })
    .await;
}

fn none() -> (String, String) {
    ("0".to_owned(), "0".to_owned())
}

/// All that the first node sends is held from the nth mention of the record on, until the second is at the work.
async fn held_from(nth: u32) {
    let two = Two::start().await;
    let [a, b] = &two.nodes;
    two.line.hold().upon(two.record.0.as_bytes(), nth);
    two.go[0].send_replace(true);
    two.line.hold().until_held(WORK).await;
    assert_eq!(two.effects(), none(), "it is held before it is done");
    until_begun(&two.stages[1]).await;
    two.line.hold().let_go(WORK).await;
    assert_eq!(two.effects(), none(), "what came late has taken effect");
    let held = two.sql("SELECT lease_node || ' ' || token || ' ' || attempts FROM jobs");
    assert_eq!(held, "b 2 0", "the second one has it still, and nobody is to blame");
    two.go[1].send_replace(true);
    two.until_done(1).await;
    let once = ("1".to_owned(), "1".to_owned());
    assert_eq!(two.effects(), once);
    // The first node goes on, by itself and alone.
    b.drain(10_000).await;
    eventually("it takes work again", READY, || async {
        let mut batch = Batch::new(a.tenant());
        batch.jobs.push(job(json!("no mark")));
        a.commit(batch).await.ok()
    })
    .await;
    two.until_done(2).await;
    assert_eq!(two.effects(), once);
    let runs = two.stages.each_ref().map(|stage| stage.begun.load(Ordering::Relaxed));
    assert_eq!(runs, [1, 1]);
}

/// The commit begins late: it finds the job with another lease.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_begins_late_is_refused_by_its_fence() {
    held_from(1).await;
}

/// The commit has begun, and has locked what it is about; its end comes late. The database gives it up meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_ends_late_was_given_up() {
    held_from(2).await;
}

/// Under the work of clients, at some commit of a node: requests and leases of it are in the middle of something. By
/// the whole history nothing is lost and nothing is twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_held_up_under_work_does_nothing_twice() {
    let shared = Shared::open().await;
    let drawn = Drawn::open_with(&shared.settings("first", &[])).await;
    let (place, undisturbed) = Place::undisturbed(&drawn).await;
    drawn.node.kill();
    let line = Line::to(&format!("127.0.0.1:{}", shared.server.port())).await;
    let through = shared.database_at(line.address().port());
    let nodes = [shared.node("a", &[("DATABASE_URL", &through)]), shared.node("b", &[])];
    let clients: Vec<Client> = nodes.iter().map(|node| node.client()).collect();
    let (told, stop) = (Told::default(), Arc::new(AtomicBool::new(false)));
    let working: Vec<_> = (0..3)
        .map(|n| {
            let work = (clients.clone(), Arc::clone(&place), Arc::clone(&told), Arc::clone(&stop));
            tokio::spawn(work_on((n, 5), work.0, work.1, work.2, work.3))
        })
        .collect();
    let more = async || {
        let so_far = || told.lock().unwrap().measurements.len();
        let before = so_far();
        eventually("the clients get on", WORK, || async { (so_far() > before + 10).then_some(()) }).await;
    };
    for round in 0..ROUNDS {
        more().await;
        eventually("the node is at some work", WORK, || async {
            (shared.sql("SELECT count(*) FROM jobs WHERE state = 1 AND lease_node = 'a'") != "0")
                .then_some(())
        })
        .await;
        line.hold().upon(COMMIT, 1 + round);
        line.hold().until_held(WORK).await;
        eventually("it says that its database is silent", READY, || async {
            (clients[0].get("//ready").await.status == 503).then_some(())
        })
        .await;
        eventually("what it had leased is another's", WORK, || async {
            (shared.sql("SELECT count(*) FROM jobs WHERE state = 1 AND lease_node = 'a'") == "0")
                .then_some(())
        })
        .await;
        more().await;
        line.hold().let_go(WORK).await;
        eventually("it is ready again", READY, || async {
            (clients[0].get("//ready").await.status == 200).then_some(())
        })
        .await;
    }
    eventually("clients were told of enough", WORK, || async {
        told.lock().unwrap().is_enough().then_some(())
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    for client in working {
        client.await.unwrap();
    }
    let told = std::mem::take(&mut *told.lock().unwrap());
    // By the word of the one that was held up.
    check(&clients[0], &place, &told, &undisturbed).await;
    assert_eq!(shared.sql("SELECT count(*) FROM jobs WHERE state = 5"), "0");
}
