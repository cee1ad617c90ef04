//! Puts jobs whose lease has expired back into the queue.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use takeoff_storage::StoreError;

use super::{clerk, schedule};
use crate::node::Node;
use crate::observe::Post;
use crate::supervise::routine::Duty;

/// Jobs of one request; a whole cluster's leases are fewer than a few of these.
const AT_ONCE: usize = 1_000;

/// Between the renewals of one node and the news that it has another lease, milliseconds.
const SLACK_MS: i64 = 1_000;

#[derive(Debug, Default, Serialize)]
pub(crate) struct RescuerCounters {
    rounds: u64,
    rescued: u64,
    errors: u64,
}

/// On the schedule, so that it is seen there that leases are rescued, and how that went.
pub(crate) struct Rescuer(Arc<Node>);

impl Rescuer {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

/// Where other nodes may die: looks so often that their work is taken over within a second of its lease's end. Any
/// number of nodes may do so at once.
pub(crate) struct LeaseWatch(Arc<Node>);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(400);

impl LeaseWatch {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

impl Duty for LeaseWatch {
    async fn round(&self) {
        tokio::time::sleep(LOOK).await;
        let catalog = &self.0.tools.catalog;
        if catalog.wakes().is_some() && catalog.standing().is_working() {
            // What goes wrong is counted and logged.
            let _ = rescue(&self.0, &self.0.maintain.lease_watch).await;
        }
    }
}

async fn rescue(node: &Node, post: &Post<RescuerCounters>) -> Result<Value, StoreError> {
    post.count(|c| c.rounds += 1);
    let renewed_ms = i64::try_from(node.config.jobs.renew_ms).unwrap_or(i64::MAX).saturating_add(SLACK_MS);
    match node.tools.catalog.rescue(renewed_ms, AT_ONCE).await {
        Ok(rescued) => {
            if rescued > 0 {
                post.count(|c| c.rescued += rescued as u64);
                tracing::warn!(rescued, "jobs of expired leases are back in the queue");
                // The store does not say of which stages they are.
                for stage in &node.stages {
                    node.fabric.wake(stage.name);
                }
            }
            Ok(json!({ "rescued": rescued }))
        }
        Err(e) => {
            post.count(|c| c.errors += 1);
            tracing::warn!(error = %e, "the rescue of expired leases failed");
            Err(e)
        }
    }
}

impl Duty for Rescuer {
    async fn round(&self) {
        let entry = schedule::lease_rescue(&self.0.config);
        clerk::round(&self.0, &entry, || rescue(&self.0, &self.0.maintain.rescuer)).await;
    }
}
