//! One file sent in over HTTP and followed to its end, and what holds for every file whatever it is.

use std::time::Duration;

use serde_json::Value;
use takeoff_tests::{Client, eventually};
use tokio::time::Instant;

use crate::ends::MAX_PAGE_PIXELS;

/// What became of a file.
pub(crate) struct Outcome {
    pub(crate) name: String,
    /// 201 or 400.
    pub(crate) status: u16,
    /// The last state of the document; `Null` where the answer was 400.
    pub(crate) document: Value,
    /// As the page's own route gives them.
    pub(crate) pages: Vec<Value>,
    /// Why there is no document, or none that can be used.
    pub(crate) reason: Option<String>,
    /// From the first byte sent to the last page's end.
    pub(crate) took: Duration,
}

/// Uploads and waits until document and pages have ended, all of it within `bound`.
pub(crate) async fn deliver(
    client: &Client,
    project: &str,
    name: &str,
    bytes: Vec<u8>,
    bound: Duration,
) -> Outcome {
    let started = Instant::now();
    let followed = tokio::time::timeout(bound, follow(client, project, name, bytes)).await;
    let mut outcome = followed.unwrap_or_else(|_| panic!("{name} has not ended within {bound:?}"));
    outcome.took = started.elapsed();
    outcome.check(client).await;
    outcome
}

async fn follow(client: &Client, project: &str, name: &str, bytes: Vec<u8>) -> Outcome {
    let answer = client.try_upload(project, name, bytes, "application/octet-stream").await;
    let answer = answer.unwrap_or_else(|e| panic!("{name} is not answered: {e}"));
    let status = answer.status.as_u16();
    let mut outcome = Outcome {
        name: name.to_owned(),
        status,
        document: Value::Null,
        pages: Vec::new(),
        reason: None,
        took: Duration::ZERO,
    };
    match status {
        400 => outcome.reason = answer.body["detail"].as_str().map(str::to_owned),
        201 => {
            let id = answer.body["id"].as_str().expect("a document has an id").to_owned();
            client.settled(&id).await;
            for row in client.pages(&id).await {
                let page = row["id"].as_str().expect("a page has an id");
                outcome.pages.push(client.get(&format!("/pages/{page}")).await.expect(200));
            }
            let all_failed = outcome.pages.iter().all(|p| p["status"] == "error");
            // The document learns of its last page's end by a job of its own.
            outcome.document = eventually("the document ends", Duration::from_secs(60), || async {
                let document = client.get(&format!("/documents/{id}")).await.expect(200);
                (!all_failed || document["status"] == "error").then_some(document)
            })
            .await;
            outcome.reason = outcome.document["processing_error"].as_str().map(str::to_owned);
        }
        other => panic!("{name} is answered {other}: {}", answer.body),
    }
    outcome
}

impl Outcome {
    pub(crate) fn is_ready(&self) -> bool {
        self.document["status"] == "ready"
    }

    /// Everything that is said of what went wrong or was left out.
    pub(crate) fn said(&self) -> String {
        let mut said: Vec<String> = self.reason.iter().cloned().collect();
        for page in &self.pages {
            let findings = page["findings"].as_array().into_iter().flatten().map(|f| &f["message"]);
            let all = findings.chain([&page["processing_error"]]);
            said.extend(all.filter_map(|s| s.as_str().map(str::to_owned)));
        }
        said.join(" | ")
    }

    async fn check(&self, client: &Client) {
        let name = &self.name;
        if !self.is_ready() {
            let reason = self.reason.as_deref().unwrap_or_default();
            assert!(reason.len() > 10, "{name} is refused without a reason: {reason:?} {}", self.document);
            for inner in ["panicked", "src/", "RUST_BACKTRACE"] {
                assert!(!reason.contains(inner), "{name}: a person is told {reason:?}");
            }
        }
        if self.status == 400 {
            return;
        }
        let count = self.document["page_count"].as_u64();
        if self.is_ready() {
            assert_eq!(count, Some(self.pages.len() as u64), "{name}: {}", self.document);
            assert!(!self.pages.is_empty(), "{name} is ready without a page");
        }
        for page in &self.pages {
            check_page(client, name, page).await;
        }
    }
}

/// A page is there whole, or it says why not and shows nothing.
async fn check_page(client: &Client, name: &str, page: &Value) {
    match page["status"].as_str() {
        Some("ready") => {
            let side = |key: &str| page[key].as_u64().unwrap_or_default();
            let (width, height) = (side("width"), side("height"));
            assert!((1..=16_384).contains(&width) && (1..=16_384).contains(&height), "{name}: {page}");
            assert!(width * height <= MAX_PAGE_PIXELS, "{name}: {page}");
            for link in ["image_url", "thumbnail_url"] {
                let url = page[link].as_str().unwrap_or_else(|| panic!("{name} has no {link}: {page}"));
                let path = url.split_once("/api/v1").expect("an address of the API").1;
                client.get(path).await.expect(200);
            }
        }
        Some("error") => {
            let why = page["processing_error"].as_str().unwrap_or_default();
            assert!(why.len() > 10, "{name} has a page in error without a reason: {page}");
            assert_eq!((&page["image_url"], &page["thumbnail_url"]), (&Value::Null, &Value::Null), "{name}");
        }
        other => panic!("{name} has a page that ended as {other:?}"),
    }
}
