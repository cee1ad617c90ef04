//! Names of the metrics that only the gateway feeds.

pub const HTTP_REQUESTS_TOTAL: &str = "http_requests_total";
pub const HTTP_REQUEST_DURATION_SECONDS: &str = "http_request_duration_seconds";
pub const HTTP_ACTIVE_CONNECTIONS: &str = "http_active_connections";
