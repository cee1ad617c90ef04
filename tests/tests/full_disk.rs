//! A node whose disk is full: what it says, that it stops when it is told to, and that it goes on when there
//! is space again.

use std::time::Duration;

use serde_json::{Value, json};
use takeoff_samples::{Habit, sheet};
use takeoff_tests::disk::content;
use takeoff_tests::{Client, Node, eventually};

/// More than a new catalogue has, and less than a disk must have free to be taken for one that is not full.
const FILE_BYTES: u64 = 4 * 1024 * 1024;
/// What a client is told whose change found no room.
const NOTHING_STORED: &str = "the store is full: nothing can be stored until there is room";
/// Longest that a node may take to find that there is space again, or that it is lost.
const NOTICED: Duration = Duration::from_secs(60);
/// A node with nothing to finish is gone in a moment.
const PROMPT: Duration = Duration::from_secs(10);

/// Makes projects until one is refused, and gives how many were acknowledged.
async fn fill(client: &Client) -> usize {
    let body = json!({"name": "Filler", "description": "x".repeat(20_000)});
    for made in 0..2_000 {
        let answer = client.post("/projects", body.clone()).await;
        if answer.status != 201 {
            assert_eq!(answer.expect(503), json!({"detail": NOTHING_STORED}));
            return made;
        }
    }
    panic!("the disk is not full");
}

async fn reasons(client: &Client) -> Vec<String> {
    let ready = client.get("//ready").await.expect(503);
    assert_eq!(ready["ready"], false);
    ready["reasons"].as_array().unwrap().iter().map(|r| r.as_str().unwrap().to_owned()).collect()
}

fn assert_one_sentence(reasons: &[String], part: &str) {
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].contains(part), "{reasons:?}");
    for raw in ["os error", "unavailable", "Custom {"] {
        assert!(!reasons[0].contains(raw), "{reasons:?}");
    }
}

async fn projects(client: &Client) -> usize {
    client.get("/projects").await.expect(200).as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_at_once_and_survived() {
    let data = tempfile::tempdir().unwrap();
    let mut node = Node::start_on_small_disk(data.path(), FILE_BYTES);
    let client = node.client();
    let made = fill(&client).await;
    assert!(made > 10, "{made}");
    assert_one_sentence(&reasons(&client).await, "disk of the data folder is full");
    client.get("/projects").await.expect(503);
    // It mends itself: whoever kills what is unhealthy is to leave it alone.
    assert_eq!(client.get("//health").await.expect(200)["status"], "healthy");
    let told = node.log().iter().any(|line| line.contains("free space on the disk of the data folder"));
    assert!(told, "the operator is told what to do");

    node.lift_limit();
    eventually("there is space again", NOTICED, || async {
        (client.get("//ready").await.status == 200).then_some(())
    })
    .await;
    let after = projects(&client).await;
    assert!((made..=made + 1).contains(&after), "{made} were acknowledged, {after} are there");
    client.post("/projects", json!({"name": "After"})).await.expect(201);
    assert_eq!(node.stop("TERM", PROMPT).code(), Some(0));

    let again = Node::start(data.path());
    assert_eq!(projects(&again.client()).await, after + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_a_full_disk_stops_when_it_is_told_to() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_on_small_disk(data.path(), FILE_BYTES);
    let made = fill(&node.client()).await;
    assert_eq!(node.stop("TERM", PROMPT).code(), Some(0));
    let again = Node::start(data.path());
    let found = projects(&again.client()).await;
    assert!((made..=made + 1).contains(&found), "{made} were acknowledged, {found} are there");
}

/// A sheet of more bytes than a file may have.
fn large_sheet() -> Vec<u8> {
    let mut pdf = sheet(5, Habit::named("blocks").unwrap()).pdf;
    let end = pdf.windows(9).rposition(|w| w == b"startxref").unwrap();
    let end = pdf[end..].to_vec();
    pdf.extend(b"\n%");
    pdf.resize(pdf.len() + usize::try_from(FILE_BYTES).unwrap(), b' ');
    pdf.push(b'\n');
    pdf.extend(end);
    pdf
}

/// Files of blobs and of what is on its way to be one.
fn blob_files(data: &std::path::Path) -> Vec<std::path::PathBuf> {
    let all = content(&data.join("blobs")).into_iter();
    let files = all.filter(|(path, bytes)| bytes.is_some() && path.components().count() > 1);
    files.map(|(path, _)| path).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_finds_no_space_leaves_nothing_and_goes_through_later() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_on_small_disk(data.path(), FILE_BYTES);
    let client = node.client();
    let project = client.project("Large").await;
    let pdf = large_sheet();
    for _ in 0..3 {
        let refused = client.try_upload(&project, "a.pdf", pdf.clone(), "application/pdf").await.unwrap();
        assert_eq!(
            refused.expect(503),
            json!({"detail": "the upload cannot be stored: the node's disk is full"})
        );
    }
    let path = format!("/projects/{project}/documents");
    assert_eq!(client.get(&path).await.expect(200)["total"], 0);
    eventually("nothing half-written is left", NOTICED, || async {
        blob_files(data.path()).is_empty().then_some(())
    })
    .await;
    // What has room goes on meanwhile.
    let small = sheet(6, Habit::named("blocks").unwrap()).pdf;
    client.try_upload(&project, "b.pdf", small, "application/pdf").await.unwrap().expect(201);

    node.lift_limit();
    let made =
        client.try_upload(&project, "a.pdf", pdf.clone(), "application/pdf").await.unwrap().expect(201);
    let document = made["id"].as_str().unwrap();
    client.pages_of(document, 1).await;
    let original = client.request(reqwest::Method::GET, &format!("/files/documents/{document}/original"));
    assert_eq!(original.send().await.unwrap().bytes().await.unwrap(), pdf);
    assert_eq!(client.get(&path).await.expect(200)["total"], 2);
}

/// What cannot be mended from inside is for whoever restarts nodes.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_lost_makes_the_node_unhealthy() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_on_small_disk(data.path(), FILE_BYTES);
    let client = node.client();
    fill(&client).await;
    std::fs::write(data.path().join("catalog/ACKNOWLEDGED"), b"not sixteen sound bytes").unwrap();
    node.lift_limit();
    let health: Value = eventually("the loss is seen", NOTICED, || async {
        let health = client.get("//health").await;
        (health.status == 503).then_some(health.body)
    })
    .await;
    assert_eq!(health["status"], "unhealthy");
    let reason = health["reason"].as_str().unwrap();
    assert!(reason.contains("ACKNOWLEDGED") && reason.contains("restart the node"), "{reason}");
    assert_one_sentence(&reasons(&client).await, "restart the node");
    assert_eq!(node.stop("TERM", PROMPT).code(), Some(0));
}
