//! Flags and exit codes.

use std::path::PathBuf;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use takeoff_benches::inputs::SEED;
use takeoff_benches::measure::Topic;

/// Exit code when something that is measured fails. A missed goal is a figure, not a failure.
pub(crate) const FAILED: u8 = 1;

#[derive(Parser)]
#[command(
    name = "takeoff-benches",
    version,
    about = "Measures takeoff against its goals: a table for people, a report in JSON",
    after_help = "Build everything first: cargo build --release --workspace. The `takeoff` binary is looked for beside this program.\n\
        Exit codes: 0 measured (whether or not goals are met), 1 failed, 2 wrong usage."
)]
pub(crate) struct Cli {
    /// Write the report as JSON here
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Measure a little of everything, in seconds, to see that it works; the figures mean nothing
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure these only
    #[arg(long, value_name = "TOPIC", value_delimiter = ',', value_parser = topics())]
    pub(crate) only: Vec<String>,
    /// Measure what takes long to make, too: a queue of 5,000,000 jobs (16 GB of disk), a set of 1,000 pages
    #[arg(long)]
    pub(crate) long: bool,
    /// Seed of all inputs
    #[arg(long, value_name = "N", default_value_t = SEED)]
    pub(crate) seed: u64,
    /// Put the data of nodes and stores here: the disk that is measured [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// What a page, or its list, takes of memory in this process: a kind, a file, a page, a folder
    #[arg(long, hide = true, num_args = 4)]
    pub(crate) peak_of: Option<Vec<String>>,
    /// Seconds that the first command took on a clean clone, timed by hand, for the report
    #[arg(long, value_name = "SECONDS")]
    pub(crate) build_seconds: Option<f64>,
}

fn topics() -> PossibleValuesParser {
    PossibleValuesParser::new(Topic::ALL.map(Topic::name))
}

impl Cli {
    /// What to measure, in the report's order.
    pub(crate) fn topics(&self) -> Vec<Topic> {
        let wanted: Vec<Topic> = self.only.iter().filter_map(|name| Topic::named(name)).collect();
        let all = Topic::ALL.into_iter();
        all.filter(|topic| wanted.is_empty() || wanted.contains(topic)).collect()
    }
}
