//! Two linked nodes on one database, between which, and between one of which and the database, the network is cut while
//! clients work with both: what was acknowledged is there, nothing is twice, nothing is stuck, and who is cut off says
//! so and comes back by itself. In network namespaces where the machine gives them (`net`).

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use takeoff_engine::clock::Stopwatch;
use takeoff_tests::cluster::Shared;
use takeoff_tests::history::{Place, Told, check, work_on};
use takeoff_tests::links::Authority;
use takeoff_tests::net::{Entered, NAMES, NETWORK, Net, Way, enter};
use takeoff_tests::{Client, Drawn, Node, eventually};

/// Longest until a node is no member for one that does not hear it any more, and is one again.
const NOTICED: Duration = Duration::from_secs(10);
const LINKED: Duration = Duration::from_secs(20);
/// Longest until a node says that its database does not answer, and is ready when it does.
const UNREADY: Duration = Duration::from_secs(15);
const READY: Duration = Duration::from_secs(15);
/// Longest until the database has ended what a node that is cut off has left there: locks of transactions among it.
const LEFT: Duration = Duration::from_secs(30);
/// Longest that clients may take to get some work done.
const WORK: Duration = Duration::from_secs(120);
const TOKEN: &str = "an-operator-of-this-test";

struct Cluster {
    net: Net,
    shared: Shared,
    _authority: Authority,
    _nodes: Vec<Node>,
    clients: Vec<Client>,
    told: Told,
}

impl Cluster {
    fn start(net: Net, shared: Shared) -> Self {
        let authority = Authority::new();
        let seed = net.link(0).1.to_string();
        let (mut nodes, mut clients) = (Vec::new(), Vec::new());
        for (n, name) in NAMES.into_iter().enumerate() {
            let (listen, advertise) = net.link(n);
            let (host, port) = net.database(n, shared.server.port());
            let (place, database) = (authority.place_at(name, listen), shared.database_on(&host, port));
            let (bucket, advertise) = (net.bucket(), advertise.to_string());
            let mut more = place.settings(None);
            more.extend([
                ("DATABASE_URL", database.as_str()),
                ("TAKEOFF_CLUSTER_SEEDS", &seed),
                ("TAKEOFF_CLUSTER_ADVERTISE", &advertise),
                ("TAKEOFF_ADMIN_TOKEN", TOKEN),
            ]);
            more.extend(bucket.as_deref().map(|bucket| ("MINIO_ENDPOINT", bucket)));
            let (starter, host) = net.place(n);
            let settings = shared.settings(name, &more);
            let node = tokio::task::block_in_place(|| {
                Node::start_through(&starter, &host, &shared.data(name), &settings)
            });
            clients.push(Client::with_token(node.address(), TOKEN));
            nodes.push(node);
        }
        Self { net, shared, _authority: authority, _nodes: nodes, clients, told: Told::default() }
    }

    async fn until_members(&self, wanted: &str, limit: Duration) -> Duration {
        let since = Stopwatch::start();
        let wanted = format!("takeoff_cluster_members {wanted}");
        for client in &self.clients {
            eventually(&wanted, limit, || async {
                let text = client.request(Method::GET, "//metrics").send().await.expect("an answer");
                text.text().await.expect("a body").lines().any(|line| line == wanted).then_some(())
            })
            .await;
        }
        since.elapsed()
    }

    async fn is_ready(&self, n: usize) -> bool {
        self.clients[n].get("//ready").await.status == 200
    }

    async fn until_ready(&self, n: usize, ready: bool, limit: Duration) -> Duration {
        let since = Stopwatch::start();
        eventually(&format!("{} is ready: {ready}", NAMES[n]), limit, || async {
            (self.is_ready(n).await == ready).then_some(())
        })
        .await;
        since.elapsed()
    }

    /// Waits until clients were told of more.
    async fn more(&self) {
        let so_far = || self.told.lock().unwrap().measurements.len();
        let before = so_far();
        eventually("the clients get on", WORK, || async { (so_far() > before + 10).then_some(()) }).await;
    }

    /// Until nothing that the query counts is left in the database.
    async fn until_none(&self, what: &str, limit: Duration, query: &str) -> Duration {
        let since = Stopwatch::start();
        eventually(what, limit, || async { (self.shared.sql(query) == "0").then_some(()) }).await;
        since.elapsed()
    }

    async fn a_partition_of_nodes(&self) {
        self.net.cut(Way::Links, true);
        let noticed = self.until_members("1", NOTICED).await;
        // The store carries what links do not.
        self.more().await;
        assert!(self.is_ready(0).await && self.is_ready(1).await, "a node without links does its work");
        self.net.cut(Way::Links, false);
        let healed = self.until_members("2", LINKED).await;
        tell(&format!("node from node: noticed after {noticed:?}, linked {healed:?} after it"));
    }

    async fn a_partition_from_the_database(&self) {
        let ours = "SELECT count(*) FROM pg_stat_activity a JOIN nodes n ON n.session = a.application_name \
                    WHERE n.name = 'a'";
        assert_ne!(self.shared.sql(ours), "0");
        self.net.cut(Way::Database, true);
        let unready = self.until_ready(0, false, UNREADY).await;
        self.more().await;
        assert!(self.is_ready(1).await, "the other one has its database");
        let held = "SELECT count(*) FROM jobs WHERE state = 1 AND lease_node = 'a'";
        self.until_none("what the node had leased is taken over", LEFT, held).await;
        let left = self.until_none("the database has given it up", LEFT, ours).await;
        self.net.cut(Way::Database, false);
        let ready = self.until_ready(0, true, READY).await;
        // It is a member of its links all the time, and works again by itself.
        self.until_members("2", LINKED).await;
        self.more().await;
        tell(&format!(
            "node from database: unready after {unready:?}, given up {left:?} later, ready {ready:?} after it"
        ));
    }
}

#[expect(clippy::print_stderr, reason = "the figures, for whoever reads the test's output")]
fn tell(what: &str) {
    eprintln!("{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_cut_off_is_replaced_and_comes_back() {
    let entered = tokio::task::block_in_place(|| enter("who_is_cut_off_is_replaced_and_comes_back"));
    let (network, lines) = match entered {
        Entered::Elsewhere => return,
        Entered::Inside => (Some(NETWORK), false),
        Entered::Refused(why) => {
            tell(&format!("NO NETWORK NAMESPACES here, lines that fall silent are in their place: {why}"));
            (None, true)
        }
    };
    let shared = Shared::open_to(network).await;
    let net = if lines {
        Net::lines(&format!("127.0.0.1:{}", shared.server.port())).await
    } else {
        Net::spaces(shared.bucket_address()).await
    };
    let drawn = Drawn::open_with(&shared.settings("first", &[])).await;
    let (place, undisturbed) = Place::undisturbed(&drawn).await;
    drawn.node.kill();

    let cluster = Cluster::start(net, shared);
    cluster.until_members("2", LINKED).await;
    let stop = Arc::new(AtomicBool::new(false));
    let working: Vec<_> = (0..3)
        .map(|n| {
            let told = Arc::clone(&cluster.told);
            tokio::spawn(work_on(
                (n, 8),
                cluster.clients.clone(),
                Arc::clone(&place),
                told,
                Arc::clone(&stop),
            ))
        })
        .collect();
    cluster.more().await;
    cluster.a_partition_of_nodes().await;
    cluster.a_partition_from_the_database().await;
    eventually("clients were told of enough", WORK, || async {
        cluster.told.lock().unwrap().is_enough().then_some(())
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    for client in working {
        client.await.unwrap();
    }
    let told = std::mem::take(&mut *cluster.told.lock().unwrap());
    // By the word of the one that was cut off.
    check(&cluster.clients[0], &place, &told, &undisturbed).await;
    assert_eq!(cluster.shared.sql("SELECT count(*) FROM jobs WHERE state = 5"), "0");
    let states = cluster.clients[0].get("/admin/nodes").await.expect(200)["nodes"].clone();
    assert_eq!(states.as_array().unwrap().iter().filter(|n| n["state"] == "up").count(), 2, "{states}");
}
