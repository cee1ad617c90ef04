//! A node with one small drawing whose truth is known.

use serde_json::{Value, json};
use takeoff_samples::{Habit, Instance, PageTruth, sheet};

use crate::client::Client;
use crate::node::Node;
use crate::{STOP, eventually};

/// A sheet with many instances of one kind, drawn in blocks.
const SEED: u64 = 3;

/// One drawn sheet, ingested.
pub struct Drawn {
    pub node: Node,
    pub client: Client,
    pub project: String,
    pub document: String,
    pub page: String,
    pub truth: PageTruth,
    data: tempfile::TempDir,
}

impl Drawn {
    /// `settings` are environment variables of the node.
    pub async fn open_with(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let node = Node::start_with(data.path(), settings);
        let client = node.client();
        let project = client.project("Drawn").await;
        let drawn = sheet(SEED, Habit::named("blocks").expect("a habit"));
        let uploaded =
            client.try_upload(&project, "sheet.pdf", drawn.pdf, "application/pdf").await.expect("an answer");
        let document = uploaded.expect(201)["id"].as_str().expect("an id").to_owned();
        let pages = client.pages_of(&document, 1).await;
        let page = pages[0]["id"].as_str().expect("an id").to_owned();
        client.scale(&page).await;
        Self { node, client, project, document, page, truth: drawn.truth, data }
    }

    /// The same folder under another node with these settings.
    pub fn again(self, settings: &[(&str, &str)]) -> Self {
        let Self { node, project, document, page, truth, data, .. } = self;
        assert_eq!(node.stop("TERM", STOP).code(), Some(0));
        let node = Node::start_with(data.path(), settings);
        let client = node.client();
        Self { node, client, project, document, page, truth, data }
    }

    /// Makes a condition that counts and gives its id.
    pub async fn condition(&self) -> String {
        let body = json!({"name": "Devices", "measurement_type": "count", "unit": "EA"});
        let path = format!("/projects/{}/conditions", self.project);
        self.client.post(&path, body).await.expect(201)["id"].as_str().expect("an id").to_owned()
    }

    /// Instances of the commonest kind that an estimator counts.
    pub fn commonest(&self) -> Vec<&Instance> {
        let kinds = self.truth.symbols.iter().filter(|(kind, _)| *kind != "door").map(|(_, all)| all);
        let counted = kinds.map(|all| all.iter().filter(|i| i.counts()).collect::<Vec<_>>());
        counted.max_by_key(Vec::len).expect("the sheet has symbols")
    }

    /// A box around one instance of the commonest kind that nothing crosses.
    pub fn exemplar(&self) -> Value {
        let all = self.commonest();
        let one = all.iter().find(|i| !i.crossed && !i.touching).expect("one stands alone");
        let [x, y, w, h] = one.area;
        json!({"x": x - 2.0, "y": y - 2.0, "w": w + 4.0, "h": h + 4.0})
    }

    /// Asks for a count and gives the answer's task and session.
    pub async fn start_count(&self, condition: &str) -> (String, String) {
        let body = json!({"condition_id": condition, "template_bbox": self.exemplar()});
        let started = self.client.post(&format!("/pages/{}/auto-count", self.page), body).await.expect(202);
        let id = |key: &str| started[key].as_str().expect("an id").to_owned();
        (id("task_id"), id("session_id"))
    }
}

impl Client {
    /// Pages of a document that must become ready with so many, when all of them are.
    pub async fn pages_of(&self, document: &str, count: usize) -> Vec<Value> {
        assert_eq!(self.settled(document).await["status"], "ready");
        let path = format!("/documents/{document}/pages");
        eventually("every page is ready", crate::client::WORK, || async {
            let mut pages = self.get(&path).await.expect(200)["pages"].as_array().expect("a list").clone();
            pages.sort_by_key(|p| p["page_number"].as_u64());
            assert!(pages.iter().all(|p| p["status"] != "error"), "{pages:?}");
            (pages.len() == count && pages.iter().all(|p| p["status"] == "ready")).then_some(pages)
        })
        .await
    }
}
