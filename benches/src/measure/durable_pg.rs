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
use crate::machine::process_cpu_seconds;
use crate::node::cpu_seconds;
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

const HOW_CPU: &str = "CPU time for one of those jobs, of this process (callers, node) and of PostgreSQL; beside it that for \
    a task, of Celery's client, its worker and Redis. By the kernel's account; what else the machine does changes it less \
    than the rates.";

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let database = Database::start().await?;
    let folder = tempfile::Builder::new().prefix("takeoff-bench-").tempdir_in(&bench.folder)?;
    let mut config = NodeConfig::solo(folder.path());
    // As many as there are callers: with fewer, jobs wait for a flush or two more.
    config.stages.iter_mut().for_each(|s| s.slots = s.slots.max(sizes.job_callers));
    let node = node_with(config, database.catalog("durable-pg").await?, Arc::new(NoopStage)).await?;
    let mut peer = peer(bench).await?;
    // The first of all are for connections to open and caches to fill.
    run_jobs(&node, sizes.jobs / 10, sizes.job_callers).await?;
    let (mut jobs, mut tasks, mut job_us, mut task_us) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sizes.job_rounds {
        let before = peer.cpu_seconds()?;
        tasks.push(tokio::task::block_in_place(|| peer.run(sizes.peer_tasks))?);
        task_us.push((peer.cpu_seconds()? - before) * 1e6 / sizes.peer_tasks as f64);
        let used = || anyhow::Ok(process_cpu_seconds() + cpu_seconds(database.id())?);
        let (watch, before) = (Stopwatch::start(), used()?);
        run_jobs(&node, sizes.jobs, sizes.job_callers).await?;
        jobs.push(sizes.jobs as f64 / watch.elapsed().as_secs_f64());
        job_us.push((used()? - before) * 1e6 / sizes.jobs as f64);
    }
    end(node).await?;
    let inputs = json!({
        "jobs": sizes.jobs, "callers": sizes.job_callers, "slots": sizes.job_callers.max(64), "postgresql": database.version(),
        "peer": peer.versions(), "peer_tasks": sizes.peer_tasks, "peer_processes": PROCESSES,
    });
    let ratios: Vec<f64> = jobs.iter().zip(&tasks).map(|(jobs, tasks)| jobs / tasks).collect();
    let own = Measure::new("durable_jobs_pg", "durable jobs, PostgreSQL", "1/s", jobs)?;
    let ratio =
        Measure::new("durable_jobs_over_celery", "durable jobs, PostgreSQL, over Celery's", "times", ratios)?;
    let cpu = Measure::new("durable_job_cpu_pg", "CPU of a durable job, PostgreSQL", "us", job_us)?;
    Ok(vec![
        own.beside("Celery's tasks", "1/s", tasks).inputs(inputs.clone()).how(HOW),
        ratio.goal(Bound::AtLeast(GOAL), Figure::Median).inputs(inputs.clone()).how(HOW_RATIO),
        cpu.beside("of a task of Celery", "us", task_us).inputs(inputs).how(HOW_CPU),
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
