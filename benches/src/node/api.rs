//! The few requests that measuring needs.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

/// How often a state is asked for. Each answer costs the node some tenths of a millisecond.
const ASK: Duration = Duration::from_millis(10);
/// Longest that anything is waited for, and how much longer for each page of a set.
const WAIT: Duration = Duration::from_secs(600);
const PAGE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    root: String,
}

impl Api {
    pub(crate) fn new(address: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(WAIT).build()?;
        Ok(Self { http, root: format!("http://{address}/api/v1") })
    }

    async fn answer(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let response = request.send().await?;
        let (status, url) = (response.status(), response.url().clone());
        let text = response.text().await?;
        ensure!(status.is_success(), "{url} answers {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("{url} answers no JSON"))
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Self::answer(self.http.get(format!("{}{path}", self.root))).await
    }

    pub(crate) async fn project(&self) -> anyhow::Result<String> {
        let made = self.http.post(format!("{}/projects", self.root)).json(&json!({"name": "Benchmark"}));
        id(&Self::answer(made).await?)
    }

    /// Uploads a PDF file; the document's id.
    pub(crate) async fn upload(&self, project: &str, pdf: Vec<u8>) -> anyhow::Result<String> {
        let part = Part::bytes(pdf).file_name("plans.pdf").mime_str("application/pdf")?;
        let url = format!("{}/projects/{project}/documents", self.root);
        let sent = self.http.post(url).multipart(Form::new().part("file", part));
        id(&Self::answer(sent).await?)
    }

    /// Waits until every page of a document is `ready`; their ids.
    ///
    /// # Errors
    /// The document or one of its pages fails.
    pub(crate) async fn ready(&self, document: &str, pages: usize) -> anyhow::Result<Vec<String>> {
        let path = format!("/documents/{document}/pages");
        let count = u32::try_from(pages)?;
        // A long list is not asked for so often that answering is what the node does.
        let (every, limit) = (ASK.max(Duration::from_millis(count.into())), WAIT + count * PAGE);
        until("the pages are ready", (every, limit), async || {
            let found = self.get(&path).await?;
            let found = found["pages"].as_array().context("no list of pages")?;
            if let Some(failed) = found.iter().find(|p| p["status"] == "error") {
                bail!("a page failed: {failed}");
            }
            let ready = found.iter().filter(|p| p["status"] == "ready").count();
            if found.len() < pages || ready < found.len() {
                let status = self.get(&format!("/documents/{document}/status")).await?;
                ensure!(status["status"] != "error", "the document failed: {status}");
                return Ok(None);
            }
            found.iter().map(id).collect::<anyhow::Result<_>>().map(Some)
        })
        .await
    }

    /// Waits until no job of any stage is left to do, asking so often.
    pub(crate) async fn at_rest(&self, every: Duration) -> anyhow::Result<()> {
        until("the queues are empty", (every, WAIT), async || {
            let node = self.get("/admin/node").await?;
            let queues = node["queues"].as_object().context("a node without queues")?;
            let count =
                |queue: &Value, what: &str| queue[what].as_u64().context("a queue that cannot be read");
            let mut left = 0;
            for queue in queues.values() {
                ensure!(count(queue, "dead")? == 0, "there are dead letters: {queue}");
                for what in ["ready", "delayed", "leased", "waiting"] {
                    left += count(queue, what)?;
                }
            }
            Ok((left == 0).then_some(()))
        })
        .await
    }

    /// Waits until the scale of a page has been looked for.
    pub(crate) async fn scale_detected(&self, page: &str) -> anyhow::Result<()> {
        let path = format!("/pages/{page}/scale-detection-status");
        until("the scale detection ends", (ASK, WAIT), async || {
            Ok((self.get(&path).await?["status"] == "complete").then_some(()))
        })
        .await
    }
}

fn id(record: &Value) -> anyhow::Result<String> {
    Ok(record["id"].as_str().with_context(|| format!("{record} has no id"))?.to_owned())
}

/// Asks every so often until there is an answer, at most so long.
async fn until<T>(
    what: &str,
    (every, limit): (Duration, Duration),
    ask: impl AsyncFn() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let asking = async {
        let mut tick = tokio::time::interval(every);
        loop {
            tick.tick().await;
            if let Some(found) = ask().await? {
                return Ok(found);
            }
        }
    };
    tokio::time::timeout(limit, asking).await.with_context(|| format!("{what}: not within {limit:?}"))?
}
