//! Nodes that share a database and a bucket, and nothing else.

use std::time::Duration;

use serde_json::{Value, json};
use takeoff_engine::clock::Stopwatch;
use takeoff_tests::cluster::{LEASE, Shared, migrated};
use takeoff_tests::{Client, eventually, run};

/// Longest that a node may take for what is no work.
const NOTICE: Duration = Duration::from_secs(20);

async fn states(client: &Client) -> Vec<(String, String)> {
    let nodes = client.get("/admin/nodes").await.expect(200)["nodes"].as_array().expect("a list").clone();
    let text = |v: &Value| v.as_str().expect("text").to_owned();
    nodes.iter().map(|n| (text(&n["name"]), text(&n["state"]))).collect()
}

async fn until_states(client: &Client, wanted: &[(&str, &str)]) {
    let wanted: Vec<(String, String)> =
        wanted.iter().map(|(n, s)| ((*n).to_owned(), (*s).to_owned())).collect();
    eventually(&format!("{wanted:?}"), NOTICE, || async { (states(client).await == wanted).then_some(()) })
        .await;
}

async fn uploaded(client: &Client, project: &str, seed: u64, pages: u32) -> String {
    let habit = takeoff_samples::Habit::named("blocks").expect("a habit");
    let (pdf, _) = takeoff_samples::sheets(seed, pages, habit);
    let answer = client.try_upload(project, "set.pdf", pdf, "application/pdf").await.expect("an answer");
    answer.expect(201)["id"].as_str().expect("an id").to_owned()
}

/// What one node takes in, all of them work on and any of them shows; each has its role.
#[tokio::test(flavor = "multi_thread")]
async fn roles_share_the_work() {
    let shared = Shared::open().await;
    let front = shared.node("front", &[("TAKEOFF_CLUSTER_ROLES", "gateway")]);
    let work = shared.node("work", &[("TAKEOFF_CLUSTER_ROLES", "worker")]);
    let keep = shared.node("keep", &[("TAKEOFF_CLUSTER_ROLES", "maintenance")]);
    let client = front.client();
    let project = client.project("Roles").await;
    let document = uploaded(&client, &project, 11, 2).await;
    let pages = client.pages_of(&document, 2).await;
    let image = reqwest::get(pages[0]["image_url"].as_str().expect("an address")).await.expect("an answer");
    assert!(image.bytes().await.expect("a body").starts_with(b"\x89PNG"));
    let leased = |view: Value| {
        view["actors"]
            .as_array()
            .expect("actors")
            .iter()
            .filter_map(|a| a["counters"]["leased"].as_u64())
            .sum::<u64>()
    };
    for (node, works) in [(&front, false), (&work, true), (&keep, false)] {
        let view = node.client().get("/admin/node").await.expect(200);
        assert_eq!(leased(view) > 0, works);
    }
    for node in [&work, &keep] {
        let client = node.client();
        assert_eq!(client.get("/projects").await.status, 404);
        for path in ["//health", "//ready", "//version", "//metrics", "/admin/jobs", "/admin/nodes"] {
            assert_eq!(client.get(path).await.status, 200, "{path}");
        }
    }
    // The schedule is kept by the one whose role it is.
    let schedule = eventually("the schedule is kept", NOTICE, || async {
        let all = client.get("/admin/schedule").await.expect(200)["entries"].clone();
        let entries = all.as_array().expect("entries").clone();
        entries.iter().all(|e| e["last"]["outcome"] == "done").then_some(entries)
    })
    .await;
    assert!(schedule.iter().all(|e| e["last"]["node"] == "keep"), "{schedule:?}");
    until_states(&client, &[("front", "up"), ("keep", "up"), ("work", "up")]).await;
    let shown = run(&["nodes", "--url", front.address()]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    for part in ["front", "keep", "work", "maintenance", "ingest:2", work.address()] {
        assert!(shown.contains(part), "{shown}");
    }
}

/// A second node of one name is refused as long as the first one lives, and a bucket of another catalogue is, too.
#[tokio::test(flavor = "multi_thread")]
async fn one_name_is_one_node_and_one_bucket_one_catalogue() {
    let shared = Shared::open().await;
    let first = shared.node("a", &[]);
    let since = Stopwatch::start();
    let (code, said) = shared.refused("a", &shared.data("other"), &[]);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert!(
        code == Some(78) && said.contains("another node named `a`") && said.contains("node.name"),
        "{said}"
    );
    assert_eq!(first.client().get("//ready").await.status, 200, "the first one does not mind");
    // One that was killed leaves its name at once; one that hangs leaves it when it was silent for too long, and
    // ends when it finds out.
    first.kill();
    let first = shared.node("a", &[]);
    first.signal("STOP");
    let since = Stopwatch::start();
    let second = shared.node("a2", &[("TAKEOFF_NODE_NAME", "a")]);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    first.signal("CONT");
    assert_eq!(tokio::task::block_in_place(|| first.ended(NOTICE)).code(), Some(78));
    assert_eq!(second.client().get("//ready").await.status, 200);
    // The nodes of one catalogue share the bucket, another catalogue has it not.
    let other = migrated(&shared.server).await;
    let (code, said) = shared.refused("b", &shared.data("b"), &[("DATABASE_URL", &other)]);
    assert!(code == Some(78) && said.contains("belongs to the store"), "{said}");
}

/// Work of a node that is killed is another's within a lease and a second; a start voids nobody's leases.
#[tokio::test(flavor = "multi_thread")]
async fn work_is_taken_over_when_its_lease_has_run_out() {
    let shared = Shared::open().await;
    let a = shared.node("a", &[("TAKEOFF_CLUSTER_ROLES", "gateway,worker")]);
    let client = a.client();
    let project = client.project("Killed").await;
    let document = uploaded(&client, &project, 7, 4).await;
    let held = || shared.sql("SELECT count(*) FROM jobs WHERE state = 1 AND lease_node = 'a'");
    eventually("a page is leased", NOTICE, || async { (held() != "0").then_some(()) }).await;
    a.kill();
    let killed = Stopwatch::start();
    let leases = held();
    let b = shared.node("b", &[]);
    let (started, left) = (killed.elapsed(), held());
    if started < Duration::from_secs(2) {
        assert_eq!(left, leases, "another's leases are its own until they run out");
    }
    eventually("all is taken over", NOTICE, || async { (held() == "0").then_some(()) }).await;
    let took = killed.elapsed();
    assert!(took < LEASE + Duration::from_secs(1), "{took:?}");
    let client = b.client();
    assert_eq!(client.pages_of(&document, 4).await.len(), 4);
    assert_eq!(shared.sql("SELECT count(*) FROM jobs WHERE state = 5"), "0");
    until_states(&client, &[("a", "silent"), ("b", "up")]).await;
}

/// A node that is asked to drain says so, ends its work, leaves and ends well; the request is kept for one that does
/// not hear it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_drains_on_request() {
    let shared = Shared::open().await;
    let (a, b) = (shared.node("a", &[]), shared.node("b", &[]));
    let (ca, cb) = (a.client(), b.client());
    let project = ca.project("Drained").await;
    let document = uploaded(&ca, &project, 11, 6).await;
    let drained = run(&["drain", "a", "--url", b.address()]);
    assert_eq!(drained.status.code(), Some(0), "{drained:?}");
    let unknown = run(&["drain", "c", "--url", b.address()]);
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
    // Between two heartbeats and its end it says so, if anybody is quick enough to ask.
    let said = eventually("it says so or has gone", NOTICE, || async {
        match ca.try_send(reqwest::Method::GET, "//ready", None).await {
            Ok(ready) if ready.status == 503 => Some(Some(ready.body)),
            Ok(_) => None,
            Err(_) => Some(None),
        }
    })
    .await;
    if let Some(body) = said {
        assert!(body["reasons"].to_string().contains("draining"), "{body}");
    }
    assert_eq!(tokio::task::block_in_place(|| a.ended(NOTICE * 2)).code(), Some(0));
    until_states(&cb, &[("a", "gone"), ("b", "up")]).await;
    assert_eq!(shared.sql("SELECT count(*) FROM jobs WHERE state = 1 AND lease_node = 'a'"), "0");
    assert_eq!(cb.pages_of(&document, 6).await.len(), 6);
    assert_eq!(shared.sql("SELECT max(attempts) FROM jobs WHERE node_deaths > 0"), "", "nobody died");

    // It starts again, and works. Killed before it hears the next request, it fulfils that when it is back.
    let a = shared.node("a", &[]);
    assert_eq!(a.client().get("//ready").await.status, 200);
    a.signal("STOP");
    assert_eq!(run(&["drain", "a", "--json", "--url", b.address()]).status.code(), Some(0));
    a.kill();
    let a = shared.node("a", &[]);
    assert_eq!(tokio::task::block_in_place(|| a.ended(NOTICE)).code(), Some(0));
    let gone = cb.post("/admin/nodes/a/drain", json!({})).await;
    assert_eq!(gone.status, 404, "{gone:?}");
}
