//! Ends count sessions that came to no end: that waited too long behind others, or whose attempts took turns.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use takeoff_core::job::{JobState, Stage};
use takeoff_core::model::TenantId;
use takeoff_storage::StoreError;
use takeoff_storage::catalog::JobQuery;

use super::{clerk, schedule};
use crate::metrics as names;
use crate::node::Node;
use crate::supervise::routine::Duty;

/// Sessions of one round; what is left is for the next.
const AT_ONCE: usize = 500;

#[derive(Debug, Default, Serialize)]
pub(crate) struct DeadlinesCounters {
    rounds: u64,
    ended: u64,
    errors: u64,
}

pub(crate) struct Deadlines(Arc<Node>);

impl Deadlines {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }

    async fn end_late_ones(&self) -> Result<Value, StoreError> {
        let (node, post) = (&self.0, &self.0.maintain.deadlines);
        post.count(|c| c.rounds += 1);
        let longest_ms = i64::try_from(node.config.jobs.session_deadline_ms).unwrap_or(i64::MAX);
        let before = node.now().plus_ms(-longest_ms);
        let query = JobQuery {
            stage: Some(Stage::AutoCount),
            states: vec![JobState::Ready, JobState::Leased, JobState::Waiting],
            created_by: Some(before),
            limit: AT_ONCE,
            ..JobQuery::default()
        };
        let (mut ended, mut failed) = (0_u64, 0_u64);
        for job in node.tools.catalog.jobs(TenantId::DEFAULT, query).await?.jobs {
            // What an operator holds back or has put back lately has time of its own.
            if job.run_at > before || node.holds(&job) {
                continue;
            }
            let why =
                format!("it did not end within {} s", node.config.jobs.session_deadline_ms.div_ceil(1_000));
            match node.cancel(job.tenant, job.id, &why).await {
                Ok(_) => {
                    ::metrics::counter!(names::COUNT_TIMEOUTS).increment(1);
                    ended += 1;
                }
                Err(e) => {
                    tracing::warn!(job = %job.id, error = %e, "a late session could not be ended");
                    failed += 1;
                }
            }
        }
        post.count(|c| {
            c.ended += ended;
            c.errors += failed;
        });
        Ok(json!({ "ended": ended, "failed": failed }))
    }
}

impl Duty for Deadlines {
    async fn round(&self) {
        let entry = schedule::session_deadlines(&self.0.config);
        clerk::round(&self.0, &entry, || self.end_late_ones()).await;
    }
}
