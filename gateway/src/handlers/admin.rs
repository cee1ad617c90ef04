use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, ok};
use crate::state::App;
use crate::wire::node::Node;
use crate::wire::schedule::Schedule;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(node)).routes(routes!(schedule))
}

/// The observable state of every actor of this node, its pools and its queues.
#[utoipa::path(get, path = "/admin/node", tag = "node", responses((status = 200, body = Node)))]
async fn node(State(app): State<App>) -> Answer<Node> {
    ok(app.handle.observe().await?)
}

/// Work that is done at times by whichever node is first: when it runs next, and how it went.
#[utoipa::path(get, path = "/admin/schedule", tag = "node", responses((status = 200, body = Schedule)))]
async fn schedule(State(app): State<App>) -> Answer<Schedule> {
    let entries = app.handle.schedule().await?;
    ok(Schedule::of(entries, app.handle.now()))
}
