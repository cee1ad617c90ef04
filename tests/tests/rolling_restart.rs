//! Three nodes restarted one after the other while clients work: no request fails, no job is lost, none runs twice.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_engine::clock::Stopwatch;
use takeoff_samples::Habit;
use takeoff_tests::cluster::Shared;
use takeoff_tests::{Answer, Client, Node, eventually};

const NAMES: [&str; 3] = ["a", "b", "c"];
/// Longest that a node may take to end, or to be ready again.
const TURN: Duration = Duration::from_secs(60);
/// How often the balancer asks each node.
const ASKED: Duration = Duration::from_millis(100);
/// What a node grants it to find out.
const LAME_DUCK_MS: &str = "1500";
const CLIENTS: usize = 4;
const PAGES: usize = 2;
/// So many keep the nodes busy over all restarts.
const UPLOADS: usize = 12;

/// Sends requests to nodes that say they are ready, as load balancers do.
struct Balancer {
    nodes: Mutex<Vec<(Client, bool)>>,
    turn: std::sync::atomic::AtomicUsize,
    /// Answers below 500.
    answered: std::sync::atomic::AtomicU64,
    failed: Mutex<Vec<String>>,
}

impl Balancer {
    fn new(nodes: &[Node]) -> Arc<Self> {
        Arc::new(Self {
            nodes: Mutex::new(nodes.iter().map(|n| (n.client(), true)).collect()),
            turn: Default::default(),
            answered: Default::default(),
            failed: Mutex::default(),
        })
    }

    /// Asks each node whether it is ready, until it is dropped.
    async fn ask(self: Arc<Self>) {
        let mut tick = tokio::time::interval(ASKED);
        loop {
            tick.tick().await;
            for at in 0..NAMES.len() {
                let client = self.nodes.lock().unwrap()[at].0.clone();
                let asked = client.try_send(Method::GET, "//ready", None).await;
                let ready = asked.is_ok_and(|answer| answer.status == 200);
                let mut nodes = self.nodes.lock().unwrap();
                // Another node may have taken the place meanwhile.
                if nodes[at].0.url("//ready") == client.url("//ready") {
                    nodes[at].1 = ready;
                }
            }
        }
    }

    fn replace(&self, at: usize, node: &Node) {
        self.nodes.lock().unwrap()[at] = (node.client(), false);
    }

    fn is_ready(&self, at: usize) -> bool {
        self.nodes.lock().unwrap()[at].1
    }

    fn next(&self) -> Option<Client> {
        let nodes = self.nodes.lock().unwrap();
        let ready: Vec<&Client> = nodes.iter().filter(|n| n.1).map(|n| &n.0).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        (!ready.is_empty()).then(|| ready[turn % ready.len()].clone())
    }

    /// The answer, from the next node where one took no connection. Everything else that goes wrong is a failed request.
    async fn send<F>(&self, what: &str, mut send: impl FnMut(Client) -> F) -> Value
    where
        F: Future<Output = reqwest::Result<Answer>>,
    {
        for _ in 0..NAMES.len() {
            let Some(client) = self.next() else { break };
            match send(client).await {
                Err(e) if e.is_connect() => {}
                Ok(answer) if answer.status.as_u16() < 500 => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    return answer.body;
                }
                other => {
                    self.failed.lock().unwrap().push(format!("{what}: {other:?}"));
                    return Value::Null;
                }
            }
        }
        self.failed.lock().unwrap().push(format!("{what}: no node takes it"));
        Value::Null
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.send(path, |node| {
            let path = path.to_owned();
            async move { node.try_send(Method::POST, &path, Some(body)).await }
        })
        .await
    }
}

/// Acknowledged documents.
type Uploaded = Arc<Mutex<Vec<String>>>;

/// Writes and reads until told to end, and uploads now and then.
async fn work(
    balancer: Arc<Balancer>,
    project: String,
    set: Vec<u8>,
    uploaded: Uploaded,
    stop: Arc<AtomicBool>,
) {
    let mut turn = 0_u32;
    while !stop.load(Ordering::Relaxed) {
        if turn.is_multiple_of(40) && uploaded.lock().unwrap().len() < UPLOADS {
            let sent = balancer.send("an upload", |node| {
                let (project, set) = (project.clone(), set.clone());
                async move { node.try_upload(&project, "set.pdf", set, "application/pdf").await }
            });
            if let Some(id) = sent.await["id"].as_str() {
                uploaded.lock().unwrap().push(id.to_owned());
            }
        }
        let body = json!({"name": "Devices", "measurement_type": "count", "unit": "EA"});
        let made = balancer.post(&format!("/projects/{project}/conditions"), &body).await;
        let path = format!("/conditions/{}/measurements", made["id"].as_str().unwrap_or("none"));
        let found = balancer
            .send("a read", |node| {
                let path = path.clone();
                async move { node.try_send(Method::GET, &path, None).await }
            })
            .await;
        if !found["measurements"].is_array() {
            balancer.failed.lock().unwrap().push(format!("{made} was made and is not found: {found}"));
        }
        turn += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_and_no_job_is_lost() {
    let shared = Shared::open().await;
    let settings = [("TAKEOFF_API_LAME_DUCK_MS", LAME_DUCK_MS)];
    let mut nodes: Vec<Node> = NAMES.iter().map(|name| shared.node(name, &settings)).collect();
    let project = nodes[0].client().project("Rolled").await;
    let balancer = Balancer::new(&nodes);
    let asks = tokio::spawn(Arc::clone(&balancer).ask());
    let (uploaded, stop) = (Uploaded::default(), Arc::new(AtomicBool::new(false)));
    let (set, _) = takeoff_samples::sheets(11, PAGES as u32, Habit::named("blocks").unwrap());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (balancer, stop) = (Arc::clone(&balancer), Arc::clone(&stop));
            tokio::spawn(work(balancer, project.clone(), set.clone(), Arc::clone(&uploaded), stop))
        })
        .collect();
    let mut took = Vec::new();
    for at in 0..NAMES.len() {
        // Every node has had some of the work since it came.
        let before = balancer.answered.load(Ordering::Relaxed);
        eventually("the clients get on", TURN, || async {
            (balancer.answered.load(Ordering::Relaxed) > before + 30).then_some(())
        })
        .await;
        let since = Stopwatch::start();
        let node = nodes.remove(at);
        assert_eq!(tokio::task::block_in_place(|| node.stop("TERM", TURN)).code(), Some(0));
        let node = shared.node(NAMES[at], &settings);
        balancer.replace(at, &node);
        nodes.insert(at, node);
        eventually("the node is ready again", TURN, || async { balancer.is_ready(at).then_some(()) }).await;
        took.push(since.elapsed());
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    asks.abort();
    let failed = balancer.failed.lock().unwrap().clone();
    assert!(failed.is_empty(), "{} failed: {:?}", failed.len(), &failed[..failed.len().min(5)]);
    let client = nodes[0].client();
    let uploaded = uploaded.lock().unwrap().clone();
    for document in &uploaded {
        let pages = client.pages_of(document, PAGES).await;
        let numbers: Vec<u64> = pages.iter().filter_map(|p| p["page_number"].as_u64()).collect();
        assert_eq!(numbers, (1..=PAGES as u64).collect::<Vec<_>>(), "every page once");
    }
    tell(uploaded.len(), balancer.answered.load(Ordering::Relaxed), &took);
    // Nothing was given up on the way, and nobody was thought to be dead.
    let costs = "SELECT count(*) FROM jobs WHERE state = 5 OR attempts > 0 OR node_deaths > 0";
    assert_eq!(shared.sql(costs), "0");
}

#[expect(clippy::print_stderr, reason = "what the run was, for whoever reads the test's output")]
fn tell(uploaded: usize, answered: u64, took: &[Duration]) {
    eprintln!("{answered} requests, {uploaded} documents, restarts took {took:?}");
}
