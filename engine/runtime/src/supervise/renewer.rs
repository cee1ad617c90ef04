//! Keeps the node's leases alive, and gives back those that nobody works under.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use takeoff_storage::catalog::{Renewal, Renewed};

use super::routine::Duty;
use crate::clock::Stopwatch;
use crate::node::Node;
use crate::running::{Cause, Running};

#[derive(Debug, Default, Serialize)]
pub(crate) struct RenewerCounters {
    rounds: u64,
    renewed: u64,
    /// Leases that the store says are gone.
    lost: u64,
    errors: u64,
}

/// One request renews all leases of the node and stores their progress.
pub(crate) struct Renewer(Arc<Node>);

impl Renewer {
    pub(super) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }

    async fn renew(&self, running: &[Arc<Running>]) {
        let (node, jobs) = (&self.0, &self.0.config.jobs);
        let renewals: Vec<Renewal> = running
            .iter()
            .map(|r| Renewal { job: r.id(), token: r.token(), progress: node.board.latest(r.id()) })
            .collect();
        let asked = Stopwatch::start();
        let lease_ms = i64::try_from(jobs.lease_ms).unwrap_or(i64::MAX);
        let answer = node.tools.catalog.renew(&node.config.node, lease_ms, &renewals);
        let limit = Duration::from_millis(jobs.lease_ms / 2);
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(answers)) => {
                for (attempt, renewed) in running.iter().zip(answers) {
                    self.take(attempt, renewed, asked);
                }
            }
            Ok(Err(e)) => self.failed(&e.to_string()),
            Err(_) => self.failed(&format!("no answer within {} ms", limit.as_millis())),
        }
    }

    fn failed(&self, why: &str) {
        self.0.maintain.renewer.count(|c| c.errors += 1);
        tracing::warn!(error = why, "leases were not renewed");
    }

    fn take(&self, attempt: &Running, renewed: Renewed, asked: Stopwatch) {
        let post = &self.0.maintain.renewer;
        match renewed {
            Renewed::Until(_) => {
                attempt.confirm(asked);
                post.count(|c| c.renewed += 1);
            }
            // One that is just being committed is gone because it is done.
            Renewed::Lost if !attempt.is_settling() => {
                if attempt.tell(Cause::Lost) {
                    post.count(|c| c.lost += 1);
                    tracing::warn!(job = %attempt.id(), "the lease is lost, the attempt is told to end");
                }
            }
            Renewed::Lost => {}
        }
    }
}

impl Duty for Renewer {
    async fn round(&self) {
        tokio::time::sleep(Duration::from_millis(self.0.config.jobs.renew_ms.max(1))).await;
        self.0.maintain.renewer.count(|c| c.rounds += 1);
        let running = self.0.running.all();
        if !running.is_empty() {
            self.renew(&running).await;
        }
    }
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct ReleaserCounters {
    released: u64,
}

/// Gives back what a crashed actor or a lost message left behind.
pub(crate) struct Releaser(Arc<Node>);

impl Releaser {
    pub(super) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

impl Duty for Releaser {
    async fn round(&self) {
        // A node that is killed gives nothing back, like one that died.
        let limit = Duration::from_millis(self.0.config.jobs.poll_ms.max(1));
        let _ = tokio::time::timeout(limit, self.0.orphans.news.notified()).await;
        let orphans = self.0.orphans.take();
        if !orphans.is_empty() {
            self.0.maintain.releaser.count(|c| c.released += orphans.len() as u64);
            self.0.give_back(orphans).await;
        }
    }
}
