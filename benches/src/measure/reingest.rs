//! A set that comes again with one page changed, beside its first time.

use serde_json::json;
use takeoff_engine::clock::Stopwatch;

use super::Bench;
use crate::node::{Api, Server, cpu_seconds};
use crate::report::{Bound, Figure, Measure};

/// Share of the first time that the second may take.
const GOAL: f64 = 0.15;

const HOW: &str = "A set is uploaded to a fresh `takeoff serve`, then the set with one page redrawn. Each time \
    from the first byte of the upload until every page is `ready` and its scale has been looked for. A sample \
    is the second time's share of the first; the seconds are in `inputs`.";
const HOW_CPU: &str = "The same, in CPU time of the node and its parse workers, by the kernel's account.";

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let pages = sizes.set_pages as usize;
    let before = takeoff_samples::set_of(sizes.set_pages, sizes.set_paths, bench.seed);
    let after =
        takeoff_samples::set_with(sizes.set_pages, sizes.set_paths, bench.seed, Some(sizes.set_pages / 2));
    let (mut wall, mut cpu, mut seconds) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sizes.set_rounds {
        let server = Server::start(&bench.program, &bench.folder).await?;
        let api = Api::new(server.address())?;
        let mut taken = Vec::new();
        for pdf in [&before, &after] {
            let project = api.project().await?;
            let copy = pdf.clone();
            let (cpu, watch) = (cpu_seconds(server.id())?, Stopwatch::start());
            let document = api.upload(&project, copy).await?;
            for page in api.ready(&document, pages).await? {
                api.scale_detected(&page).await?;
            }
            taken.push((watch.elapsed().as_secs_f64(), cpu_seconds(server.id())? - cpu));
        }
        if let [(first_wall, first_cpu), (again_wall, again_cpu)] = taken[..] {
            wall.push(again_wall / first_wall);
            // The kernel counts in hundredths of a second.
            cpu.push(again_cpu / first_cpu.max(0.01));
            seconds.push(json!({"first_wall_s": first_wall, "again_wall_s": again_wall,
                "first_cpu_s": first_cpu, "again_cpu_s": again_cpu}));
        }
    }
    let inputs = json!({
        "pages": pages,
        "changed": 1,
        "paths_a_page": [sizes.set_paths / 2, sizes.set_paths * 3 / 2],
        "seed": bench.seed,
        "rounds": seconds,
    });
    let measure = |id: &str, what: &str, samples, how| {
        let title = format!("set of {pages} pages again, one changed, {what}");
        let measure = Measure::new(id, title, "of first", samples)?;
        anyhow::Ok(measure.goal(Bound::AtMost(GOAL), Figure::Median).inputs(inputs.clone()).how(how))
    };
    Ok(vec![measure("reingest_wall", "wall", wall, HOW)?, measure("reingest_cpu", "CPU", cpu, HOW_CPU)?])
}
