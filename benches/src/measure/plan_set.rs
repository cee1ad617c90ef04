//! A large plan set: peak memory while it is ingested, and how long that takes.

use serde_json::json;
use takeoff_engine::clock::Stopwatch;

use super::Bench;
use crate::node::{Api, PeakWatch, Server, cpu_seconds};
use crate::report::{Bound, Figure, Measure};

const GOAL_MAIN_MB: f64 = 300.0;
const GOAL_ALL_MB: f64 = 900.0;
/// What a set of ten times as many pages may hold, of this one.
const GOAL_LONG: f64 = 1.1;

const HOW_MAIN: &str = "Peak resident memory of the main process (VmHWM of its /proc/PID/status) from its start \
    until all pages of the uploaded set are ready; two parse workers, as by default.";
const HOW_ALL: &str = "The main process and its parse workers: the largest sum of the peaks (VmHWM) of those \
    that lived at once, looked at every 20 ms. Each had its peak at another moment and shared pages count once \
    a process, so the truth is lower.";
const HOW_SAMPLED: &str = "The same processes: the largest sum of their resident memory (VmRSS) at one moment, \
    sampled every 20 ms. Shared pages count once a process.";
const HOW_HELD: &str = "The same processes: the largest sum at one moment of what they hold for themselves (RssAnon and \
    RssShmem), sampled every 20 ms. Pages of files (the program, the uploaded set that each parse worker maps) are not in it: \
    the system drops them when it needs the memory.";
const HOW_WALL: &str = "From the first byte of the upload until a client sees every page `ready`.";
const HOW_LONG: &str = "The same of a set of ten times as many pages, once. The goals are 1.1 times the largest of the set \
    above: what is held does not grow with a set. The sum of the peaks does, as a worker that lists the pages of a file \
    touches some of it all over.";
const HOW_CPU: &str = "CPU time of all processes over that time, for a page.";

/// What ingesting a set took, by round.
#[derive(Default)]
struct Taken {
    main: Vec<f64>,
    bound: Vec<f64>,
    sampled: Vec<f64>,
    held: Vec<f64>,
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

impl Taken {
    /// To a fresh node: a peak is for life.
    async fn ingest(&mut self, bench: &Bench, pdf: Vec<u8>, pages: usize) -> anyhow::Result<()> {
        let server = Server::start(&bench.program, &bench.folder).await?;
        let api = Api::new(server.address())?;
        let project = api.project().await?;
        let before = cpu_seconds(server.id())?;
        let (peaks, watch) = (PeakWatch::start(server.id()), Stopwatch::start());
        let document = api.upload(&project, pdf).await?;
        api.ready(&document, pages).await?;
        self.wall.push(watch.elapsed().as_secs_f64());
        self.cpu.push((cpu_seconds(server.id())? - before) / pages as f64);
        let peaks = peaks.stop()?;
        self.main.push(megabytes(peaks.main));
        self.bound.push(megabytes(peaks.all_bound));
        self.sampled.push(megabytes(peaks.all_sampled));
        self.held.push(megabytes(peaks.held));
        Ok(())
    }
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let (pages, mut taken, mut file_mb) = (sizes.set_pages as usize, Taken::default(), 0.0);
    for _ in 0..sizes.set_rounds {
        let pdf = takeoff_samples::set_of(sizes.set_pages, sizes.set_paths, bench.seed);
        file_mb = megabytes(pdf.len() as u64);
        taken.ingest(bench, pdf, pages).await?;
    }
    let most = [&taken.main, &taken.held].map(|of| of.iter().copied().fold(0.0, f64::max) * GOAL_LONG);
    let of = Set { pages, file_mb, bench };
    let mut measures = vec![
        of.measure("plan_set_memory_main", "peak memory of the main process", "MB", taken.main, HOW_MAIN)?
            .goal(Bound::AtMost(GOAL_MAIN_MB), Figure::Max),
        of.measure("plan_set_memory_all", "peak memory of all, upper bound", "MB", taken.bound, HOW_ALL)?
            .goal(Bound::AtMost(GOAL_ALL_MB), Figure::Max),
        of.measure(
            "plan_set_memory_all_sampled",
            "peak memory of all, sampled",
            "MB",
            taken.sampled,
            HOW_SAMPLED,
        )?,
        of.measure("plan_set_memory_held", "memory that all hold", "MB", taken.held, HOW_HELD)?,
        of.measure("plan_set_wall", "to ready, wall", "s", taken.wall, HOW_WALL)?,
        of.measure("plan_set_cpu", "CPU a page", "s", taken.cpu, HOW_CPU)?,
    ];
    if bench.long {
        measures.extend(long_set(bench, most).await?);
    }
    Ok(measures)
}

/// A set of ten times as many pages, which takes long; `most` is what may be held of memory.
async fn long_set(bench: &Bench, most: [f64; 2]) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let (pages, mut taken) = (sizes.long_set_pages as usize, Taken::default());
    let pdf = takeoff_samples::set_of(sizes.long_set_pages, sizes.set_paths, bench.seed);
    let of = Set { pages, file_mb: megabytes(pdf.len() as u64), bench };
    taken.ingest(bench, pdf, pages).await?;
    let main = "peak memory of the main process";
    Ok(vec![
        of.measure("long_set_memory_main", main, "MB", taken.main, HOW_LONG)?
            .goal(Bound::AtMost(most[0]), Figure::Max),
        of.measure("long_set_memory_held", "memory that all hold", "MB", taken.held, HOW_LONG)?
            .goal(Bound::AtMost(most[1]), Figure::Max),
        of.measure("long_set_memory_all", "peak memory of all, upper bound", "MB", taken.bound, HOW_LONG)?,
        of.measure("long_set_wall", "to ready, wall", "s", taken.wall, HOW_WALL)?,
        of.measure("long_set_cpu", "CPU a page", "s", taken.cpu, HOW_CPU)?,
    ])
}

/// A set that was ingested, for the report.
struct Set<'a> {
    pages: usize,
    file_mb: f64,
    bench: &'a Bench,
}

impl Set<'_> {
    fn measure(
        &self,
        id: &str,
        what: &str,
        unit: &'static str,
        samples: Vec<f64>,
        how: &'static str,
    ) -> anyhow::Result<Measure> {
        let paths = self.bench.sizes.set_paths;
        let inputs = json!({
            "pages": self.pages,
            "paper_inches": [42, 30],
            "paths_a_page": [paths / 2, paths * 3 / 2],
            "file_mb": self.file_mb,
            "seed": self.bench.seed,
            "parse_workers": 2,
        });
        let title = format!("set of {} pages, {what}", self.pages);
        Ok(Measure::new(id, title, unit, samples)?.inputs(inputs).how(how))
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
