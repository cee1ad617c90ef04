//! The node as operators see it.

use serde::Serialize;
use serde_json::Value;
use takeoff_engine::handle::{NodeView, Readiness};
use utoipa::ToSchema;

use super::pause::Paused;
use super::scalar::Stamp;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `healthy`, `unhealthy`.
    pub(crate) status: &'static str,
    pub(crate) version: &'static str,
    /// What only a restart helps against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Whether the node can make progress.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    ready: bool,
    /// Why not.
    reasons: Vec<String>,
    /// Stages that operators hold back, and the node if they do; that makes it no less ready.
    paused: Vec<Paused>,
}

impl From<Readiness> for Ready {
    fn from(r: Readiness) -> Self {
        let paused = r.paused.into_iter().map(Paused::from).collect();
        Self { ready: r.ready, reasons: r.reasons, paused }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Version {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

/// The observable state of one actor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Actor {
    /// Its place in the tree, such as `node/ingest/puller`.
    name: String,
    state: String,
    restarts: u64,
    #[schema(value_type = Object)]
    counters: Value,
}

/// The observable state of a node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Node {
    node: String,
    engine_version: &'static str,
    started_at: Stamp,
    draining: bool,
    readiness: Ready,
    /// Everything that operators hold back.
    paused: Vec<Paused>,
    actors: Vec<Actor>,
    #[schema(value_type = Object)]
    compute: Value,
    #[schema(value_type = Object)]
    children: Value,
    /// What work has taken of the memory budget, bytes.
    #[schema(value_type = Object)]
    memory: Value,
    #[schema(value_type = Object)]
    queues: Value,
}

impl From<NodeView> for Node {
    fn from(v: NodeView) -> Self {
        let actor = |a: takeoff_engine::handle::ActorView| Actor {
            name: a.name,
            state: a.state,
            restarts: a.restarts,
            counters: a.counters,
        };
        Self {
            node: v.node,
            engine_version: v.engine_version,
            started_at: Stamp(v.started_at),
            draining: v.draining,
            readiness: v.readiness.into(),
            paused: v.paused.into_iter().map(Paused::from).collect(),
            actors: v.actors.into_iter().map(actor).collect(),
            compute: v.compute,
            children: v.children,
            memory: v.memory,
            queues: v.queues,
        }
    }
}
