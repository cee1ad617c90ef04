//! Answers where no handler gives one.

use std::any::Any;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::incoming::Arrival;
use crate::reserve::Crowded;
use crate::state::App;

pub(crate) async fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "Not Found")
}

pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}

/// A panic in a handler is a bug: it costs this request, not the connection.
pub(crate) fn on_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    ApiError::Broken { cause: format!("panic in a handler: {text}") }.into_response()
}

/// No request lasts for ever; uploads have a longer limit than the rest.
pub(crate) async fn deadline(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_upload = request
        .headers()
        .get(axum::http::header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.starts_with("multipart/"));
    let config = app.config();
    let ms = if is_upload { config.api.upload_timeout_ms } else { config.api.request_timeout_ms };
    let arrival = request.extensions().get::<Arrival>().cloned();
    match tokio::time::timeout(Duration::from_millis(ms), next.run(request)).await {
        Ok(response) => response,
        Err(_) if arrival.is_some_and(|arrival| !arrival.is_whole()) => {
            let detail = format!("the request was not whole within {ms} ms");
            ApiError::new(StatusCode::REQUEST_TIMEOUT, detail).into_response()
        }
        Err(_) => {
            let detail = format!("no answer within {ms} ms");
            ApiError::new(StatusCode::GATEWAY_TIMEOUT, detail).into_response()
        }
    }
}

/// What is answered on connections beyond the limit.
const PROBES: [&str; 4] = ["/health", "/ready", "/metrics", "/api/v1/health"];
/// Seconds after which a connection may be free again.
const CROWDED_RETRY_S: u64 = 2;

/// Beyond the limit of connections only probes are answered.
pub(crate) async fn crowded(request: Request, next: Next) -> Response {
    let beyond = request.extensions().get::<Crowded>().is_some();
    if beyond && !PROBES.contains(&request.uri().path()) {
        return ApiError::busy("all connections of the node are in use", CROWDED_RETRY_S).into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_answered_without_its_message() {
        for panic in [Box::new("secret") as Box<dyn Any + Send>, Box::new("secret".to_owned()), Box::new(5)] {
            let response = on_panic(panic);
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
            assert_eq!(&body[..], br#"{"detail":"Internal Server Error"}"#);
        }
    }
}
