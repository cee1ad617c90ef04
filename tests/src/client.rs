//! An HTTP client that speaks like the platform's web client.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::eventually;

/// Longest that one request may take.
const REQUEST: Duration = Duration::from_secs(120);
/// Longest that a job is waited for.
pub(crate) const WORK: Duration = Duration::from_secs(300);

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
}

/// Status and body of an answer; the body is `Null` when it is no JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Answer {
    /// The body, when the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }
}

impl Client {
    pub fn new(address: &str) -> Self {
        Self::with_headers(address, HeaderMap::new())
    }

    /// One that brings the token of operators.
    pub fn with_token(address: &str, token: &str) -> Self {
        let token = format!("Bearer {token}").parse().expect("a token is plain text");
        Self::with_headers(address, HeaderMap::from_iter([(AUTHORIZATION, token)]))
    }

    fn with_headers(address: &str, headers: HeaderMap) -> Self {
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .timeout(REQUEST)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client needs nothing");
        Self { http, address: address.to_owned() }
    }

    /// Below `/api/v1`, or from the root when the path starts with `//`.
    pub fn url(&self, path: &str) -> String {
        match path.strip_prefix("//") {
            Some(root) => format!("{}/{root}", self.address),
            None => format!("{}/api/v1{path}", self.address),
        }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// An error of the connection is given back: in crash tests the node may be gone.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request.send().await?).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let what = format!("{method} {path}");
        self.try_send(method, path, body).await.unwrap_or_else(|e| panic!("{what}: {e}"))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn project(&self, name: &str) -> String {
        text(&self.post("/projects", json!({"name": name})).await.expect(201)["id"])
    }

    pub async fn try_upload(
        &self,
        project: &str,
        name: &str,
        bytes: Vec<u8>,
        mime: &str,
    ) -> reqwest::Result<Answer> {
        let part = Part::bytes(bytes).file_name(name.to_owned()).mime_str(mime)?;
        let path = format!("/projects/{project}/documents");
        let request = self.request(Method::POST, &path).multipart(Form::new().part("file", part));
        answer(request.send().await?).await
    }

    pub async fn upload(&self, project: &str, file: &Path) -> Answer {
        let bytes = std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let name = file.file_name().and_then(|n| n.to_str()).expect("a plain name");
        self.try_upload(project, name, bytes, "application/pdf").await.expect("the upload is answered")
    }

    /// Polls as the uploader does, until `ready` or `error`.
    pub async fn settled(&self, document: &str) -> Value {
        let path = format!("/documents/{document}/status");
        eventually("the document settles", WORK, || async {
            let status = self.get(&path).await.expect(200);
            matches!(status["status"].as_str(), Some("ready" | "error")).then_some(status)
        })
        .await
    }

    /// Polls until no page is pending or processing.
    pub async fn pages(&self, document: &str) -> Vec<Value> {
        let path = format!("/documents/{document}/pages");
        eventually("the pages settle", WORK, || async {
            let pages = self.get(&path).await.expect(200)["pages"].as_array().expect("a list").clone();
            let busy = |p: &Value| matches!(p["status"].as_str(), Some("pending" | "processing"));
            (!pages.iter().any(busy)).then_some(pages)
        })
        .await
    }

    /// Polls until the page's scale detection is complete.
    pub async fn scale(&self, page: &str) -> Value {
        let path = format!("/pages/{page}/scale-detection-status");
        eventually("the scale detection ends", WORK, || async {
            let status = self.get(&path).await.expect(200);
            (status["status"] == "complete").then_some(status)
        })
        .await
    }

    /// Polls until the task is terminal.
    pub async fn task(&self, task: &str) -> Value {
        let path = format!("/tasks/{task}");
        eventually("the task ends", WORK, || async {
            let task = self.get(&path).await.expect(200);
            matches!(task["status"].as_str(), Some("SUCCESS" | "FAILURE" | "REVOKED")).then_some(task)
        })
        .await
    }

    /// Starts a count and gives the session when it has ended.
    pub async fn count(&self, page: &str, request: Value) -> Value {
        let started = self.post(&format!("/pages/{page}/auto-count"), request).await.expect(202);
        self.task(&text(&started["task_id"])).await;
        self.get(&format!("/auto-count-sessions/{}", text(&started["session_id"]))).await.expect(200)
    }
}

async fn answer(response: reqwest::Response) -> reqwest::Result<Answer> {
    let status = response.status();
    let bytes = response.bytes().await?;
    Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
}

/// A JSON text as a string.
#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
