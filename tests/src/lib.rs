//! What the end-to-end tests stand on: the real binary, in a folder of its own, on a free port.

mod bucket;
mod client;
pub mod cluster;
mod corpus;
pub mod disk;
mod drawn;
pub mod history;
pub mod hold;
pub mod inside;
pub mod line;
pub mod links;
mod memory;
pub mod net;
mod node;
mod program;
mod small_disk;
mod takeoff;
pub mod wall;

pub use bucket::Bucket;
pub use client::{Answer, Client};
pub use corpus::{corpus, required};
pub use drawn::Drawn;
pub use memory::{MemoryWatch, Seen, children, status_kib};
pub use node::Node;
pub use program::{command, problems_of_config, program, run, run_into};
pub use small_disk::SmallDisk;
pub use takeoff::{Ran, Takeoff, condition, square};

use std::future::Future;
use std::time::Duration;

/// Longest that a node may take to stop.
pub(crate) const STOP: Duration = Duration::from_secs(40);

/// Polls until `ask` gives something, at most `limit`; panics with `what` after that.
pub async fn eventually<T, F, Fut>(what: &str, limit: Duration, mut ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let asked = async {
        let mut tick = tokio::time::interval(Duration::from_millis(25));
        loop {
            tick.tick().await;
            if let Some(found) = ask().await {
                return found;
            }
        }
    };
    match tokio::time::timeout(limit, asked).await {
        Ok(found) => found,
        Err(_) => panic!("{what}: not within {limit:?}"),
    }
}

/// A node with the school set ingested.
pub struct School {
    pub node: Node,
    pub client: Client,
    pub project: String,
    pub document: String,
    /// Full pages by number, from 1.
    pub pages: Vec<serde_json::Value>,
    data: tempfile::TempDir,
}

impl School {
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// `settings` are environment variables of the node.
    pub async fn open_with(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let node = Node::start_with(data.path(), settings);
        let client = node.client();
        let project = client.project("School").await;
        let document = client.upload(&project, &school_plans()).await.expect(201);
        let document = document["id"].as_str().expect("an id").to_owned();
        assert_eq!(client.settled(&document).await["status"], "ready");
        let mut rows = client.pages(&document).await;
        rows.sort_by_key(|p| p["page_number"].as_u64());
        let mut pages = Vec::new();
        for row in rows {
            let id = row["id"].as_str().expect("an id");
            client.scale(id).await;
            pages.push(client.get(&format!("/pages/{id}")).await.expect(200));
        }
        Self { node, client, project, document, pages, data }
    }

    /// The same folder under another node with these settings.
    pub fn again(self, settings: &[(&str, &str)]) -> Self {
        let Self { node, project, document, pages, data, .. } = self;
        assert_eq!(node.stop("TERM", STOP).code(), Some(0));
        let node = Node::start_with(data.path(), settings);
        let client = node.client();
        Self { node, client, project, document, pages, data }
    }

    /// Id of the nth page, from 1.
    pub fn page(&self, number: usize) -> &str {
        self.pages[number - 1]["id"].as_str().expect("an id")
    }

    /// Number of the first page that detection calibrated.
    pub fn calibrated(&self) -> usize {
        let found = self.pages.iter().position(|p| p["scale_calibrated"] == true);
        found.expect("the set has a calibrated page") + 1
    }

    /// Makes a condition and gives its id.
    pub async fn condition(&self, measurement_type: &str, unit: &str) -> String {
        let body =
            serde_json::json!({"name": "Condition", "measurement_type": measurement_type, "unit": unit});
        let made =
            self.client.post(&format!("/projects/{}/conditions", self.project), body).await.expect(201);
        made["id"].as_str().expect("an id").to_owned()
    }
}

/// The plan set that the project ships.
pub fn school_plans() -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/school");
    folder.join("plans.pdf")
}

/// The first count of the school's own recipe: its page number, and its box as the API takes it.
pub fn first_count() -> (usize, serde_json::Value) {
    let path = school_plans().with_file_name("takeoff.toml");
    let recipe: toml::Table =
        std::fs::read_to_string(path).expect("the sample is there").parse().expect("the recipe is TOML");
    let conditions = recipe["condition"].as_array().expect("a list");
    let counts = conditions.iter().find_map(|c| c.get("count")).expect("a condition that counts");
    let count = &counts[0];
    let number = |v: &toml::Value| v.as_float().or(v.as_integer().map(|i| i as f64)).expect("a number");
    let b: Vec<f64> = count["box"].as_array().expect("a box").iter().map(number).collect();
    let page = count["page"].as_integer().and_then(|n| usize::try_from(n).ok()).expect("a page number");
    (page, serde_json::json!({"x": b[0], "y": b[1], "w": b[2], "h": b[3]}))
}

/// The error items of a 422 answer as `(type, loc)`, in order.
pub fn problems(body: &serde_json::Value) -> Vec<(String, String)> {
    let items = body["detail"].as_array().unwrap_or_else(|| panic!("{body} is no validation error"));
    items
        .iter()
        .map(|i| {
            let loc: Vec<String> = i["loc"]
                .as_array()
                .expect("a place")
                .iter()
                .map(|l| l.as_str().map_or_else(|| l.to_string(), str::to_owned))
                .collect();
            assert!(i["msg"].as_str().is_some_and(|m| !m.is_empty()), "{i} says nothing");
            (i["type"].as_str().expect("a code").to_owned(), loc.join("."))
        })
        .collect()
}
