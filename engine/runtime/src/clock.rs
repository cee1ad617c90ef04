//! The only sources of time and randomness.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use takeoff_core::model::{Id, IdSource, Timestamp};
use takeoff_storage::catalog::Clock;

/// The wall clock of the machine as it was when this process first looked, and what has passed since, times of sleep
/// included. Whoever sets the machine's clock while the node runs takes no lease away by it, ends no session and keeps
/// no job from its turn: the node goes on by the time that it has, says so in its log, and takes the new one when it is
/// started again.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// No clock is right that says less (2025-01-01): it has not been set yet, and is followed until it is.
const UNSET: Duration = Duration::from_secs(1_735_689_600);

/// A difference from the machine's clock that is worth a word, microseconds.
const STEP_US: u64 = 2_000_000;

/// The first look, and what was said of the machine's clock last.
struct Steady {
    wall: Duration,
    boot: Duration,
    /// Seconds that the machine's clock is ahead, as it was told.
    told_s: i64,
}

impl Steady {
    /// The time, and by how much the machine's clock was set since the last word of it.
    fn at(&mut self, wall: Duration, boot: Duration) -> (Duration, Option<i64>) {
        if self.wall < UNSET {
            (self.wall, self.boot) = (wall, boot);
        }
        let now = self.wall + boot.saturating_sub(self.boot);
        let ahead_us = micros(wall).saturating_sub(micros(now));
        let ahead_s = ahead_us / 1_000_000;
        let is_news = ahead_us.saturating_sub(self.told_s * 1_000_000).unsigned_abs() > STEP_US;
        if is_news {
            self.told_s = ahead_s;
        }
        (now, is_news.then_some(ahead_s))
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Since the machine was started, whatever its clock says and however long it slept.
fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    Duration::try_from(rustix::time::clock_gettime(CLOCK)).unwrap_or(Duration::ZERO)
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one door through which time comes in")]
    fn now(&self) -> Timestamp {
        static STEADY: Mutex<Option<Steady>> = Mutex::new(None);
        let mut steady = STEADY.lock().unwrap_or_else(PoisonError::into_inner);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let boot = since_boot();
        let first = || Steady { wall, boot, told_s: 0 };
        let (now, news) = steady.get_or_insert_with(first).at(wall, boot);
        drop(steady);
        if let Some(ahead_s) = news {
            tracing::warn!(
                ahead_s,
                "the machine's clock was set: this node goes on by its own time until it is started again"
            );
        }
        Timestamp(micros(now))
    }
}

/// The time of the store, which all nodes of it share: what the store said last, and what has passed since. Whatever is
/// written down or compared by a node is of this time; how its own machine's clock is set matters to nothing.
pub(crate) struct StoreTime {
    /// In force until the store has said something.
    before: Arc<dyn Clock>,
    said: Mutex<Option<(Timestamp, Stopwatch)>>,
}

impl StoreTime {
    pub(crate) fn new(before: Arc<dyn Clock>) -> Self {
        Self { before, said: Mutex::new(None) }
    }

    /// The store said that it was `at`, between the start of `asked` and now.
    pub(crate) fn heard(&self, at: Timestamp, asked: Stopwatch) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        // What was known is kept as far as it agrees: answers that take longer do not make the time uneven.
        let latest = at.0.saturating_add(i64::try_from(asked.elapsed_us()).unwrap_or(i64::MAX));
        let now = said.as_ref().map_or(at.0, |said| passed(said).0.clamp(at.0, latest));
        *said = Some((Timestamp(now), Stopwatch::start()));
    }
}

fn passed((at, since): &(Timestamp, Stopwatch)) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(since.elapsed_us()).unwrap_or(i64::MAX)))
}

impl Clock for StoreTime {
    fn now(&self) -> Timestamp {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.as_ref().map_or_else(|| self.before.now(), passed)
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

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn after(s: u64) -> Duration {
        UNSET + 100 * HOUR + Duration::from_secs(s)
    }

    #[test]
    fn a_clock_that_is_set_is_told_of_once_and_not_followed() {
        let mut steady = Steady { wall: after(0), boot: HOUR, told_s: 0 };
        let mut at = |wall, passed| steady.at(wall, HOUR + Duration::from_secs(passed));
        assert_eq!(at(after(10), 10), (after(10), None));
        // As much as time servers correct it by all the time.
        assert_eq!(at(after(21), 20), (after(20), None));
        assert_eq!(at(after(3_630), 30), (after(30), Some(3_600)));
        assert_eq!(at(after(3_640), 40), (after(40), None));
        assert_eq!(at(after(50) - HOUR, 50), (after(50), Some(-3_600)));
        assert_eq!(at(after(60), 60), (after(60), Some(0)));
    }

    #[test]
    fn a_clock_that_was_not_set_yet_is_followed_until_it_is() {
        let mut steady = Steady { wall: HOUR, boot: HOUR, told_s: 0 };
        assert_eq!(steady.at(2 * HOUR, 2 * HOUR), (2 * HOUR, None));
        assert_eq!(steady.at(after(0), 3 * HOUR), (after(0), None));
        assert_eq!(steady.at(after(0) + 9 * HOUR, 4 * HOUR).0, after(3_600));
    }

    struct Fixed(i64);

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp(self.0)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_is_the_stores_from_its_first_word_on() {
        let ms = |n: i64| Timestamp(n * 1_000);
        let pass = |n| tokio::time::advance(Duration::from_millis(n));
        let time = StoreTime::new(Arc::new(Fixed(5_000)));
        assert_eq!(time.now(), ms(5));
        let asked = Stopwatch::start();
        pass(10).await;
        time.heard(ms(1_000), asked);
        assert_eq!(time.now(), ms(1_000));
        pass(500).await;
        assert_eq!(time.now(), ms(1_500));
        // An answer that took long agrees with what is known.
        let asked = Stopwatch::start();
        pass(100).await;
        time.heard(ms(1_520), asked);
        assert_eq!(time.now(), ms(1_600));
        // The store's own clock is followed, both ways.
        for said in [60_000, 2_000] {
            time.heard(ms(said), Stopwatch::start());
            assert_eq!(time.now(), ms(said));
        }
    }
}
