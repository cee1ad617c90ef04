//! Deletes ended jobs and old events.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use takeoff_storage::StoreError;

use super::{clerk, schedule};
use crate::node::Node;
use crate::supervise::routine::Duty;

/// Rows of one request, so that other writers get their turn.
const AT_ONCE: usize = 500;

/// Requests of one round; what is left is for the next.
const REQUESTS: usize = 200;

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

    async fn prune(&self) -> Result<Value, StoreError> {
        let (node, post) = (&self.0, &self.0.maintain.pruner);
        post.count(|c| c.rounds += 1);
        let keep_ms = i64::try_from(node.config.jobs.retention_ms).unwrap_or(i64::MAX);
        let before = node.tools.catalog.now().await?.plus_ms(-keep_ms);
        let mut deleted = 0;
        for _ in 0..REQUESTS {
            let pruned = node.tools.catalog.prune(before, AT_ONCE).await.inspect_err(|e| {
                post.count(|c| c.errors += 1);
                tracing::warn!(error = %e, "pruning failed");
            })?;
            deleted += pruned;
            post.count(|c| c.pruned += pruned as u64);
            if pruned < AT_ONCE {
                break;
            }
        }
        Ok(json!({ "deleted": deleted }))
    }
}

impl Duty for Pruner {
    async fn round(&self) {
        let entry = schedule::retention(&self.0.config);
        clerk::round(&self.0, &entry, || self.prune()).await;
    }
}
