//! Parse workers: child processes of the same binary for bytes that nobody trusts.
//!
//! A call takes a free child (spawning one while there are fewer than configured), sends one request
//! frame and hands each reply frame to the caller until the caller has what it wants. Bytes are opaque
//! here. A child that dies, hangs or outgrows its memory takes only its own call with it.

use std::path::PathBuf;

use takeoff_core::budget::Budget;

/// How children are started and when they are replaced.
#[derive(Debug, Clone)]
pub struct ChildConfig {
    /// The program; in tests the running program is not ours, so this is configuration.
    pub program: PathBuf,
    pub args: Vec<String>,
    pub workers: usize,
    /// Address space of a child, bytes; it sets the limit itself before it reads anything.
    pub memory_bytes: u64,
    /// Requests after which a child is replaced by a fresh one.
    pub recycle_after: u32,
    /// How long a call waits for a free child before it is `Busy`, milliseconds.
    pub queue_ms: u64,
}

/// Deadlines of one call, milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// Between the request and the first reply, and between replies.
    pub reply_ms: u64,
    pub total_ms: u64,
}

/// Whether the caller has what it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    More,
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChildError {
    /// The process ended; `memory` when its last words or its end speak of the address-space limit.
    #[error("the parse worker died ({how})")]
    Died { how: String, memory: bool },
    #[error("the parse worker gave no answer within {ms} ms")]
    Deadline { ms: u64 },
    #[error("no parse worker was free within {ms} ms")]
    Busy { ms: u64 },
    #[error("the call was cancelled")]
    Cancelled,
    #[error("the parse worker cannot be started: {0}")]
    Spawn(String),
    /// It spoke, but not the frames that we expect.
    #[error("the parse worker answered nonsense: {0}")]
    Protocol(String),
}

/// The children of this node. Cheap to clone.
#[derive(Clone)]
pub struct ChildPool {}

impl ChildPool {
    pub fn new(_config: ChildConfig) -> Self {
        todo!()
    }

    /// One request, any number of replies. The child is killed when the budget is cancelled or a
    /// deadline passes, and never reused after either.
    pub async fn call(
        &self,
        _request: &[u8],
        _limits: CallLimits,
        _budget: &Budget,
        _on_reply: &mut (dyn FnMut(&[u8]) -> Flow + Send),
    ) -> Result<(), ChildError> {
        todo!()
    }
}
