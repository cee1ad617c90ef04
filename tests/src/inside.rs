//! Nodes of a test's own process, with stages of its own, on a real database.

use std::sync::Arc;

use serde_json::Value;
use takeoff_config::NodeConfig;
use takeoff_core::job::{Lane, NewJob, RetryPolicy, Stage as StageName};
use takeoff_core::model::{IdSource as _, TenantId};
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_engine::stage::Stage;
use takeoff_storage::pg::{self, PgSettings};
use takeoff_storage::{Batch, mem};

use crate::program;

/// A node of one stage. `adjust` changes its settings.
pub async fn node(
    url: &str,
    name: &str,
    stage: Arc<dyn Stage>,
    adjust: impl FnOnce(&mut NodeConfig),
) -> Handle {
    let settings = PgSettings {
        url: url.to_owned(),
        tls_ca: None,
        connections: 6,
        statement_timeout_ms: 15_000,
        session: format!("takeoff {name}"),
    };
    let mut config = NodeConfig::solo("/nonexistent");
    config.node = name.to_owned();
    config.compute.threads = 1;
    adjust(&mut config);
    let parts = EngineParts {
        config: Arc::new(config),
        catalog: pg::open(&settings).await.expect("the database is there"),
        blobs: mem::blobs().expect("memory is there"),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        stages: vec![stage],
        child_program: program().to_path_buf(),
        child_args: vec!["parse-worker".to_owned()],
    };
    Handle::start(parts).await.expect("the node starts")
}

/// A job of the stage that does nothing by itself.
pub fn job(args: Value) -> NewJob {
    NewJob {
        id: SystemIds.next(),
        stage: StageName::Noop,
        args,
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

pub async fn enqueue(handle: &Handle, jobs: impl Iterator<Item = NewJob>) {
    let mut batch = Batch::new(TenantId::DEFAULT);
    batch.jobs.extend(jobs);
    handle.commit(batch).await.expect("the catalogue takes jobs");
}
