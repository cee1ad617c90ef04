//! A lease in hand: slot, entry in the node's tables, and the duty to say how it ended.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use takeoff_core::job::Job;
use tokio::sync::OwnedSemaphorePermit;

use crate::clock::Stopwatch;
use crate::node::{Node, Orphan, StageState};
use crate::observe::Counted;
use crate::running::{Cause, Running};

/// Whoever drops it without settling gives the job back: a lost message or a crashed actor costs the
/// job nothing but time.
pub(crate) struct Held {
    pub(super) node: Arc<Node>,
    pub(super) stage: Arc<StageState>,
    pub(super) running: Arc<Running>,
    settled: bool,
    slot: Option<OwnedSemaphorePermit>,
    open: Option<Counted>,
}

impl Held {
    /// `asked` was started before the lease was asked for.
    pub(super) fn new(
        node: &Arc<Node>,
        stage: &Arc<StageState>,
        job: Job,
        asked: Stopwatch,
        slot: OwnedSemaphorePermit,
    ) -> Self {
        let running = Arc::new(Running::new(Arc::new(job), asked, node.config.jobs.lease_ms));
        node.running.insert(&running);
        node.shares().begun(running.job.project_id);
        node.board.open(running.id(), running.token(), running.job.progress.clone());
        stage.begun.notify_one();
        Self {
            node: Arc::clone(node),
            stage: Arc::clone(stage),
            running,
            settled: false,
            slot: Some(slot),
            open: Some(node.open_work.enter()),
        }
    }

    pub(super) fn job(&self) -> &Arc<Job> {
        &self.running.job
    }

    /// The store knows how the attempt ended, or nothing of it may be said any more.
    pub(super) fn settled(&mut self) {
        self.settled = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.node.running.remove(&self.running);
        self.node.shares().ended(self.running.job.project_id, self.running.budget.charged_us());
        self.node.board.close(self.running.id(), self.running.token());
        let gone = matches!(self.running.told(), Some(Cause::Lost | Cause::Cancelled));
        if let Some(open) = self.open.take()
            && !self.settled
            && !gone
        {
            let (tenant, job, token) = (self.running.job.tenant, self.running.id(), self.running.token());
            self.node.orphans.push(Orphan { tenant, job, token, open });
        }
        // The slot first, then the news of it.
        self.slot = None;
        if self.stage.more.load(Ordering::Acquire) {
            self.stage.wake.notify_one();
        }
    }
}
