//! Deletes ended jobs and old events.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::node::Node;
use crate::supervise::routine::Duty;

/// Rows of one request, so that other writers get their turn.
const AT_ONCE: usize = 500;

/// Requests of one round; what is left is for the next.
const REQUESTS: usize = 200;

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(3_600);

#[derive(Debug, Default, Serialize)]
pub(crate) struct PrunerCounters {
    rounds: u64,
    pruned: u64,
    errors: u64,
}

pub(crate) struct Pruner(Arc<Node>);

impl Pruner {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

impl Duty for Pruner {
    async fn round(&self) {
        let (node, post) = (&self.0, &self.0.maintain.pruner);
        let retention = Duration::from_millis(node.config.jobs.retention_ms);
        tokio::time::sleep((retention / 24).clamp(SHORTEST, LONGEST)).await;
        post.count(|c| c.rounds += 1);
        let keep_ms = i64::try_from(node.config.jobs.retention_ms).unwrap_or(i64::MAX);
        let before = node.now().plus_ms(-keep_ms);
        for _ in 0..REQUESTS {
            match node.tools.catalog.prune(before, AT_ONCE).await {
                Ok(pruned) => {
                    post.count(|c| c.pruned += pruned as u64);
                    if pruned < AT_ONCE {
                        return;
                    }
                }
                Err(e) => {
                    post.count(|c| c.errors += 1);
                    tracing::warn!(error = %e, "pruning failed");
                    return;
                }
            }
        }
    }
}
