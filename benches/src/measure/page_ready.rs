//! From the upload of a page to its record being `ready`, through the real binary.

use serde_json::json;
use takeoff_engine::clock::Stopwatch;

use super::Bench;
use crate::inputs::drawing;
use crate::node::{Api, Server, cpu_seconds};
use crate::report::{Bound, Figure, Measure};
use crate::sizes::Weight;

/// Seconds of one core that a page may take.
const GOAL_CPU_S: f64 = 0.6;

const HOW_CPU: &str = "Documents of one page each are uploaded one after the other to `takeoff serve`. CPU time \
    of the node and its parse workers, system time included, from the upload until the page's scale has been \
    looked for, by the kernel's account (10 ms); a sample is a page's share of a round.";
const HOW_WALL: &str = "From the first byte of the upload until a client sees the page `ready`, asking every \
    10 ms. A sample is a page.";

#[derive(Default)]
struct Samples {
    cpu_s: Vec<f64>,
    wall_s: Vec<f64>,
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let server = Server::start(&bench.program, &bench.folder).await?;
    let api = Api::new(server.address())?;
    let project = api.project().await?;
    // The first page of all starts a parse worker; that is no part of a page.
    ready(&api, &project, drawing(sizes.pages[0].paths, bench.seed).pdf).await?;
    let mut samples: [Samples; 3] = Default::default();
    let mut seed = bench.seed;
    // Weights take turns, so that a noisy minute is shared.
    for _ in 0..sizes.page_rounds {
        for (weight, samples) in sizes.pages.iter().zip(&mut samples) {
            let pages: Vec<Vec<u8>> = (0..sizes.pages_a_round)
                .map(|_| {
                    seed = seed.wrapping_add(1);
                    drawing(weight.paths, seed).pdf
                })
                .collect();
            let count = pages.len() as f64;
            let before = cpu_seconds(server.id())?;
            for pdf in pages {
                samples.wall_s.push(ready(&api, &project, pdf).await?);
            }
            samples.cpu_s.push((cpu_seconds(server.id())? - before) / count);
        }
    }
    let mut measures = Vec::new();
    for (weight, samples) in sizes.pages.iter().zip(samples) {
        measures.extend(of_weight(weight, samples, bench)?);
    }
    Ok(measures)
}

/// Uploads a document of one page and waits until nothing is left to do; seconds until it was ready.
async fn ready(api: &Api, project: &str, pdf: Vec<u8>) -> anyhow::Result<f64> {
    let watch = Stopwatch::start();
    let document = api.upload(project, pdf).await?;
    let pages = api.ready(&document, 1).await?;
    let wall_s = watch.elapsed().as_secs_f64();
    for page in pages {
        api.scale_detected(&page).await?;
    }
    Ok(wall_s)
}

fn of_weight(weight: &Weight, samples: Samples, bench: &Bench) -> anyhow::Result<[Measure; 2]> {
    let Weight { name, paths } = *weight;
    let inputs = json!({
        "paper_inches": [42, 30],
        "paths": paths,
        "first_seed": bench.seed,
        "pages_a_round": bench.sizes.pages_a_round,
    });
    let title = |what: &str| format!("page of {paths} paths to ready, {what}");
    let cpu = Measure::new(format!("page_ready_cpu_{name}"), title("CPU"), "s", samples.cpu_s)?
        .goal(Bound::AtMost(GOAL_CPU_S), Figure::Median)
        .inputs(inputs.clone())
        .how(HOW_CPU);
    let wall = Measure::new(format!("page_ready_wall_{name}"), title("wall"), "s", samples.wall_s)?
        .inputs(inputs)
        .how(HOW_WALL);
    Ok([cpu, wall])
}
