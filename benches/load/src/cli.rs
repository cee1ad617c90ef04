//! Flags.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::mix::Kind;

#[derive(Parser)]
#[command(
    name = "takeoff-load",
    version,
    about = "Mixed load on a node or a cluster at given rates: a table for people, a report in JSON, a picture",
    after_help = "Arrivals do not wait for answers: latencies count from when a request was due.\n\
        Exit codes: 0 all bounds were kept, 1 failed, 2 a bound was broken or wrong usage."
)]
pub(crate) struct Cli {
    /// Seconds of load
    #[arg(long, default_value_t = 3_600)]
    pub(crate) seconds: u64,
    /// Seconds from the start whose memory, queues and files are no part of the bounds [default: a sixth of all]
    #[arg(long)]
    pub(crate) warm_up: Option<u64>,
    /// Load nodes that run, by their URLs, in place of starting one; with --pid, and TAKEOFF_ADMIN_TOKEN where their admin
    /// API has one
    #[arg(long, value_name = "URL", requires = "pid", value_delimiter = ',')]
    pub(crate) address: Vec<String>,
    /// Their processes, on this machine
    #[arg(long, requires = "address", value_delimiter = ',')]
    pub(crate) pid: Vec<u32>,
    /// Start so many nodes that share a PostgreSQL and an S3 server, which are started with them
    #[arg(long, value_name = "N", conflicts_with = "address", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) nodes: Option<u8>,
    /// The takeoff binary of what is started [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
    /// Where started nodes keep their data: the disk under load [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Write a picture of the latencies here (SVG)
    #[arg(long, value_name = "FILE")]
    pub(crate) picture: Option<PathBuf>,
    /// Write the report as JSON here
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Seed of arrivals and drawings
    #[arg(long, default_value_t = 20_261_128)]
    pub(crate) seed: u64,
    /// Uploads of a sheet a second
    #[arg(long, default_value_t = 0.2)]
    pub(crate) uploads: f64,
    /// Count sessions a second
    #[arg(long, default_value_t = 0.3)]
    pub(crate) counts: f64,
    /// Reviews of a session a second (confirm all, make measurements)
    #[arg(long, default_value_t = 0.2)]
    pub(crate) reviews: f64,
    /// Reads a second
    #[arg(long, default_value_t = 20.0)]
    pub(crate) reads: f64,
    /// Measurements made a second
    #[arg(long, default_value_t = 4.0)]
    pub(crate) writes: f64,
    /// Measurements deleted a second
    #[arg(long, default_value_t = 2.0)]
    pub(crate) deletes: f64,
    #[command(flatten)]
    pub(crate) limits: Limits,
}

impl Cli {
    pub(crate) const fn rate(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Upload => self.uploads,
            Kind::Count => self.counts,
            Kind::Review => self.reviews,
            Kind::Read => self.reads,
            Kind::Write => self.writes,
            Kind::Delete => self.deletes,
        }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Limits {
    /// Most that memory may grow after the warm-up, MiB a minute
    #[arg(long, default_value_t = 1.0)]
    pub(crate) max_memory_slope: f64,
    /// Seconds after the warm-up from which on that is judged: before, caches fill
    #[arg(long, default_value_t = 1_200)]
    pub(crate) memory_from: u64,
    /// Most jobs that may be due or under way, beyond what was at the end of the warm-up
    #[arg(long, default_value_t = 100.0)]
    pub(crate) max_queue_growth: f64,
    /// Most files that the node may have open, beyond what it had at the end of the warm-up
    #[arg(long, default_value_t = 64.0)]
    pub(crate) max_file_growth: f64,
    /// Longest that 99 of 100 reads may take, milliseconds
    #[arg(long, default_value_t = 500.0)]
    pub(crate) max_read_p99: f64,
    /// Longest that 99 of 100 writes may take, milliseconds
    #[arg(long, default_value_t = 1_000.0)]
    pub(crate) max_write_p99: f64,
    /// Most errors, of a thousand requests
    #[arg(long, default_value_t = 0.0)]
    pub(crate) max_errors: f64,
}
