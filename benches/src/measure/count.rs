//! Counting one symbol on one page: the index, which is made once a page, and the query apart.

use anyhow::ensure;
use serde_json::{Value, json};
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, Exemplar, PageIndex, find};
use takeoff_engine::clock::Stopwatch;

use super::Bench;
use crate::inputs::{Sought, display_list, drawing, sought};
use crate::machine::thread_cpu_seconds;
use crate::report::{Bound, Figure, Measure};
use crate::sizes::{Sizes, Weight};
use crate::stats::Spread;

/// Seconds that a page may take, index included.
const GOAL_S: f64 = 2.0;

const HOW_INDEX: &str = "PageIndex::build of a display list in memory, one thread. A sample is a build.";
const HOW_QUERY: &str = "Exemplar::cut and find on a built index, one thread, default parameters. A sample is \
    the median of the rounds of one exemplar: the legend's box of each symbol that a page has.";
const HOW_PAGE: &str = "The median index and one exemplar's query together: a page that is counted for the \
    first time. A sample is an exemplar; the goal is held by the slowest. Beside it the CPU time of the same \
    calls, by the scheduler's account: a ratio above 1 is waiting for a core.";

pub(super) fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let mut measures = Vec::new();
    for weight in &bench.sizes.pages {
        measures.extend(of_weight(weight, bench)?);
    }
    Ok(measures)
}

/// What was measured on the pages of one weight.
#[derive(Default)]
struct Samples {
    index_s: Vec<f64>,
    query_s: Vec<f64>,
    page_s: Vec<f64>,
    page_cpu_s: Vec<f64>,
    /// What was counted on each page, for the report.
    pages: Vec<Value>,
}

fn of_weight(weight: &Weight, bench: &Bench) -> anyhow::Result<[Measure; 3]> {
    let Weight { name, paths } = *weight;
    let mut samples = Samples::default();
    for page in 0..bench.sizes.count_pages {
        samples.count_on_page(paths, bench.seed.wrapping_add(page), &bench.sizes)?;
    }
    let inputs = json!({"paper_inches": [42, 30], "paths": paths, "pages": samples.pages});
    let measure = |what: &str, title: &str, samples, how| {
        let title = format!("count on a page of {paths} paths, {title}");
        let measure = Measure::new(format!("count_{what}_{name}"), title, "s", samples)?;
        anyhow::Ok(measure.inputs(inputs.clone()).how(how))
    };
    Ok([
        measure("index", "index", samples.index_s, HOW_INDEX)?,
        measure("query", "query", samples.query_s, HOW_QUERY)?,
        measure("page", "both", samples.page_s, HOW_PAGE)?.goal(Bound::AtMost(GOAL_S), Figure::Max).beside(
            "of CPU",
            "s",
            samples.page_cpu_s,
        ),
    ])
}

impl Samples {
    fn count_on_page(&mut self, paths: usize, seed: u64, sizes: &Sizes) -> anyhow::Result<()> {
        let page = drawing(paths, seed);
        let list = display_list(page.pdf)?;
        let budget = Budget::unlimited();
        let mut index = PageIndex::build(&list, &budget)?;
        let mut built = Vec::new();
        for _ in 0..sizes.count_rounds {
            let clock = Clock::start();
            index = PageIndex::build(&list, &budget)?;
            built.push(clock.stop());
        }
        let build = Taken::median(&built);
        let mut symbols = Vec::new();
        for sought in sought(&page.truth).iter().take(sizes.exemplars) {
            let (query, found) = query(&index, sought, sizes.count_rounds)?;
            symbols.push(json!({
                "kind": sought.kind,
                "found": found,
                "true": sought.true_count,
                "s": query.wall_s,
                "cpu_s": query.cpu_s,
            }));
            self.query_s.push(query.wall_s);
            self.page_s.push(build.wall_s + query.wall_s);
            self.page_cpu_s.push(build.cpu_s + query.cpu_s);
        }
        self.index_s.extend(built.iter().map(|t| t.wall_s));
        self.pages.push(json!({"seed": seed, "segments": index.segment_count(), "symbols": symbols}));
        Ok(())
    }
}

/// What cutting and finding one exemplar takes, and how many were found outside the legend.
fn query(index: &PageIndex, sought: &Sought, rounds: usize) -> anyhow::Result<(Taken, usize)> {
    let (budget, params) = (Budget::unlimited(), CountParams::default());
    let (mut samples, mut count) = (Vec::new(), 0);
    for _ in 0..rounds {
        let clock = Clock::start();
        let exemplar = Exemplar::cut(index, sought.area, &budget)?;
        let found = find(index, &exemplar, &params, &budget).value;
        samples.push(clock.stop());
        ensure!(found.complete, "the count of {} was not completed", sought.kind);
        count = found.detections.iter().filter(|d| d.apart.is_none()).count();
    }
    Ok((Taken::median(&samples), count))
}

/// Time of something that one thread did.
#[derive(Clone, Copy)]
struct Taken {
    wall_s: f64,
    cpu_s: f64,
}

impl Taken {
    /// Of wall and CPU time each.
    fn median(samples: &[Self]) -> Self {
        let of = |time: fn(&Self) -> f64| {
            let times: Vec<f64> = samples.iter().map(time).collect();
            Spread::of(&times).map_or(0.0, |s| s.median)
        };
        Self { wall_s: of(|t| t.wall_s), cpu_s: of(|t| t.cpu_s) }
    }
}

/// Runs from its start until it is stopped, on the thread that started it.
struct Clock {
    watch: Stopwatch,
    cpu_before_s: f64,
}

impl Clock {
    fn start() -> Self {
        Self { cpu_before_s: thread_cpu_seconds(), watch: Stopwatch::start() }
    }

    fn stop(self) -> Taken {
        let wall_s = self.watch.elapsed().as_secs_f64();
        Taken { wall_s, cpu_s: thread_cpu_seconds() - self.cpu_before_s }
    }
}
