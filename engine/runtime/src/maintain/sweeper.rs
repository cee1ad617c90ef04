//! Deletes blobs that no record refers to: what uploads and attempts left behind that never came to their
//! commit, and what deleted records referred to.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use takeoff_core::model::{TenantId, Timestamp};
use takeoff_storage::StoreError;

use super::{clerk, schedule};
use crate::node::Node;
use crate::supervise::routine::Duty;

/// A blob is put before the commit that refers to it. No request and no attempt takes nearly as long.
const GRACE_MS: i64 = 24 * 3_600_000;

#[derive(Debug, Default, Serialize)]
pub(crate) struct SweeperCounters {
    rounds: u64,
    /// Blobs deleted.
    swept: u64,
    errors: u64,
}

pub(crate) struct Sweeper(Arc<Node>);

impl Sweeper {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }

    /// Returns how many were deleted.
    async fn sweep(&self, tenant: TenantId, before: Timestamp) -> Result<u64, StoreError> {
        let tools = &self.0.tools;
        let mut swept = 0;
        for blob in tools.blobs.untouched_since(tenant, before).await? {
            // First the catalogue, so that nobody refers to it any more, then the file.
            if tools.catalog.forget_blob(tenant, blob.hash).await?
                && tools.blobs.sweep(tenant, blob.hash, before).await?
            {
                swept += 1;
                tracing::debug!(blob = %blob.hash, bytes = blob.size, "a blob without a record is deleted");
            }
        }
        // Whoever stored one in the very moment in which it was swept has come to a commit since.
        for hash in tools.blobs.aside_before(tenant, before).await? {
            let keep = !tools.catalog.forget_blob(tenant, hash).await?;
            tools.blobs.end_aside(tenant, hash, keep).await?;
        }
        Ok(swept)
    }
}

impl Duty for Sweeper {
    async fn round(&self) {
        clerk::round(&self.0, &schedule::blob_sweep(&self.0.config), || async {
            let post = &self.0.maintain.sweeper;
            // Not by this node's clock, which may be a day ahead.
            let swept = match self.0.tools.catalog.now().await {
                Ok(now) => self.sweep(TenantId::DEFAULT, now.plus_ms(-GRACE_MS)).await,
                Err(e) => Err(e),
            };
            match &swept {
                Ok(swept) => {
                    post.count(|c| c.swept += swept);
                    if *swept > 0 {
                        tracing::info!(swept, "blobs that no record refers to are deleted");
                    }
                }
                Err(e) => {
                    post.count(|c| c.errors += 1);
                    tracing::warn!(error = %e, "the sweep of blobs failed");
                }
            }
            post.count(|c| c.rounds += 1);
            Ok(json!({ "swept": swept? }))
        })
        .await;
    }
}
