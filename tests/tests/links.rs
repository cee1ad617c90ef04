//! Nodes that are linked, as processes: who may, who is noticed when it is gone, and what happens without.

use std::time::Duration;

use serde_json::{Value, json};
use takeoff_engine::clock::Stopwatch;
use takeoff_tests::cluster::Shared;
use takeoff_tests::links::{Authority, COOKIE};
use takeoff_tests::{Client, Node, eventually};

/// Longest that a node may take for what is no work.
const NOTICE: Duration = Duration::from_secs(20);

async fn nodes(client: &Client) -> Value {
    client.get("/admin/nodes").await.expect(200)
}

/// State of the link to a node.
fn link(answer: &Value, name: &str) -> Option<String> {
    let rows = answer["nodes"].as_array().expect("a list");
    let row = rows.iter().find(|n| n["name"] == name)?;
    row["link"]["state"].as_str().map(str::to_owned)
}

async fn until(client: &Client, name: &str, wanted: Option<&str>, limit: Duration) -> Duration {
    let since = Stopwatch::start();
    eventually(&format!("{name} is {wanted:?}"), limit, || async {
        (link(&nodes(client).await, name).as_deref() == wanted).then_some(())
    })
    .await;
    since.elapsed()
}

/// The metric of a running node.
async fn metric(client: &Client, name: &str) -> f64 {
    let text = client.request(reqwest::Method::GET, "//metrics").send().await.expect("an answer");
    let text = text.text().await.expect("a body");
    let line = text.lines().find(|l| l.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    let value = line.and_then(|l| l.rsplit(' ').next()).and_then(|v| v.parse().ok());
    value.unwrap_or_else(|| panic!("{name} is no metric of\n{text}"))
}

async fn members(client: &Client) -> f64 {
    metric(client, "takeoff_cluster_members").await
}

async fn until_members(client: &Client, wanted: f64, limit: Duration) -> Duration {
    let since = Stopwatch::start();
    eventually(&format!("{wanted} members"), limit, || async {
        (members(client).await == wanted).then_some(())
    })
    .await;
    since.elapsed()
}

/// What the node at the address says of it.
async fn why_not(client: &Client, parts: &[&str]) {
    eventually(&format!("a link is refused with one of {parts:?}"), NOTICE, || async {
        let said = nodes(client).await["unknown_links"].to_string();
        parts.iter().any(|part| said.contains(part)).then_some(())
    })
    .await;
}

async fn work_is_done(client: &Client) {
    let project = client.project("Linked").await;
    let habit = takeoff_samples::Habit::named("blocks").expect("a habit");
    let (pdf, _) = takeoff_samples::sheets(5, 2, habit);
    let answer = client.try_upload(&project, "set.pdf", pdf, "application/pdf").await.expect("an answer");
    let document = answer.expect(201)["id"].as_str().expect("an id").to_owned();
    assert_eq!(client.pages_of(&document, 2).await.len(), 2);
}

/// Three nodes of which two know one seed are linked each to each; the one that hangs is out within 10 s and back within
/// 5 s, the one that is killed is out at once, and back when it is started again.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_is_noticed_and_who_is_back_as_well() {
    let shared = Shared::open().await;
    let authority = Authority::new();
    let places = ["a", "b", "c"].map(|name| authority.place(name));
    let start =
        |n: usize, seed: usize| shared.node(places[n].name(), &places[n].settings(Some(&places[seed])));
    let (a, b, c) = (start(0, 0), start(1, 0), start(2, 0));
    let clients = [&a, &b, &c].map(Node::client);
    for client in &clients {
        until_members(client, 3.0, NOTICE).await;
    }
    // b and c were told of a only.
    until(&clients[1], "c", Some("up"), NOTICE).await;
    work_is_done(&clients[1]).await;
    let woken = async |client: &Client| {
        let actors = client.get("/admin/node").await.expect(200)["actors"].clone();
        let links = actors.as_array().unwrap().iter().find(|a| a["name"] == "node/links").unwrap().clone();
        links["counters"]["wakes"].as_u64().unwrap()
    };
    assert!(
        woken(&clients[0]).await > 0 && woken(&clients[2]).await > 0,
        "who took the work in wakes the others"
    );
    let answer = nodes(&clients[0]).await;
    let row = answer["nodes"].as_array().unwrap().iter().find(|n| n["name"] == "b").unwrap().clone();
    assert!(row["link"]["round_trip_ms"].as_f64().is_some_and(|ms| ms < 1_000.0), "{row}");
    assert!(row["link"]["since"].is_string() && answer["answered_by"] == "a", "{answer}");

    c.signal("STOP");
    let out = until_members(&clients[0], 2.0, Duration::from_secs(10)).await;
    assert_eq!(link(&nodes(&clients[0]).await, "c").as_deref(), Some("suspected"));
    c.signal("CONT");
    let back = until_members(&clients[0], 3.0, Duration::from_secs(5)).await;
    // For so long that its links are given up.
    c.signal("STOP");
    until(&clients[0], "c", Some("down"), Duration::from_secs(20)).await;
    c.signal("CONT");
    let again = until_members(&clients[0], 3.0, Duration::from_secs(5)).await;
    until_members(&clients[1], 3.0, Duration::from_secs(5)).await;

    b.kill();
    let killed = until_members(&clients[0], 2.0, Duration::from_secs(2)).await;
    let b = start(1, 0);
    let restarted = until_members(&clients[0], 3.0, Duration::from_secs(5)).await;
    until_members(&b.client(), 3.0, NOTICE).await;
    told(&[("out", out), ("back", back), ("again", again), ("killed", killed), ("restarted", restarted)]);
}

#[expect(clippy::print_stderr, reason = "the figures, for whoever reads the test's output")]
fn told(times: &[(&str, Duration)]) {
    eprintln!("{times:?}");
}

/// Who has not the right cookie, not the right certificate or none, another cluster or a name that is taken is not
/// linked, both sides say why, and nobody's work suffers.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_right_to_is_refused() {
    let shared = Shared::open().await;
    let (authority, others) = (Authority::new(), Authority::new());
    let at = authority.place("a");
    let a = shared.node("a", &at.settings(None));
    let seen = a.client();
    let stranger = others.place("stranger");
    let by_another: Vec<_> =
        stranger.settings(None).into_iter().filter(|(key, _)| key.contains("TLS")).collect();
    let without: Vec<_> = by_another.iter().map(|(key, _)| (*key, "")).collect();
    let cases = [
        (
            "b",
            vec![("TAKEOFF_CLUSTER_COOKIE", "another-cookie-that-is-long-enough")],
            &["the cookies differ"][..],
        ),
        ("c", vec![("TAKEOFF_CLUSTER_NAME", "elsewhere")], &["belongs to the cluster `takeoff`"]),
        // It knows the authority and has a certificate that another one signed.
        ("d", by_another[1..].to_vec(), &["alert"]),
        ("e", by_another, &["TLS: invalid peer certificate"]),
        ("f", without, &["eof", "reset", "message"]),
    ];
    for (name, change, why) in cases {
        let place = authority.place(name);
        let mut settings = place.settings(Some(&at));
        settings.retain(|(key, _)| !change.iter().any(|(changed, _)| changed == key));
        settings.extend(change);
        let node = shared.node(name, &settings);
        why_not(&node.client(), why).await;
        assert_eq!((members(&node.client()).await, members(&seen).await), (1.0, 1.0));
        // The store is theirs as well: they are nodes like any other, without links.
        work_is_done(&node.client()).await;
        node.kill();
    }
    let actors = seen.get("/admin/node").await.expect(200)["actors"].clone();
    let links = actors.as_array().unwrap().iter().find(|a| a["name"] == "node/links").unwrap();
    assert!(links["counters"]["refused"].as_u64() > Some(0), "{links}");
    let said = tokio::task::block_in_place(|| {
        let mut a = a;
        a.log().join("\n")
    });
    for part in ["the cookies differ", "belongs to the cluster"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!said.contains(COOKIE) && !said.contains("another-cookie"), "a secret reached the log");
}

/// A second node of a name, over another store so that the store does not refuse it before.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_of_a_name_is_not_linked() {
    let (shared, elsewhere) = (Shared::open().await, Shared::open().await);
    let authority = Authority::new();
    let (first, second) = (authority.place("a"), authority.place("b"));
    let a = shared.node("a", &first.settings(None));
    let mut settings = second.settings(Some(&first));
    let b = elsewhere.node("b", &settings);
    until_members(&a.client(), 2.0, NOTICE).await;
    let third = authority.place("b2");
    settings = third.settings(Some(&first));
    let other = shared.node("b", &settings);
    why_not(&other.client(), &["another node named `b` is linked and alive"]).await;
    assert_eq!(members(&a.client()).await, 2.0);
    // When the first one is gone, it is the one.
    b.kill();
    until_members(&other.client(), 2.0, NOTICE).await;
}

/// Listeners that nobody reaches: the store carries everything, a drain included.
#[tokio::test(flavor = "multi_thread")]
async fn with_every_link_cut_work_flows_through_the_store() {
    let shared = Shared::open().await;
    let authority = Authority::new();
    let places = ["front", "work"].map(|name| authority.place(name));
    // Each is told of an address at which nobody listens, and tells it of itself.
    let nowhere = authority.place("nowhere");
    let unreachable = |n: usize, role: &'static str| {
        let mut settings = places[n].settings(Some(&nowhere));
        settings.push(("TAKEOFF_CLUSTER_ADVERTISE", nowhere.address()));
        settings.push(("TAKEOFF_CLUSTER_ROLES", role));
        shared.node(places[n].name(), &settings)
    };
    let (front, work) = (unreachable(0, "gateway"), unreachable(1, "worker,maintenance"));
    work_is_done(&front.client()).await;
    assert_eq!((members(&front.client()).await, members(&work.client()).await), (1.0, 1.0));
    front.client().post("/admin/nodes/work/drain", json!({})).await.expect(200);
    assert_eq!(tokio::task::block_in_place(|| work.ended(NOTICE)).code(), Some(0));
}

/// What is wrong with the links' settings ends the start with 78 and a sentence.
#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_are_refused_at_the_start() {
    let shared = Shared::open().await;
    let authority = Authority::new();
    let place = authority.place("a");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    for (key, value, part) in [
        ("TAKEOFF_CLUSTER_LISTEN", taken.as_str(), "cluster.listen"),
        ("TAKEOFF_CLUSTER_TLS_CERT", "/nowhere.pem", "cluster.tls_cert"),
        ("TAKEOFF_CLUSTER_COOKIE_FILE", "/nowhere", "cluster.cookie_file"),
        ("TAKEOFF_CLUSTER_TLS_KEY", "", "cluster.tls_key"),
    ] {
        let mut settings = place.settings(None);
        settings.retain(|(k, _)| *k != key);
        settings.push((key, value));
        let (code, said) = shared.refused("a", &shared.data("a"), &settings);
        assert!(code == Some(78) && said.contains(part), "{key}: {code:?} {said}");
    }
}
