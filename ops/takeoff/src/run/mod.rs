//! `takeoff run`: a whole takeoff from a recipe, on an engine of its own.

mod claim;
mod color;
mod count;
mod drive;
mod files;
mod folder;
mod lettering;
mod measure;
mod memory;
mod picture;
mod places;
mod price;
mod progress;
mod report;
mod sheets;
mod stop;
mod text;
mod trace;

use std::path::Path;

use anyhow::Context as _;
use takeoff_config::Flags;

use crate::cli::{RunArgs, exit};
use crate::recipe::{Recipe, Unusable};
use crate::{node, output, settings};
use files::Outputs;
use folder::DataFolder;
use progress::Progress;
use report::Report;
use stop::{Stop, Stops};

pub(crate) fn main(args: &RunArgs) -> u8 {
    let recipe = match Recipe::read(&args.recipe) {
        Ok(recipe) => recipe,
        Err(unusable) => return refuse(&args.recipe, &unusable),
    };
    // What cannot be written is said before the work, not after it.
    let outputs = match args.out.as_deref().map(Outputs::open).transpose() {
        Ok(outputs) => outputs,
        Err(e) => {
            output::complain(&output::plain(&format!("{e:#}")));
            return exit::FAILED;
        }
    };
    let runtime = match node::runtime() {
        Ok(runtime) => runtime,
        Err(e) => {
            output::complain(&format!("the engine cannot run: {e}"));
            return exit::FAILED;
        }
    };
    let progress = Progress::new(args.json);
    let ended = runtime.block_on(run(args, &recipe, outputs.as_ref(), &progress));
    // Whatever still computes need not be waited for.
    runtime.shutdown_background();
    let without_report = ended.is_err();
    let code = finish(args, &recipe, &progress, ended);
    if without_report && let Some(folder) = outputs.as_ref().and_then(Outputs::earlier_in) {
        output::note(&output::plain(&format!("what is in {} is of an earlier run", folder.display())));
    }
    code
}

/// How a run ended without a report.
enum Ended {
    /// The settings are wrong, which has been said.
    Config(u8),
    /// The recipe asks for what its drawings do not have.
    Recipe(Unusable),
    Stopped(Stop),
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Ended {
    fn from(e: anyhow::Error) -> Self {
        match e.downcast::<Unusable>() {
            Ok(unusable) => Self::Recipe(unusable),
            Err(e) => Self::Failed(e),
        }
    }
}

/// Prints the report, or why there is none; the exit code.
fn finish(args: &RunArgs, recipe: &Recipe, progress: &Progress, ended: Result<Report, Ended>) -> u8 {
    match ended {
        Ok(report) => {
            let text = if args.json { report.json() } else { text::render(&report) };
            let printed = output::print(&text);
            if report.problems.is_empty() { printed } else { exit::FAILED }
        }
        Err(Ended::Config(code)) => code,
        Err(Ended::Recipe(unusable)) => refuse(&args.recipe, &unusable),
        Err(Ended::Stopped(stop)) => {
            output::complain(&output::plain(&progress.stopped(stop.name, recipe)));
            stop.code()
        }
        Err(Ended::Failed(e)) => {
            output::complain(&output::plain(&format!("{e:#}")));
            exit::FAILED
        }
    }
}

fn refuse(path: &Path, unusable: &Unusable) -> u8 {
    output::complain(&output::plain(&format!("{} cannot be run:", path.display())));
    for problem in &unusable.0 {
        // A problem of the format shows the line it stands in, over several lines.
        let lines: Vec<_> = problem.trim_end().lines().map(output::plain).collect();
        output::note(&format!("  - {}", lines.join("\n")));
    }
    exit::DATA
}

async fn run(
    args: &RunArgs,
    recipe: &Recipe,
    outputs: Option<&Outputs>,
    progress: &Progress,
) -> Result<Report, Ended> {
    // Signals are caught before there is anything to clean up.
    let mut stops = Stops::new().map_err(|e| Ended::Failed(e.into()))?;
    let folder = DataFolder::open(args.data_dir.as_deref())
        .context("no folder for the engine's data")
        .map_err(Ended::Failed)?;
    let flags = Flags { listen: None, data_dir: Some(folder.path().display().to_string()) };
    let mut config =
        settings::load_or_complain(args.config.as_deref(), &flags).map_err(Ended::Config)?.config;
    // What a run works with is in its folder, whatever a node beside it is set up for.
    config.database.url = None;
    let drain_ms = config.jobs.drain_ms;
    let memory = memory::Watch::start();
    let handle = stops.or(node::start(config)).await.map_err(Ended::Stopped)??;
    let recipes = args.recipe.parent().unwrap_or(Path::new("."));
    let driven = stops.or(drive::drive(&handle, recipe, recipes, outputs, progress)).await;
    progress.clear();
    let driven = match driven {
        Ok(driven) => {
            let _ = stops.or(handle.drain(drain_ms)).await;
            driven
        }
        Err(stop) => {
            output::note(&format!("{} takes the run back; once more ends it at once", stop.name));
            // Attempts are given up and parse children ended; a second signal does not wait for them.
            let _ = stops.or(handle.drain(0)).await;
            return Err(Ended::Stopped(stop));
        }
    };
    let mut report = driven?;
    report.memory = memory.stop().await;
    if let Some(outputs) = outputs
        && let Err(e) = files::write(outputs, &report)
    {
        report.problems.push(format!("{e:#}"));
    }
    Ok(report)
}
