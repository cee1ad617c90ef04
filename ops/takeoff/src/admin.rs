//! The admin API of a node.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::RequestBuilder;
use serde_json::Value;
use takeoff_config::environment::Variables;

/// Longest that an answer may take; the store's own limit is half of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Bytes of an answer. A page of jobs is far below.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// The node's own token, by the name that the node itself reads it from.
const TOKEN: &str = "TAKEOFF_ADMIN_TOKEN";

pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Client {
    /// `url` is the node's, without the API's prefix.
    pub(crate) fn of(url: &str) -> anyhow::Result<Self> {
        ensure!(url.starts_with("http://"), "{url} is no address of a node: it begins with http://");
        let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?;
        let token = Variables::of_process().get(TOKEN).map(str::to_owned);
        Ok(Self { http, token, base: format!("{}/api/v1/admin", url.trim_end_matches('/')) })
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.answer(self.http.get(format!("{}/{path}", self.base)).query(query)).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        query: &[(&str, String)],
        body: Value,
    ) -> anyhow::Result<Value> {
        self.answer(self.http.post(format!("{}/{path}", self.base)).query(query).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.answer(self.http.put(format!("{}/{path}", self.base)).json(&body)).await
    }

    /// The answer's JSON, or what the node says is wrong.
    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let mut response =
            request.send().await.with_context(|| format!("no node answers at {}", self.base))?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.context("the answer ends in the middle")? {
            ensure!(bytes.len() + chunk.len() <= MAX_ANSWER_BYTES, "the answer is too long");
            bytes.extend_from_slice(&chunk);
        }
        let json: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status.is_success() {
            ensure!(!json.is_null(), "the answer is no JSON: this is no node's address");
            return Ok(json);
        }
        let said = complaint(&json).unwrap_or_else(|| format!("the node answers {status}"));
        if status == reqwest::StatusCode::UNAUTHORIZED {
            let held = if self.token.is_some() { "holds another" } else { "is not set" };
            bail!("{said} ({TOKEN}, which it is taken from, {held})");
        }
        bail!("{said}")
    }
}

/// The detail of an error, or what is wrong with each field.
fn complaint(json: &Value) -> Option<String> {
    if let Some(detail) = json["detail"].as_str() {
        return Some(detail.to_owned());
    }
    let problems = json["detail"].as_array()?.iter().map(|p| {
        let place: Vec<String> = p["loc"].as_array().into_iter().flatten().map(plain).collect();
        format!("{}: {}", place.join("."), plain(&p["msg"]))
    });
    Some(problems.collect::<Vec<_>>().join("; "))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_are_one_line() {
        assert_eq!(complaint(&json!({"detail": "Job not found"})).as_deref(), Some("Job not found"));
        let problems = json!({"detail": [
            {"loc": ["query", "stage"], "msg": "Input should be 'ingest'"},
            {"loc": ["query", "limit", 3], "msg": "too much"},
        ]});
        let line = complaint(&problems).unwrap();
        assert_eq!(line, "query.stage: Input should be 'ingest'; query.limit.3: too much");
        assert_eq!(complaint(&Value::Null), None);
    }

    #[test]
    fn an_address_is_a_url() {
        assert!(Client::of("127.0.0.1:8000").is_err());
        assert_eq!(Client::of("http://127.0.0.1:8000/").unwrap().base, "http://127.0.0.1:8000/api/v1/admin");
    }
}
