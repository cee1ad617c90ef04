//! Asks the stores and the compute pool whether they live.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::node::{Node, STORE, STORE_ANSWERS};
use crate::supervise::routine::Duty;

const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(2);

#[derive(Debug, Default, Serialize)]
pub(crate) struct PulseCounters {
    checks: u64,
    failures: u64,
}

pub(crate) struct StorePulse(Arc<Node>);

impl StorePulse {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

impl Duty for StorePulse {
    async fn round(&self) {
        let node = &self.0;
        let pause = Duration::from_millis(node.config.jobs.poll_ms * 2).clamp(SHORTEST, LONGEST);
        tokio::time::sleep(pause).await;
        let trouble = match tokio::time::timeout(STORE_ANSWERS, node.tools.catalog.ping()).await {
            Ok(Ok(())) => node.stores_in_place().await.err().map(|e| e.cause()),
            Ok(Err(e)) => Some(format!("the store does not acknowledge writes: {}", e.cause())),
            Err(_) => Some(format!("the store has not answered within {} s", STORE_ANSWERS.as_secs())),
        };
        node.maintain.store_pulse.count(|c| {
            c.checks += 1;
            c.failures += u64::from(trouble.is_some());
        });
        node.troubles.set(STORE, trouble);
    }
}

/// Of the store of blobs, where it is elsewhere: jobs that need it come no further without.
pub(crate) struct BlobPulse(Arc<Node>);

/// Between two questions. A store in a bucket counts them.
const BLOBS_WORK: Duration = Duration::from_secs(5);
const BLOBS_FAIL: Duration = Duration::from_secs(1);

const BLOBS: &str = "blobs";

impl BlobPulse {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

impl Duty for BlobPulse {
    async fn round(&self) {
        let node = &self.0;
        let trouble = match tokio::time::timeout(STORE_ANSWERS, node.tools.blobs.ping()).await {
            Ok(Ok(())) => None,
            Ok(Err(e)) => Some(format!("the store of files does not answer: {}", e.cause())),
            Err(_) => {
                Some(format!("the store of files has not answered within {} s", STORE_ANSWERS.as_secs()))
            }
        };
        let pause = if trouble.is_some() { BLOBS_FAIL } else { BLOBS_WORK };
        node.maintain.blob_pulse.count(|c| {
            c.checks += 1;
            c.failures += u64::from(trouble.is_some());
        });
        node.troubles.set(BLOBS, trouble);
        tokio::time::sleep(pause).await;
    }
}

pub(crate) struct ComputePulse(Arc<Node>);

impl ComputePulse {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

impl Duty for ComputePulse {
    async fn round(&self) {
        let node = &self.0;
        let pause = Duration::from_millis(node.config.compute.health_ms / 4).clamp(SHORTEST, LONGEST);
        tokio::time::sleep(pause).await;
        let trouble = node.tools.compute.check().await;
        node.maintain.compute_pulse.count(|c| {
            c.checks += 1;
            c.failures += u64::from(trouble.is_some());
        });
        node.troubles.set("compute", trouble);
    }
}
