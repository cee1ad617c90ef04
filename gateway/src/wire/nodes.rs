//! The nodes of a cluster as operators see them.

use serde::Serialize;
use takeoff_engine::cluster::fabric::LinkView;
use takeoff_storage::register::{NodeEntry, NodeState};
use utoipa::ToSchema;

use super::scalar::Stamp;

/// A stage that a node runs.
#[derive(Debug, Serialize, ToSchema)]
struct Slots {
    stage: &'static str,
    slots: usize,
}

/// The link of the node that answers to another one, or why there is none. It carries hints only: what a node is, the
/// store says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkRow {
    /// As far as somebody has answered there.
    node: Option<String>,
    /// Where the node listens for links.
    address: String,
    /// `up`, `suspected` (silent), `opening` or `down`.
    state: &'static str,
    since: Option<Stamp>,
    silent_ms: Option<u64>,
    /// Of the last heartbeat.
    round_trip_ms: Option<f64>,
    /// Why it is down.
    said: Option<String>,
}

impl LinkRow {
    fn of(view: LinkView) -> Self {
        let LinkView { node, address, state, since, silent_ms, round_trip_ms, said } = view;
        Self { node, address, state, since: since.map(Stamp), silent_ms, round_trip_ms, said }
    }
}

/// A node in the register. Times are the store's.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeRow {
    name: String,
    /// This run of the node; another run has another.
    id: uuid::Uuid,
    /// Where it is reached; empty until it listens.
    address: String,
    /// `gateway`, `worker`, `maintenance`.
    roles: Vec<String>,
    stages: Vec<Slots>,
    version: String,
    /// `up`, `draining`, `gone` (it has left), or `silent` when nothing was heard of it for too long.
    state: &'static str,
    started_at: Stamp,
    last_heard_at: Stamp,
    /// Since then.
    silent_ms: i64,
    /// When somebody asked it to drain.
    drain_asked_at: Option<Stamp>,
    /// To it from the node that answers; null for that one itself, and where nodes have no links.
    link: Option<LinkRow>,
}

impl NodeRow {
    /// `silent_ms`: whoever was silent for so long is not thought to be alive.
    pub(crate) fn of(entry: NodeEntry, silent_ms: u64) -> Self {
        let alive = entry.is_alive(i64::try_from(silent_ms).unwrap_or(i64::MAX));
        let state = if alive || entry.state == NodeState::Gone { entry.state.name() } else { "silent" };
        let NodeEntry { node, address, started_at, beat_at, drain_at, silent_ms, .. } = entry;
        let slots = |(stage, slots): (takeoff_core::job::Stage, usize)| Slots { stage: stage.name(), slots };
        Self {
            name: node.name,
            id: node.life.0,
            address,
            roles: node.roles,
            stages: node.stages.into_iter().map(slots).collect(),
            version: node.version,
            state,
            started_at: Stamp(started_at),
            last_heard_at: Stamp(beat_at),
            silent_ms,
            drain_asked_at: drain_at.map(Stamp),
            link: None,
        }
    }
}

/// All nodes that are known, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nodes {
    /// The node that answers.
    answered_by: String,
    nodes: Vec<NodeRow>,
    /// Links, and addresses at which there is none, of nodes that the store does not know.
    unknown_links: Vec<LinkRow>,
}

impl Nodes {
    pub(crate) fn of(answered_by: String, mut nodes: Vec<NodeRow>, links: Vec<LinkView>) -> Self {
        let mut unknown_links = Vec::new();
        for link in links.into_iter().map(LinkRow::of) {
            match nodes.iter_mut().find(|n| Some(&n.name) == link.node.as_ref()) {
                // One that is linked is not down at another of its addresses.
                Some(node) if node.link.as_ref().is_some_and(|there| there.state != "down") => {}
                Some(node) => node.link = Some(link),
                None => unknown_links.push(link),
            }
        }
        Self { answered_by, nodes, unknown_links }
    }
}
