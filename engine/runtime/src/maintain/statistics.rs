//! Writes down how the queues stand, so that it is known of the time before a death.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};
use takeoff_core::job::Stage;
use takeoff_storage::StoreError;

use super::{clerk, schedule};
use crate::node::Node;
use crate::supervise::routine::Duty;

#[derive(Debug, Default, Serialize)]
pub(crate) struct StatisticsCounters {
    rounds: u64,
}

pub(crate) struct Statistics(Arc<Node>);

impl Statistics {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }

    async fn queues(&self) -> Result<Value, StoreError> {
        self.0.maintain.statistics.count(|c| c.rounds += 1);
        let mut queues = Map::new();
        for stage in Stage::ALL {
            let queue = self.0.tools.catalog.queue(stage).await?;
            let seen = json!({
                "ready": queue.ready, "delayed": queue.delayed, "leased": queue.leased,
                "waiting": queue.waiting, "dead": queue.dead, "oldest_ready_ms": queue.oldest_ready_ms,
            });
            queues.insert(stage.name().to_owned(), seen);
        }
        Ok(json!({ "queues": queues }))
    }
}

impl Duty for Statistics {
    async fn round(&self) {
        clerk::round(&self.0, &schedule::statistics(&self.0.config), || self.queues()).await;
    }
}
