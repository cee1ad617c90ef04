//! Restart intensity: how many crashes in how short a time are too many. Pure.

use std::collections::VecDeque;

use takeoff_core::model::Timestamp;

/// What to do after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Restart,
    GiveUp,
}

/// Crashes of late.
#[derive(Debug, Clone)]
pub(crate) struct Intensity {
    limit: usize,
    window_ms: i64,
    /// Oldest first, at most `limit`.
    crashes: VecDeque<Timestamp>,
}

impl Intensity {
    /// `limit` restarts within `window_ms` are fine, one more is not.
    pub(crate) fn new(limit: u32, window_ms: u64) -> Self {
        Self {
            limit: limit as usize,
            window_ms: i64::try_from(window_ms).unwrap_or(i64::MAX),
            crashes: VecDeque::new(),
        }
    }

    pub(crate) fn crash(&mut self, now: Timestamp) -> Verdict {
        // A clock that went back must not make old crashes eternal: from the future is out of the window.
        self.crashes.retain(|at| (0..self.window_ms).contains(&now.ms_since(*at)));
        if self.crashes.len() >= self.limit {
            return Verdict::GiveUp;
        }
        self.crashes.push_back(now);
        Verdict::Restart
    }

    pub(crate) fn forget(&mut self) {
        self.crashes.clear();
    }

    /// For the reason that people read.
    pub(crate) fn describe(&self) -> String {
        format!("more than {} crashes within {} s", self.limit, self.window_ms / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(ms: i64) -> Timestamp {
        Timestamp(0).plus_ms(ms)
    }

    #[test]
    fn the_limit_is_reached_within_the_window_only() {
        let mut intensity = Intensity::new(2, 1_000);
        assert_eq!(intensity.crash(at(0)), Verdict::Restart);
        assert_eq!(intensity.crash(at(500)), Verdict::Restart);
        assert_eq!(intensity.crash(at(999)), Verdict::GiveUp);
        assert_eq!(intensity.crash(at(1_000)), Verdict::Restart, "the first has left the window");
    }

    #[test]
    fn a_limit_of_none_allows_none() {
        assert_eq!(Intensity::new(0, 1_000).crash(at(0)), Verdict::GiveUp);
    }

    #[test]
    fn forgetting_starts_anew() {
        let mut intensity = Intensity::new(1, 1_000);
        assert_eq!(intensity.crash(at(0)), Verdict::Restart);
        intensity.forget();
        assert_eq!(intensity.crash(at(1)), Verdict::Restart);
    }

    proptest! {
        /// No window of the given length ever holds more restarts than the limit, and a crash is refused
        /// only when the window before it is full.
        #[test]
        fn restarts_stay_within_the_limit(
            limit in 0_u32..6,
            window in 1_u64..500,
            steps in prop::collection::vec(0_i64..200, 0..60),
        ) {
            let mut intensity = Intensity::new(limit, window);
            let window = i64::try_from(window).unwrap();
            let mut restarts: Vec<i64> = Vec::new();
            let mut now = 0;
            for step in steps {
                now += step;
                let recent = restarts.iter().filter(|t| now - **t < window).count();
                let verdict = intensity.crash(at(now));
                prop_assert_eq!(verdict == Verdict::Restart, recent < limit as usize);
                if verdict == Verdict::Restart {
                    restarts.push(now);
                }
            }
        }
    }
}
