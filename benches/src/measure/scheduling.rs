//! What choosing the next jobs costs, of a short queue and of a long one.

use serde_json::json;

use super::Bench;
use crate::queue::{AT_ONCE, PROJECTS, Queue};
use crate::report::{Bound, Figure, Measure};
use crate::stats::Spread;

const GOAL_US: f64 = 50.0;
/// What a long queue may cost, of a short one.
const GOAL_LONG: f64 = 1.2;

const HOW: &str = "CPU time of the process for a job that is leased from the embedded catalogue (sled): whose turn it \
    is between the projects, which of its jobs, the lease written and flushed; as many at once as the stage has \
    slots. What was leased is given back between the rounds, which is not in the figure. The long queue's goal is 1.2 \
    times the short one's median.";
const HOW_RUN: &str = "CPU time of the process for a job of that queue which a node in it leases, runs (it does \
    nothing) and completes, each in flushed commits. The long queue's goal is 1.2 times the short one's median.";

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let lengths = [sizes.short_queue, bench.long_queue()];
    let short = Queue::of(lengths[0], &bench.folder).await?;
    let long = Queue::of(lengths[1], &bench.folder).await?;
    let (mut leased, mut run) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..sizes.lease_rounds {
        leased[0].push(short.lease_cpu_us(sizes.leases).await?);
        leased[1].push(long.lease_cpu_us(sizes.leases).await?);
    }
    for (of, queue) in run.iter_mut().zip([short, long]) {
        *of = queue.run_cpu_us(sizes.leases as u64, sizes.lease_rounds).await?;
    }
    let mut measures = Vec::new();
    for (what, title, samples, how, goal) in [
        ("lease_cpu", "CPU for a lease", leased, HOW, Some(GOAL_US)),
        ("queued_job_cpu", "CPU for a job that does nothing", run, HOW_RUN, None),
    ] {
        let of_short = Spread::of(&samples[0]).map_or(0.0, |s| s.median);
        let goals = [goal, Some(of_short * GOAL_LONG)];
        for (((length, name), samples), goal) in lengths.iter().zip(["short", "long"]).zip(samples).zip(goals)
        {
            let title = format!("{title}, {length} queued");
            let measure = Measure::new(format!("{what}_{name}"), title, "us", samples)?
                .inputs(
                    json!({"queued": length, "projects": PROJECTS, "at_once": AT_ONCE, "jobs": sizes.leases}),
                )
                .how(how);
            measures.push(match goal {
                Some(most) => measure.goal(Bound::AtMost(most), Figure::Median),
                None => measure,
            });
        }
    }
    Ok(measures)
}
