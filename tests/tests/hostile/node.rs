//! Every hostile file on one node.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt as _;
use serde_json::Value;
use takeoff_samples::Hostile;
use takeoff_tests::{Client, MemoryWatch, Node, corpus, eventually, school_plans};

use crate::deliver::{Outcome, deliver};
use crate::ends::{End, end_of};

/// Files on their way at once; more only wait for the same two parse workers.
const AT_ONCE: usize = 4;
/// Longest way of one file: the first look, a page's deadline, and its turn among the others.
const BOUND: Duration = Duration::from_secs(90);
/// Longest that the node may take to say how it is, with its processors at work on the files.
const PULSE: Duration = Duration::from_secs(10);
/// Address space of a parse worker by default, KiB.
const WORKER_KIB: u64 = 768 * 1024;
/// What the node itself may hold, KiB.
const NODE_KIB: u64 = 300 * 1024;
/// What all may hold together, KiB: one worker at its limit, the others at ordinary work.
const ALL_KIB: u64 = 1_200 * 1024;

#[derive(Clone)]
enum File {
    Generated(Hostile),
    Shared { path: PathBuf, category: String },
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_file_ends_and_the_node_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let client = node.client();
    let project = client.project("Hostile").await;
    let watch = MemoryWatch::start(node.id(), "parse-worker");
    let delivered = futures::stream::iter(files())
        .map(|file| async {
            let (name, bytes) = file.read();
            let outcome = deliver(&client, &project, &name, bytes, BOUND).await;
            (file, outcome)
        })
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<(File, Outcome)>>();
    let outcomes = tokio::select! {
        outcomes = delivered => outcomes,
        never = stays_ready(&client) => match never {},
    };
    for (file, outcome) in &outcomes {
        file.check(outcome);
    }

    let seen = watch.stop();
    assert!(!seen.children.is_empty(), "no parse worker was seen: {seen:?}");
    assert!(seen.child_address_space <= WORKER_KIB, "{seen:?}");
    assert!(seen.all <= ALL_KIB, "{seen:?}");
    let held = node.status_kib("VmHWM:");
    assert!(held <= NODE_KIB, "the node held {held} KiB");
    goes_on(&client, &project, data.path()).await;
}

fn files() -> Vec<File> {
    let mut files: Vec<File> = Hostile::ALL.iter().copied().map(File::Generated).collect();
    let Some(folder) = corpus() else { return files };
    let folder = folder.join("hostile");
    let list = std::fs::read(folder.join("MANIFEST.json")).unwrap();
    let list: Vec<Value> = serde_json::from_slice(&list).unwrap();
    assert!(list.len() >= 41, "{} shared files", list.len());
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    files.extend(list.iter().map(|entry| File::Shared {
        path: folder.join(text(&entry["file"])),
        category: text(&entry["category"]),
    }));
    files
}

impl File {
    fn read(&self) -> (String, Vec<u8>) {
        match self {
            Self::Generated(kind) => {
                let mut bytes = Vec::new();
                kind.write_to(&mut bytes).unwrap();
                (format!("{}.{}", kind.name(), kind.extension()), bytes)
            }
            Self::Shared { path, .. } => {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, std::fs::read(path).unwrap())
            }
        }
    }

    fn check(&self, outcome: &Outcome) {
        match self {
            Self::Generated(kind) => end_of(*kind).check(outcome),
            // Files with an empty password and files with small pages are sound. What becomes of the
            // others is the reader's to say, as long as it says it.
            Self::Shared { category, .. } if category == "encrypted" || category == "tinypage" => {
                End::Ready("").check(outcome);
            }
            Self::Shared { .. } => {}
        }
    }
}

/// Asks the node over and over whether it is ready, and panics when it is not.
async fn stays_ready(client: &Client) -> Infallible {
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    loop {
        tick.tick().await;
        let answer = tokio::time::timeout(PULSE, client.get("//ready")).await;
        answer.expect("a node that is busy still says how it is").expect(200);
    }
}

/// Nothing is left to do or lying about, and a sound set is taken as if nothing had been.
async fn goes_on(client: &Client, project: &str, data: &Path) {
    let sound = client.upload(project, &school_plans()).await.expect(201);
    let id = sound["id"].as_str().unwrap();
    assert_eq!(client.settled(id).await["status"], "ready");
    let pages = client.pages(id).await;
    assert!(pages.len() > 1 && pages.iter().all(|p| p["status"] == "ready"), "{pages:?}");

    let view = eventually("the queues run empty", Duration::from_secs(60), || async {
        let view = client.get("/admin/node").await.expect(200);
        let queues = view["queues"].as_object().expect("queues by stage");
        let waits = |q: &Value| ["ready", "leased", "delayed", "waiting"].iter().any(|k| q[*k] != 0);
        (!queues.values().any(waits)).then_some(view)
    })
    .await;
    let dead = view["queues"].as_object().unwrap().values().find(|q| q["dead"] != 0);
    assert_eq!(dead, None, "a hostile file is no matter for an operator");
    assert_eq!(view["readiness"]["ready"], true, "{}", view["readiness"]);
    assert_eq!(view["compute"]["panics"], 0, "{}", view["compute"]);
    assert_eq!(
        view["children"]["memory_deaths"], 0,
        "each bomb is stopped before its worker's memory is full"
    );
    let scratch = std::fs::read_dir(data.join("blobs/scratch")).unwrap();
    let left: Vec<_> = scratch.map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}
