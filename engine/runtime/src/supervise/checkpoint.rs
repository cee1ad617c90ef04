//! What an attempt commits before its end.

use takeoff_core::job::JobEvent;
use takeoff_storage::catalog::JobChange;
use takeoff_storage::{Batch, StoreError};

use super::settle::{FIRST_PAUSE, LONGEST_PAUSE};
use crate::error::StageError;
use crate::node::Node;
use crate::running::{Cause, Running};

/// See [`crate::stage::Attempt::checkpoint`]. Waits through outages of the store for as long as the lease can be trusted
/// and nobody has told the attempt to end.
pub(super) async fn commit(node: &Node, running: &Running, mut part: Batch) -> Result<bool, StageError> {
    if part.tenant != running.job.tenant || !part.changes.is_empty() {
        let message = "a bug in the stage: a part of its work is of another tenant or changes jobs";
        return Err(StageError::Reject(message.to_owned()));
    }
    if part.changes_nothing() {
        return Ok(true);
    }
    let fence = JobChange { job: running.id(), token: Some(running.token()), event: JobEvent::Continue };
    part.changes.push(fence);
    let mut pause = FIRST_PAUSE;
    loop {
        if matches!(running.told(), Some(Cause::Lost | Cause::Cancelled)) {
            return Err(StageError::Fenced);
        }
        let answer = node.tools.catalog.commit(part.clone());
        match tokio::time::timeout(running.trusted_for(), answer).await {
            Ok(Ok(committed)) => {
                node.after_commit(&committed, Some(running.id()));
                return Ok(true);
            }
            Ok(Err(e)) if e.is_conflict() => return Ok(false),
            Ok(Err(e)) if e.is_outage() && running.told().is_none() => {
                tracing::warn!(error = e.cause(), "the store is unavailable, a part of the work waits");
            }
            Ok(Err(e @ StoreError::TooManyOps { .. })) => {
                return Err(StageError::Reject(format!("a bug in the stage: {e}")));
            }
            Ok(Err(e)) => return Err(e.into()),
            Err(_) => {
                let why = "no answer of the store while the lease could be trusted";
                return Err(StageError::Retry(why.to_owned()));
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
