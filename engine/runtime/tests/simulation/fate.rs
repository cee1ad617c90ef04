//! Everything that is left to chance, from one seed: numbers, ids, time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use takeoff_core::model::{Id, IdSource, Timestamp};
use takeoff_storage::catalog::Clock;
use tokio::time::Instant;

/// Numbers by splitmix64.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Of one seed, another sequence for each `of`.
    pub(crate) fn of(seed: u64, of: u64) -> Self {
        let mut dice = Self(seed ^ of.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self(dice.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// From 0 to below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn ms(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from + 1))
    }
}

#[derive(Debug)]
pub(crate) struct SharedDice(Mutex<Dice>);

impl SharedDice {
    pub(crate) fn new(dice: Dice) -> Self {
        Self(Mutex::new(dice))
    }

    pub(crate) fn roll<T>(&self, roll: impl FnOnce(&mut Dice) -> T) -> T {
        roll(&mut self.0.lock().unwrap())
    }
}

/// Ids in order, of which the same seed gives the same.
#[derive(Debug, Default)]
pub(crate) struct Ids(AtomicU64);

impl IdSource for Ids {
    fn next(&self) -> Id {
        Id::from_bytes(u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1).to_be_bytes())
    }
}

/// An id as a number, for the log.
pub(crate) fn short(id: Id) -> u128 {
    u128::from_be_bytes(*id.bytes())
}

/// The wall clock's time at the beginning of each run, microseconds.
const BEGINNING_US: i64 = 1_800_000_000_000_000;

/// A wall clock: the runtime's paused time, and what it is off by.
pub(crate) struct WallClock {
    start: Instant,
    off_us: AtomicI64,
    /// For whoever asks from another thread.
    seen_us: AtomicI64,
}

impl WallClock {
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, off_us: AtomicI64::new(0), seen_us: AtomicI64::new(0) }
    }

    pub(crate) fn jump(&self, by_ms: i64) {
        self.off_us.fetch_add(by_ms * 1_000, Ordering::Relaxed);
    }

    /// Brings what other threads see up to date.
    pub(crate) fn look(&self) {
        let us = i64::try_from(self.start.elapsed().as_micros()).unwrap();
        self.seen_us.store(us, Ordering::Relaxed);
    }
}

/// That of a node, which asks on the simulation's own thread.
pub(crate) struct NodeClock(pub(crate) WallClock);

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        self.0.look();
        StoreClock::read(&self.0)
    }
}

/// The store's, whose writer is a thread of its own. It stands still while that works.
pub(crate) struct StoreClock(pub(crate) WallClock);

impl StoreClock {
    fn read(clock: &WallClock) -> Timestamp {
        Timestamp(BEGINNING_US + clock.seen_us.load(Ordering::Relaxed) + clock.off_us.load(Ordering::Relaxed))
    }
}

impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        Self::read(&self.0)
    }
}
