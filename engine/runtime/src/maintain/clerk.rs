//! Runs work of the schedule: at its times, on one node of all that share the store.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use futures::FutureExt as _;
use serde_json::{Value, json};
use takeoff_core::model::{TenantId, Timestamp};
use takeoff_core::schedule::{Decision, Entry, Outcome, Schedule};
use takeoff_storage::{Batch, StoreError, Stored, get};

use crate::compute::panic_message;
use crate::metrics as names;
use crate::node::Node;

/// Longest between two looks at an entry: another node may have changed it.
const LOOK: Duration = Duration::from_secs(30);

/// After a look that failed, or that another node was quicker at.
const AGAIN: Duration = Duration::from_millis(100);

/// Times that the end of a run is stored; after that the run is given up for lost by itself.
const TRIES: u32 = 5;

/// Looks at the entry, runs it if it is due, and waits until it may be due again.
pub(super) async fn round<F>(node: &Node, entry: &Entry, work: impl FnOnce() -> F)
where
    F: Future<Output = Result<Value, StoreError>>,
{
    if node.is_draining() {
        return tokio::time::sleep(AGAIN).await;
    }
    match look(node, entry).await {
        Ok(Look::Wait(pause)) => tokio::time::sleep(pause).await,
        Ok(Look::Run(since)) => run(node, entry, since, work).await,
        Err(e) => {
            tracing::debug!(entry = entry.name, error = %e, "the schedule cannot be looked at");
            tokio::time::sleep(AGAIN.max(Duration::from_millis(node.config.jobs.poll_ms))).await;
        }
    }
}

enum Look {
    Wait(Duration),
    /// It is ours to run, since this time.
    Run(Timestamp),
}

async fn stored(node: &Node, entry: &Entry) -> Result<Option<Stored<Schedule>>, StoreError> {
    get::<Schedule>(&*node.tools.catalog, TenantId::DEFAULT, Schedule::id_of(entry.name)).await
}

async fn look(node: &Node, entry: &Entry) -> Result<Look, StoreError> {
    let found = stored(node, entry).await?;
    // By the store's time: nodes whose clocks differ mean the same times.
    let now = node.tools.catalog.now().await?;
    let version = found.as_ref().map(|f| f.version);
    let (after, runs) = match entry.decide(found.as_ref().map(|f| &f.value), &node.config.node, now) {
        Decision::Wait(at) => {
            let ms = u64::try_from(at.ms_since(now).max(0)).unwrap_or(0) + 1;
            return Ok(Look::Wait(Duration::from_millis(ms).min(LOOK)));
        }
        Decision::Store(after) => (after, false),
        Decision::Run(after) => (after, true),
    };
    match node.tools.catalog.commit(put(&after, version)).await {
        Ok(_) if runs => Ok(Look::Run(now)),
        Ok(_) => Ok(Look::Wait(Duration::ZERO)),
        // Another node was quicker, and has it.
        Err(e) if e.is_conflict() => Ok(Look::Wait(AGAIN)),
        Err(e) => Err(e),
    }
}

/// In place of the version that was looked at, and nothing else: of two nodes that do so one succeeds.
fn put(after: &Schedule, version: Option<u64>) -> Batch {
    let mut batch = Batch::new(TenantId::DEFAULT);
    match version {
        Some(version) => batch.update(version, after),
        None => batch.create(after),
    };
    batch
}

async fn run<F>(node: &Node, entry: &Entry, since: Timestamp, work: impl FnOnce() -> F)
where
    F: Future<Output = Result<Value, StoreError>>,
{
    let longest = Duration::from_millis(entry.longest_ms.max(0).unsigned_abs());
    // A call that panics before its first await is a panic of the work as well.
    let work = catch_unwind(AssertUnwindSafe(work));
    let ended = match work {
        Ok(work) => match tokio::time::timeout(longest, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(ended) => ended,
            Err(_) => {
                Ok(Err(StoreError::Unavailable(format!("it took longer than {} ms", entry.longest_ms))))
            }
        },
        Err(panic) => Err(panic),
    };
    let (outcome, result) = match &ended {
        Ok(Ok(result)) => (Outcome::Done, result.clone()),
        Ok(Err(e)) => (Outcome::Failed, json!({ "error": e.to_string() })),
        Err(panic) => {
            let message = panic_message(panic.as_ref());
            (Outcome::Failed, json!({ "error": format!("it panicked: {message}") }))
        }
    };
    let label = match outcome {
        Outcome::Done => "done",
        Outcome::Failed | Outcome::Lost => "failed",
    };
    ::metrics::counter!(names::SCHEDULED_RUNS, "entry" => entry.name, "outcome" => label).increment(1);
    store_end(node, entry, since, (outcome, result)).await;
    if let Err(panic) = ended {
        // A crash of the actor, like any other.
        resume_unwind(panic);
    }
}

async fn store_end(node: &Node, entry: &Entry, since: Timestamp, end: (Outcome, Value)) {
    for _ in 0..TRIES {
        let stored = match stored(node, entry).await {
            Ok(Some(stored)) => stored,
            Ok(None) => return,
            Err(e) => {
                tracing::debug!(entry = entry.name, error = %e, "the end of a scheduled run is not stored");
                tokio::time::sleep(AGAIN).await;
                continue;
            }
        };
        let now = match node.tools.catalog.now().await {
            Ok(now) => now,
            // It is later than the start, and nobody computes with it.
            Err(_) => node.now(),
        };
        let after = Entry::ended(&stored.value, &node.config.node, since, now, end.clone());
        let Some(after) = after else { return };
        match node.tools.catalog.commit(put(&after, Some(stored.version))).await {
            Ok(_) => return,
            Err(e) => {
                tracing::debug!(entry = entry.name, error = %e, "the end of a scheduled run is not stored")
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
    tracing::warn!(entry = entry.name, "a scheduled run ended and nobody knows; it will count as lost");
}
