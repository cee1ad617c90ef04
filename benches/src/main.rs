//! `takeoff-benches`: measures takeoff against its goals.

mod cli;
mod output;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Parser as _;
use takeoff_benches::machine::{Machine, Versions};
use takeoff_benches::measure::{Bench, measure};
use takeoff_benches::peaks;
use takeoff_benches::report::{Report, SCHEMA};
use takeoff_benches::sizes::Sizes;
use takeoff_benches::table;
use takeoff_engine::clock::{Stopwatch, SystemClock};
use takeoff_storage::catalog::Clock as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(anyhow::Error::from).and_then(|rt| rt.block_on(run(&cli))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            output::note(&format!("takeoff-benches: {e:#}"));
            ExitCode::from(cli::FAILED)
        }
    }
}

async fn run(cli: &Cli) -> anyhow::Result<()> {
    if let Some(what) = &cli.peak_of {
        output::print(&peaks::answer(what)?);
        return Ok(());
    }
    let own = std::env::current_exe().context("the running program has no path")?;
    let program = binary_beside(&own)?;
    let temporary = tempfile::tempdir()?;
    let folder = cli.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let bench = Bench {
        sizes: if cli.quick { Sizes::quick() } else { Sizes::full() },
        seed: cli.seed,
        program,
        folder,
        build_seconds: cli.build_seconds,
        // A quick run is short in any case.
        long: cli.long || cli.quick,
        own: own.clone(),
    };
    let (started_at, watch, machine) = (now()?, Stopwatch::start(), Machine::here());
    let mut measures = Vec::new();
    for topic in cli.topics() {
        output::note(&format!("measuring {} ...", topic.name()));
        measures.extend(measure(topic, &bench).await.with_context(|| topic.name())?);
    }
    let report = Report {
        schema: SCHEMA,
        started_at,
        seconds: watch.elapsed().as_secs_f64(),
        quick: cli.quick,
        seed: cli.seed,
        machine,
        versions: Versions::of(own.parent().unwrap_or(Path::new("."))),
        measures,
    };
    if let Some(file) = &cli.out {
        let mut json = serde_json::to_vec_pretty(&report)?;
        json.push(b'\n');
        std::fs::write(file, json).with_context(|| file.display().to_string())?;
    }
    output::print(&table::render(&report));
    Ok(())
}

/// The binary that is measured: built into the same folder as this program.
fn binary_beside(own: &Path) -> anyhow::Result<PathBuf> {
    let program = own.with_file_name(format!("takeoff{}", std::env::consts::EXE_SUFFIX));
    let flag = if cfg!(debug_assertions) { "" } else { " --release" };
    ensure!(
        program.is_file(),
        "{} is missing: it is what is measured. Build it with `cargo build{flag} --workspace`",
        program.display()
    );
    Ok(program)
}

fn now() -> anyhow::Result<String> {
    let now = OffsetDateTime::from_unix_timestamp_nanos(i128::from(SystemClock.now().0) * 1_000)?;
    Ok(now.replace_nanosecond(0)?.format(&Rfc3339)?)
}
