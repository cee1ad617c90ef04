//! Three nodes on one database and bucket, killed, stopped and continued at random moments while clients work: what
//! was acknowledged is there, nothing twice, nothing stuck. `ops/scripts/soak kills` has this test go on for as many
//! kills as it is told.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use takeoff_config::environment::Variables;
use takeoff_engine::clock::Stopwatch;
use takeoff_tests::cluster::Shared;
use takeoff_tests::history::{Acknowledged, Place, Told, Work, check};
use takeoff_tests::{Client, Drawn, Node};

const NAMES: [&str; 3] = ["a", "b", "c"];
const ROUNDS: usize = 30;
/// Rounds end after so long, however many there were, so that a slow machine is not at it for ever.
const LONGEST: Duration = Duration::from_secs(90);
/// A run of fewer rounds says nothing.
const AT_LEAST: usize = 10;
const CLIENTS: usize = 3;
const SEED: u64 = 0x5eed_c1a5;
/// How long a client stays with one node: one that hangs answers nothing.
const PATIENCE: Duration = Duration::from_secs(3);

/// Rounds after which clients rest and everything is checked, so that a fault is found near to where it arose.
const CHAPTER: usize = 100;

/// What is done to the nodes.
struct Plan {
    rounds: usize,
    /// No round begins later.
    longest: Option<Duration>,
    /// Whether every third round stops and continues a node, instead of killing it.
    stops: bool,
    seed: u64,
    report: Option<PathBuf>,
}

impl Plan {
    /// Some rounds of each kind, or what a long run is told: `TAKEOFF_KILLS` rounds which are all kills, by
    /// `TAKEOFF_KILLS_SEED`, with a report in the file `TAKEOFF_KILLS_REPORT`.
    fn of_environment() -> Self {
        let variables = Variables::of_process();
        let number = |name: &str| {
            let text = variables.get(name)?;
            Some(text.parse::<u64>().unwrap_or_else(|e| panic!("{name} is {text:?}: {e}")))
        };
        let kills = number("TAKEOFF_KILLS").map(|kills| usize::try_from(kills).expect("a number of rounds"));
        Self {
            rounds: kills.unwrap_or(ROUNDS),
            longest: kills.is_none().then_some(LONGEST),
            stops: kills.is_none(),
            seed: number("TAKEOFF_KILLS_SEED").unwrap_or(SEED),
            report: variables.get("TAKEOFF_KILLS_REPORT").map(PathBuf::from),
        }
    }
}

/// What a run was, for a file. Written anew after each chapter and when a check fails: a run that breaks off has said
/// how far it came.
struct Report {
    file: Option<PathBuf>,
    since: Stopwatch,
    value: Value,
}

impl Report {
    fn begin(plan: &Plan) -> Self {
        let value = json!({
            "schema": "takeoff-kills/1",
            "engine": takeoff_core::ENGINE_VERSION,
            "build": if cfg!(debug_assertions) { "debug" } else { "release" },
            "seed": plan.seed,
            "nodes": NAMES.len(),
            "clients": CLIENTS,
            "rounds_asked_for": plan.rounds,
            "rounds": 0,
            "kills": 0,
            "checked_rounds": 0,
            "outcome": "broken off",
            "chapters": [],
        });
        Self { file: plan.report.clone(), since: Stopwatch::start(), value }
    }

    /// Rounds are over; what was told is not checked yet.
    fn add(&mut self, chapter: &Chapter) {
        let told = &chapter.told;
        for (name, more) in [("rounds", chapter.rounds), ("kills", chapter.kills)] {
            self.value[name] = (self.value[name].as_u64().unwrap_or(0) + more as u64).into();
        }
        self.value["chapters"].as_array_mut().expect("a list").push(json!({
            "rounds": chapter.rounds,
            "kills": chapter.kills,
            "seconds": chapter.took.as_secs_f64(),
            "documents": told.documents.len(),
            "conditions": told.conditions.len(),
            "measurements": told.measurements.len(),
            "sessions": told.sessions.len(),
        }));
        self.write();
    }

    /// Of the rounds so far nothing is lost, doubled or stuck.
    fn checked(&mut self) {
        self.value["checked_rounds"] = self.value["rounds"].clone();
        self.write();
    }

    /// Every chapter was checked: the first thing that was lost, doubled or stuck would have ended the run.
    fn end(&mut self) {
        for (name, value) in
            [("outcome", json!("kept")), ("lost", 0.into()), ("doubled", 0.into()), ("stuck", 0.into())]
        {
            self.value[name] = value;
        }
        self.write();
    }

    fn write(&mut self) {
        self.value["seconds"] = self.since.elapsed().as_secs_f64().into();
        if let Some(file) = &self.file {
            std::fs::write(file, format!("{:#}\n", self.value)).expect("the report can be written");
        }
    }
}

/// Nodes by name, and where they listen.
struct Nodes {
    running: Vec<Node>,
    clients: Arc<Mutex<Vec<Client>>>,
}

impl Nodes {
    fn start(shared: &Shared) -> Self {
        let running: Vec<Node> = NAMES.iter().map(|name| shared.node(name, &[])).collect();
        let clients = running.iter().map(Node::client).collect();
        Self { running, clients: Arc::new(Mutex::new(clients)) }
    }

    /// Kills a node and starts it anew.
    fn kill(&mut self, shared: &Shared, which: usize) {
        self.running.remove(which).kill();
        let again = shared.node(NAMES[which], &[]);
        self.clients.lock().unwrap()[which] = again.client();
        self.running.insert(which, again);
    }
}

/// Goes from node to node until told to stop.
async fn client(
    (n, seed): (usize, u64),
    place: Arc<Place>,
    told: Told,
    clients: Arc<Mutex<Vec<Client>>>,
    stop: Arc<AtomicBool>,
) {
    let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_add(1 + n as u64));
    let mut turn = n;
    while !stop.load(Ordering::Relaxed) {
        let at = random.random_range(0..NAMES.len());
        let client = clients.lock().unwrap()[at].clone();
        let work = Work {
            client,
            place: Arc::clone(&place),
            told: Arc::clone(&told),
            upload: turn.is_multiple_of(4),
            count: turn % 4 == 1,
        };
        turn += 1;
        let _ = tokio::time::timeout(PATIENCE, work.until_the_node_is_gone()).await;
        // A node that is gone answers at once; its place is taken again in a moment.
        let _ = tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>()).await;
    }
}

/// The moment is what the test varies; nothing is waited for here.
async fn pass(random: &mut ChaCha8Rng, ms: std::ops::Range<u64>) {
    let moment = Duration::from_millis(random.random_range(ms));
    let _ = tokio::time::timeout(moment, std::future::pending::<()>()).await;
}

/// What the rounds of a chapter come to.
struct Chapter {
    rounds: usize,
    kills: usize,
    took: Duration,
    told: Acknowledged,
}

/// The nodes and what is done to them.
struct Trial {
    shared: Shared,
    place: Arc<Place>,
    undisturbed: BTreeSet<String>,
    nodes: Nodes,
    random: ChaCha8Rng,
}

impl Trial {
    async fn begin(seed: u64) -> Self {
        let shared = Shared::open().await;
        // A node of the same catalogue draws the sheet and counts it, undisturbed, and leaves.
        let settings = shared.settings("first", &[]);
        let drawn = Drawn::open_with(&settings).await;
        let (place, undisturbed) = Place::undisturbed(&drawn).await;
        drawn.node.kill();
        let nodes = Nodes::start(&shared);
        Self { shared, place, undisturbed, nodes, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// So many rounds while clients work.
    async fn rounds(&mut self, plan: &Plan, rounds: usize) -> Chapter {
        let told = Told::default();
        let stop = Arc::new(AtomicBool::new(false));
        let seed = self.random.random();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let at = (Arc::clone(&self.place), Arc::clone(&told), Arc::clone(&self.nodes.clients));
                tokio::spawn(client((n, seed), at.0, at.1, at.2, Arc::clone(&stop)))
            })
            .collect();
        let since = Stopwatch::start();
        let (mut done, mut kills) = (0, 0);
        while done < rounds && plan.longest.is_none_or(|longest| since.elapsed() < longest) {
            pass(&mut self.random, 50..1_500).await;
            let which = self.random.random_range(0..NAMES.len());
            if plan.stops && done % 3 == 2 {
                // Every other one for longer than its lease.
                self.nodes.running[which].signal("STOP");
                pass(&mut self.random, if done % 2 == 0 { 100..1_500 } else { 4_500..6_000 }).await;
                self.nodes.running[which].signal("CONT");
            } else {
                self.nodes.kill(&self.shared, which);
                kills += 1;
            }
            done += 1;
        }
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            client.await.unwrap();
        }
        let told = std::mem::take(&mut *told.lock().unwrap());
        Chapter { rounds: done, kills, took: since.elapsed(), told }
    }

    /// All that was told is so, and no node was given up and none has left.
    async fn check(&mut self, told: &Acknowledged) {
        let last = self.nodes.clients.lock().unwrap()[self.random.random_range(0..NAMES.len())].clone();
        check(&last, &self.place, told, &self.undisturbed).await;
        let states = last.get("/admin/nodes").await.expect(200)["nodes"].clone();
        let up = states.as_array().unwrap().iter().filter(|n| n["state"] == "up").count();
        assert_eq!(up, NAMES.len(), "{states}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_lose_nothing_and_double_nothing() {
    let plan = Plan::of_environment();
    let mut report = Report::begin(&plan);
    let mut trial = Trial::begin(plan.seed).await;
    let mut left = plan.rounds;
    while left > 0 {
        // The last one is not so short that it says too little.
        let rounds = if left < 2 * CHAPTER { left } else { CHAPTER };
        let chapter = trial.rounds(&plan, rounds).await;
        tell(&chapter);
        let Chapter { rounds, took, .. } = chapter;
        assert!(rounds >= left.min(AT_LEAST), "{rounds} rounds in {took:?}");
        report.add(&chapter);
        trial.check(&chapter.told).await;
        // A run that is bounded by time has one chapter.
        left = if plan.longest.is_some() { 0 } else { left - rounds };
        report.checked();
    }
    report.end();
}

#[expect(clippy::print_stderr, reason = "what the run was, for whoever reads the test's output")]
fn tell(Chapter { rounds, kills, took, told }: &Chapter) {
    eprintln!(
        "{rounds} rounds, {kills} kills in {took:?}: {} documents, {} conditions, {} measurements, {} sessions",
        told.documents.len(),
        told.conditions.len(),
        told.measurements.len(),
        told.sessions.len()
    );
}
