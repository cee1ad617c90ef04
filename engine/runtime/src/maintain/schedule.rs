//! What is scheduled, and how often.

use takeoff_config::NodeConfig;
use takeoff_core::cron::Cron;
use takeoff_core::schedule::{Entry, Missed, Times};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX / 4)
}

/// At the times that operators want, or at an interval.
fn times(wanted: Option<Cron>, every_ms: i64) -> Times {
    wanted.map_or(Times::Every(every_ms), Times::Cron)
}

/// Leases that have run out go back to the queue. One round finds all that ran out before it.
pub(crate) fn lease_rescue(config: &NodeConfig) -> Entry {
    let every_ms = signed(config.jobs.lease_ms / 2).max(1);
    Entry {
        name: "lease_rescue",
        times: Times::Every(every_ms),
        missed: Missed::RunOnce,
        longest_ms: every_ms.max(10 * SECOND_MS),
    }
}

/// Ended jobs and old events are deleted. One round goes on where the one before it stopped.
pub(crate) fn retention(config: &NodeConfig) -> Entry {
    let every_ms = (signed(config.jobs.retention_ms) / 24).clamp(100, HOUR_MS);
    let times = times(config.schedule.retention, every_ms);
    Entry { name: "retention", times, missed: Missed::RunOnce, longest_ms: 10 * MINUTE_MS }
}

/// Pages that are kept in case they come again are forgotten.
pub(crate) fn page_cache(config: &NodeConfig) -> Entry {
    let times = times(config.schedule.page_cache, HOUR_MS);
    Entry { name: "page_cache", times, missed: Missed::RunOnce, longest_ms: 30 * MINUTE_MS }
}

/// Blobs that no record refers to are deleted.
pub(crate) fn blob_sweep(config: &NodeConfig) -> Entry {
    let times = times(config.schedule.blob_sweep, 24 * HOUR_MS);
    Entry { name: "blob_sweep", times, missed: Missed::RunOnce, longest_ms: 6 * HOUR_MS }
}

/// Count sessions that came to no end are ended. A check that was missed is made by the next one.
pub(crate) fn session_deadlines(config: &NodeConfig) -> Entry {
    let every_ms = (signed(config.jobs.session_deadline_ms) / 10).clamp(100, MINUTE_MS);
    let times = Times::Every(every_ms);
    Entry { name: "session_deadlines", times, missed: Missed::Skip, longest_ms: 5 * MINUTE_MS }
}

/// How the queues stand is written down. What was not seen cannot be seen any more.
pub(crate) fn statistics(config: &NodeConfig) -> Entry {
    let times = times(config.schedule.statistics, 5 * MINUTE_MS);
    Entry { name: "statistics", times, missed: Missed::Skip, longest_ms: MINUTE_MS }
}

/// All of them, by name.
pub(crate) fn entries(config: &NodeConfig) -> [Entry; 6] {
    [
        blob_sweep(config),
        lease_rescue(config),
        page_cache(config),
        retention(config),
        session_deadlines(config),
        statistics(config),
    ]
}
