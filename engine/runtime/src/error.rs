//! What an attempt's end means for its job.

use takeoff_core::model::Timestamp;
use takeoff_storage::StoreError;

/// Decides a job's fate.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A passing fault: try again after back-off; costs one attempt.
    #[error("{0}")]
    Retry(String),
    /// Not now: run again at the given time; costs nothing.
    #[error("postponed: {reason}")]
    Snooze { until: Timestamp, reason: String },
    /// The store is out of use: run again in a while; costs nothing for a day after the job's first start, and an
    /// attempt from then on.
    #[error("{0}")]
    Outage(String),
    /// There is no room on the disk or in the bucket: run again in a while, as often as it takes; costs nothing.
    #[error("there is no room: {0}")]
    NoRoom(String),
    /// Trying again is useless: the job is dead and its owner is told.
    #[error("{0}")]
    Reject(String),
    /// Somebody else holds the job now, or it was cancelled; nothing of this attempt may be stored.
    #[error("the lease is no longer held")]
    Fenced,
    /// Code of the attempt panicked on the compute pool: a crash of the stage like one in itself.
    #[error("{0}")]
    Panicked(String),
    /// The parse child died of this job's file `deaths` times in this attempt.
    #[error("{message}")]
    ChildDeath { message: String },
}

impl From<StoreError> for StageError {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Fenced { .. } => Self::Fenced,
            StoreError::Full(why) => Self::NoRoom(why),
            StoreError::Unavailable(_) => Self::Outage(e.to_string()),
            other => Self::Retry(other.to_string()),
        }
    }
}

/// Why the engine could not do what the handle was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the node is draining and takes no new work")]
    Draining,
    /// Another node of this name lives.
    #[error(
        "another node named `{name}` (version {version}) is running{}: each node of a catalogue needs a name of its \
         own, `node.name`",
        if address.is_empty() { String::new() } else { format!(" at {address}") }
    )]
    NameTaken { name: String, address: String, version: String },
    /// A setting, a file or the socket of the links.
    #[error("the links to other nodes cannot be opened: {0}")]
    Links(String),
    #[error("no answer within {ms} ms")]
    Deadline { ms: u64 },
    /// All places are taken; try again after the given seconds.
    #[error("the node is busy: {what}")]
    Busy { what: String, retry_after_s: u64 },
    #[error("{0}")]
    Failed(String),
}
