//! Errors of the stores, by what the caller can do about them.

use std::io::{self, ErrorKind};

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
    /// The disk or the server failed; nothing was acknowledged.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// There is no room on the disk or in the bucket; nothing was acknowledged. It passes when somebody makes room.
    #[error("the store has no room: {0}")]
    Full(String),
}

/// Whether an error of the system says that there is no room: the disk is full, or a quota or a limit is reached.
pub fn is_no_room(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

impl StoreError {
    /// What is behind it, for a sentence that says already that it is the store that fails.
    pub fn cause(&self) -> String {
        match self {
            Self::Unavailable(why) | Self::Full(why) => why.clone(),
            other => other.to_string(),
        }
    }

    /// Whether the store failed, and neither the request nor what is stored is why.
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Full(_))
    }

    /// That a change is not stored, for each of those whose changes were to be stored together.
    pub(crate) fn outage(&self) -> Self {
        match self {
            Self::Full(why) => Self::Full(why.clone()),
            other => Self::Unavailable(other.cause()),
        }
    }

    /// Whether loading again and deciding again can help.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Claimed { .. })
    }
}
