//! Taking memory for an attempt.

use std::time::Duration;

use takeoff_engine::error::StageError;
use takeoff_engine::memory::{Held, MemoryError};
use takeoff_engine::stage::{Attempt, Tools};

/// How long a job rests that found no memory in time.
const REST_MS: i64 = 1_000;

/// Takes so many bytes of the node's memory, in the job's own lane.
///
/// # Errors
/// `Snooze` when others held them for as long as `wait`: that costs no attempt.
pub(crate) async fn take(
    attempt: &Attempt,
    tools: &Tools,
    bytes: u64,
    wait: Duration,
) -> Result<Held, StageError> {
    let taken = tools.memory.take(attempt.job.lane, bytes, wait, &attempt.budget).await;
    taken.map_err(|e| match e {
        MemoryError::Taken => {
            let until = tools.clock.now().plus_ms(REST_MS);
            StageError::Snooze { until, reason: e.to_string() }
        }
        MemoryError::Cancelled => StageError::Fenced,
    })
}
