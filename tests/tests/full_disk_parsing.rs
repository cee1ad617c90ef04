//! A disk that becomes full while pages are parsed and stored: nothing fails for good, nothing is half-written, and
//! with room again the set is ready.

use std::time::Duration;

use serde_json::{Value, json};
use takeoff_samples::{Habit, sheets};
use takeoff_tests::disk::content;
use takeoff_tests::{Client, Node, SmallDisk, eventually, run};

const WAIT: Duration = Duration::from_secs(180);
const PAGES: u32 = 12;
/// Room for the set and more; what a disk must have free to be taken for one that is not full is 16 MiB.
const DISK_BYTES: u64 = 192 * 1024 * 1024;
/// Most that a file may have where there is no disk to fill: more than a new catalogue, less than a page's image.
const FILE_BYTES: u64 = 4 * 1024 * 1024;

fn set() -> Vec<u8> {
    sheets(23, PAGES, Habit::named("blocks").unwrap()).0
}

async fn upload(client: &Client, project: &str, name: &str, bytes: Vec<u8>, mime: &str) -> String {
    let made = client.try_upload(project, name, bytes, mime).await.unwrap().expect(201);
    made["id"].as_str().unwrap().to_owned()
}

async fn statuses(client: &Client, document: &str) -> Vec<String> {
    let answer = client.get(&format!("/documents/{document}/pages")).await;
    let pages = answer.body["pages"].as_array().cloned().unwrap_or_default();
    pages.iter().map(|p| p["status"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Every page is ready, and its image and thumbnail are whole: the node compares a blob with its hash before it serves it.
async fn assert_whole(client: &Client, document: &str, pages: usize) {
    assert_eq!(client.settled(document).await["status"], "ready");
    let found = client.pages_of(document, pages).await;
    for page in &found {
        for what in ["image", "thumbnail"] {
            let url = page[format!("{what}_url")].as_str().unwrap_or_else(|| panic!("no {what}: {page}"));
            let answer = reqwest::get(url).await.unwrap();
            assert_eq!(answer.status(), 200, "{what} of {page}");
            let bytes = answer.bytes().await.unwrap();
            assert!(bytes.starts_with(b"\x89PNG") && bytes.ends_with(b"IEND\xaeB`\x82"), "{what} of {page}");
        }
    }
}

/// What attempts were making when there was no room is gone.
async fn assert_nothing_half_written(node: &Node) {
    let scratch = node.data().join("blobs/scratch");
    eventually("nothing half-written is left", WAIT, || async {
        content(&scratch).values().all(Option::is_none).then_some(())
    })
    .await;
}

fn jobs(node: &Node, arguments: &[&str]) -> Value {
    let ran = run(&[&["jobs", "--url", node.address()], arguments, &["--json"]].concat());
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// Where nothing may be mounted the catalogue is what has no room: projects are made until its file may not grow.
enum Fuller {
    Disk(SmallDisk),
    Projects,
}

impl Fuller {
    async fn fill(&self, client: &Client) {
        match self {
            Self::Disk(disk) => disk.fill(),
            Self::Projects => {
                let body = json!({"name": "Filler", "description": "x".repeat(20_000)});
                client.post("/projects", body).await;
            }
        }
    }

    fn make_room(&self, node: &Node) {
        match self {
            Self::Disk(disk) => disk.make_room(),
            Self::Projects => node.lift_limit(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_under_a_set_only_makes_it_wait() {
    let folder = tempfile::tempdir().unwrap();
    let (fuller, data) = match SmallDisk::mount(DISK_BYTES) {
        Some(disk) => {
            let data = disk.path().join("data");
            (Fuller::Disk(disk), data)
        }
        None => (Fuller::Projects, folder.path().to_owned()),
    };
    let mut node = match &fuller {
        Fuller::Disk(_) => Node::start(&data),
        Fuller::Projects => Node::start_on_small_disk(&data, FILE_BYTES),
    };
    let client = node.client();
    let project = client.project("Kept").await;
    let document = upload(&client, &project, "set.pdf", set(), "application/pdf").await;
    eventually("some pages are ready, and some are not", WAIT, || async {
        statuses(&client, &document).await.iter().any(|s| s == "ready").then_some(())
    })
    .await;
    let reasons = eventually("the node says that its disk is full", WAIT, || async {
        fuller.fill(&client).await;
        let ready = client.get("//ready").await;
        (ready.status == 503).then_some(ready.body["reasons"].clone())
    })
    .await;
    let reasons: Vec<&str> = reasons.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(reasons.iter().any(|r| r.contains("disk of the data folder is full")), "{reasons:?}");
    let refused = client.post("/projects", json!({"name": "No room"})).await.expect(503);
    assert!(refused["detail"].as_str().unwrap().contains("the store is full"), "{refused}");
    // It has looked again and found no room.
    eventually("it looks for room", WAIT, || {
        let looked = node.log().iter().any(|line| line.contains("cannot be opened again yet"));
        async move { looked.then_some(()) }
    })
    .await;

    fuller.make_room(&node);
    eventually("there is room again", WAIT, || async {
        (client.get("//ready").await.status == 200).then_some(())
    })
    .await;
    assert_whole(&client, &document, PAGES as usize).await;
    assert_eq!(jobs(&node, &["dead"])["total"], 0);
    assert_eq!(client.get(&format!("/projects/{project}")).await.expect(200)["name"], "Kept");
    assert_nothing_half_written(&node).await;
    assert_eq!(node.stop("TERM", WAIT).code(), Some(0));
    // And it is all there for the next one.
    let again = Node::start(&data);
    assert_whole(&again.client(), &document, PAGES as usize).await;
    drop(again);
}
