//! Keeps the node's copy of what operators hold back up to date.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::node::Node;
use crate::supervise::routine::Duty;

const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(5);

#[derive(Debug, Default, Serialize)]
pub(crate) struct StewardCounters {
    rounds: u64,
    changes: u64,
    errors: u64,
}

pub(crate) struct Steward(Arc<Node>);

impl Steward {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

impl Duty for Steward {
    async fn round(&self) {
        let (node, post) = (&self.0, &self.0.maintain.steward);
        tokio::time::sleep(Duration::from_millis(node.config.jobs.poll_ms).clamp(SHORTEST, LONGEST)).await;
        post.count(|c| c.rounds += 1);
        match node.reload_controls().await {
            Ok(changed) => post.count(|c| c.changes += u64::from(changed)),
            Err(e) => {
                post.count(|c| c.errors += 1);
                tracing::debug!(error = %e, "what operators hold back could not be read");
            }
        }
    }
}
