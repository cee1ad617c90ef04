//! The configurations that the project ships, each started as it stands. Only what differs from machine to machine is
//! given beside them: names, addresses, folders, secrets.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use takeoff_test_servers::{Durability, Postgres};
use takeoff_tests::links::{Authority, COOKIE};
use takeoff_tests::{Bucket, Client, Node, command, eventually, first_count, run, school_plans};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cluster-config/examples").join(name)
}

/// A database and a bucket that nodes share, and their folders.
struct Site {
    _server: Postgres,
    bucket: Bucket,
    url: String,
    folder: tempfile::TempDir,
    /// Where the nodes are linked, the first of which all are told of.
    places: [String; 3],
}

impl Site {
    async fn open() -> Self {
        let server = Postgres::start(Durability::Full);
        let url = server.new_database();
        let migrated = command().arg("migrate").env("DATABASE_URL", &url).output().unwrap();
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cookie"), COOKIE).unwrap();
        let authority = Authority::new();
        let places = ["1", "2", "3"].map(|name| authority.place(name).address().to_owned());
        Self { _server: server, bucket: Bucket::start().await, url, folder, places }
    }

    fn start(&self, file: &str, name: &str, place: usize) -> Node {
        let cookie = self.folder.path().join("cookie");
        let mut settings = self.bucket.settings().to_vec();
        settings.push(("DATABASE_URL", &self.url));
        settings.push(("TAKEOFF_NODE_NAME", name));
        // The example's own address is the load balancer's; here clients ask the nodes themselves.
        settings.push(("TAKEOFF_API_PUBLIC_URL", "http://takeoff.example"));
        // No two nodes of one machine have a port of their own for all its addresses, and its name is not theirs.
        settings.push(("TAKEOFF_CLUSTER_LISTEN", &self.places[place]));
        settings.push(("TAKEOFF_CLUSTER_SEEDS", &self.places[0]));
        settings.push(("TAKEOFF_CLUSTER_COOKIE_FILE", cookie.to_str().unwrap()));
        Node::start_configured(&self.folder.path().join(name), &example(file), &settings)
    }
}

/// Uploads at the first, and gives the pages as the last sees them.
async fn ingested(at: &Client, seen_by: &Client) -> (String, Vec<Value>) {
    let project = at.project("School").await;
    let document = at.upload(&project, &school_plans()).await.expect(201);
    let document = document["id"].as_str().unwrap().to_owned();
    assert_eq!(seen_by.settled(&document).await["status"], "ready");
    let mut pages = seen_by.pages(&document).await;
    pages.sort_by_key(|p| p["page_number"].as_u64());
    assert!(pages.len() > 3 && pages.iter().all(|p| p["status"] == "ready"), "{pages:?}");
    (project, pages)
}

/// Counts at one node and prices at another.
async fn priced(project: &str, pages: &[Value], count_at: &Client, price_at: &Client) {
    let condition = json!({"name": "Devices", "measurement_type": "count", "unit": "EA"});
    let condition = count_at.post(&format!("/projects/{project}/conditions"), condition).await.expect(201);
    let condition = condition["id"].as_str().unwrap();
    let (number, area) = first_count();
    let page = pages[number - 1]["id"].as_str().unwrap();
    count_at.scale(page).await;
    let session = count_at.count(page, json!({"condition_id": condition, "template_bbox": area})).await;
    assert_eq!(session["status"], "completed", "{session}");
    assert!(session["total_detections"].as_u64().unwrap() > 50, "{}", session["total_detections"]);
    let assembly = price_at.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
    let path = format!("/assemblies/{}/calculate", assembly["id"].as_str().unwrap());
    price_at.post(&path, Value::Null).await.expect(200);
}

/// Waits until the node is linked to so many.
async fn linked(client: &Client, others: usize) {
    eventually("the nodes are linked", Duration::from_secs(20), || async {
        let nodes = client.get("/admin/nodes").await.expect(200)["nodes"].clone();
        let up = nodes.as_array().unwrap().iter().filter(|n| n["link"]["state"] == "up").count();
        (up == others).then_some(())
    })
    .await;
}

/// Jobs of all stages that a node leased.
async fn leased(client: &Client) -> u64 {
    let view = client.get("/admin/node").await.expect(200);
    let actors = view["actors"].as_array().unwrap();
    actors.iter().filter_map(|a| a["counters"]["leased"].as_u64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_configured(&data.path().join("data"), &example("solo.toml"), &[]);
    let client = node.client();
    let (project, pages) = ingested(&client, &client).await;
    priced(&project, &pages, &client, &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes() {
    let site = Site::open().await;
    let nodes = [0, 1, 2].map(|n| site.start("three-nodes.toml", &format!("node-{}", n + 1), n));
    for node in &nodes {
        linked(&node.client(), 2).await;
    }
    let [a, b, c] = [0, 1, 2].map(|n: usize| nodes[n].client());
    let (project, pages) = ingested(&a, &b).await;
    priced(&project, &pages, &b, &c).await;
    for client in [&a, &b, &c] {
        assert_eq!(client.get("//ready").await.status, 200);
        let page = client.get(&format!("/pages/{}", pages[0]["id"].as_str().unwrap())).await.expect(200);
        let image = page["image_url"].as_str().unwrap();
        let path = image.strip_prefix("http://takeoff.example/api/v1").expect("what clients are told");
        let png = client.request(reqwest::Method::GET, path).send().await.unwrap().bytes().await.unwrap();
        assert!(png.starts_with(b"\x89PNG"), "each node serves what any of them stored");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_apart_from_workers() {
    let site = Site::open().await;
    let (gateway, worker) =
        (site.start("gateway.toml", "gateway-1", 0), site.start("worker.toml", "worker-1", 1));
    linked(&gateway.client(), 1).await;
    linked(&worker.client(), 1).await;
    let client = gateway.client();
    let (project, pages) = ingested(&client, &client).await;
    priced(&project, &pages, &client, &client).await;
    assert_eq!(leased(&client).await, 0, "a gateway does none of the work");
    assert!(leased(&worker.client()).await > pages.len() as u64);
    for node in [&gateway, &worker] {
        assert_eq!(node.client().get("//ready").await.status, 200);
    }
}

#[test]
fn every_example_is_valid_and_is_started_here() {
    let own =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples.rs")).unwrap();
    for entry in std::fs::read_dir(example("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let checked = run(&["config", "check", path.to_str().unwrap()]);
        assert_eq!(checked.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
        assert!(own.contains(&format!("\"{name}\"")), "{name} is started by no test");
    }
}
