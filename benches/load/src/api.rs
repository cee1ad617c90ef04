//! Requests, with what went wrong in one word.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

/// Longest that one request may take.
const REQUEST: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    /// Of each node.
    roots: Arc<[String]>,
    turn: Arc<AtomicUsize>,
    /// For the admin API.
    token: Option<Arc<str>>,
}

/// `503`, `timeout`, `connection`, ...
pub(crate) type Wrong = String;

impl Api {
    /// To nodes by their URLs, which take turns.
    pub(crate) fn new(addresses: &[String], token: Option<String>) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(REQUEST).build()?;
        let roots = addresses.iter().map(|address| format!("{}/api/v1", address.trim_end_matches('/')));
        Ok(Self { http, roots: roots.collect(), turn: Arc::default(), token: token.map(Into::into) })
    }

    fn url(&self, path: &str) -> String {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        format!("{}{path}", self.roots[turn % self.roots.len()])
    }

    /// The body of a success; `Null` where it is no JSON.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Wrong> {
        let mut request = self.http.request(method, self.url(path));
        if let Some(token) = self.token.as_ref().filter(|_| path.starts_with("/admin/")) {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Wrong> {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Wrong> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn upload(&self, project: &str, pdf: Vec<u8>) -> Result<Value, Wrong> {
        let part = Part::bytes(pdf).file_name("sheet.pdf").mime_str("application/pdf");
        let form = Form::new().part("file", part.map_err(|e| e.to_string())?);
        answer(self.http.post(self.url(&format!("/projects/{project}/documents"))).multipart(form)).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Value, Wrong> {
    let word =
        |e: reqwest::Error| if e.is_timeout() { "timeout".to_owned() } else { "connection".to_owned() };
    let response = request.send().await.map_err(word)?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(word)?;
    if !status.is_success() {
        // Kinds are few: what a client sent wrong is said in the node's words, without what is the request's own.
        let said: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let detail = said["detail"].as_str().unwrap_or_default();
        return Err(format!("{} {}", status.as_u16(), detail.chars().take(80).collect::<String>())
            .trim()
            .to_owned());
    }
    Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}
