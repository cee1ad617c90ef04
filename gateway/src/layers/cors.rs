//! Cross-origin rules of the contract: configured origins, credentials, ten minutes of preflight.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::{ignored, request_id};

const PREFLIGHT_CACHE_S: u64 = 600;

/// `origins` as in `api.cors_origins`; `*` lets any origin in.
pub(crate) fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|o| o == "*") {
        // With credentials the wildcard itself is not allowed, so the origin is named back.
        AllowOrigin::mirror_request()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|o| HeaderValue::from_str(o.trim_end_matches('/')).ok()))
    };
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
