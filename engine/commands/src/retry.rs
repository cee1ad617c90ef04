//! Commit, and decide again when somebody else was faster.

use std::time::Duration;

use takeoff_core::model::Id;
use takeoff_engine::error::EngineError;
use takeoff_storage::Batch;
use tokio::sync::{Mutex, MutexGuard};

use crate::{CommandError, Ctx};

/// Decisions of one command before it gives up.
const TRIES: u32 = 8;

/// Commits of one command, counted.
pub(crate) struct Tries<'a> {
    ctx: &'a Ctx<'a>,
    made: u32,
}

impl<'a> Tries<'a> {
    pub(crate) const fn new(ctx: &'a Ctx<'a>) -> Self {
        Self { ctx, made: 0 }
    }

    /// `true` when the batch is committed (or changes nothing); `false` when a precondition did not hold
    /// any more and the caller is to load and decide again.
    pub(crate) async fn commit(&mut self, batch: Batch) -> Result<bool, CommandError> {
        if batch.changes_nothing() {
            return Ok(true);
        }
        match self.ctx.handle.commit(batch).await {
            Ok(_) => Ok(true),
            Err(EngineError::Store(e)) if e.is_conflict() => {
                self.made += 1;
                if self.made >= TRIES {
                    tracing::warn!(tries = self.made, error = %e, "gave up on a contended write");
                    return Err(CommandError::Conflict);
                }
                tokio::time::sleep(self.pause()).await;
                Ok(false)
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Doubles from 1 ms, with as much again by chance so that two losers part.
    fn pause(&self) -> Duration {
        let base_us = 1_000_u64 << self.made.min(6);
        let chance = u64::from(self.ctx.handle.next_id().bytes()[15]);
        Duration::from_micros(base_us + base_us * chance / 256)
    }
}

/// Writers of one project on this node take turns, so that they do not make each other decide again.
/// Whether totals are right never depends on it: the preconditions of the batches see to that.
static TURNS: [Mutex<()>; 64] = [const { Mutex::const_new(()) }; 64];

/// Longest that a writer waits for its turn; then it goes on without.
const TURN_WAIT: Duration = Duration::from_secs(10);

pub(crate) async fn turn(project_id: Id) -> Option<MutexGuard<'static, ()>> {
    if cfg!(test) {
        // The unit tests of this crate want the conflicts.
        return None;
    }
    // The last bytes of an id are random, the first are its time.
    let stripe = usize::from(project_id.bytes()[15]) % TURNS.len();
    tokio::time::timeout(TURN_WAIT, TURNS[stripe].lock()).await.ok()
}
