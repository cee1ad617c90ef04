//! `takeoff-load`: open-loop mixed load on a node, watched from outside, with bounds that a long run must keep.

mod api;
mod mix;
mod node;
mod report;
mod tally;
mod watch;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;

use api::Api;
use mix::{Kind, Mix};
use node::Node;
use report::{Limits, Report};
use tally::Tally;

/// Exit code when a bound was broken.
const BROKEN: u8 = 2;

#[derive(Parser)]
#[command(
    name = "takeoff-load",
    version,
    about = "Mixed load on a node at given rates: a table for people, a report in JSON",
    after_help = "Arrivals do not wait for answers: latencies count from when a request was due.\n\
        Exit codes: 0 all bounds were kept, 1 failed, 2 a bound was broken or wrong usage."
)]
struct Cli {
    /// Seconds of load
    #[arg(long, default_value_t = 3_600)]
    seconds: u64,
    /// Seconds from the start whose memory, queues and files are no part of the bounds [default: a sixth of all]
    #[arg(long)]
    warm_up: Option<u64>,
    /// Load a node that runs, by its URL, in place of starting one
    #[arg(long, value_name = "URL", requires = "pid")]
    address: Option<String>,
    /// Process of that node
    #[arg(long)]
    pid: Option<u32>,
    /// The takeoff binary [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Where the started node keeps its data: the disk under load [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Write the report as JSON here
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Seed of arrivals and drawings
    #[arg(long, default_value_t = 20_261_128)]
    seed: u64,
    /// Uploads of a sheet a second
    #[arg(long, default_value_t = 0.2)]
    uploads: f64,
    /// Count sessions a second
    #[arg(long, default_value_t = 0.3)]
    counts: f64,
    /// Reviews of a session a second (confirm all, make measurements)
    #[arg(long, default_value_t = 0.2)]
    reviews: f64,
    /// Reads a second
    #[arg(long, default_value_t = 20.0)]
    reads: f64,
    /// Measurements made a second
    #[arg(long, default_value_t = 4.0)]
    writes: f64,
    /// Measurements deleted a second
    #[arg(long, default_value_t = 2.0)]
    deletes: f64,
    #[command(flatten)]
    limits: Limits,
}

impl Cli {
    const fn rate(&self, kind: Kind) -> f64 {
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

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(anyhow::Error::from).and_then(|rt| rt.block_on(run(&cli))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(BROKEN),
        Err(e) => {
            let _ = writeln!(std::io::stderr(), "takeoff-load: {e:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all bounds were kept.
async fn run(cli: &Cli) -> anyhow::Result<bool> {
    let node = match (&cli.address, cli.pid) {
        (Some(address), Some(pid)) => Node::running(address, pid),
        _ => Node::start(cli.program.as_deref(), cli.folder.as_deref()).await?,
    };
    let tally = Arc::new(Tally::default());
    let api = Api::new(node.address())?;
    let mix = Arc::new(Mix::prepare(api.clone(), Arc::clone(&tally), cli.seed).await?);
    let length = Duration::from_secs(cli.seconds);
    let watching = watch::watch(api, node.id(), length);
    let load = mix::drive(mix, length, |kind| cli.rate(kind));
    let (samples, ()) = tokio::join!(watching, load);
    let warm_up = cli.warm_up.unwrap_or(cli.seconds / 6);
    let rates = Kind::ALL.map(|kind| (kind.name(), cli.rate(kind))).into();
    let report = Report::of(cli.seconds, warm_up, cli.seed, rates, samples?, &tally, &cli.limits)?;
    if let Some(file) = &cli.out {
        let mut json = serde_json::to_vec_pretty(&report)?;
        json.push(b'\n');
        std::fs::write(file, json).with_context(|| file.display().to_string())?;
    }
    // A closed pipe is the reader's choice, no failure.
    let _ = std::io::stdout().lock().write_all(report.table().as_bytes());
    Ok(report.kept())
}
