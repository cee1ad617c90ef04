//! Errors of the stores, by what the caller can do about them.

use takeoff_core::job::JobState;
use takeoff_core::model::{BlobHash, Id, Kind};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A precondition of the batch does not hold any more; load again and decide again.
    #[error("{kind:?} {id} was changed by someone else (expected version {expected:?}, found {found:?})")]
    Conflict { kind: Kind, id: Id, expected: Option<u64>, found: Option<u64> },
    /// Somebody else owns what the batch claims.
    #[error("{claim} is taken by {owner}")]
    Claimed { claim: String, owner: Id },
    /// The lease of the attempt that commits has passed to another.
    #[error("the lease of job {job} with token {token} is no longer held")]
    Fenced { job: Id, token: u64 },
    /// The job's state does not allow the event.
    #[error("job {job} is {state:?} and cannot take this event")]
    JobState { job: Id, state: JobState },
    #[error("job {0} does not exist")]
    NoSuchJob(Id),
    /// A record refers to a blob that is not stored or is about to be deleted.
    #[error("blob {0} is not stored")]
    MissingBlob(BlobHash),
    #[error("a batch holds at most {limit} operations, this one {count}")]
    TooManyOps { count: usize, limit: usize },
    /// The folder or database is not what this version can open.
    #[error("{0}")]
    Unusable(String),
    /// Stored bytes are not what was written.
    #[error("damaged record {what}: {why}")]
    Damaged { what: String, why: String },
    /// The disk or the server failed or is full; nothing was acknowledged.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

impl StoreError {
    /// What is behind it, for a sentence that says already that it is the store that fails.
    pub fn cause(&self) -> String {
        match self {
            Self::Unavailable(why) => why.clone(),
            other => other.to_string(),
        }
    }

    /// Whether loading again and deciding again can help.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Claimed { .. })
    }
}
