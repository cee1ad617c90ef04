//! A node whose catalogue is in a PostgreSQL database.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use takeoff_engine::clock::Stopwatch;
use takeoff_test_servers::{Durability, PASSWORD, Postgres};
use takeoff_tests::{Client, Drawn, Node, eventually, problems_of_config, program};

/// Longest that a node may take to notice that its database has gone or is back.
const NOTICE: Duration = Duration::from_secs(30);

/// Longest that a node may take to say that it cannot start.
const CLEAR_WITHIN: Duration = Duration::from_secs(10);

/// Exit code and everything said.
fn takeoff(args: &[&str], url: &str) -> (Option<i32>, String) {
    let ran = Command::new(program()).args(args).env("DATABASE_URL", url).output().expect("the binary runs");
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(!said.contains(PASSWORD) && !said.contains("ge%40heim"), "the password is in: {said}");
    (ran.status.code(), said)
}

fn migrated(server: &Postgres) -> String {
    let url = server.new_database();
    let (code, said) = takeoff(&["migrate"], &url);
    assert_eq!(code, Some(0), "{said}");
    url
}

/// `takeoff serve` must refuse this database in time; what it says.
fn refused(url: &str, data: &Path) -> String {
    program();
    let since = Stopwatch::start();
    let data = data.to_str().expect("a folder of text");
    let (code, said) = problems_of_config(&[("DATABASE_URL", url), ("TAKEOFF_NODE_DATA_DIR", data)]);
    assert_eq!(code, Some(78), "{said}");
    assert!(since.elapsed() < CLEAR_WITHIN, "it took {:?}", since.elapsed());
    assert!(!said.contains(PASSWORD) && !said.contains("ge%40heim"), "the password is in: {said}");
    said
}

/// Counts a symbol, prices what was found, and gives the cost summary.
async fn priced(d: &Drawn) -> Value {
    let c = &d.client;
    let condition = d.condition().await;
    let request = json!({"condition_id": condition, "template_bbox": d.exemplar()});
    let session = c.count(&d.page, request).await;
    assert_eq!(session["status"], "completed", "{session}");
    let found = session["total_detections"].as_u64().expect("a number");
    assert!(found > 5, "{session}");
    let path = format!("/auto-count-sessions/{}", session["id"].as_str().expect("an id"));
    c.post(&format!("{path}/bulk-confirm"), json!({"threshold": 0.0, "include_legend": true}))
        .await
        .expect(200);
    let made = c.post(&format!("{path}/create-measurements"), Value::Null).await.expect(200);
    assert_eq!(made["measurements_created"].as_u64(), Some(found));
    let assembly = c.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
    let component = json!({"name": "Device", "quantity_formula": "{qty}", "unit": "EA", "unit_cost": "2.50"});
    let assembly = assembly["id"].as_str().expect("an id");
    c.post(&format!("/assemblies/{assembly}/components"), component).await.expect(201);
    let summary = c.get(&format!("/projects/{}/cost-summary", d.project)).await.expect(200);
    let counted: u32 = found.try_into().expect("a small number");
    let cost = summary["total_cost"].as_str().and_then(|c| c.parse::<f64>().ok());
    assert_eq!(cost, Some(f64::from(counted) * 2.5), "{summary}");
    summary
}

async fn is_ready(client: &Client) -> Option<()> {
    (client.get("//ready").await.status == 200).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawing_is_counted_and_priced_and_outlives_node_and_server() {
    let mut server = Postgres::start(Durability::Full);
    let url = migrated(&server);
    let settings = [("DATABASE_URL", url.as_str())];
    let mut d = Drawn::open_with(&settings).await;
    let summary = priced(&d).await;
    assert!(!d.node.data().join("catalog").exists(), "nothing of the catalogue is in the folder");

    // The server goes: the node says so, lives on, and is ready again by itself when it is back.
    tokio::task::block_in_place(|| server.stop("INT"));
    let client = d.client.clone();
    eventually("the node is unready", NOTICE, || async {
        let ready = client.get("//ready").await;
        (ready.status == 503).then_some(())
    })
    .await;
    assert_eq!(client.get("/projects").await.status, 503);
    assert_eq!(client.get("//health").await.status, 200);
    tokio::task::block_in_place(|| server.resume());
    eventually("the node is ready again", NOTICE, || is_ready(&client)).await;
    let path = format!("/projects/{}/cost-summary", d.project);
    assert_eq!(client.get(&path).await.expect(200), summary);

    let told = d.node.log().join("\n");
    assert!(!told.contains(PASSWORD) && !told.contains("ge%40heim"), "the password is in the log");
    let d = d.again(&settings);
    assert_eq!(d.client.get(&path).await.expect(200), summary);
    let page = d.client.get(&format!("/pages/{}", d.page)).await.expect(200);
    let image = reqwest::get(page["image_url"].as_str().expect("an address")).await.expect("an answer");
    assert!(image.bytes().await.expect("a body").starts_with(b"\x89PNG"));
}

/// A job that a node of another time left leased is taken over when its lease has run out.
#[tokio::test(flavor = "multi_thread")]
async fn work_of_a_killed_node_is_taken_over() {
    let server = Postgres::start(Durability::Full);
    let url = migrated(&server);
    let settings =
        [("DATABASE_URL", url.as_str()), ("TAKEOFF_JOBS_LEASE_MS", "3000"), ("TAKEOFF_JOBS_RENEW_MS", "500")];
    let data = tempfile::tempdir().expect("a temporary folder");
    let node = Node::start_with(data.path(), &settings);
    let client = node.client();
    let project = client.project("Killed").await;
    let (pdf, _) = takeoff_samples::sheets(11, 6, takeoff_samples::Habit::named("blocks").expect("a habit"));
    let uploaded = client.try_upload(&project, "set.pdf", pdf, "application/pdf").await.expect("an answer");
    let document = uploaded.expect(201)["id"].as_str().expect("an id").to_owned();
    node.kill();
    let node = Node::start_with(data.path(), &settings);
    let pages = node.client().pages_of(&document, 6).await;
    let numbers: Vec<u64> = pages.iter().filter_map(|p| p["page_number"].as_u64()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn the_schema_goes_forward_by_command() {
    let server = Postgres::start(Durability::None);
    let url = server.new_database();
    let data = tempfile::tempdir().expect("a temporary folder");
    let said = refused(&url, &data.path().join("data"));
    assert!(said.contains("is empty") && said.contains("takeoff migrate"), "{said}");
    for (args, told) in [
        (&["migrate", "--status"][..], "1 catalogue missing"),
        (&["migrate", "--dry-run"], "1 catalogue works, taken back"),
        (&["migrate", "--status"], "1 catalogue missing"),
        (&["migrate"], "1 catalogue done"),
        (&["migrate"], "up to date"),
        (&["migrate", "--status"], "1 catalogue applied"),
    ] {
        let (code, said) = takeoff(args, &url);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(told), "{args:?}: {said}");
    }
    let newer = "INSERT INTO takeoff_schema_history (version, name, applied_on, checksum) \
                 VALUES (99, 'of_the_future', '2030-01-01T00:00:00Z', '1')";
    server.sql(url.rsplit('/').next().expect("a name"), newer);
    let said = refused(&url, &data.path().join("data"));
    assert!(said.contains("version 99") && said.contains("newer"), "{said}");
    assert_eq!(takeoff(&["migrate"], &url).0, Some(78));
    let (code, said) = takeoff(&["migrate"], "");
    assert_eq!(code, Some(78));
    assert!(said.contains("DATABASE_URL"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_belong_together_is_refused() {
    let server = Postgres::start(Durability::None);
    let url = migrated(&server);
    let place = tempfile::tempdir().expect("a temporary folder");
    let own = place.path().join("own");
    assert_eq!(Node::start_with(&own, &[("DATABASE_URL", &url)]).stop("TERM", NOTICE).code(), Some(0));
    let said = refused(&url, &place.path().join("other"));
    assert!(said.contains("another data folder"), "{said}");
    let said = refused(&migrated(&server), &own);
    assert!(said.contains("belong to another database"), "{said}");
    // A folder with a catalogue of its own, and this one without its database.
    let embedded = place.path().join("embedded");
    assert_eq!(Node::start(&embedded).stop("TERM", NOTICE).code(), Some(0));
    let said = refused(&url, &embedded);
    assert!(said.contains("takeoff data"), "{said}");
    let own = own.to_str().expect("a folder of text");
    let (code, said) = takeoff(&["serve", "--listen", "127.0.0.1:0", "--data-dir", own], "");
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("beside a database"), "{said}");

    let other = place.path().join("x");
    let said = refused(&url.replace("a%20secret", "another"), &other);
    assert!(said.contains("does not let user `takeoff` in"), "{said}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let said = refused(&format!("postgres://takeoff:ge%40heim@{closed}/takeoff"), &other);
    assert!(said.contains("cannot be reached"), "{said}");
}
