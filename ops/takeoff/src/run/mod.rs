//! `takeoff run`: a whole takeoff from a recipe, on an engine of its own.

mod color;
mod count;
mod drive;
mod files;
mod lettering;
mod memory;
mod picture;
mod price;
mod progress;
mod report;
mod sheets;
mod text;

use std::path::{Path, PathBuf};

use takeoff_config::Flags;

use crate::cli::{RunArgs, exit};
use crate::recipe::Recipe;
use crate::{node, output, settings};
use progress::Progress;
use report::Report;

pub(crate) fn main(args: &RunArgs) -> u8 {
    let recipe = match Recipe::read(&args.recipe) {
        Ok(recipe) => recipe,
        Err(unusable) => {
            output::complain(&format!("{} cannot be run:", args.recipe.display()));
            for problem in &unusable.0 {
                // A problem of the format shows the line it stands in, over several lines.
                let lines: Vec<_> = problem.trim_end().lines().map(output::plain).collect();
                output::note(&format!("  - {}", lines.join("\n")));
            }
            return exit::DATA;
        }
    };
    // What cannot be written is said before the work, not after it.
    if let Some(out) = &args.out
        && let Err(e) = files::prepare(out)
    {
        output::complain(&format!("{e:#}"));
        return exit::FAILED;
    }
    let (folder, _temporary) = match data_folder(args.data_dir.as_deref()) {
        Ok(found) => found,
        Err(e) => {
            output::complain(&format!("no folder for the engine's data: {e}"));
            return exit::FAILED;
        }
    };
    let flags = Flags { listen: None, data_dir: Some(folder.display().to_string()) };
    let mut loaded = match settings::load_or_complain(args.config.as_deref(), &flags) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    // What a run works with is in its folder, whatever a node beside it is set up for.
    loaded.config.database.url = None;
    let ran = node::runtime()
        .map_err(anyhow::Error::from)
        .and_then(|rt| rt.block_on(run(loaded.config, &recipe, args)));
    match ran {
        Ok(report) => {
            let text = if args.json { report.json() } else { text::render(&report) };
            let printed = output::print(&text);
            if report.problems.is_empty() { printed } else { exit::FAILED }
        }
        Err(e) => {
            output::complain(&output::plain(&format!("{e:#}")));
            exit::FAILED
        }
    }
}

/// The given folder, or a temporary one that goes away with the second value.
fn data_folder(given: Option<&Path>) -> std::io::Result<(PathBuf, Option<tempfile::TempDir>)> {
    match given {
        Some(folder) => Ok((folder.to_path_buf(), None)),
        None => {
            let temporary = tempfile::Builder::new().prefix("takeoff-").tempdir()?;
            Ok((temporary.path().to_path_buf(), Some(temporary)))
        }
    }
}

async fn run(config: takeoff_config::NodeConfig, recipe: &Recipe, args: &RunArgs) -> anyhow::Result<Report> {
    let drain_ms = config.jobs.drain_ms;
    let progress = Progress::new(args.json);
    let memory = memory::Watch::start();
    let handle = node::start(config).await?;
    let folder = args.recipe.parent().unwrap_or(Path::new("."));
    let driven = drive::drive(&handle, recipe, folder, args.out.as_deref(), &progress).await;
    handle.drain(drain_ms).await;
    progress.clear();
    let mut report = driven?;
    report.memory = memory.stop().await;
    if let Some(out) = &args.out
        && let Err(e) = files::write(out, &report)
    {
        report.problems.push(format!("{e:#}"));
    }
    Ok(report)
}
