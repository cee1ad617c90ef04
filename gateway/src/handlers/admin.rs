use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, ok};
use crate::state::App;
use crate::wire::node::Node;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(node))
}

/// The observable state of every actor of this node, its pools and its queues.
#[utoipa::path(get, path = "/admin/node", tag = "node", responses((status = 200, body = Node)))]
async fn node(State(app): State<App>) -> Answer<Node> {
    ok(app.handle.observe().await?)
}
