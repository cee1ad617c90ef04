//! Records and jobs to commit, a node that runs jobs that do nothing, and what the disk itself can do.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::json;
use takeoff_config::NodeConfig;
use takeoff_core::geom::{PxPoint, PxRect};
use takeoff_core::job::{JobState, Lane, NewJob, RetryPolicy, Stage};
use takeoff_core::model::{Detection, DetectionStatus, IdSource as _, TenantId, Timestamp};
use takeoff_engine::NoopStage;
use takeoff_engine::clock::{Stopwatch, SystemClock, SystemIds};
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_storage::{Batch, Catalog, mem, sled};
use tokio::task::JoinSet;

const TENANT: TenantId = TenantId::DEFAULT;
/// Longest that a job which does nothing may take, milliseconds.
const JOB_MS: u64 = 60_000;
/// Longest that the node may take to end.
const DRAIN_MS: u64 = 10_000;
/// Bytes of one raw append: about what a commit of one job comes to in the log.
const APPEND_BYTES: usize = 1_024;

/// The embedded catalogue, in a folder.
///
/// # Errors
/// The folder cannot be used.
pub fn sled_catalog(folder: &Path) -> anyhow::Result<Arc<dyn Catalog>> {
    Ok(sled::open(folder, Arc::new(SystemClock))?)
}

/// The catalogue in memory.
///
/// # Errors
/// Its thread does not start.
pub fn mem_catalog() -> anyhow::Result<Arc<dyn Catalog>> {
    Ok(mem::open(Arc::new(SystemClock))?)
}

/// A batch of `operations` records as a count session writes them.
pub fn batch_of(operations: usize) -> Batch {
    let session = SystemIds.next();
    let mut batch = Batch::new(TENANT);
    for n in 0..operations {
        let (x, y) = ((n % 100) as f64 * 50.0, (n / 100) as f64 * 50.0);
        batch.create(&Detection {
            id: SystemIds.next(),
            session_id: session,
            page_id: session,
            measurement_id: None,
            bbox: PxRect::new(x, y, 30.0, 30.0),
            center: PxPoint { x: x + 15.0, y: y + 15.0 },
            confidence: 0.93,
            likeness: Some(0.93),
            coverage: Some(0.97),
            extra: Some(0.02),
            exemplar: 0,
            angle: 90.0,
            mirrored: false,
            scale: 1.0,
            is_exemplar: false,
            in_legend: false,
            apart: None,
            match_line: None,
            variant: false,
            other_pen: false,
            label: None,
            status: DetectionStatus::Pending,
            is_auto_confirmed: false,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        });
    }
    batch
}

/// A job that does nothing.
pub fn noop_job() -> NewJob {
    NewJob {
        id: SystemIds.next(),
        stage: Stage::Noop,
        args: json!({}),
        lane: Lane::Batch,
        priority: 0,
        run_at: None,
        retry: RetryPolicy::default(),
        project_id: None,
        subject_id: None,
        task: None,
        request_id: None,
    }
}

/// A node on a catalogue of its own in `folder` that runs jobs which do nothing.
///
/// # Errors
/// The folder cannot be used or the node does not start.
pub async fn noop_node(folder: &Path) -> anyhow::Result<Handle> {
    let catalog = folder.join("catalog");
    let catalog = tokio::task::spawn_blocking(move || sled_catalog(&catalog)).await??;
    node_over(folder, catalog).await
}

/// A node on `catalog` that runs jobs which do nothing.
///
/// # Errors
/// It does not start.
pub async fn node_over(folder: &Path, catalog: Arc<dyn Catalog>) -> anyhow::Result<Handle> {
    node_of(folder, catalog, Arc::new(NoopStage)).await
}

/// A node on `catalog` that runs the jobs of one stage.
///
/// # Errors
/// It does not start.
pub async fn node_of(
    folder: &Path,
    catalog: Arc<dyn Catalog>,
    stage: Arc<dyn takeoff_engine::stage::Stage>,
) -> anyhow::Result<Handle> {
    node_with(NodeConfig::solo(folder), catalog, stage).await
}

/// A node of these settings on `catalog` that knows one stage.
///
/// # Errors
/// It does not start.
pub async fn node_with(
    config: NodeConfig,
    catalog: Arc<dyn Catalog>,
    stage: Arc<dyn takeoff_engine::stage::Stage>,
) -> anyhow::Result<Handle> {
    let parts = EngineParts {
        config: Arc::new(config),
        catalog,
        blobs: mem::blobs()?,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        stages: vec![stage],
        // No stage here has a file to parse.
        child_program: std::env::current_exe().context("the running program has no path")?,
        child_args: Vec::new(),
    };
    Ok(Handle::start(parts).await?)
}

/// Ends a node.
///
/// # Errors
/// It does not end in time.
pub async fn end(node: Handle) -> anyhow::Result<()> {
    ensure!(node.drain(DRAIN_MS).await.within_limit, "the node does not drain within {DRAIN_MS} ms");
    Ok(())
}

/// Runs `jobs` jobs: `callers` at once each enqueue one in a commit of its own, and wait until it has
/// ended, one after the other.
///
/// # Errors
/// A job does not succeed.
pub async fn run_jobs(node: &Handle, jobs: u64, callers: usize) -> anyhow::Result<()> {
    let next = Arc::new(AtomicU64::new(0));
    let mut all = JoinSet::new();
    for _ in 0..callers {
        let (node, next) = (node.clone(), Arc::clone(&next));
        all.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < jobs {
                run_job(&node).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(caller) = all.join_next().await {
        caller??;
    }
    Ok(())
}

async fn run_job(node: &Handle) -> anyhow::Result<()> {
    let job = noop_job();
    let id = job.id;
    let mut batch = Batch::new(TENANT);
    batch.jobs.push(job);
    node.commit(batch).await?;
    let ended = node.await_job(TENANT, id, JOB_MS).await?;
    ensure!(ended.state == JobState::Succeeded, "job {id} ended as {:?}", ended.state);
    Ok(())
}

/// Appends and syncs a file in `folder`, one append after the other, for `time`; appends per second.
///
/// # Errors
/// The disk refuses.
pub fn raw_appends(folder: &Path, time: Duration) -> anyhow::Result<f64> {
    let mut file = File::create(folder.join("appends"))?;
    let bytes = [0x5a_u8; APPEND_BYTES];
    let (watch, mut appends) = (Stopwatch::start(), 0_u32);
    loop {
        file.write_all(&bytes)?;
        file.sync_data()?;
        appends += 1;
        let elapsed = watch.elapsed();
        if elapsed >= time {
            return Ok(f64::from(appends) / elapsed.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_job_is_run_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let node = noop_node(folder.path()).await.unwrap();
        run_jobs(&node, 40, 8).await.unwrap();
        let queue = node.catalog().queue(Stage::Noop).await.unwrap();
        assert_eq!((queue.ready, queue.leased, queue.dead), (0, 0, 0));
        let done = takeoff_storage::catalog::JobQuery {
            states: vec![JobState::Succeeded],
            limit: 1,
            ..Default::default()
        };
        assert_eq!(node.catalog().jobs(TENANT, done).await.unwrap().total, 40);
        end(node).await.unwrap();
    }

    #[tokio::test]
    async fn a_batch_has_the_operations_asked_for() {
        assert_eq!(batch_of(100).op_count(), 100);
        mem_catalog().unwrap().commit(batch_of(1_000)).await.unwrap();
    }
}
