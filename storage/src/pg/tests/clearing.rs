//! The table of jobs is cleared by the work that is done, long before the server would.

use serde_json::Value;
use takeoff_core::job::{JobEvent, Stage};
use takeoff_core::model::TenantId;

use super::{database, eventually, server};
use crate::catalog::{Batch, Catalog, JobChange, LeaseRequest};
use crate::conformance::job;
use crate::pg::{open, query};

/// More than are leased until the table is due.
const JOBS: u64 = 1_500;
const AT_ONCE: u64 = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_leased_is_cleared_from_the_head_of_the_queue() {
    let settings = database(server()).await;
    let node = open(&settings).await.unwrap();
    let name = settings.url.rsplit('/').next().unwrap();
    // The server itself leaves it alone.
    server().sql(name, "ALTER TABLE jobs SET (autovacuum_enabled = false)");
    let cleared =
        || server().sql(name, "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'jobs'");
    for first in (0..JOBS).step_by(AT_ONCE as usize) {
        let mut batch = Batch::new(TenantId::DEFAULT);
        batch.jobs = (first..first + AT_ONCE).map(job).collect();
        node.commit(batch).await.unwrap();
    }
    assert_eq!(cleared().trim(), "0");
    for _ in 0..JOBS / AT_ONCE {
        let leased = node.lease(LeaseRequest::new("a", Stage::Noop, AT_ONCE as usize, 60_000)).await.unwrap();
        assert_eq!(leased.len() as u64, AT_ONCE);
        let mut batch = Batch::new(TenantId::DEFAULT);
        for job in leased {
            let event = JobEvent::Succeed { result: Value::Null };
            batch.changes.push(JobChange { job: job.id, token: Some(job.token), event });
        }
        node.commit(batch).await.unwrap();
    }
    eventually("the table is cleared", || async { (cleared().trim() != "0").then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_clear_the_table_knows_it() {
    let settings = database(server()).await;
    let name = settings.url.rsplit('/').next().unwrap();
    let may = |before: &str| {
        let asked = format!("{before}; SELECT may FROM ({}) AS asked (size, may)", query::JOBS_SIZE);
        server().sql(name, &asked).trim().ends_with('t')
    };
    assert!(may("SELECT 1"), "it made the table");
    server().sql(name, &format!("CREATE ROLE \"{name}-guest\""));
    assert!(!may(&format!("SET ROLE \"{name}-guest\"")));
}
