//! Queues of many jobs that do nothing: filled by batches, leased and given back, or run down by a node.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use takeoff_core::job::{Job, JobEvent, NewJob, Stage};
use takeoff_core::model::{Id, IdSource as _, TenantId};
use takeoff_engine::clock::SystemIds;
use takeoff_storage::catalog::{JobChange, LeaseRequest};
use takeoff_storage::{Batch, Catalog};
use tempfile::TempDir;

use crate::durable::{end, node_over, noop_job, sled_catalog};
use crate::machine::process_cpu_seconds;

const TENANT: TenantId = TenantId::DEFAULT;
/// Projects that the jobs are of, in turns.
pub const PROJECTS: usize = 100;
/// Jobs of one commit: few enough that the rows of one fit what is written at a time.
const BATCH: usize = 2_500;
/// Jobs asked for at once: as many as the stage has slots.
pub const AT_ONCE: usize = 64;
const LEASE_MS: i64 = 600_000;
/// How often a queue that a node runs down is looked at, and for how long.
const LOOK: Duration = Duration::from_millis(5);
const WAIT: Duration = Duration::from_secs(600);

/// Jobs that wait, on a catalogue of their own.
pub struct Queue {
    folder: TempDir,
    catalog: Arc<dyn Catalog>,
}

impl Queue {
    /// `jobs` that are due, of [`PROJECTS`] projects in turns.
    ///
    /// # Errors
    /// The folder cannot be used, or its disk fails.
    pub async fn of(jobs: u64, below: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("takeoff-bench-").tempdir_in(below)?;
        let at = folder.path().join("catalog");
        let catalog = tokio::task::spawn_blocking(move || sled_catalog(&at)).await??;
        let projects: Vec<Id> = (0..PROJECTS).map(|_| SystemIds.next()).collect();
        let mut of = projects.iter().copied().cycle();
        let mut left = jobs;
        while left > 0 {
            let mut batch = Batch::new(TENANT);
            let some = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
            batch.jobs.extend((0..some).map(|_| NewJob { project_id: of.next(), ..noop_job() }));
            catalog.commit(batch).await?;
            left -= some as u64;
        }
        Ok(Self { folder, catalog })
    }

    async fn ready(&self) -> anyhow::Result<u64> {
        Ok(self.catalog.queue(Stage::Noop).await?.ready)
    }

    /// Leases `jobs` and gives them back, so that the queue is as long as before. CPU time of this process for the
    /// leases, microseconds a job.
    ///
    /// # Errors
    /// There are not so many, or the store fails.
    pub async fn lease_cpu_us(&self, jobs: usize) -> anyhow::Result<f64> {
        let before = process_cpu_seconds();
        let mut leased: Vec<Job> = Vec::new();
        while leased.len() < jobs {
            let request = LeaseRequest::new("bench", Stage::Noop, AT_ONCE.min(jobs - leased.len()), LEASE_MS);
            let some = self.catalog.lease(request).await?;
            ensure!(!some.is_empty(), "the queue is shorter than {jobs}");
            leased.extend(some);
        }
        let spent_s = process_cpu_seconds() - before;
        for some in leased.chunks(BATCH) {
            let mut batch = Batch::new(TENANT);
            let back =
                |job: &Job| JobChange { job: job.id, token: Some(job.token), event: JobEvent::Release };
            batch.changes.extend(some.iter().map(back));
            self.catalog.commit(batch).await?;
        }
        Ok(spent_s * 1e6 / jobs as f64)
    }

    /// Has a node run `jobs` of them. CPU time of this process, microseconds a job, of `rounds` times as many.
    ///
    /// # Errors
    /// The node does not start or end, or comes to a standstill.
    pub async fn run_cpu_us(self, jobs: u64, rounds: usize) -> anyhow::Result<Vec<f64>> {
        let node = node_over(self.folder.path(), Arc::clone(&self.catalog)).await?;
        // The first are for caches to fill and threads to start.
        let mut left = self.down_to(self.ready().await?.saturating_sub(jobs / 4)).await?;
        let mut samples = Vec::new();
        for _ in 0..rounds {
            let (before, from) = (process_cpu_seconds(), left);
            left = self.down_to(from.saturating_sub(jobs)).await?;
            samples.push((process_cpu_seconds() - before) * 1e6 / (from - left) as f64);
        }
        end(node).await?;
        Ok(samples)
    }

    async fn down_to(&self, mark: u64) -> anyhow::Result<u64> {
        let fallen = async {
            let mut tick = tokio::time::interval(LOOK);
            loop {
                tick.tick().await;
                let ready = self.ready().await?;
                if ready <= mark {
                    return anyhow::Ok(ready);
                }
            }
        };
        tokio::time::timeout(WAIT, fallen).await.context("the queue does not get shorter")?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_queue_is_as_long_after_leases_as_before_and_a_node_runs_it_down() {
        let folder = tempfile::tempdir().unwrap();
        let queue = Queue::of(3_000, folder.path()).await.unwrap();
        assert_eq!(queue.ready().await.unwrap(), 3_000);
        assert!(queue.lease_cpu_us(200).await.unwrap() > 0.0);
        assert_eq!(queue.ready().await.unwrap(), 3_000);
        assert!(queue.lease_cpu_us(3_001).await.is_err());
        let queue = Queue::of(3_000, folder.path()).await.unwrap();
        assert_eq!(queue.run_cpu_us(400, 2).await.unwrap().len(), 2);
    }
}
