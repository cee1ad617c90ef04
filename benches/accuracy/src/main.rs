//! How right the counts are: sheets of the samples generator, drawn in every habit with seeds of one's
//! own choosing, counted from one exemplar of each kind and compared with what was drawn.

mod scan;
mod sheets;
mod tally;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use takeoff_samples::Habit;

use crate::scan::Scan;
use crate::sheets::{Drawing, Run};
use crate::tally::Report;

#[derive(Parser)]
#[command(
    version,
    about = "Counts symbols on generated sheets with known truth and reports how right it was"
)]
struct Cli {
    /// First seed; sheet n of a habit is drawn from seed + n
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Sheets of each habit
    #[arg(long, default_value_t = 4)]
    sheets: u64,
    /// Habits, separated by commas; all by default
    #[arg(long, value_delimiter = ',')]
    habits: Vec<String>,
    /// Large pages of about so many paths each instead of plans
    #[arg(long, conflicts_with = "habits")]
    paths: Option<usize>,
    /// Kinds of symbols, separated by commas; all by default
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<String>,
    /// Scan the plans at so many pixels an inch: skewed up to 2 degrees, grainy, as JPEG
    #[arg(long, conflicts_with = "paths")]
    scan: Option<u32>,
    /// Deviation of a scanned pixel's brightness, of 255
    #[arg(long, default_value_t = 6.0, requires = "scan")]
    noise: f64,
    /// Write the strokes that a scan was traced to here, as SVG
    #[arg(long, requires = "scan")]
    strokes: Option<PathBuf>,
    /// Write the report as JSON here
    #[arg(long)]
    out: Option<PathBuf>,
    /// Name every miss and every invention
    #[arg(long)]
    verbose: bool,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let mut report = Report::new(cli.seed, cli.sheets);
    let mut out = std::io::stdout().lock();
    for (name, drawing) in drawings(&cli)? {
        for seed in cli.seed..cli.seed + cli.sheets {
            let run = Run {
                name: &name,
                drawing,
                seed,
                kinds: &cli.kinds,
                scan: cli.scan.map(|dpi| Scan { dpi, noise: cli.noise, skewed: true }),
                strokes: cli.strokes.as_deref(),
            };
            for query in run.queries()? {
                if cli.verbose && !query.is_right() {
                    writeln!(out, "{}", query.describe())?;
                }
                report.add(query);
            }
        }
    }
    report.print(&mut out)?;
    if let Some(path) = &cli.out {
        let text = serde_json::to_string_pretty(&report.to_json())?;
        std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// What to draw, by name.
fn drawings(cli: &Cli) -> anyhow::Result<Vec<(String, Drawing)>> {
    if let Some(paths) = cli.paths {
        return Ok(vec![(format!("{paths} paths"), Drawing::Large(paths))]);
    }
    let all = || Habit::NAMES.iter().map(|n| (*n).to_owned()).collect();
    let names: Vec<String> = if cli.habits.is_empty() { all() } else { cli.habits.clone() };
    let drawing = |name: String| {
        let habit = Habit::named(&name).with_context(|| format!("there is no habit named {name}"))?;
        Ok((name, Drawing::Plan(habit)))
    };
    names.into_iter().map(drawing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sheets that hold what is hard to tell apart: switches with and without a bar, luminaires with and
    /// without a filled half, circles in every device, lettering that is strokes, tiles under everything,
    /// barred switches side by side whose bars are one stroke.
    #[test]
    fn hard_sheets_are_counted_without_an_error() {
        let all: &[String] = &[];
        let switches = &["switch".to_owned()][..];
        let sheets =
            [("dense", 1), ("exploded", 1), ("exploded", 101), ("blocks", 302)].map(|(n, s)| (n, s, all, 8));
        for (name, seed, kinds, least) in sheets.into_iter().chain([("tilted", 400, switches, 1)]) {
            let drawing = Drawing::Plan(Habit::named(name).unwrap());
            let queries = Run { name, drawing, seed, kinds, scan: None, strokes: None }.queries().unwrap();
            assert!(queries.len() >= least, "{name} {seed}: {}", queries.len());
            let wrong: Vec<String> =
                queries.iter().filter(|q| !q.is_right()).map(tally::Query::describe).collect();
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        }
    }
}
