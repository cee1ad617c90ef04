//! Refreshes what is measured by looking, not by counting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use takeoff_core::job::Stage;

use crate::metrics as names;
use crate::node::Node;
use crate::supervise::routine::Duty;

const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(5);

#[derive(Debug, Default, Serialize)]
pub(crate) struct GaugeCounters {
    rounds: u64,
    errors: u64,
}

pub(crate) struct Gauges(Arc<Node>);

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts are far below 2^52")]
fn set(name: &'static str, value: u64) {
    ::metrics::gauge!(name).set(value as f64);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts are far below 2^52")]
fn set_by(name: &'static str, label: &'static str, of: &'static str, value: u64) {
    ::metrics::gauge!(name, label => of).set(value as f64);
}

impl Gauges {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }

    async fn queues(&self) {
        let mut leases: BTreeMap<Stage, u64> = BTreeMap::new();
        for running in self.0.running.all() {
            *leases.entry(running.job.stage).or_default() += 1;
        }
        for stage in Stage::ALL {
            let name = stage.name();
            set_by(names::LEASES, "stage", name, leases.get(&stage).copied().unwrap_or_default());
            match self.0.tools.catalog.queue(stage).await {
                Ok(queue) => {
                    set_by(names::JOBS_READY, "stage", name, queue.ready);
                    set_by(names::JOBS_DEAD, "stage", name, queue.dead);
                    set_by(names::QUEUE_LENGTH, "queue", name, queue.ready + queue.delayed);
                    let oldest = Duration::from_millis(queue.oldest_ready_ms.max(0).unsigned_abs());
                    ::metrics::gauge!(names::JOB_OLDEST_READY, "stage" => name).set(oldest.as_secs_f64());
                }
                Err(e) => {
                    self.0.maintain.gauges.count(|c| c.errors += 1);
                    tracing::debug!(stage = name, error = %e, "the queue could not be read");
                }
            }
        }
    }

    fn workers(&self) {
        let compute = self.0.tools.compute.view();
        set(names::COMPUTE_BUSY, compute.busy as u64);
        set(names::COMPUTE_QUEUED, (compute.queued + compute.waiting) as u64);
        let children = self.0.tools.children.view();
        set_by(names::PARSE_WORKERS, "state", "busy", children.busy as u64);
        set_by(names::PARSE_WORKERS, "state", "idle", children.idle as u64);
        let memory = self.0.tools.memory.view();
        set(names::MEMORY_BUDGET, memory.budget_bytes);
        set(names::MEMORY_TAKEN, memory.taken_bytes);
        set(names::MEMORY_WAITING, memory.waiting as u64);
        set(names::NODE_READY, u64::from(self.0.readiness().ready));
        set(names::NODES, self.0.fabric.members().len() as u64);
    }
}

impl Duty for Gauges {
    async fn round(&self) {
        self.queues().await;
        self.workers();
        self.0.maintain.gauges.count(|c| c.rounds += 1);
        let pause = Duration::from_millis(self.0.config.jobs.poll_ms * 2).clamp(SHORTEST, LONGEST);
        tokio::time::sleep(pause).await;
    }
}
