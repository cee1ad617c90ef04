//! How much is measured: all of it, or a little of everything to see that it still works.

use std::time::Duration;

/// A kind of page by its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    pub name: &'static str,
    /// Painted paths of a 42 x 30 in page.
    pub paths: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sizes {
    pub pages: [Weight; 3],
    /// Rounds of pages to `ready`, and pages of each weight in a round.
    pub page_rounds: usize,
    pub pages_a_round: usize,
    /// The plan set of the memory measure: pages, paths of a page about, repetitions.
    pub set_pages: u32,
    pub set_paths: usize,
    pub set_rounds: usize,
    /// Pages of each weight that are counted on, exemplars of a page at most, rounds of an exemplar.
    pub count_pages: u64,
    pub exemplars: usize,
    pub count_rounds: usize,
    pub formula_rounds: usize,
    pub formula_time: Duration,
    pub job_rounds: usize,
    pub jobs: u64,
    /// Callers that enqueue a job and wait for its end, at once.
    pub job_callers: usize,
    pub append_time: Duration,
    pub request_rounds: usize,
    pub request_time: Duration,
    pub connections: usize,
}

const fn weights(light: usize, medium: usize, dense: usize) -> [Weight; 3] {
    [
        Weight { name: "light", paths: light },
        Weight { name: "medium", paths: medium },
        Weight { name: "dense", paths: dense },
    ]
}

impl Sizes {
    /// The sizes that figures are given for.
    pub const fn full() -> Self {
        Self {
            pages: weights(7_000, 20_000, 65_000),
            page_rounds: 5,
            pages_a_round: 4,
            set_pages: 100,
            set_paths: 40_000,
            set_rounds: 3,
            count_pages: 2,
            exemplars: usize::MAX,
            count_rounds: 3,
            formula_rounds: 9,
            formula_time: Duration::from_millis(500),
            job_rounds: 5,
            jobs: 20_000,
            job_callers: 256,
            append_time: Duration::from_secs(1),
            request_rounds: 5,
            request_time: Duration::from_secs(3),
            connections: 32,
        }
    }

    /// For criterion, which cargo starts with `--bench` to measure, and without it to see that all still works.
    pub fn of_criterion() -> Self {
        if std::env::args().any(|arg| arg == "--bench") { Self::full() } else { Self::quick() }
    }

    /// Seconds in all; the figures mean nothing.
    pub const fn quick() -> Self {
        Self {
            pages: weights(2_000, 4_000, 8_000),
            page_rounds: 1,
            pages_a_round: 1,
            set_pages: 3,
            set_paths: 3_000,
            set_rounds: 1,
            count_pages: 1,
            exemplars: 1,
            count_rounds: 1,
            formula_rounds: 2,
            formula_time: Duration::from_millis(20),
            job_rounds: 1,
            jobs: 200,
            job_callers: 32,
            append_time: Duration::from_millis(50),
            request_rounds: 1,
            request_time: Duration::from_millis(200),
            connections: 4,
        }
    }
}
