//! How right the counts are, and how fast: sheets of the samples generator, drawn in every habit with seeds of
//! one's own choosing, counted from one exemplar of each kind and compared with what was drawn.

mod boxes;
mod curve;
mod opencv;
mod picture;
mod real;
mod scan;
mod sheets;
mod speed;
mod suggestions;
mod suite;
mod tally;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use serde_json::{Map, Value, json};
use takeoff_benches::machine::{Machine, Versions};
use takeoff_engine::clock::Stopwatch;
use takeoff_samples::Habit;

use crate::scan::Scan;
use crate::sheets::{Drawing, Run};
use crate::suite::Suite;
use crate::tally::{Query, Row, rows};

/// Name and number of the format of the suites' report, and of that of the comparison.
const SCHEMA: &str = "takeoff-counting/1";
const COMPARISON: &str = "takeoff-counting-opencv/1";

#[derive(Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    about = "Counts symbols on generated sheets with known truth and reports how right it was, and how fast"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    explore: Explore,
}

#[derive(Subcommand)]
enum Command {
    /// Run the suites with their targets: one report, and pictures of its curves
    Suites(Suites),
    /// Ask the same question of OpenCV, which is installed for it, and compare times
    Opencv(Comparison),
    /// Ask sheets what repeats on them, without an example, and see whether it is what was drawn
    Suggest(Suggest),
    /// Count with boxes that are drawn wrong, and with right ones, and see which errors nothing told of
    Boxes(Boxes),
    /// Count on one stored page in a process of its own, whose memory is measured
    #[command(hide = true)]
    StoredPage { task: PathBuf },
}

/// Which sheets are asked what repeats on them.
#[derive(Args)]
pub(crate) struct Suggest {
    /// First seed; sheet n of a habit is drawn from seed + n
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Sheets of each habit
    #[arg(long, default_value_t = 4)]
    pub(crate) sheets: u64,
    /// Habits, separated by commas; all by default
    #[arg(long, value_delimiter = ',')]
    pub(crate) habits: Vec<String>,
    /// Large pages of about so many paths each instead of plans
    #[arg(long, conflicts_with = "habits")]
    pub(crate) paths: Option<usize>,
    /// Scan the sheets at so many pixels an inch
    #[arg(long, conflicts_with = "paths")]
    pub(crate) scan: Option<u32>,
    /// A drawing of one's own, whose suggestions are listed
    #[arg(long, conflicts_with_all = ["habits", "paths", "scan"])]
    pub(crate) file: Option<PathBuf>,
    /// Page of that drawing, from 1
    #[arg(long, default_value_t = 1, requires = "file")]
    pub(crate) page: u32,
    /// Deviation in size that the counts allow, as a share
    #[arg(long, default_value_t = 0.03)]
    pub(crate) scale_tolerance: f64,
    /// List all suggestions and name every kind that is not among the first
    #[arg(long)]
    pub(crate) verbose: bool,
    /// File of the report
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

/// Boxes around parts of symbols and beside them.
#[derive(Args)]
pub(crate) struct Boxes {
    /// Folder of a set of drawings with its `truth.json`
    #[arg(long, default_value = "samples/school")]
    pub(crate) set: PathBuf,
    /// Seed of the boxes
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Instances of each kind on a page that get wrong boxes
    #[arg(long, default_value_t = 1)]
    pub(crate) instances: usize,
    /// Every so many-th instance gets right boxes
    #[arg(long, default_value_t = 1)]
    pub(crate) step: usize,
    /// Kinds of symbols, separated by commas; all by default
    #[arg(long, value_delimiter = ',')]
    pub(crate) kinds: Vec<String>,
    /// Right boxes only
    #[arg(long)]
    pub(crate) only_right: bool,
    /// Wrong boxes only
    #[arg(long, conflicts_with = "only_right")]
    pub(crate) only_wrong: bool,
    /// List every box
    #[arg(long)]
    pub(crate) verbose: bool,
    /// File of the report
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
struct Suites {
    /// First seed of all sheets
    #[arg(long)]
    seed: u64,
    /// Sheets of each habit
    #[arg(long, default_value_t = 4)]
    sheets: u64,
    /// Run these only: vector, hard, scan300, scan150, real, speed
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Folder of the report and its pictures
    #[arg(long)]
    out: PathBuf,
}

#[derive(Args)]
struct Comparison {
    /// First seed of the sheets
    #[arg(long)]
    seed: u64,
    /// Times that each is measured, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// And times that 121 templates are, for each of three kinds
    #[arg(long, default_value_t = 1)]
    slow_rounds: usize,
    /// File of the report
    #[arg(long)]
    out: PathBuf,
}

/// Sheets of one's own choosing, for work on the matcher.
#[derive(Args)]
struct Explore {
    /// First seed; sheet n of a habit is drawn from seed + n
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Sheets of each habit
    #[arg(long, default_value_t = 4)]
    sheets: u64,
    /// Habits, separated by commas; all by default
    #[arg(long, value_delimiter = ',')]
    habits: Vec<String>,
    /// Crowded sheets of about so many look-alikes instead of plans
    #[arg(long)]
    crowd: Option<usize>,
    /// Large pages of about so many paths each instead of plans
    #[arg(long, conflicts_with_all = ["habits", "crowd"])]
    paths: Option<usize>,
    /// Kinds of symbols, separated by commas; all by default
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<String>,
    /// Scan the sheets at so many pixels an inch: skewed up to 2 degrees, grainy, as JPEG
    #[arg(long, conflicts_with = "paths")]
    scan: Option<u32>,
    /// Deviation of a scanned pixel's brightness, of 255
    #[arg(long, default_value_t = 6.0, requires = "scan")]
    noise: f64,
    /// Write the strokes that a scan was traced to here, as SVG
    #[arg(long, requires = "scan")]
    strokes: Option<PathBuf>,
    /// Name every miss and every invention
    #[arg(long)]
    verbose: bool,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let mut out = std::io::stdout().lock();
    match cli.command {
        None => explore(&cli.explore, &mut out),
        Some(Command::Suites(suites)) => run_suites(&suites, &mut out),
        Some(Command::Opencv(asked)) => {
            let (started, machine) = (Stopwatch::start(), Machine::here());
            let compared = opencv::compare(asked.seed, (asked.rounds, asked.slow_rounds), &mut out)?;
            let mut report = head(COMPARISON, asked.seed, machine)?;
            report.insert("seconds".to_owned(), started.elapsed().as_secs_f64().into());
            report.insert("comparison".to_owned(), compared);
            write(&asked.out, &report.into())
        }
        Some(Command::Suggest(asked)) => suggestions::run(&asked, &mut out),
        Some(Command::Boxes(asked)) => boxes::run(&asked, &mut out),
        Some(Command::StoredPage { task }) => speed::stored_page(&task, &mut out),
    }
}

/// Where and with what a report was made.
fn head(schema: &str, seed: u64, machine: Machine) -> anyhow::Result<Map<String, Value>> {
    let own = std::env::current_exe().context("the running program has no path")?;
    let versions = Versions::of(own.parent().unwrap_or(Path::new(".")));
    let head = json!({"schema": schema, "seed": seed, "machine": machine, "versions": versions});
    head.as_object().cloned().context("a report is an object")
}

fn write(file: &Path, report: &Value) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(report)?;
    text.push(b'\n');
    std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

fn run_suites(asked: &Suites, out: &mut impl Write) -> anyhow::Result<()> {
    const OTHERS: [&str; 2] = ["real", "speed"];
    let known: Vec<&str> = Suite::ALL.map(Suite::name).into_iter().chain(OTHERS).collect();
    for name in &asked.only {
        anyhow::ensure!(known.contains(&name.as_str()), "no suite `{name}`; there are {}", known.join(", "));
    }
    let wanted = |name: &str| asked.only.is_empty() || asked.only.iter().any(|n| n == name);
    std::fs::create_dir_all(&asked.out).with_context(|| asked.out.display().to_string())?;
    let (started, machine) = (Stopwatch::start(), Machine::here());
    let mut suites = Vec::new();
    for suite in Suite::ALL.into_iter().filter(|s| wanted(s.name())) {
        suites.push(suite.run(asked.seed, asked.sheets, out)?.to_json(&asked.out)?);
    }
    if wanted("real") {
        match real::corpus() {
            Some(corpus) => suites.push(real::run(&corpus, &asked.out)?),
            None => writeln!(out, "SKIPPED: real, since TAKEOFF_CORPUS names no folder of real drawings")?,
        }
    }
    let mut report = head(SCHEMA, asked.seed, machine)?;
    if wanted("speed") {
        let measures = speed::measure(asked.seed, out)?;
        report.insert("speed".to_owned(), serde_json::to_value(measures)?);
    }
    report.insert("sheets_per_habit".to_owned(), asked.sheets.into());
    report.insert("seconds".to_owned(), started.elapsed().as_secs_f64().into());
    report.insert("suites".to_owned(), suites.into());
    print_goals(&report, out)?;
    write(&asked.out.join("report.json"), &report.into())
}

/// Every figure that has a goal, and whether it is met.
fn print_goals(report: &Map<String, Value>, out: &mut impl Write) -> anyhow::Result<()> {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut line =
        |met: bool, text: String| writeln!(out, "{:<6} {text}", if met { "met" } else { "MISSED" });
    for suite in report["suites"].as_array().into_iter().flatten() {
        for goal in list(suite, "goals").iter().chain(&list(&suite["finish_plan"], "goals")) {
            let bound =
                ["at_least", "at_most", "exactly"].into_iter().find(|b| !goal[*b].is_null()).unwrap_or("");
            line(
                goal["met"] == true,
                format!(
                    "{}: {} is {}, {} {}",
                    suite["suite"].as_str().unwrap_or_default(),
                    goal["figure"].as_str().unwrap_or_default(),
                    goal["value"],
                    bound.replace('_', " "),
                    goal[bound]
                ),
            )?;
        }
    }
    for measure in report.get("speed").and_then(Value::as_array).into_iter().flatten() {
        let goal = &measure["goal"];
        if !goal.is_null() {
            line(
                goal["met"] == true,
                format!(
                    "{}: median {} {}, goal {}",
                    measure["title"], measure["median"], measure["unit"], goal["bound"]
                ),
            )?;
        }
    }
    Ok(())
}

fn explore(asked: &Explore, out: &mut impl Write) -> anyhow::Result<()> {
    let mut queries: Vec<Query> = Vec::new();
    for (name, drawing) in drawings(asked)? {
        for seed in asked.seed..asked.seed + asked.sheets {
            let scan = asked.scan.map(|dpi| Scan { dpi, noise: asked.noise, skewed: true });
            let strokes = asked.strokes.as_deref();
            let found = Run { name: &name, drawing, seed, kinds: &asked.kinds, scan, strokes }.queries()?;
            for query in found.iter().filter(|q| asked.verbose && !q.is_right()) {
                writeln!(out, "{}", query.describe())?;
            }
            queries.extend(found);
        }
    }
    for (title, rows) in [("habit", rows(&queries, |q| &q.habit)), ("kind", rows(&queries, |q| &q.kind))] {
        writeln!(out, "\n{title:<20} {}", Row::HEAD)?;
        for (name, row) in &rows {
            writeln!(out, "{name:<20} {}", row.text())?;
        }
    }
    writeln!(out, "{:<20} {}", "all", Row::of(&queries).text())?;
    Ok(())
}

/// What to draw, by name.
fn drawings(asked: &Explore) -> anyhow::Result<Vec<(String, Drawing)>> {
    if let Some(paths) = asked.paths {
        return Ok(vec![(format!("{paths} paths"), Drawing::Large(paths))]);
    }
    let all = || Habit::NAMES.iter().map(|n| (*n).to_owned()).collect();
    let names: Vec<String> = if asked.habits.is_empty() { all() } else { asked.habits.clone() };
    let drawing = |name: String| {
        let habit = Habit::named(&name).with_context(|| format!("there is no habit named {name}"))?;
        Ok((name, asked.crowd.map_or(Drawing::Plan(habit), |n| Drawing::Crowd(habit, n))))
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
