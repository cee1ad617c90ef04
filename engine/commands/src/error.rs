//! Why a command did nothing.

use takeoff_core::scale::ImplausibleScale;
use takeoff_engine::error::EngineError;
use takeoff_storage::StoreError;

/// `Display` is what the caller may be told; the cause, where there is one, is for the log.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// `what` is a noun with a capital: `Page`, `Assembly template`.
    #[error("{what} not found")]
    NotFound { what: &'static str },
    /// The request cannot be done as it stands; the detail says what and where.
    #[error("{detail}")]
    Invalid { detail: String },
    /// No drawing has a scale like that; the detail names its ratio and the ratios that are taken.
    #[error(transparent)]
    ImplausibleScale(#[from] ImplausibleScale),
    /// A locked assembly keeps its numbers.
    #[error("the assembly is locked: unlock it first")]
    Locked,
    /// The upload is larger than the node takes.
    #[error("the file is larger than the limit of {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    /// Others kept changing the same records; the caller may try again.
    #[error("the records were changed by others at the same time, try again")]
    Conflict,
    /// All places are taken, or the node drains; the caller may try again.
    #[error("the node is busy, try again in {retry_after_s} s")]
    Busy { retry_after_s: u64 },
    /// The work goes on, its answer did not come in time.
    #[error("no answer within {ms} ms, the work goes on")]
    Deadline { ms: u64 },
    #[error("the engine could not do it")]
    Engine(#[source] EngineError),
}

impl CommandError {
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::Invalid { detail: detail.into() }
    }
}

impl From<EngineError> for CommandError {
    fn from(e: EngineError) -> Self {
        match e {
            EngineError::Store(s) if s.is_conflict() => Self::Conflict,
            EngineError::Store(StoreError::TooManyOps { count, limit }) => Self::invalid(format!(
                "the change would write {count} records at once and at most {limit} can be: too many \
                 measurements depend on it"
            )),
            EngineError::Busy { retry_after_s, .. } => Self::Busy { retry_after_s },
            EngineError::Draining => Self::Busy { retry_after_s: 5 },
            EngineError::Deadline { ms } => Self::Deadline { ms },
            other => Self::Engine(other),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(e: StoreError) -> Self {
        EngineError::Store(e).into()
    }
}
