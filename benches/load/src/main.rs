//! `takeoff-load`: open-loop mixed load on a node or a cluster, watched from outside, with bounds that a long run must keep.

mod api;
mod cli;
mod mix;
mod picture;
mod report;
mod tally;
mod target;
mod watch;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use takeoff_config::environment::Variables;

use api::Api;
use cli::Cli;
use mix::{Kind, Mix};
use report::{Report, Run};
use tally::Tally;
use target::Target;

/// Exit code when a bound was broken.
const BROKEN: u8 = 2;

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
    let target = Target::of(cli).await?;
    let tally = Arc::new(Tally::default());
    let token = Variables::of_process().get("TAKEOFF_ADMIN_TOKEN").map(ToOwned::to_owned);
    let api = Api::new(target.addresses(), token)?;
    // Nothing is known of queues without it.
    let asked = api.get("/admin/node").await;
    asked.map_err(|wrong| anyhow::anyhow!("the admin API does not answer (TAKEOFF_ADMIN_TOKEN): {wrong}"))?;
    let mix = Arc::new(Mix::prepare(api.clone(), Arc::clone(&tally), cli.seed).await?);
    let length = Duration::from_secs(cli.seconds);
    let watching = watch::watch(api, target.processes(), length);
    let load = mix::drive(mix, length, |kind| cli.rate(kind));
    let (samples, ()) = tokio::join!(watching, load);
    let warm_up = cli.warm_up.unwrap_or(cli.seconds / 6);
    let rates = Kind::ALL.map(|kind| (kind.name(), cli.rate(kind))).into();
    let run = Run { seconds: cli.seconds, warm_up, seed: cli.seed, nodes: target.addresses().len(), rates };
    let report = Report::of(run, samples?, &tally, &cli.limits)?;
    if let Some(file) = &cli.picture {
        std::fs::write(file, picture::latencies(report.latencies()))
            .with_context(|| file.display().to_string())?;
    }
    if let Some(file) = &cli.out {
        let mut json = serde_json::to_vec_pretty(&report)?;
        json.push(b'\n');
        std::fs::write(file, json).with_context(|| file.display().to_string())?;
    }
    // A closed pipe is the reader's choice, no failure.
    let _ = std::io::stdout().lock().write_all(report.table().as_bytes());
    Ok(report.kept())
}
