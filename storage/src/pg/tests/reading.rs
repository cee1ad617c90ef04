//! Jobs that many ask for at once.

use futures::future::join_all;
use takeoff_core::model::{Id, TenantId};
use tokio::time::timeout;

use super::{LIMIT, database, server};
use crate::catalog::{Batch, Catalog};
use crate::conformance::{id, job};
use crate::error::StoreError;
use crate::pg::open;

const TENANT: TenantId = TenantId::DEFAULT;
/// More than one statement's.
const JOBS: u64 = 700;

/// Each who asks gets the job that it asked for: one that others ask for, too, one that is not there, one whose row is
/// damaged, which is nobody else's trouble.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_what_was_asked_for() {
    let settings = database(server()).await;
    let node = open(&settings).await.unwrap();
    for first in (0..JOBS).step_by(100) {
        let mut batch = Batch::new(TENANT);
        batch.jobs = (first..first + 100).map(job).collect();
        node.commit(batch).await.unwrap();
    }
    let damaged = id(5);
    let name = settings.url.rsplit('/').next().unwrap();
    server().sql(name, &format!("UPDATE jobs SET spec = '\\x00' WHERE id = '{damaged}'"));
    let asked: Vec<Id> = (0..JOBS + 50).chain(0..20).map(id).collect();
    let answers = timeout(LIMIT, join_all(asked.iter().map(|id| node.job(TENANT, *id)))).await;
    for (asked, answer) in asked.iter().zip(answers.expect("in time")) {
        match answer {
            Ok(Some(found)) => assert!(found.id == *asked && found.tenant == TENANT),
            Ok(None) => assert!(*asked >= id(JOBS), "{asked} is there"),
            Err(e) => assert!(*asked == damaged && matches!(e, StoreError::Damaged { .. }), "{asked}: {e}"),
        }
    }
    assert_eq!(node.job(TenantId(TENANT.0 + 1), id(1)).await.unwrap(), None, "another's job is none");
}
