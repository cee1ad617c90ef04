//! Durable jobs per second on PostgreSQL, beside Celery with Redis.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;
use takeoff_config::NodeConfig;
use takeoff_engine::NoopStage;
use takeoff_engine::clock::Stopwatch;

use super::Bench;
use crate::celery::{Celery, PROCESSES};
use crate::durable::{end, node_with, run_jobs};
use crate::report::{Bound, Figure, Measure};
use crate::stores::Database;

/// Times what Celery does.
const GOAL: f64 = 10.0;

const HOW: &str = "Jobs of the stage that does nothing, on one node in this process with its catalogue in a PostgreSQL on \
    the same machine (synchronous_commit and fsync on): each is enqueued in a commit of its own, leased, run by an attempt \
    actor, completed in a commit and read back by its caller. What waits at the same time shares a transaction and its \
    flush.";
const HOW_RATIO: &str = "Those jobs a second, over the tasks a second that Celery does in turns with them: tasks that do \
    nothing, enqueued one message each over one connection by one process, worked off by two, acknowledged after their \
    work (acks_late), each with a result that is awaited together with all others; Redis holds everything in memory and \
    writes nothing to the disk. A sample is a round.";

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let database = Database::start().await?;
    let folder = tempfile::Builder::new().prefix("takeoff-bench-").tempdir_in(&bench.folder)?;
    let config = NodeConfig::solo(folder.path());
    let node = node_with(config, database.catalog("durable-pg").await?, Arc::new(NoopStage)).await?;
    let mut peer = peer(bench).await?;
    // The first of all are for connections to open and caches to fill.
    run_jobs(&node, sizes.jobs / 10, sizes.job_callers).await?;
    let (mut jobs, mut tasks) = (Vec::new(), Vec::new());
    for _ in 0..sizes.job_rounds {
        tasks.push(tokio::task::block_in_place(|| peer.run(sizes.peer_tasks))?);
        let watch = Stopwatch::start();
        run_jobs(&node, sizes.jobs, sizes.job_callers).await?;
        jobs.push(sizes.jobs as f64 / watch.elapsed().as_secs_f64());
    }
    end(node).await?;
    let inputs = json!({
        "jobs": sizes.jobs, "callers": sizes.job_callers, "slots": 64, "postgresql": database.version(),
        "peer": peer.versions(), "peer_tasks": sizes.peer_tasks, "peer_processes": PROCESSES,
    });
    let ratios: Vec<f64> = jobs.iter().zip(&tasks).map(|(jobs, tasks)| jobs / tasks).collect();
    let own = Measure::new("durable_jobs_pg", "durable jobs, PostgreSQL", "1/s", jobs)?;
    let ratio =
        Measure::new("durable_jobs_over_celery", "durable jobs, PostgreSQL, over Celery's", "times", ratios)?;
    Ok(vec![
        own.beside("Celery's tasks", "1/s", tasks).inputs(inputs.clone()).how(HOW),
        ratio.goal(Bound::AtLeast(GOAL), Figure::Median).inputs(inputs).how(HOW_RATIO),
    ])
}

async fn peer(bench: &Bench) -> anyhow::Result<Celery> {
    let (tools, below) = (tools(&bench.own)?, bench.folder.clone());
    let start = move || {
        let mut celery = Celery::start(&tools, &below)?;
        // Its first tasks wait for its worker.
        celery.run(100)?;
        anyhow::Ok(celery)
    };
    tokio::task::spawn_blocking(start).await?
}

/// `target/tools`: where tools are installed, beside the build that this program is of.
fn tools(own: &Path) -> anyhow::Result<PathBuf> {
    let target = own.parent().and_then(Path::parent).context("this program lies in no build folder")?;
    Ok(target.join("tools"))
}
