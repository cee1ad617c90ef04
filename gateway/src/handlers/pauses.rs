use axum::extract::State;
use axum::http::StatusCode;
use takeoff_commands::admin;
use takeoff_core::model::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, ok};
use crate::call::{Body, Call};
use crate::error::ApiError;
use crate::state::App;
use crate::wire::pause::{self as wire, PauseRequest, Pauses, Weighed, Weight};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_pauses))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(weigh))
}

/// What operators hold back, the longest first.
#[utoipa::path(get, path = "/admin/pauses", tag = "node", responses((status = 200, body = Pauses)))]
async fn list_pauses(State(app): State<App>, call: Call) -> Answer<Pauses> {
    ok(admin::paused(&call.ctx(&app)))
}

/// An empty name is this node.
fn named(app: &App, scope: Option<Scope>) -> Result<Scope, ApiError> {
    match scope {
        Some(Scope::Node(name)) if name.is_empty() => Ok(Scope::Node(app.handle.config().node.clone())),
        Some(scope) => Ok(scope),
        None => Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "exactly one of stage, project_id and node is to be named",
        )),
    }
}

/// Starts no more jobs of a stage (on every node), a project (on every node) or a node; what runs goes on.
/// Lasts over restarts, until it is resumed.
#[utoipa::path(post, path = "/admin/pause", tag = "node", request_body = PauseRequest, responses(
    (status = 200, body = Pauses),
))]
async fn pause(State(app): State<App>, call: Call, body: Body) -> Answer<Pauses> {
    let (scope, cause) = call.read(|input| input.object(&body, wire::pause))?;
    ok(admin::pause(&call.ctx(&app), named(&app, scope)?, &cause).await?)
}

/// Starts them again; what is not paused stays so.
#[utoipa::path(post, path = "/admin/resume", tag = "node", request_body = PauseRequest, responses(
    (status = 200, body = Pauses),
))]
async fn resume(State(app): State<App>, call: Call, body: Body) -> Answer<Pauses> {
    let scope = call.read(|input| input.object(&body, wire::scope))?;
    ok(admin::resume(&call.ctx(&app), named(&app, scope)?).await?)
}

/// Gives a project more or less CPU time than others have beside it.
#[utoipa::path(put, path = "/admin/projects/{project_id}/weight", tag = "node", request_body = Weight, responses(
    (status = 200, body = Weighed),
))]
async fn weigh(State(app): State<App>, call: Call, body: Body) -> Answer<Weighed> {
    let (project_id, weight) =
        call.read(|input| input.id("project_id").zip(input.object(&body, wire::weight)))?;
    admin::weigh(&call.ctx(&app), project_id, weight).await?;
    ok(Weighed { project_id: project_id.0, weight })
}
