//! Leases as much work as there are free slots.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use takeoff_core::job::Job;
use takeoff_storage::StoreError;
use takeoff_storage::catalog::LeaseRequest;
use tokio::sync::OwnedSemaphorePermit;

use super::foreman::Leased;
use super::lease::Held;
use super::routine::Duty;
use crate::clock::Stopwatch;
use crate::node::{Node, StageState};
use crate::observe::Observed;

/// Jobs of one lease request; the rest is leased in the next round.
const AT_ONCE: usize = 64;

/// After a request that got less than it asked for. The next one that finds nothing asks when more is due.
const AGAIN: Duration = Duration::from_millis(20);

const PAUSED: &str = "paused by an operator";

#[derive(Debug, Default, Serialize)]
pub(crate) struct PullerCounters {
    /// Lease requests.
    asked: u64,
    leased: u64,
    /// Requests that found nothing.
    empty: u64,
    errors: u64,
    /// Rounds in which the stage was not to lease: draining, halted, paused, resting or a sick pool.
    held_back: u64,
}

pub(crate) struct Puller {
    pub(super) node: Arc<Node>,
    pub(super) stage: Arc<StageState>,
}

impl Puller {
    fn poll(&self) -> Duration {
        Duration::from_millis(self.node.config.jobs.poll_ms.max(1))
    }

    /// Until a wake comes, a slot becomes free or `limit` has passed.
    async fn wait(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.stage.wake.notified()).await;
    }

    fn held_back(&self) -> Option<&'static str> {
        if self.node.is_draining() {
            Some("draining")
        } else if self.stage.halted.load(Ordering::Relaxed) {
            Some("halted")
        } else if self.node.controls.holds(&self.node.config.node, self.stage.name) {
            Some(PAUSED)
        } else if self.stage.resting().is_some() {
            Some("resting")
        } else if self.node.tools.compute.trouble().is_some() {
            Some("waiting for the compute pool")
        } else {
            None
        }
    }

    fn free_slots(&self) -> Vec<OwnedSemaphorePermit> {
        let mut slots = Vec::new();
        while slots.len() < AT_ONCE
            && let Some(slot) = self.stage.free_slot()
        {
            slots.push(slot);
        }
        slots
    }

    async fn ask(&self, max_jobs: usize) -> Result<Vec<Job>, StoreError> {
        let jobs = &self.node.config.jobs;
        let lease_ms = i64::try_from(jobs.lease_ms).unwrap_or(i64::MAX);
        let node = self.node.config.node.clone();
        let request = LeaseRequest {
            paused: self.node.controls.paused_projects(),
            turns: self.node.shares().turns(),
            ..LeaseRequest::new(node, self.stage.name, max_jobs, lease_ms)
        };
        // An answer that takes this long is worth nothing: the lease it brings is half over.
        let limit = Duration::from_millis(jobs.lease_ms / 2);
        match tokio::time::timeout(limit, self.node.tools.catalog.lease(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(StoreError::Unavailable(format!("no answer within {} ms", limit.as_millis()))),
        }
    }

    fn hand_over(&self, jobs: Vec<Job>, asked: Stopwatch, slots: Vec<OwnedSemaphorePermit>) {
        let held: Vec<Held> = jobs
            .into_iter()
            .zip(slots)
            .map(|(job, slot)| Held::new(&self.node, &self.stage, job, asked, slot))
            .collect();
        let foreman = self.stage.foreman.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let sent = foreman.is_some_and(|foreman| foreman.cast(Leased(held)).is_ok());
        if !sent {
            tracing::warn!(
                stage = self.stage.name.name(),
                "no foreman takes the leases, they are given back"
            );
        }
    }

    /// How long the queue is sure to be empty, at most one poll.
    async fn until_due(&self) -> Duration {
        let poll = self.poll();
        let Ok(queue) = self.node.tools.catalog.queue(self.stage.name).await else { return poll };
        if queue.ready > 0 {
            // What is ready may all be of projects that are held back.
            return if self.node.controls.paused_projects().is_empty() { AGAIN } else { poll };
        }
        let due = queue.next_due.map_or(i64::MAX, |at| at.ms_since(self.node.now()).max(0) + 1);
        Duration::from_millis(due.unsigned_abs()).min(poll)
    }
}

impl Duty for Puller {
    async fn round(&self) {
        let (stage, post) = (&self.stage, &self.stage.posts.puller);
        if let Some(state) = self.held_back() {
            post.set_state(state);
            if state == PAUSED {
                // It has started as well as one that found no work.
                stage.leasing.send_replace(true);
            }
            post.count(|c| c.held_back += 1);
            return self.wait(self.poll()).await;
        }
        post.set_state("running");
        // Before the slots are looked at: one that becomes free afterwards is news.
        stage.more.store(true, Ordering::Release);
        let slots = self.free_slots();
        if slots.is_empty() {
            return self.wait(self.poll()).await;
        }
        let open = self.node.open_work.enter();
        let (free, asked) = (slots.len(), Stopwatch::start());
        post.count(|c| c.asked += 1);
        match self.ask(free).await {
            Ok(jobs) => {
                let found = jobs.len();
                stage.leasing.send_replace(true);
                post.count(|c| {
                    c.leased += found as u64;
                    c.empty += u64::from(found == 0);
                });
                stage.more.store(found == free, Ordering::Release);
                if found > 0 {
                    self.hand_over(jobs, asked, slots);
                } else {
                    drop(slots);
                }
                drop(open);
                if found == 0 {
                    let limit = self.until_due().await;
                    self.wait(limit).await;
                } else if found < free {
                    self.wait(AGAIN.min(self.poll())).await;
                }
            }
            Err(e) => {
                drop((slots, open));
                post.count(|c| c.errors += 1);
                tracing::warn!(stage = stage.name.name(), error = %e, "leasing failed");
                self.wait(self.poll()).await;
            }
        }
    }
}
