//! Three nodes restarted one after the other while clients work: no request fails, no job is lost, none runs twice.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
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
/// What a node grants it to find out: longer than the test takes, which ends it by a second signal.
const LAME_DUCK_MS: &str = "300000";
const CLIENTS: usize = 4;
const PAGES: usize = 2;
/// So many keep the nodes busy over all restarts.
const UPLOADS: usize = 12;

/// A node as the balancer sees it.
struct Place {
    client: Client,
    ready: bool,
    /// Requests that are under way there.
    open: Arc<AtomicUsize>,
}

impl Place {
    fn new(node: &Node, ready: bool) -> Self {
        Self { client: node.client(), ready, open: Arc::default() }
    }
}

/// Sends requests to nodes that say they are ready, and sends none a second time.
struct Balancer {
    nodes: Mutex<Vec<Place>>,
    turn: AtomicUsize,
    /// Answers below 500.
    answered: AtomicU64,
    failed: Mutex<Vec<String>>,
}

impl Balancer {
    fn new(nodes: &[Node]) -> Arc<Self> {
        Arc::new(Self {
            nodes: Mutex::new(nodes.iter().map(|n| Place::new(n, true)).collect()),
            turn: AtomicUsize::new(0),
            answered: AtomicU64::new(0),
            failed: Mutex::default(),
        })
    }

    /// Asks each node whether it is ready, for ever.
    async fn ask(self: Arc<Self>) {
        let mut tick = tokio::time::interval(ASKED);
        loop {
            tick.tick().await;
            for at in 0..NAMES.len() {
                let client = self.nodes.lock().unwrap()[at].client.clone();
                let asked = client.try_send(Method::GET, "//ready", None).await;
                let ready = asked.is_ok_and(|answer| answer.status == 200);
                let mut nodes = self.nodes.lock().unwrap();
                // Another node may have taken the place meanwhile.
                if nodes[at].client.url("//ready") == client.url("//ready") {
                    nodes[at].ready = ready;
                }
            }
        }
    }

    fn replace(&self, at: usize, node: &Node) {
        self.nodes.lock().unwrap()[at] = Place::new(node, false);
    }

    fn is_ready(&self, at: usize) -> bool {
        self.nodes.lock().unwrap()[at].ready
    }

    /// Nothing is sent to it, and what was is answered.
    fn has_left(&self, at: usize) -> bool {
        let nodes = self.nodes.lock().unwrap();
        !nodes[at].ready && nodes[at].open.load(Ordering::Relaxed) == 0
    }

    fn next(&self) -> Option<(Client, Arc<AtomicUsize>)> {
        let nodes = self.nodes.lock().unwrap();
        let ready: Vec<&Place> = nodes.iter().filter(|n| n.ready).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let node = ready.get(turn % ready.len().max(1))?;
        node.open.fetch_add(1, Ordering::Relaxed);
        Some((node.client.clone(), Arc::clone(&node.open)))
    }

    /// The answer of the next node. Whatever goes wrong is a failed request.
    async fn send<F>(&self, what: &str, send: impl FnOnce(Client) -> F) -> Value
    where
        F: Future<Output = reqwest::Result<Answer>>,
    {
        let failed = match self.next() {
            None => "no node takes it".to_owned(),
            Some((client, open)) => {
                let sent = send(client).await;
                open.fetch_sub(1, Ordering::Relaxed);
                match sent {
                    Ok(answer) if answer.status.as_u16() < 500 => {
                        self.answered.fetch_add(1, Ordering::Relaxed);
                        return answer.body;
                    }
                    other => format!("{other:?}"),
                }
            }
        };
        self.failed.lock().unwrap().push(format!("{what}: {failed}"));
        Value::Null
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.send(path, async |node: Client| node.try_send(Method::POST, path, Some(body)).await).await
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
            let set = set.clone();
            let upload =
                async |node: Client| node.try_upload(&project, "set.pdf", set, "application/pdf").await;
            if let Some(id) = balancer.send("an upload", upload).await["id"].as_str() {
                uploaded.lock().unwrap().push(id.to_owned());
            }
        }
        let body = json!({"name": "Devices", "measurement_type": "count", "unit": "EA"});
        let made = balancer.post(&format!("/projects/{project}/conditions"), &body).await;
        let path = format!("/conditions/{}/measurements", made["id"].as_str().unwrap_or("none"));
        let read = async |node: Client| node.try_send(Method::GET, &path, None).await;
        let found = balancer.send("a read", read).await;
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
    for (at, name) in NAMES.iter().enumerate() {
        // Every node has had some of the work since it came.
        let before = balancer.answered.load(Ordering::Relaxed);
        eventually("the clients get on", TURN, || async {
            (balancer.answered.load(Ordering::Relaxed) > before + 30).then_some(())
        })
        .await;
        let since = Stopwatch::start();
        let node = nodes.remove(at);
        node.signal("TERM");
        eventually("nobody sends it anything", TURN, || async { balancer.has_left(at).then_some(()) }).await;
        // Balancers wait for a time that their settings give; this one knows.
        assert_eq!(tokio::task::block_in_place(|| node.stop("TERM", TURN)).code(), Some(0));
        let node = shared.node(name, &settings);
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

/// It takes requests, on connections that it closes; whoever cannot wait sends the signal again.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_to_stop_says_so_and_still_answers() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_with(data.path(), &[("TAKEOFF_API_LAME_DUCK_MS", LAME_DUCK_MS)]);
    let client = node.client();
    let health = async || client.request(Method::GET, "//health").send().await.unwrap();
    assert!(!health().await.headers().contains_key("connection"));
    node.signal("TERM");
    let why = eventually("it says that it is to stop", TURN, || async {
        let ready = client.get("//ready").await;
        (ready.status == 503).then_some(ready.body)
    })
    .await;
    assert!(why["reasons"].to_string().contains("draining"), "{why}");
    let answer = health().await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["connection"]), (200, &"close".parse().unwrap()));
    client.get("/projects").await.expect(200);
    node.client().get("/projects").await.expect(200);
    assert_eq!(tokio::task::block_in_place(|| node.stop("TERM", TURN)).code(), Some(0));
    // Whoever sends one signal waits for so long.
    let node = Node::start_with(data.path(), &[("TAKEOFF_API_LAME_DUCK_MS", "700")]);
    let since = Stopwatch::start();
    assert_eq!(tokio::task::block_in_place(|| node.stop("TERM", TURN)).code(), Some(0));
    assert!(since.elapsed() >= Duration::from_millis(700), "{:?}", since.elapsed());
}
