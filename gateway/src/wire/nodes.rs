//! The nodes of a cluster as operators see them.

use serde::Serialize;
use takeoff_storage::register::{NodeEntry, NodeState};
use utoipa::ToSchema;

use super::scalar::Stamp;

/// A stage that a node runs.
#[derive(Debug, Serialize, ToSchema)]
struct Slots {
    stage: &'static str,
    slots: usize,
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
        }
    }
}

/// All nodes that are known, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nodes {
    pub(crate) nodes: Vec<NodeRow>,
}
