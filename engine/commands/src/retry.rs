//! Commit, and decide again when somebody else was faster.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use takeoff_core::model::Id;
use takeoff_engine::error::EngineError;
use takeoff_storage::Batch;
use tokio::sync::{Mutex, OwnedMutexGuard};

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
static TURNS: Turns = Turns(std::sync::Mutex::new(None));

/// Longest that a writer waits for its turn; then it is sent away, for whoever went on without would throw away the
/// work of those who have theirs.
const TURN_WAIT: Duration = Duration::from_secs(10);
/// When who was sent away may come again, seconds.
const COME_AGAIN_S: u64 = 5;

/// Holds the turn as long as it lives.
pub(crate) type Turn = Option<OwnedMutexGuard<()>>;

pub(crate) async fn turn(project_id: Id) -> Result<Turn, CommandError> {
    if cfg!(test) {
        // The unit tests of this crate want the conflicts.
        return Ok(None);
    }
    TURNS.take(project_id, TURN_WAIT).await.map(Some)
}

/// A lock for each project that somebody writes to or waits for; the others have none.
struct Turns(std::sync::Mutex<Option<HashMap<Id, Weak<Mutex<()>>>>>);

/// Locks beyond which those that nobody holds are thrown away.
const SWEPT_AT: usize = 64;

impl Turns {
    fn of(&self, project_id: Id) -> Arc<Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = turns.get_or_insert_default();
        if let Some(turn) = turns.get(&project_id).and_then(Weak::upgrade) {
            return turn;
        }
        // At a power of two, so that looking at all of them stays rare.
        if turns.len() >= SWEPT_AT && turns.len().is_power_of_two() {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::new(Mutex::new(()));
        turns.insert(project_id, Arc::downgrade(&turn));
        turn
    }

    async fn take(&self, project_id: Id, wait: Duration) -> Result<OwnedMutexGuard<()>, CommandError> {
        let turn = self.of(project_id).lock_owned();
        tokio::time::timeout(wait, turn).await.map_err(|_| CommandError::Busy { retry_after_s: COME_AGAIN_S })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::id;

    #[tokio::test]
    async fn nobody_goes_on_without_a_turn_and_projects_do_not_wait_for_each_other() {
        let turns = Turns(std::sync::Mutex::new(None));
        let short = Duration::from_millis(20);
        let held = turns.take(id(1), short).await.unwrap();
        let late = turns.take(id(1), short).await.unwrap_err();
        assert!(matches!(late, CommandError::Busy { retry_after_s: 1.. }), "{late:?}");
        for other in 2..600 {
            turns.take(id(other), short).await.unwrap();
        }
        let kept = turns.0.lock().unwrap().as_ref().map_or(0, HashMap::len);
        assert!(kept <= 2 * SWEPT_AT, "{kept} locks that nobody holds");
        turns.take(id(1), short).await.unwrap_err();
        drop(held);
        turns.take(id(1), short).await.unwrap();
    }
}
