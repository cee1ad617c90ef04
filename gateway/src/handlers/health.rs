use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use takeoff_engine::handle::Readiness;
use takeoff_storage::Standing;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::App;
use crate::wire::node::{Health, Ready, Version};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Outside the API's prefix.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(ready))
        .routes(routes!(version))
        .routes(routes!(metrics))
        .routes(routes!(openapi))
}

/// Under the API's prefix.
pub(crate) fn api_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health))
}

/// The process answers; 503 when only a restart helps.
#[utoipa::path(get, path = "/health", tag = "node", responses(
    (status = 200, body = Health),
    (status = 503, body = Health),
))]
async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    match app.handle.store_standing() {
        Standing::Dead { why } => {
            let health = Health { status: "unhealthy", version: VERSION, reason: Some(why) };
            (StatusCode::SERVICE_UNAVAILABLE, Json(health))
        }
        // What mends itself is no reason to kill the node.
        Standing::Working | Standing::Failed { .. } => {
            (StatusCode::OK, Json(Health { status: "healthy", version: VERSION, reason: None }))
        }
    }
}

/// The node can make progress; 503 with the reasons when it cannot.
#[utoipa::path(get, path = "/ready", tag = "node", responses(
    (status = 200, body = Ready),
    (status = 503, body = Ready),
))]
async fn ready(State(app): State<App>) -> (StatusCode, Json<Ready>) {
    let readiness: Readiness = app.handle.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness.into()))
}

/// Which version runs.
#[utoipa::path(get, path = "/version", tag = "node", responses((status = 200, body = Version)))]
async fn version() -> Json<Version> {
    Json(Version { name: "takeoff", version: VERSION })
}

/// Metrics in Prometheus' text format; for internal addresses only.
#[utoipa::path(get, path = "/metrics", tag = "node", responses(
    (status = 200, body = String, content_type = "text/plain; version=0.0.4"),
))]
async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.prometheus.render())
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "node", responses((status = 200, body = Object)))]
async fn openapi(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], app.openapi.clone())
}
