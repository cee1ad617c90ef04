//! Counting one symbol on one page: the index, which is made once a page, and the query apart.

use anyhow::ensure;
use serde_json::{Value, json};
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, Exemplar, PageIndex, find};
use takeoff_engine::clock::Stopwatch;

use super::Bench;
use crate::inputs::{Sought, display_list, drawing, sought};
use crate::report::{Bound, Figure, Measure};
use crate::sizes::{Sizes, Weight};
use crate::stats::Spread;

/// Seconds that a page may take, index included.
const GOAL_S: f64 = 2.0;

const HOW_INDEX: &str = "PageIndex::build of a display list in memory, one thread. A sample is a build.";
const HOW_QUERY: &str = "Exemplar::cut and find on a built index, one thread, default parameters. A sample is \
    the median of the rounds of one exemplar: the legend's box of each symbol that a page has.";
const HOW_PAGE: &str = "The median index and one exemplar's query together: a page that is counted for the \
    first time. A sample is an exemplar; the goal is held by the slowest.";

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
        measure("page", "both", samples.page_s, HOW_PAGE)?.goal(Bound::AtMost(GOAL_S), Figure::Max),
    ])
}

impl Samples {
    fn count_on_page(&mut self, paths: usize, seed: u64, sizes: &Sizes) -> anyhow::Result<()> {
        let page = drawing(paths, seed);
        let list = display_list(page.pdf)?;
        let budget = Budget::unlimited();
        let mut index = PageIndex::build(&list, &budget)?;
        let mut built_s = Vec::new();
        for _ in 0..sizes.count_rounds {
            let watch = Stopwatch::start();
            index = PageIndex::build(&list, &budget)?;
            built_s.push(watch.elapsed().as_secs_f64());
        }
        let built = median(&built_s);
        let mut symbols = Vec::new();
        for sought in sought(&page.truth).iter().take(sizes.exemplars) {
            let (seconds, found) = query(&index, sought, sizes.count_rounds)?;
            symbols
                .push(json!({"kind": sought.kind, "found": found, "true": sought.true_count, "s": seconds}));
            self.query_s.push(seconds);
            self.page_s.push(built + seconds);
        }
        self.index_s.extend(built_s);
        self.pages.push(json!({"seed": seed, "segments": index.segment_count(), "symbols": symbols}));
        Ok(())
    }
}

/// Median seconds of cutting and finding one exemplar, and how many were found outside the legend.
fn query(index: &PageIndex, sought: &Sought, rounds: usize) -> anyhow::Result<(f64, usize)> {
    let (budget, params) = (Budget::unlimited(), CountParams::default());
    let (mut samples, mut count) = (Vec::new(), 0);
    for _ in 0..rounds {
        let watch = Stopwatch::start();
        let exemplar = Exemplar::cut(index, sought.area, &budget)?;
        let found = find(index, &exemplar, &params, &budget).value;
        samples.push(watch.elapsed().as_secs_f64());
        ensure!(found.complete, "the count of {} was not completed", sought.kind);
        count = found.detections.iter().filter(|d| !d.in_legend).count();
    }
    Ok((median(&samples), count))
}

fn median(samples: &[f64]) -> f64 {
    Spread::of(samples).map_or(0.0, |s| s.median)
}
