//! Forgets pages that are kept in case they come again: those that nobody needed for long, and the oldest
//! beyond the bound. Their blobs are the sweeper's when no page refers to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::{Value, json};
use takeoff_core::model::{CachedPage, Entity as _, Id, Index, Kind, TenantId, Timestamp};
use takeoff_storage::catalog::ListQuery;
use takeoff_storage::{Batch, Expect, Op, Record, StoreError};

use super::{clerk, schedule};
use crate::node::Node;
use crate::supervise::routine::Duty;

/// Records of one read.
const READ: usize = 1_000;

/// Records of one commit, so that other writers get their turn.
const AT_ONCE: usize = 200;

#[derive(Debug, Default, Serialize)]
pub(crate) struct ForgetterCounters {
    rounds: u64,
    forgotten: u64,
    errors: u64,
}

pub(crate) struct Forgetter {
    node: Arc<Node>,
    /// It has looked once in this life of the node.
    has_looked: AtomicBool,
}

/// A record as far as its fate goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    used_at: Timestamp,
    id: Id,
    version: u64,
}

impl Kept {
    /// A record that cannot be read is the oldest.
    fn of(record: &Record) -> Self {
        let read = (record.format == CachedPage::FORMAT)
            .then(|| serde_json::from_slice::<CachedPage>(&record.body).ok())
            .flatten();
        Self {
            used_at: read.map_or(Timestamp(i64::MIN), |page| page.used_at),
            id: record.id,
            version: record.version,
        }
    }
}

/// Those that go: used before `before`, or the oldest beyond `most`.
fn surplus(mut kept: Vec<Kept>, most: usize, before: Timestamp) -> Vec<Kept> {
    kept.sort_unstable();
    let old = kept.partition_point(|k| k.used_at < before);
    let over = kept.len().saturating_sub(most);
    kept.truncate(old.max(over));
    kept
}

impl Forgetter {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node, has_looked: AtomicBool::new(false) }
    }

    async fn kept(&self, tenant: TenantId) -> Result<Vec<Kept>, StoreError> {
        let mut kept: Vec<Kept> = Vec::new();
        loop {
            let after = kept.last().map(|k| k.id);
            let (kind, index, parent) = (Kind::CachedPage, Index::All, Id::NIL);
            let query = ListQuery { tenant, kind, index, parent, after, newest_first: false, limit: READ };
            let found = self.node.tools.catalog.list(query).await?;
            kept.extend(found.iter().map(Kept::of));
            if found.len() < READ {
                return Ok(kept);
            }
        }
    }

    /// Returns how many were forgotten.
    async fn forget(&self, tenant: TenantId) -> Result<u64, StoreError> {
        let settings = &self.node.config.page_cache;
        let keep_ms = i64::try_from(settings.retention_ms).unwrap_or(i64::MAX);
        let before = self.node.now().plus_ms(-keep_ms);
        let mut forgotten = 0;
        for some in surplus(self.kept(tenant).await?, settings.pages, before).chunks(AT_ONCE) {
            let mut batch = Batch::new(tenant);
            for record in some {
                batch.expect.push(Expect::Version(Kind::CachedPage, record.id, record.version));
                batch.ops.push(Op::Delete(Kind::CachedPage, record.id));
            }
            match self.node.tools.catalog.commit(batch).await {
                Ok(_) => forgotten += some.len() as u64,
                // One of them was needed meanwhile; the others are for the next round.
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(forgotten)
    }
}

impl Forgetter {
    async fn forget_surplus(&self) -> Result<Value, StoreError> {
        let post = &self.node.maintain.forgetter;
        let forgotten = self.forget(TenantId::DEFAULT).await;
        match &forgotten {
            Ok(forgotten) => post.count(|c| c.forgotten += forgotten),
            Err(e) => {
                post.count(|c| c.errors += 1);
                tracing::warn!(error = %e, "cached pages could not be forgotten");
            }
        }
        post.count(|c| c.rounds += 1);
        Ok(json!({ "forgotten": forgotten? }))
    }
}

impl Duty for Forgetter {
    async fn round(&self) {
        // A node that starts with a smaller bound heeds it at once, whatever the schedule says. Two that do so at
        // once forget the same pages, which harms nothing.
        if !self.has_looked.swap(true, Ordering::Relaxed) {
            // A failure is counted and logged; the schedule tries again.
            let _ = self.forget_surplus().await;
        }
        let entry = schedule::page_cache(&self.node.config);
        clerk::round(&self.node, &entry, || self.forget_surplus()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(ages: &[i64]) -> Vec<Kept> {
        let of = |&at: &i64| Kept { used_at: Timestamp(at), id: Id::from_bytes([at as u8; 16]), version: 1 };
        ages.iter().map(of).collect()
    }

    #[test]
    fn the_old_go_and_the_oldest_beyond_the_bound() {
        let ages = |most, before| -> Vec<i64> {
            surplus(kept(&[5, 3, 9, 7]), most, Timestamp(before)).iter().map(|k| k.used_at.0).collect()
        };
        assert_eq!(ages(10, 0), [0_i64; 0]);
        assert_eq!(ages(10, 6), [3, 5]);
        assert_eq!(ages(3, 0), [3]);
        assert_eq!(ages(1, 4), [3, 5, 7]);
        assert_eq!(ages(0, 0), [3, 5, 7, 9]);
    }
}
