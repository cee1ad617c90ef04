//! The database restarted, paused, and cut off in the middle of commits, under nodes that clients work with: what was
//! acknowledged is there, nothing is twice, nothing hangs, and the nodes go on by themselves.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use takeoff_engine::clock::Stopwatch;
use takeoff_samples::Habit;
use takeoff_tests::cluster::Shared;
use takeoff_tests::history::{Place, Told, check, work_on};
use takeoff_tests::line::{Fault, Line};
use takeoff_tests::{Client, Drawn, Node, eventually};

/// Longest that a node may take to say that its database does not answer.
const UNREADY: Duration = Duration::from_secs(15);
/// Longest that a node may take to be ready again.
const READY: Duration = Duration::from_secs(15);
/// Longest that work may take to begin after its commit, by the word of the database; a poll comes a minute later.
const WOKEN_MS: i64 = 5_000;
/// Limit of requests by the nodes' settings, and what a machine that is busy may take beyond it.
const REQUEST: (Duration, Duration) = (Duration::from_secs(8), Duration::from_secs(7));
/// Longer than a free connection is waited for (10 s), than a statement may take here, and than leases last.
const PAUSE: Duration = Duration::from_secs(12);
/// Longest that clients may take to get some work done.
const WORK: Duration = Duration::from_secs(180);
const SETTINGS: [(&str, &str); 3] = [
    // Who is not woken does not wake up by itself within a test.
    ("TAKEOFF_JOBS_POLL_MS", "60000"),
    ("TAKEOFF_DATABASE_STATEMENT_TIMEOUT_MS", "3000"),
    ("TAKEOFF_API_REQUEST_TIMEOUT_MS", "8000"),
];

/// Three nodes, one of which takes requests only, and clients of all of them.
struct Busy {
    shared: Shared,
    nodes: Vec<Node>,
    clients: Vec<Client>,
    place: Arc<Place>,
    undisturbed: BTreeSet<String>,
    told: Told,
    stop: Arc<AtomicBool>,
    working: Vec<tokio::task::JoinHandle<()>>,
}

impl Busy {
    async fn start() -> Self {
        let shared = Shared::open().await;
        let drawn = Drawn::open_with(&shared.settings("first", &[])).await;
        let (place, undisturbed) = Place::undisturbed(&drawn).await;
        drawn.node.kill();
        let front = [&SETTINGS[..], &[("TAKEOFF_CLUSTER_ROLES", "gateway")]].concat();
        let nodes =
            vec![shared.node("front", &front), shared.node("b", &SETTINGS), shared.node("c", &SETTINGS)];
        let clients: Vec<Client> = nodes.iter().map(Node::client).collect();
        let (told, stop) = (Told::default(), Arc::new(AtomicBool::new(false)));
        let working = (0..clients.len())
            .map(|n| {
                let work = (clients.clone(), Arc::clone(&place), Arc::clone(&told), Arc::clone(&stop));
                tokio::spawn(work_on((n, 5), work.0, work.1, work.2, work.3))
            })
            .collect();
        Self { shared, nodes, clients, place, undisturbed, told, stop, working }
    }

    /// Waits until clients were told of so much more.
    async fn more(&self, measurements: usize, made: usize) {
        let so_far = || {
            let told = self.told.lock().unwrap();
            (told.measurements.len(), told.sessions.values().filter(|s| s.made).count())
        };
        let before = so_far();
        eventually("the clients get on", WORK, || async {
            let now = so_far();
            (now.0 >= before.0 + measurements && now.1 >= before.1 + made).then_some(())
        })
        .await;
    }

    async fn until_enough(&self) {
        eventually("clients were told of enough", WORK, || async {
            self.told.lock().unwrap().is_enough().then_some(())
        })
        .await;
    }

    /// What each node says of itself, within `limit`; how long the last of them took.
    async fn until_ready(&self, ready: bool, limit: Duration) -> Duration {
        let since = Stopwatch::start();
        for client in &self.clients {
            eventually(&format!("ready is {ready}"), limit, || async {
                let asked = client.get("//ready").await;
                ((asked.status == 200) == ready).then_some(())
            })
            .await;
        }
        assert!(since.elapsed() < limit, "{:?}", since.elapsed());
        since.elapsed()
    }

    /// Ends the clients, and proves each worker's wakes and the whole history.
    async fn prove(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in std::mem::take(&mut self.working) {
            client.await.unwrap();
        }
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        check(&self.clients[0], &self.place, &told, &self.undisturbed).await;
        for (other, name) in [(2, "b"), (1, "c")] {
            self.nodes[other].signal("STOP");
            let woken_ms = self.woken_ms().await;
            self.nodes[other].signal("CONT");
            tell(&format!("{name} was woken after {woken_ms} ms"));
            assert!(woken_ms < WOKEN_MS, "{name} was woken after {woken_ms} ms");
        }
    }

    /// Work that comes in at the node that does none: how long until another begins it.
    async fn woken_ms(&self) -> i64 {
        let (pdf, _) = takeoff_samples::sheets(5, 1, Habit::named("blocks").unwrap());
        let front = &self.clients[0];
        let uploaded =
            front.try_upload(&self.place.project, "one.pdf", pdf, "application/pdf").await.unwrap();
        let id = uploaded.expect(201)["id"].as_str().unwrap().to_owned();
        front.pages_of(&id, 1).await;
        let sql = format!(
            "SELECT (started_at - created_at) / 1000 FROM jobs WHERE subject_id = '{id}' AND parent IS NULL \
             ORDER BY created_at LIMIT 1"
        );
        self.shared.sql(&sql).parse().expect("a number")
    }
}

/// Asks a node over and over; the longest that it took to answer.
async fn ask(client: Client, project: String, stop: Arc<AtomicBool>) -> Duration {
    let mut longest = Duration::ZERO;
    let body = json!({"name": "Asked", "measurement_type": "count", "unit": "EA"});
    let path = format!("/projects/{project}/conditions");
    while !stop.load(Ordering::Relaxed) {
        for (method, body) in [(Method::GET, None), (Method::POST, Some(&body))] {
            let since = Stopwatch::start();
            let answer = client.try_send(method, &path, body).await.expect("the node answers");
            longest = longest.max(since.elapsed());
            let expected = [200, 201, 503, 504].contains(&answer.status.as_u16());
            assert!(expected, "{answer:?}");
        }
    }
    longest
}

#[expect(clippy::print_stderr, reason = "the figures, for whoever reads the test's output")]
fn tell(what: &str) {
    eprintln!("{what}");
}

/// Restarted in good order, as for an update: connections are cut off, and for a while there is nobody. Then it stands
/// still with all its connections, for longer than anybody waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_a_pause_lose_nothing_and_work_goes_on() {
    let mut busy = Busy::start().await;
    busy.more(10, 1).await;
    tokio::task::block_in_place(|| busy.shared.server.stop("INT"));
    let unready = busy.until_ready(false, UNREADY).await;
    tokio::task::block_in_place(|| busy.shared.server.resume());
    let ready = busy.until_ready(true, READY).await;
    tell(&format!("restart: unready after {unready:?}, ready {ready:?} after the database"));
    busy.more(10, 1).await;

    let stop = Arc::new(AtomicBool::new(false));
    let project = &busy.place.project;
    let asks = busy.clients.iter().map(|c| tokio::spawn(ask(c.clone(), project.clone(), Arc::clone(&stop))));
    let asks: Vec<_> = asks.collect();
    let since = Stopwatch::start();
    busy.shared.server.pause();
    let unready = busy.until_ready(false, UNREADY).await;
    // The pause is the fault itself; nothing is waited for here.
    let rest = PAUSE.saturating_sub(since.elapsed());
    let _ = tokio::time::timeout(rest, std::future::pending::<()>()).await;
    busy.shared.server.go_on();
    let ready = busy.until_ready(true, READY).await;
    stop.store(true, Ordering::Relaxed);
    let mut longest = Duration::ZERO;
    for asked in asks {
        longest = longest.max(asked.await.unwrap());
    }
    tell(&format!(
        "pause: unready after {unready:?}, ready {ready:?} after it, the longest request {longest:?}"
    ));
    assert!(longest < REQUEST.0 + REQUEST.1, "{longest:?}");
    busy.until_enough().await;
    busy.prove().await;
}

/// A node that is cut off from the database says so, others go on with its work, and it is one of them again when it is
/// back.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_database_is_replaced_and_comes_back() {
    const PAGES: usize = 4;
    let shared = Shared::open().await;
    let line = Line::to(&format!("127.0.0.1:{}", shared.server.port())).await;
    let through = shared.database_at(line.address().port());
    let a = shared.node("a", &[("DATABASE_URL", &through)]);
    let client = a.client();
    let project = client.project("Cut off").await;
    let (pdf, _) = takeoff_samples::sheets(7, PAGES as u32, Habit::named("blocks").unwrap());
    let uploaded = client.try_upload(&project, "set.pdf", pdf, "application/pdf").await.unwrap().expect(201);
    let document = uploaded["id"].as_str().unwrap();
    let held = || shared.sql("SELECT count(*) FROM jobs WHERE state = 1 AND lease_node = 'a'");
    eventually("it works", WORK, || async { (held() != "0").then_some(()) }).await;
    line.set(Fault::Silent);
    let b = shared.node("b", &[]);
    let other = b.client();
    let numbers = |pages: &[serde_json::Value]| -> Vec<u64> {
        pages.iter().filter_map(|p| p["page_number"].as_u64()).collect()
    };
    assert_eq!(numbers(&other.pages_of(document, PAGES).await), [1, 2, 3, 4]);
    eventually("it says that it is cut off", UNREADY * 2, || async {
        (client.get("//ready").await.status == 503).then_some(())
    })
    .await;
    line.set(Fault::None);
    eventually("it is ready again", READY, || async {
        (client.get("//ready").await.status == 200).then_some(())
    })
    .await;
    // It works again, by itself.
    b.kill();
    let (pdf, _) = takeoff_samples::sheets(8, 1, Habit::named("blocks").unwrap());
    let again = client.try_upload(&project, "one.pdf", pdf, "application/pdf").await.unwrap().expect(201);
    client.pages_of(again["id"].as_str().unwrap(), 1).await;
    assert_eq!(numbers(&client.pages_of(document, PAGES).await), [1, 2, 3, 4]);
    assert_eq!(shared.sql("SELECT count(*) FROM jobs WHERE state = 5 OR attempts > 0"), "0");
}

/// Whoever asks for a change that is stored, and the answer is lost, is told to look again: never that it is done, and
/// never by doing it a second time.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_commit_is_not_acknowledged_is_not_told_that_it_is_done() {
    let shared = Shared::open().await;
    let line = Line::to(&format!("127.0.0.1:{}", shared.server.port())).await;
    let through = shared.database_at(line.address().port());
    let node = shared.node("a", &[("DATABASE_URL", &through), ("TAKEOFF_CLUSTER_ROLES", "gateway")]);
    let client = node.client();
    let project = client.project("Unheard").await;
    let conditions = format!("/projects/{project}/conditions");
    let body = |name: &str| json!({"name": name, "measurement_type": "count", "unit": "EA"});
    let kept = client.post(&conditions, body("Kept")).await.expect(201);
    let kept = format!("{conditions}/{}", kept["id"].as_str().unwrap());
    let ready = async || {
        eventually("the node is ready", READY, || async {
            (client.get("//ready").await.status == 200).then_some(())
        })
        .await;
    };
    line.set(Fault::LostCommits(1));
    ready().await;
    let asked = [(Method::POST, &conditions, body("Made")), (Method::PUT, &kept, json!({"name": "Renamed"}))];
    for (method, path, body) in asked {
        let before = line.lost_commits();
        let answer = client.request(method.clone(), path).json(&body).send().await.unwrap();
        let again_s = answer.headers().get("retry-after").map(|s| s.to_str().unwrap().parse::<u32>());
        assert_eq!(answer.status(), 503, "{method} {path}");
        assert!(matches!(again_s, Some(Ok(1..))), "{method} {path}: {again_s:?}");
        assert_eq!(line.lost_commits(), before + 1, "{method} {path} is done once");
    }
    let (pdf, _) = takeoff_samples::sheets(9, 1, Habit::named("blocks").unwrap());
    let upload = client.try_upload(&project, "set.pdf", pdf.clone(), "application/pdf").await.unwrap();
    assert_eq!(upload.status, 503, "{upload:?}");
    line.set(Fault::None);
    ready().await;
    let found = client.get(&conditions).await.expect(200);
    let mut names: Vec<_> =
        found["conditions"].as_array().unwrap().iter().map(|c| c["name"].clone()).collect();
    names.sort_unstable_by_key(ToString::to_string);
    assert_eq!(names, ["Made", "Renamed"], "each change is there once");
    // Whoever tries again has one of its own; what is left of the first is whole or not there.
    let again = client.try_upload(&project, "set.pdf", pdf, "application/pdf").await.unwrap().expect(201);
    let documents = client.get(&format!("/projects/{project}/documents")).await.expect(200);
    let documents = documents["documents"].as_array().unwrap();
    assert!(documents.iter().any(|d| d["id"] == again["id"]) && documents.len() <= 2, "{documents:?}");
    let jobs = shared.sql("SELECT count(*) FROM jobs WHERE parent IS NULL AND stage = 1");
    assert_eq!(jobs, documents.len().to_string(), "a document has its work, and nothing else has");
}

/// Connections are cut off when commits are done and before anybody is told: of a node's commits each tenth.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_acknowledgement_is_lost_takes_effect_once() {
    let shared = Shared::open().await;
    let drawn = Drawn::open_with(&shared.settings("first", &[])).await;
    let (place, undisturbed) = Place::undisturbed(&drawn).await;
    drawn.node.kill();
    let line = Line::to(&format!("127.0.0.1:{}", shared.server.port())).await;
    let through = shared.database_at(line.address().port());
    let node = shared.node("a", &[("DATABASE_URL", &through)]);
    line.set(Fault::LostCommits(10));
    let (told, stop) = (Told::default(), Arc::new(AtomicBool::new(false)));
    let working: Vec<_> = (0..3)
        .map(|n| {
            let work = (Arc::clone(&place), Arc::clone(&told), Arc::clone(&stop));
            tokio::spawn(work_on((n, 5), vec![node.client()], work.0, work.1, work.2))
        })
        .collect();
    eventually("enough is told and lost", WORK, || async {
        (told.lock().unwrap().is_enough() && line.lost_commits() >= 30).then_some(())
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    for client in working {
        client.await.unwrap();
    }
    // The work that is under way ends under the same fault.
    let client = node.client();
    eventually("the queues are empty", WORK, || async {
        let open = shared.sql("SELECT count(*) FROM jobs WHERE state IN (0, 1, 2)");
        (open == "0").then_some(())
    })
    .await;
    let lost = line.lost_commits();
    line.set(Fault::None);
    eventually("the node is ready", READY, || async {
        (client.get("//ready").await.status == 200).then_some(())
    })
    .await;
    let told = std::mem::take(&mut *told.lock().unwrap());
    check(&client, &place, &told, &undisturbed).await;
    // No attempt was spent: an answer that is lost is nobody's fault.
    let costs = shared.sql("SELECT count(*) FROM jobs WHERE state = 5 OR attempts > 0");
    tell(&format!("{lost} answers were lost"));
    assert_eq!(costs, "0");
}
