//! Cross-origin rules of the contract: configured origins, credentials, ten minutes of preflight.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::{ignored, request_id};
use crate::state::App;

const PREFLIGHT_CACHE_S: u64 = 600;

/// By `api.cors_origins` as it is in force at each request; `*` lets any origin in.
pub(crate) fn cors(app: &App) -> CorsLayer {
    let app = app.clone();
    // With credentials the wildcard itself is not allowed, so the origin is named back.
    let allowed = AllowOrigin::predicate(move |origin: &HeaderValue, _| {
        let one = |o: &String| o == "*" || o.trim_end_matches('/').as_bytes() == origin.as_bytes();
        app.config().api.cors_origins.iter().any(one)
    });
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_credentials(true)
        .allow_methods([
            Method::DELETE,
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::PATCH,
            Method::POST,
            Method::PUT,
        ])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            HeaderName::from_static(request_id::HEADER),
            HeaderName::from_static(ignored::HEADER),
            header::CONTENT_DISPOSITION,
            header::ETAG,
            header::RETRY_AFTER,
        ])
        .max_age(Duration::from_secs(PREFLIGHT_CACHE_S))
}
