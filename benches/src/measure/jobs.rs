//! Durable jobs per second through the engine, beside what the same disk does by itself.

use serde_json::json;
use takeoff_engine::clock::Stopwatch;

use super::Bench;
use crate::durable::{end, noop_node, raw_appends, run_jobs};
use crate::report::{Bound, Figure, Measure};

const GOAL_PER_S: f64 = 3_000.0;

const HOW: &str = "Jobs of the stage that does nothing, on a node in this process with the embedded catalogue \
    (sled): each is enqueued in a commit of its own, leased, run by an attempt actor, completed in a commit of \
    its own and read back by its caller. Every commit and lease is flushed before it is answered; what waits at \
    the same time shares a flush, which is how there can be more commits than flushes. Beside it, in turns: \
    appends of 1 KiB to a file in the same folder, each followed by fdatasync, one after the other.";

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let (mut jobs, mut appends) = (Vec::new(), Vec::new());
    for _ in 0..sizes.job_rounds {
        let folder = tempfile::Builder::new().prefix("takeoff-bench-").tempdir_in(&bench.folder)?;
        appends.push(raw_appends(folder.path(), sizes.append_time)?);
        let node = noop_node(folder.path()).await?;
        let watch = Stopwatch::start();
        run_jobs(&node, sizes.jobs, sizes.job_callers).await?;
        jobs.push(sizes.jobs as f64 / watch.elapsed().as_secs_f64());
        end(node).await?;
    }
    let measure = Measure::new("durable_jobs", "durable jobs, embedded", "1/s", jobs)?
        .goal(Bound::AtLeast(GOAL_PER_S), Figure::Median)
        .beside("synced appends", "1/s", appends)
        .inputs(json!({"jobs": sizes.jobs, "callers": sizes.job_callers, "slots": 64}))
        .how(HOW);
    Ok(vec![measure])
}
