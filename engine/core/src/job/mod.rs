//! Jobs: durable stage + arguments, and what may happen to them. Pure; stores apply it.

mod types;

pub use types::{
    AttemptFailure, FailureKind, Job, JobState, Lane, Lease, NewJob, Progress, RetryPolicy, Stage, TaskLabel,
};
