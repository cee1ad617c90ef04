//! Shows in the register of nodes that this one lives, and hears there what is asked of it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use takeoff_storage::register::NodeState;

use crate::node::Node;
use crate::presence;
use crate::supervise::routine::Duty;

#[derive(Debug, Default, Serialize)]
pub(crate) struct HeraldCounters {
    beats: u64,
    errors: u64,
}

pub(crate) struct Herald(Arc<Node>);

impl Herald {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

impl Duty for Herald {
    async fn round(&self) {
        let (node, post) = (&self.0, &self.0.maintain.herald);
        tokio::time::sleep(Duration::from_millis(node.config.cluster.heartbeat_ms.max(1))).await;
        let state = if node.is_draining() { NodeState::Draining } else { NodeState::Up };
        match presence::beat(node, state).await {
            Ok(()) => post.count(|c| c.beats += 1),
            Err(e) => {
                post.count(|c| c.errors += 1);
                // What keeps it from its store, its readiness says.
                tracing::debug!(error = %e, "a sign of life was not stored");
            }
        }
    }
}
