//! Taking memory for an attempt.

use std::time::Duration;

use takeoff_engine::error::StageError;
use takeoff_engine::memory::{Held, MemoryError};
use takeoff_engine::stage::{Attempt, Tools};

/// How long a job rests that found no memory in time.
const REST_MS: i64 = 1_000;
/// A wait that lasts longer is told.
const TOLD_AFTER: Duration = Duration::from_millis(200);
const WAITING: &str = "Waiting for memory";

/// Takes so many bytes of the node's memory, in the job's own lane. Whoever looks at the job sees that it waits for them, and
/// `then` what it does with them.
///
/// # Errors
/// `Snooze` when others held them for as long as `wait`: that costs no attempt.
pub(crate) async fn take(
    attempt: &Attempt,
    tools: &Tools,
    bytes: u64,
    wait: Duration,
    then: &str,
) -> Result<Held, StageError> {
    let mut taking = std::pin::pin!(tools.memory.take(attempt.job.lane, bytes, wait, &attempt.budget));
    let taken = match tokio::time::timeout(TOLD_AFTER, &mut taking).await {
        Ok(taken) => taken,
        Err(_) => {
            // Its percentage stays.
            attempt.progress.report(f32::NAN, WAITING);
            let taken = taking.await;
            attempt.progress.report(f32::NAN, then);
            taken
        }
    };
    taken.map_err(|e| match e {
        MemoryError::Taken => {
            let until = tools.clock.now().plus_ms(REST_MS);
            StageError::Snooze { until, reason: e.to_string() }
        }
        MemoryError::Cancelled => StageError::Fenced,
    })
}
