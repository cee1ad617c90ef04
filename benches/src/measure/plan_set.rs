//! A large plan set: peak memory while it is ingested, and how long that takes.

use serde_json::json;
use takeoff_engine::clock::Stopwatch;

use super::Bench;
use crate::node::{Api, PeakWatch, Server, cpu_seconds};
use crate::report::{Bound, Figure, Measure};

const GOAL_MAIN_MB: f64 = 300.0;
const GOAL_ALL_MB: f64 = 900.0;

const HOW_MAIN: &str = "Peak resident memory of the main process (VmHWM of its /proc/PID/status) from its start \
    until all pages of the uploaded set are ready; two parse workers, as by default.";
const HOW_ALL: &str = "The main process and its parse workers: the largest sum of the peaks (VmHWM) of those \
    that lived at once, looked at every 20 ms. Each had its peak at another moment and shared pages count once \
    a process, so the truth is lower.";
const HOW_SAMPLED: &str = "The same processes: the largest sum of their resident memory (VmRSS) at one moment, \
    sampled every 20 ms. Shared pages count once a process.";
const HOW_WALL: &str = "From the first byte of the upload until a client sees every page `ready`.";
const HOW_CPU: &str = "CPU time of all processes over that time, for a page.";

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let pdf = takeoff_samples::set_of(sizes.set_pages, sizes.set_paths, bench.seed);
    let pages = sizes.set_pages as usize;
    let (mut main, mut bound, mut sampled, mut wall, mut cpu) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sizes.set_rounds {
        // A fresh node each time: a peak is for life.
        let server = Server::start(&bench.program, &bench.folder).await?;
        let api = Api::new(server.address())?;
        let project = api.project().await?;
        let copy = pdf.clone();
        let before = cpu_seconds(server.id())?;
        let (peaks, watch) = (PeakWatch::start(server.id()), Stopwatch::start());
        let document = api.upload(&project, copy).await?;
        api.ready(&document, pages).await?;
        wall.push(watch.elapsed().as_secs_f64());
        cpu.push((cpu_seconds(server.id())? - before) / pages as f64);
        let peaks = peaks.stop()?;
        main.push(megabytes(peaks.main));
        bound.push(megabytes(peaks.all_bound));
        sampled.push(megabytes(peaks.all_sampled));
    }
    let inputs = json!({
        "pages": pages,
        "paper_inches": [42, 30],
        "paths_a_page": [sizes.set_paths / 2, sizes.set_paths * 3 / 2],
        "file_mb": pdf.len() as f64 / 1e6,
        "seed": bench.seed,
        "parse_workers": 2,
    });
    let measure = |id: &str, what: &str, unit, samples, how| {
        let title = format!("set of {pages} pages, {what}");
        anyhow::Ok(Measure::new(id, title, unit, samples)?.inputs(inputs.clone()).how(how))
    };
    Ok(vec![
        measure("plan_set_memory_main", "peak memory of the main process", "MB", main, HOW_MAIN)?
            .goal(Bound::AtMost(GOAL_MAIN_MB), Figure::Max),
        measure("plan_set_memory_all", "peak memory of all, upper bound", "MB", bound, HOW_ALL)?
            .goal(Bound::AtMost(GOAL_ALL_MB), Figure::Max),
        measure("plan_set_memory_all_sampled", "peak memory of all, sampled", "MB", sampled, HOW_SAMPLED)?,
        measure("plan_set_wall", "to ready, wall", "s", wall, HOW_WALL)?,
        measure("plan_set_cpu", "CPU a page", "s", cpu, HOW_CPU)?,
    ])
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
