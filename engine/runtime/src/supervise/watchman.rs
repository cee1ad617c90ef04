//! Ends what runs too long or under a lease that is lost, and reports what does not end.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::routine::Duty;
use crate::node::{Node, StageState};
use crate::observe::Observed;
use crate::running::{Cause, Due};

/// How often the running attempts are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How often, when there are none and nobody said that one began.
const IDLE: Duration = Duration::from_secs(1);

/// Between telling an attempt to end and tearing it away.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

#[derive(Debug, Default, Serialize)]
pub(crate) struct WatchmanCounters {
    looks: u64,
    /// Attempts that ran past their budget.
    hangs: u64,
    /// Attempts whose lease could not be trusted any more.
    lost: u64,
    /// Attempts that were torn away because they did not end when told.
    given_up: u64,
    /// Attempts that were torn away and still run.
    abandoned: usize,
}

pub(crate) struct Watchman {
    pub(super) node: Arc<Node>,
    pub(super) stage: Arc<StageState>,
}

impl Watchman {
    fn look_after_abandoned(&self) -> usize {
        let mut abandoned = self.stage.abandoned.lock().unwrap_or_else(PoisonError::into_inner);
        abandoned.retain(|task| !task.is_finished());
        let count = abandoned.len();
        drop(abandoned);
        let stage = self.stage.name.name();
        let trouble = (count > 0).then(|| format!("stage {stage}: {count} attempts do not stop"));
        self.node.troubles.set(&format!("abandoned/{stage}"), trouble);
        count
    }
}

impl Duty for Watchman {
    async fn round(&self) {
        let post = &self.stage.posts.watchman;
        let running = self.node.running.of(self.stage.name);
        for attempt in &running {
            match attempt.due(GRACE) {
                Some(Due::Tell(cause)) if attempt.tell(cause) => {
                    let ran_ms = attempt.since.elapsed_ms();
                    tracing::warn!(job = %attempt.id(), cause = attempt.describe(), ran_ms, "attempt told to end");
                    post.count(|c| match cause {
                        Cause::Hang => c.hangs += 1,
                        _ => c.lost += 1,
                    });
                }
                Some(Due::GiveUp) => {
                    attempt.give_up.notify_one();
                    post.count(|c| c.given_up += 1);
                }
                Some(Due::Tell(_)) | None => {}
            }
        }
        let abandoned = self.look_after_abandoned();
        post.count(|c| {
            c.looks += 1;
            c.abandoned = abandoned;
        });
        if running.is_empty() {
            post.set_state("idle");
            let _ = tokio::time::timeout(IDLE, self.stage.begun.notified()).await;
            post.set_state("running");
        } else {
            tokio::time::sleep(LOOK).await;
        }
    }
}
