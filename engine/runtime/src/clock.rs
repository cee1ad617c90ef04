//! The only sources of time and randomness.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use takeoff_core::model::{Id, IdSource, Timestamp};
use takeoff_storage::catalog::Clock;

/// Wall clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one door through which time comes in")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A point on the monotonic clock, for measuring durations. It is the clock of the runtime's timers, so that what is
/// measured and what is slept for agree, also where a test makes the time.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(tokio::time::Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(tokio::time::Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    pub fn elapsed_us(&self) -> u64 {
        u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub fn elapsed_ms(&self) -> f64 {
        self.elapsed().as_secs_f64() * 1_000.0
    }
}

/// UUIDv7 from the system's time and randomness; ids made one after the other in this process sort in
/// that order.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn next(&self) -> Id {
        Id(uuid::Uuid::now_v7())
    }
}
