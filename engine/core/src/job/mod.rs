//! Jobs: durable stage + arguments, and what may happen to them. Pure; stores apply it.

mod backoff;
mod event;
mod invariant;
#[cfg(test)]
mod model_test;
mod share;
#[cfg(test)]
mod tests;
mod transition;
mod types;

pub use event::{Cause, JobEvent};
pub use share::{DEFAULT_WEIGHT, MAX_WEIGHT, PRIORITY_STEP_MS, Shares, Standing, Turns};
pub use transition::RESTS;
pub use transition::{
    MAX_CHILD_DEATHS, MAX_FAILURES, MAX_LONE_DEATHS, Refused, Transition, dies_of, enqueue, transition,
};
pub use types::{
    AttemptFailure, FailureKind, Job, JobState, Lane, Lease, NewJob, Progress, RetryPolicy, Stage, TaskLabel,
};
