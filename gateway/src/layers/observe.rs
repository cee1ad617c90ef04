//! One span, one access log line and three metrics a request.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use takeoff_engine::clock::Stopwatch;
use tracing::Instrument as _;

use super::RequestId;
use super::request_id::HEADER;
use crate::server::Peer;
use crate::state::App;
use takeoff_engine::metrics::{HTTP_REQUEST_SECONDS, HTTP_REQUESTS};

/// The endpoint label of requests that no route takes.
const UNMATCHED: &str = "unmatched";

pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let id =
        RequestId::of(request.headers()).unwrap_or_else(|| RequestId::new(app.handle.next_id().to_string()));
    request.extensions_mut().insert(id.clone());
    let endpoint = request.extensions().get::<MatchedPath>().cloned();
    let endpoint = endpoint.as_ref().map_or(UNMATCHED, MatchedPath::as_str).to_owned();
    let method = method_label(request.method());
    let peer = request.extensions().get::<Peer>().map(|p| p.0.to_string()).unwrap_or_default();
    let path = request.uri().path().to_owned();

    let span = tracing::info_span!("request", request_id = id.as_str(), method, endpoint);
    let mut response = next.run(request).instrument(span.clone()).await;
    let elapsed = watch.elapsed();
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HEADER, value);
    }

    let status = response.status();
    let _entered = span.enter();
    log(&path, status, elapsed.as_secs_f64() * 1_000.0, &peer);
    let labels = [
        ("method", method.to_owned()),
        ("endpoint", endpoint.clone()),
        ("status", status.as_str().to_owned()),
    ];
    metrics::counter!(HTTP_REQUESTS, &labels).increment(1);
    metrics::histogram!(HTTP_REQUEST_SECONDS, "endpoint" => endpoint).record(elapsed.as_secs_f64());
    response
}

/// Probes and scrapes come every few seconds and say nothing, unless they fail.
fn log(path: &str, status: StatusCode, elapsed_ms: f64, peer: &str) {
    let quiet = matches!(path, "/health" | "/ready" | "/metrics" | "/version") && status.is_success();
    let status = status.as_u16();
    if quiet {
        tracing::debug!(path, status, elapsed_ms, peer, "request answered");
    } else {
        tracing::info!(path, status, elapsed_ms, peer, "request answered");
    }
}

/// Bounded: clients may invent methods.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
