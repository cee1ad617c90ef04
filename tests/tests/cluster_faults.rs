//! Three nodes on one database and bucket, killed, stopped and continued at random moments while clients work: what
//! was acknowledged is there, nothing twice, nothing stuck.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use takeoff_engine::clock::Stopwatch;
use takeoff_tests::cluster::Shared;
use takeoff_tests::history::{Acknowledged, Place, Work, check};
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
    n: usize,
    place: Arc<Place>,
    told: Arc<Mutex<Acknowledged>>,
    clients: Arc<Mutex<Vec<Client>>>,
    stop: Arc<AtomicBool>,
) {
    let mut random = ChaCha8Rng::seed_from_u64(SEED + 1 + n as u64);
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

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_lose_nothing_and_double_nothing() {
    let shared = Shared::open().await;
    // A node of the same catalogue draws the sheet and counts it, undisturbed, and leaves.
    let settings = shared.settings("first", &[]);
    let drawn = Drawn::open_with(&settings).await;
    let (place, undisturbed) = Place::undisturbed(&drawn).await;
    drawn.node.kill();

    let mut nodes = Nodes::start(&shared);
    let told = Arc::new(Mutex::new(Acknowledged::default()));
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            let at = (Arc::clone(&place), Arc::clone(&told), Arc::clone(&nodes.clients), Arc::clone(&stop));
            tokio::spawn(client(n, at.0, at.1, at.2, at.3))
        })
        .collect();
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let since = Stopwatch::start();
    let (mut rounds, mut kills) = (0, 0);
    while rounds < ROUNDS && since.elapsed() < LONGEST {
        pass(&mut random, 50..1_500).await;
        let which = random.random_range(0..NAMES.len());
        if rounds % 3 == 2 {
            // Every other one for longer than its lease.
            nodes.running[which].signal("STOP");
            pass(&mut random, if rounds % 2 == 0 { 100..1_500 } else { 4_500..6_000 }).await;
            nodes.running[which].signal("CONT");
        } else {
            nodes.kill(&shared, which);
            kills += 1;
        }
        rounds += 1;
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert!(rounds >= AT_LEAST, "{rounds} rounds in {:?}", since.elapsed());
    let told = std::mem::take(&mut *told.lock().unwrap());
    let last = nodes.clients.lock().unwrap()[random.random_range(0..NAMES.len())].clone();
    tell(&told, rounds, kills, since.elapsed());
    check(&last, &place, &told, &undisturbed).await;
    // No node was given up, and none has left.
    let states = last.get("/admin/nodes").await.expect(200)["nodes"].clone();
    let up = states.as_array().unwrap().iter().filter(|n| n["state"] == "up").count();
    assert_eq!(up, NAMES.len(), "{states}");
}

#[expect(clippy::print_stderr, reason = "what the run was, for whoever reads the test's output")]
fn tell(told: &Acknowledged, rounds: usize, kills: usize, took: Duration) {
    eprintln!(
        "{rounds} rounds, {kills} kills in {took:?}: {} documents, {} conditions, {} measurements, {} sessions",
        told.documents.len(),
        told.conditions.len(),
        told.measurements.len(),
        told.sessions.len()
    );
}
