//! How long a count takes on a page that is stored: with its index built, a second time, and on a page of half
//! a million segments in a process of its own.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use serde_json::json;
use takeoff_benches::inputs::display_list;
use takeoff_benches::machine::thread_cpu_seconds;
use takeoff_benches::report::{Bound, Figure, Measure};
use takeoff_benches::stats::Spread;
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, Exemplar, PageIndex, find};
use takeoff_core::geom::PxRect;
use takeoff_core::page::display::DisplayList;
use takeoff_engine::clock::Stopwatch;
use takeoff_samples::big_page;

use crate::sheets::boxed;

/// Pages of 42 x 30 in by weight.
const PAGES: [(&str, usize); 3] = [("light", 7_000), ("medium", 20_000), ("dense", 65_000)];
const PAGES_OF_A_WEIGHT: u64 = 2;
/// Times that each kind is counted.
const ROUNDS: usize = 3;
const FIRST_S: f64 = 0.1;
const FURTHER_S: f64 = 0.02;
/// The large page.
const SEGMENTS: usize = 500_000;
const LARGE_S: f64 = 1.0;
const LARGE_MB: f64 = 300.0;
/// Paths that are tried first, and how near to the wanted segments is near enough.
const LARGE_PATHS: usize = 250_000;
const NEAR_ENOUGH: f64 = 0.03;
const TRIALS: usize = 6;
/// More than any page here unpacks to.
const MAX_LIST_BYTES: usize = 1 << 30;

const HOW_FIRST: &str = "Exemplar::cut and find on an index that was built just before and asked nothing yet, \
    one thread. A sample is the median of the rounds of one kind, boxed on the plan.";
const HOW_FURTHER: &str = "The same for another kind on the same index, right after the first.";
const HOW_LARGE: &str = "In a process of its own that reads the stored display list: PageIndex::build and the first \
    count together, one thread. A sample is a kind in a fresh process.";
const HOW_MEMORY: &str = "VmHWM of that process: everything, with the list that it read, which it drops once it is \
    indexed.";

/// Wall and CPU time of something that one thread did, seconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub wall_s: f64,
    pub cpu_s: f64,
}

impl Taken {
    pub(crate) fn by<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(Self, T)> {
        let (cpu, watch) = (thread_cpu_seconds(), Stopwatch::start());
        let value = work()?;
        let wall_s = watch.elapsed().as_secs_f64();
        Ok((Self { wall_s, cpu_s: thread_cpu_seconds() - cpu }, value))
    }

    fn and(self, other: Self) -> Self {
        Self { wall_s: self.wall_s + other.wall_s, cpu_s: self.cpu_s + other.cpu_s }
    }

    pub(crate) fn median(all: &[Self]) -> Self {
        let of = |time: fn(&Self) -> f64| {
            Spread::of(&all.iter().map(time).collect::<Vec<_>>()).map_or(0.0, |s| s.median)
        };
        Self { wall_s: of(|t| t.wall_s), cpu_s: of(|t| t.cpu_s) }
    }
}

/// What a count found, and whether it looked everywhere.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Counted {
    found: usize,
    complete: bool,
}

/// Cuts and finds one exemplar.
fn count(index: &PageIndex, area: PxRect) -> anyhow::Result<Counted> {
    let budget = Budget::unlimited();
    let exemplar = Exemplar::cut(index, area, &budget)?;
    let outcome = find(index, &exemplar, &CountParams::default(), &budget).value;
    Ok(Counted { found: outcome.found, complete: outcome.complete })
}

pub(crate) fn measure(seed: u64, out: &mut impl Write) -> anyhow::Result<Vec<Measure>> {
    let mut measures = Vec::new();
    for (name, paths) in PAGES {
        writeln!(out, "speed    {name} pages of {paths} paths")?;
        measures.extend(of_weight(name, paths, seed)?);
    }
    writeln!(out, "speed    a page of {SEGMENTS} segments")?;
    measures.extend(large(seed)?);
    Ok(measures)
}

/// Boxes around one free symbol of each kind of a page's plan.
fn areas(truth: &takeoff_samples::PageTruth, seed: u64) -> Vec<(String, PxRect)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let of_kind = |(kind, all): (&String, &Vec<_>)| boxed(all, &mut rng).map(|area| (kind.clone(), area));
    truth.symbols.iter().filter_map(of_kind).collect()
}

fn of_weight(name: &str, paths: usize, seed: u64) -> anyhow::Result<Vec<Measure>> {
    let (mut built, mut first, mut further, mut inputs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let budget = Budget::unlimited();
    for seed in seed..seed + PAGES_OF_A_WEIGHT {
        let (pdf, truth) = big_page(paths, seed);
        let list = display_list(pdf)?;
        let areas = areas(&truth, seed);
        ensure!(areas.len() > 1, "page {seed} has too few kinds");
        let (mut firsts, mut furthers) = (vec![Vec::new(); areas.len()], vec![Vec::new(); areas.len()]);
        let (mut segments, mut counted) = (0, vec![Counted::default(); areas.len()]);
        for _ in 0..ROUNDS {
            for i in 0..areas.len() {
                let (build, index) = Taken::by(|| Ok(PageIndex::build(&list, &budget)?))?;
                segments = index.segment_count();
                built.push(build);
                let next = (i + 1) % areas.len();
                let (taken, first) = Taken::by(|| count(&index, areas[i].1))?;
                firsts[i].push(taken);
                counted[i] = first;
                furthers[next].push(Taken::by(|| count(&index, areas[next].1))?.0);
            }
        }
        let medians = |all: &[Vec<Taken>]| all.iter().map(|t| Taken::median(t)).collect::<Vec<_>>();
        let kinds: Vec<_> = areas
            .iter()
            .zip(&counted)
            .zip(medians(&firsts).iter().zip(medians(&furthers)))
            .map(|(((kind, _), counted), (first, further))| {
                let there = truth.count(kind);
                json!({"kind": kind, "true": there, "counted": counted, "first": first, "further": further})
            })
            .collect();
        inputs.push(json!({"seed": seed, "segments": segments, "kinds": kinds}));
        first.extend(medians(&firsts));
        further.extend(medians(&furthers));
    }
    let measure = |what: &str, all: &[Taken], how| -> anyhow::Result<Measure> {
        let id = format!("count_{}_{name}", what.replace(' ', "_"));
        let title = format!("{what} on a 42 x 30 in page of {paths} paths, index built");
        Ok(timed(id, title, all)?.inputs(json!({"paths": paths, "pages": inputs})).how(how))
    };
    Ok(vec![
        timed(format!("index_{name}"), format!("index of a page of {paths} paths"), &built)?,
        measure("first count", &first, HOW_FIRST)?.goal(Bound::AtMost(FIRST_S), Figure::Median),
        measure("further count", &further, HOW_FURTHER)?.goal(Bound::AtMost(FURTHER_S), Figure::Median),
    ])
}

/// A measure of CPU time, what the goals are about, with wall time beside it.
fn timed(id: String, title: String, all: &[Taken]) -> anyhow::Result<Measure> {
    let wall = all.iter().map(|t| t.wall_s).collect();
    let measure = Measure::new(id, title, "s of CPU", all.iter().map(|t| t.cpu_s).collect())?;
    Ok(measure.beside("wall", "s", wall))
}

/// What a process of its own is to count.
#[derive(Serialize, Deserialize)]
struct Task {
    list: std::path::PathBuf,
    /// x, y, width, height of the exemplar.
    area: [f64; 4],
}

/// And what it answers.
#[derive(Serialize, Deserialize)]
struct Answer {
    segments: usize,
    counted: Counted,
    decode: Taken,
    build: Taken,
    first: Taken,
    further: Taken,
    peak_mb: f64,
}

fn large(seed: u64) -> anyhow::Result<Vec<Measure>> {
    let folder = tempfile::tempdir()?;
    let (list, paths, truth) = large_page(seed)?;
    let stored = folder.path().join("list");
    std::fs::write(&stored, list.encode())?;
    drop(list);
    let (mut answers, mut kinds) = (Vec::new(), Vec::new());
    for (kind, area) in areas(&truth, seed) {
        let task = folder.path().join("task.json");
        let asked = Task { list: stored.clone(), area: [area.x, area.y, area.w, area.h] };
        std::fs::write(&task, serde_json::to_vec(&asked)?)?;
        let own = std::env::current_exe()?;
        let said = Command::new(own).arg("stored-page").arg(&task).output()?;
        ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let answer: Answer = serde_json::from_slice(&said.stdout)?;
        let there = truth.count(&kind);
        kinds.push(json!({"kind": kind, "box": asked.area, "true": there, "answer": answer}));
        answers.push(answer);
    }
    let segments = answers.first().context("the large page has no kinds")?.segments;
    let inputs = json!({"seed": seed, "paths": paths, "segments": segments, "kinds": kinds});
    let title = |what| format!("{what} on a page of {segments} segments");
    let first: Vec<Taken> = answers.iter().map(|a| a.build.and(a.first)).collect();
    let query: Vec<Taken> = answers.iter().map(|a| a.first).collect();
    let decode: Vec<Taken> = answers.iter().map(|a| a.decode).collect();
    let further: Vec<Taken> = answers.iter().map(|a| a.further).collect();
    let memory = answers.iter().map(|a| a.peak_mb).collect();
    Ok(vec![
        timed("count_first_large".into(), title("index and first count"), &first)?
            .goal(Bound::AtMost(LARGE_S), Figure::Median)
            .how(HOW_LARGE)
            .inputs(inputs.clone()),
        timed("count_query_large".into(), title("first count, index built,"), &query)?,
        timed("count_further_large".into(), title("further count"), &further)?,
        timed("decode_large".into(), title("reading the display list"), &decode)?,
        Measure::new("count_memory_large", title("peak memory"), "MB", memory)?
            .goal(Bound::AtMost(LARGE_MB), Figure::Max)
            .how(HOW_MEMORY)
            .inputs(inputs),
    ])
}

/// A page of about as many segments as wanted, and its paths.
fn large_page(seed: u64) -> anyhow::Result<(DisplayList, usize, takeoff_samples::PageTruth)> {
    let mut paths = LARGE_PATHS;
    for _ in 0..TRIALS {
        let (pdf, truth) = big_page(paths, seed);
        let list = display_list(pdf)?;
        let segments = PageIndex::build(&list, &Budget::unlimited())?.segment_count();
        let ratio = SEGMENTS as f64 / segments.max(1) as f64;
        if (ratio - 1.0).abs() < NEAR_ENOUGH {
            return Ok((list, paths, truth));
        }
        paths = (paths as f64 * ratio) as usize;
    }
    bail!("no page of {SEGMENTS} segments could be drawn")
}

/// Reads a stored list, counts once and then once more, and says what it took.
pub(crate) fn stored_page(task: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let task: Task = serde_json::from_slice(&std::fs::read(task)?)?;
    let [x, y, w, h] = task.area;
    let area = PxRect::new(x, y, w, h);
    let (decode, list) = Taken::by(|| {
        let bytes = std::fs::read(&task.list)?;
        Ok(DisplayList::decode(&bytes, MAX_LIST_BYTES)?)
    })?;
    let (build, index) = Taken::by(|| Ok(PageIndex::build(&list, &Budget::unlimited())?))?;
    // As a node does.
    drop(list);
    let (first, counted) = Taken::by(|| count(&index, area))?;
    let (further, _) = Taken::by(|| count(&index, area))?;
    let segments = index.segment_count();
    let answer = Answer { segments, counted, decode, build, first, further, peak_mb: peak_mb()? };
    Ok(serde_json::to_writer(out, &answer)?)
}

/// The most memory that this process has held, MB.
fn peak_mb() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).context("the kernel keeps no peak")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? * 1_024.0 / 1e6)
}
