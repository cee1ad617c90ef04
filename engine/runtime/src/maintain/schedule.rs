//! What is scheduled, and how often.

use takeoff_config::NodeConfig;
use takeoff_core::schedule::{Entry, Missed};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX / 4)
}

/// Leases that have run out go back to the queue. One round finds all that ran out before it.
pub(crate) fn lease_rescue(config: &NodeConfig) -> Entry {
    let every_ms = signed(config.jobs.lease_ms / 2).max(1);
    Entry {
        name: "lease_rescue",
        every_ms,
        missed: Missed::RunOnce,
        longest_ms: every_ms.max(10 * SECOND_MS),
    }
}

/// Ended jobs and old events are deleted. One round goes on where the one before it stopped.
pub(crate) fn retention(config: &NodeConfig) -> Entry {
    let every_ms = (signed(config.jobs.retention_ms) / 24).clamp(100, HOUR_MS);
    Entry { name: "retention", every_ms, missed: Missed::RunOnce, longest_ms: 10 * MINUTE_MS }
}

/// Pages that are kept in case they come again are forgotten.
pub(crate) const PAGE_CACHE: Entry =
    Entry { name: "page_cache", every_ms: HOUR_MS, missed: Missed::RunOnce, longest_ms: 30 * MINUTE_MS };

/// Blobs that no record refers to are deleted.
pub(crate) const BLOB_SWEEP: Entry =
    Entry { name: "blob_sweep", every_ms: 24 * HOUR_MS, missed: Missed::RunOnce, longest_ms: 6 * HOUR_MS };

/// Count sessions that came to no end are ended. A check that was missed is made by the next one.
pub(crate) fn session_deadlines(config: &NodeConfig) -> Entry {
    let every_ms = (signed(config.jobs.session_deadline_ms) / 10).clamp(100, MINUTE_MS);
    Entry { name: "session_deadlines", every_ms, missed: Missed::Skip, longest_ms: 5 * MINUTE_MS }
}

/// How the queues stand is written down. What was not seen cannot be seen any more.
pub(crate) const STATISTICS: Entry =
    Entry { name: "statistics", every_ms: 5 * MINUTE_MS, missed: Missed::Skip, longest_ms: MINUTE_MS };

/// All of them, by name.
pub(crate) fn entries(config: &NodeConfig) -> [Entry; 6] {
    [BLOB_SWEEP, lease_rescue(config), PAGE_CACHE, retention(config), session_deadlines(config), STATISTICS]
}
