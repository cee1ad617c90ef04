//! The figures that releases are judged by, one topic a file.

mod binary;
mod count;
mod durable_pg;
mod estimates;
mod flush;
mod formula;
mod jobs;
mod page_overhead;
mod page_ready;
mod plan_set;
mod reingest;
mod requests;
mod scheduling;
mod start;
mod start_pg;
mod two_nodes;

use std::path::PathBuf;

use crate::report::Measure;
use crate::sizes::Sizes;

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    PageReady,
    PlanSet,
    Reingest,
    Count,
    Formula,
    Jobs,
    Scheduling,
    Start,
    Flush,
    Requests,
    Estimates,
    Binary,
    DurablePg,
    StartPg,
    PageOverhead,
    TwoNodes,
}

impl Topic {
    pub const ALL: [Self; 16] = [
        Self::PageReady,
        Self::PlanSet,
        Self::Reingest,
        Self::Count,
        Self::Formula,
        Self::Jobs,
        Self::Scheduling,
        Self::Start,
        Self::Flush,
        Self::Requests,
        Self::Estimates,
        Self::Binary,
        Self::DurablePg,
        Self::StartPg,
        Self::PageOverhead,
        Self::TwoNodes,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::PageReady => "page-ready",
            Self::PlanSet => "plan-set",
            Self::Reingest => "reingest",
            Self::Count => "count",
            Self::Formula => "formula",
            Self::Jobs => "jobs",
            Self::Scheduling => "scheduling",
            Self::Start => "start",
            Self::Flush => "flush",
            Self::Requests => "requests",
            Self::Estimates => "estimates",
            Self::Binary => "binary",
            Self::DurablePg => "durable-pg",
            Self::StartPg => "start-pg",
            Self::PageOverhead => "page-overhead",
            Self::TwoNodes => "two-nodes",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }
}

/// What measuring needs to know.
#[derive(Debug, Clone)]
pub struct Bench {
    pub sizes: Sizes,
    pub seed: u64,
    /// The `takeoff` binary.
    pub program: PathBuf,
    /// Data of nodes and stores goes below it: the disk that is measured.
    pub folder: PathBuf,
    /// Time of a clean build, measured by hand.
    pub build_seconds: Option<f64>,
    /// Also what takes long to make: the longest queue, the long set.
    pub long: bool,
    /// This program, which measures in processes of their own what has to be alone.
    pub own: PathBuf,
}

impl Bench {
    fn long_queue(&self) -> u64 {
        if self.long { self.sizes.longest_queue } else { self.sizes.long_queue }
    }
}

/// Measures one topic.
///
/// # Errors
/// Something that is measured fails; a figure of a failure would be worth nothing.
pub async fn measure(topic: Topic, bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    match topic {
        Topic::PageReady => page_ready::measure(bench).await,
        Topic::PlanSet => plan_set::measure(bench).await,
        Topic::Reingest => reingest::measure(bench).await,
        Topic::Count => count::measure(bench),
        Topic::Formula => formula::measure(bench),
        Topic::Jobs => jobs::measure(bench).await,
        Topic::Scheduling => scheduling::measure(bench).await,
        Topic::Start => start::measure(bench).await,
        Topic::Flush => flush::measure(bench).await,
        Topic::Estimates => estimates::measure(bench),
        Topic::Requests => requests::measure(bench).await,
        Topic::Binary => binary::measure(bench),
        Topic::DurablePg => durable_pg::measure(bench).await,
        Topic::StartPg => start_pg::measure(bench).await,
        Topic::PageOverhead => page_overhead::measure(bench).await,
        Topic::TwoNodes => two_nodes::measure(bench).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_found_by_name() {
        for topic in Topic::ALL {
            assert_eq!(Topic::named(topic.name()), Some(topic));
        }
        assert_eq!(Topic::named("nothing"), None);
    }
}
