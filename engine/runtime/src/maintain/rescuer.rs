//! Puts jobs whose lease has expired back into the queue.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::node::Node;
use crate::supervise::routine::Duty;

/// Jobs of one request; a whole cluster's leases are fewer than a few of these.
const AT_ONCE: usize = 1_000;

#[derive(Debug, Default, Serialize)]
pub(crate) struct RescuerCounters {
    rounds: u64,
    rescued: u64,
    errors: u64,
}

pub(crate) struct Rescuer(Arc<Node>);

impl Rescuer {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

impl Duty for Rescuer {
    async fn round(&self) {
        let (node, post) = (&self.0, &self.0.maintain.rescuer);
        tokio::time::sleep(Duration::from_millis((node.config.jobs.lease_ms / 2).max(1))).await;
        post.count(|c| c.rounds += 1);
        match node.tools.catalog.rescue(AT_ONCE).await {
            Ok(0) => {}
            Ok(rescued) => {
                post.count(|c| c.rescued += rescued as u64);
                tracing::warn!(rescued, "jobs of expired leases are back in the queue");
                // The store does not say of which stages they are.
                for stage in &node.stages {
                    node.fabric.wake(stage.name);
                }
            }
            Err(e) => {
                post.count(|c| c.errors += 1);
                tracing::warn!(error = %e, "the rescue of expired leases failed");
            }
        }
    }
}
