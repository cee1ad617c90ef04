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
    /// Pages of the long set, which is measured on request.
    pub long_set_pages: u32,
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
    /// Jobs of the short queue, the long one, and the one on request.
    pub short_queue: u64,
    pub long_queue: u64,
    pub longest_queue: u64,
    /// Jobs that are leased in a round, and rounds.
    pub leases: usize,
    pub lease_rounds: usize,
    /// Jobs of a round whose start is awaited, and rounds.
    pub starts: usize,
    pub start_rounds: usize,
    /// Commits and blobs of a round, and rounds.
    pub flushes: usize,
    pub flush_rounds: usize,
    /// Pages whose memory is compared with what they are thought to take, by their paths.
    pub estimated_paths: &'static [usize],
    /// Pictures that are, by their sides.
    pub estimated_pictures: &'static [(u32, u32)],
    /// Habits of plan sheets that are.
    pub estimated_habits: usize,
    pub request_rounds: usize,
    pub request_time: Duration,
    pub connections: usize,
    /// Tasks of a round of the peer of durable jobs.
    pub peer_tasks: u64,
    /// Pages of a round whose jobs are compared with calls of their stage, paths of a page about, and rounds.
    pub overhead_pages: usize,
    pub overhead_paths: usize,
    pub overhead_rounds: usize,
    /// Files that one node and two ingest in a round, pages of a file, paths of a page about, and rounds.
    pub layout_documents: usize,
    pub layout_pages: u32,
    pub layout_paths: usize,
    pub layout_rounds: usize,
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
            long_set_pages: 1_000,
            count_pages: 2,
            exemplars: usize::MAX,
            count_rounds: 3,
            formula_rounds: 9,
            formula_time: Duration::from_millis(500),
            job_rounds: 5,
            jobs: 20_000,
            job_callers: 256,
            append_time: Duration::from_secs(1),
            short_queue: 100_000,
            long_queue: 1_000_000,
            longest_queue: 5_000_000,
            leases: 10_000,
            lease_rounds: 5,
            starts: 200,
            start_rounds: 5,
            flushes: 500,
            flush_rounds: 5,
            estimated_paths: &[100, 3_000, 20_000, 60_000, 150_000, 400_000],
            estimated_pictures: &[(1_000, 800), (3_300, 2_550), (6_600, 5_100), (10_000, 9_000)],
            estimated_habits: usize::MAX,
            request_rounds: 5,
            request_time: Duration::from_secs(3),
            connections: 32,
            peer_tasks: 2_000,
            overhead_pages: 90,
            overhead_paths: 50,
            overhead_rounds: 8,
            layout_documents: 12,
            layout_pages: 10,
            layout_paths: 10_000,
            layout_rounds: 4,
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
            long_set_pages: 6,
            count_pages: 1,
            exemplars: 1,
            count_rounds: 1,
            formula_rounds: 2,
            formula_time: Duration::from_millis(20),
            job_rounds: 1,
            jobs: 200,
            job_callers: 32,
            append_time: Duration::from_millis(50),
            short_queue: 600,
            long_queue: 2_400,
            longest_queue: 3_600,
            leases: 100,
            lease_rounds: 2,
            starts: 20,
            start_rounds: 1,
            flushes: 20,
            flush_rounds: 1,
            estimated_paths: &[3_000],
            estimated_pictures: &[(1_000, 800)],
            estimated_habits: 1,
            request_rounds: 1,
            request_time: Duration::from_millis(200),
            connections: 4,
            peer_tasks: 50,
            overhead_pages: 3,
            overhead_paths: 50,
            overhead_rounds: 2,
            layout_documents: 2,
            layout_pages: 2,
            layout_paths: 500,
            layout_rounds: 1,
        }
    }
}
