use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, ok};
use crate::call::Call;
use crate::error::ApiError;
use crate::state::App;
use crate::wire::nodes::{NodeRow, Nodes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_nodes)).routes(routes!(drain_node))
}

/// The nodes that share the store, those that have left of late and those that are silent among them, with the links
/// that the node which answers has to them.
#[utoipa::path(get, path = "/admin/nodes", tag = "node", responses((status = 200, body = Nodes)))]
async fn list_nodes(State(app): State<App>) -> Answer<Nodes> {
    let config = app.handle.config();
    let nodes = app.handle.nodes().await?.into_iter();
    let rows = nodes.map(|entry| NodeRow::of(entry, config.cluster.silent_ms)).collect();
    ok(Nodes::of(config.node.clone(), rows, app.handle.links()))
}

/// Asks a node to drain: it leases nothing more, finishes or gives back what it has, leaves, and its process ends
/// with exit code 0. The request lasts until that has happened.
#[utoipa::path(post, path = "/admin/nodes/{name}/drain", tag = "node",
    params(("name" = String, Path, description = "The node's name")),
    responses((status = 200, body = NodeRow)),
)]
async fn drain_node(State(app): State<App>, call: Call) -> Answer<NodeRow> {
    let asked = app.handle.ask_to_drain(call.text("name")).await?;
    let asked = asked.ok_or_else(|| ApiError::not_found("Node"))?;
    ok(NodeRow::of(asked, app.handle.config().cluster.silent_ms))
}
