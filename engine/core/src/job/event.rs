//! What may happen to a job.

use serde_json::Value;

use super::types::{FailureKind, NewJob, Progress};
use crate::model::Timestamp;

/// What happens to a job, from outside or by the attempt that runs it.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEvent {
    /// The attempt succeeded.
    Succeed { result: Value },
    /// The attempt did its work, and its outcome is that the job's input cannot be worked on. No dead letter:
    /// there is nothing for an operator to do.
    Refuse { error: String },
    /// The attempt hands over to children and runs again, with the checkpoint, when all have ended. They go before
    /// what became due after the parent.
    FanOut { children: Vec<NewJob>, checkpoint: Value },
    /// The attempt goes on, and what it has until now is committed with this. It is the fence of
    /// that commit; of the job it changes only that deaths of its node before it count no more.
    Continue,
    /// The attempt wants to run again later, `why` in words for whoever looks at it meanwhile; costs no attempt.
    Snooze { until: Timestamp, checkpoint: Option<Value>, why: Option<String> },
    /// The attempt failed; the job's retry policy decides between another try and death.
    Fail { kind: FailureKind, message: String },
    /// The holder gives the job back unfinished (drain, lost lease noticed); costs no attempt.
    Release,
    /// Reported by a holder whose commit was fenced off; counts one attempt, changes nothing else.
    Fenced { token: u64, message: String },
    /// A client or operator wants it gone. Terminal at once; the running attempt is fenced off.
    Cancel { reason: String },
    /// An operator gives a dead or cancelled job a fresh set of attempts.
    Requeue,
    /// An operator takes a dead job out of the dead letters, for good; `reason` says who and why.
    Discard { reason: String },
}

/// Everything that changes a stored job: what is reported about it and what the store does with it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// Reported in a batch. `token` is the lease's; `None` for events from outside.
    Reported { token: Option<u64>, event: JobEvent },
    /// A node takes the right to run it.
    Lease { node: String, lease_ms: i64 },
    /// The holder is alive and wants to keep it.
    Renew { token: u64, lease_ms: i64, progress: Option<Progress> },
    /// The lease ran out while its holder may live; costs no attempt.
    Expire,
    /// The holder's node died; costs no attempt, and is counted for itself. `alone` when the job was the node's
    /// only lease.
    NodeDied { alone: bool },
    /// A child that it waits for has ended.
    ChildEnded { failed: bool },
}
