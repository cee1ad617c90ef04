//! How soon interactive work starts on a node that has nothing to do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use serde_json::{Value, json};
use takeoff_core::job::{Job, Lane, NewJob, Stage as StageName};
use takeoff_core::model::{Id, TenantId};
use takeoff_engine::clock::Stopwatch;
use takeoff_engine::error::StageError;
use takeoff_engine::handle::Handle;
use takeoff_engine::stage::{Attempt, Effects, End, Stage, Tools};
use takeoff_storage::Batch;
use tokio::sync::mpsc;

use super::Bench;
use crate::durable::{end, node_of, noop_job, raw_appends, sled_catalog};
use crate::report::{Bound, Figure, Measure};
use crate::stats::quantile;

const GOAL_MS: f64 = 2.0;
const TENANT: TenantId = TenantId::DEFAULT;
/// Rest before each job, so that the node has nothing to do.
pub(super) const REST: Duration = Duration::from_millis(15);
/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(5);
/// Longest that a job may take.
const JOB_MS: u64 = 30_000;

const HOW: &str = "An interactive job on a node in this process with the embedded catalogue (sled) that has had \
    nothing to do for 15 ms: from the call that commits the job until the first line of its stage runs. The flush of \
    the commit, the wake, the lease and its flush are in it. A sample is a round's percentile. Beside it, in turns: \
    one append of 1 KiB to a file in the same folder and its fdatasync.";

/// When the jobs of the runs were about to be committed.
type Since = Arc<Mutex<HashMap<Id, Stopwatch>>>;

/// Says how long ago the job that runs was about to be committed.
struct Started {
    since: Since,
    told: mpsc::UnboundedSender<f64>,
}

/// What jobs that are started are heard by: stages for any number of nodes of this process.
pub(super) struct Starts {
    since: Since,
    tell: mpsc::UnboundedSender<f64>,
    heard: mpsc::UnboundedReceiver<f64>,
}

/// Percentiles of rounds, milliseconds.
#[derive(Default)]
pub(super) struct Percentiles {
    pub(super) p50: Vec<f64>,
    pub(super) p90: Vec<f64>,
    pub(super) p99: Vec<f64>,
}

impl Starts {
    pub(super) fn new() -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        Self { since: Since::default(), tell, heard }
    }

    /// For a node that runs such jobs.
    pub(super) fn stage(&self) -> Arc<dyn Stage> {
        Arc::new(Started { since: Arc::clone(&self.since), told: self.tell.clone() })
    }

    /// A round of `jobs`, each committed through `node` when nothing was to do for a while.
    ///
    /// # Errors
    /// A node has ended, or a job does not end.
    pub(super) async fn round(
        &mut self,
        node: &Handle,
        jobs: usize,
        to: &mut Percentiles,
    ) -> anyhow::Result<()> {
        let mut taken = Vec::new();
        for _ in 0..jobs {
            tokio::time::sleep(REST).await;
            let job = NewJob { lane: Lane::Interactive, ..noop_job() };
            let id = job.id;
            let mut batch = Batch::new(TENANT);
            batch.jobs.push(job);
            self.since.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Stopwatch::start());
            node.commit(batch).await?;
            let limit = Duration::from_millis(JOB_MS);
            let heard = tokio::time::timeout(limit, self.heard.recv()).await;
            taken.push(heard.context("a job does not start")?.context("the nodes have ended")?);
            tokio::time::timeout(limit, ended(node, id)).await.context("a job does not end")??;
        }
        taken.sort_by(f64::total_cmp);
        for (of, q) in [(&mut to.p50, 0.5), (&mut to.p90, 0.9), (&mut to.p99, 0.99)] {
            of.push(quantile(&taken, q));
        }
        Ok(())
    }
}

#[async_trait]
impl Stage for Started {
    fn name(&self) -> StageName {
        StageName::Noop
    }

    fn budget_ms(&self, _: &Job) -> u64 {
        JOB_MS
    }

    async fn run(&self, attempt: Attempt, _: Tools) -> Result<Effects, StageError> {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = since.remove(&attempt.job.id) {
            // Nobody listens any more when the measuring has failed.
            let _ = self.told.send(since.elapsed_ms());
        }
        Ok(Effects { batch: Batch::new(attempt.tenant()), end: End::Done { result: Value::Null } })
    }

    async fn bury(&self, job: &Job, _: &str, _: Tools) -> Result<Batch, StageError> {
        Ok(Batch::new(job.tenant))
    }
}

/// Looks into the store until the job has ended, on whichever node that is.
async fn ended(node: &Handle, job: Id) -> anyhow::Result<()> {
    let mut tick = tokio::time::interval(LOOK);
    loop {
        tick.tick().await;
        let found = node.catalog().job(TENANT, job).await?.context("the job is gone")?;
        if found.state.is_terminal() {
            return Ok(());
        }
    }
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let folder = tempfile::Builder::new().prefix("takeoff-bench-").tempdir_in(&bench.folder)?;
    let at = folder.path().join("catalog");
    let catalog = tokio::task::spawn_blocking(move || sled_catalog(&at)).await??;
    let mut starts = Starts::new();
    let node = node_of(folder.path(), catalog, starts.stage()).await?;
    let (mut taken, mut appends) = (Percentiles::default(), Vec::new());
    for _ in 0..sizes.start_rounds {
        appends.push(1e3 / raw_appends(folder.path(), sizes.append_time)?);
        starts.round(&node, sizes.starts, &mut taken).await?;
    }
    end(node).await?;
    let measure = |id: &str, p: u32, samples| {
        let title = format!("commit to start, idle node, p{p}");
        let measure = Measure::new(id, title, "ms", samples)?;
        anyhow::Ok(
            measure.inputs(json!({"jobs_a_round": sizes.starts, "rest_ms": REST.as_millis()})).how(HOW),
        )
    };
    Ok(vec![
        measure("start_p50", 50, taken.p50)?.goal(Bound::AtMost(GOAL_MS), Figure::Median).beside(
            "synced append",
            "ms",
            appends,
        ),
        measure("start_p90", 90, taken.p90)?,
        measure("start_p99", 99, taken.p99)?,
    ])
}
