//! Durable no-op jobs per second: each enqueued, leased and completed in flushed commits of its own, by
//! many callers at once, on the embedded catalogue. Prints JSON.
//!
//! `cargo run --release -p takeoff-storage --example queue_speed -- [jobs] [callers] [folder]`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use takeoff_core::job::{JobEvent, Lane, NewJob, RetryPolicy, Stage};
use takeoff_core::model::{Id, TenantId, Timestamp};
use takeoff_storage::catalog::{Clock, JobChange, LeaseRequest};
use takeoff_storage::{Batch, Catalog, StoreError};

const TENANT: TenantId = TenantId::DEFAULT;

struct Wall;

impl Clock for Wall {
    #[expect(clippy::disallowed_methods, reason = "a measuring program has its own clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

fn noop(n: u64) -> NewJob {
    NewJob {
        id: Id(uuid::Uuid::from_u64_pair(n, 0x8000_0000_0000_0000 | n)),
        stage: Stage::Noop,
        args: json!({}),
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

/// One caller: enqueues a job, leases the next one, completes it.
async fn caller(catalog: Arc<dyn Catalog>, next: Arc<AtomicU64>, jobs: u64) -> Result<u64, StoreError> {
    let mut done = 0;
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= jobs {
            return Ok(done);
        }
        let mut batch = Batch::new(TENANT);
        batch.jobs.push(noop(n));
        catalog.commit(batch).await?;
        let request = LeaseRequest::new("speed", Stage::Noop, 1, 60_000);
        for job in catalog.lease(request).await? {
            let mut batch = Batch::new(TENANT);
            let event = JobEvent::Succeed { result: Value::Null };
            batch.changes.push(JobChange { job: job.id, token: Some(job.token), event });
            catalog.commit(batch).await?;
            done += 1;
        }
    }
}

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measuring program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let jobs: u64 = args.next().map_or(Ok(50_000), |a| a.parse())?;
    let callers: u64 = args.next().map_or(Ok(256), |a| a.parse())?;
    let temporary = tempfile::tempdir()?;
    let folder = args.next().map_or_else(|| temporary.path().join("catalogue"), PathBuf::from);

    let opening = Instant::now();
    let catalog = takeoff_storage::sled::open(&folder, Arc::new(Wall))?;
    let open_s = opening.elapsed().as_secs_f64();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let done = runtime.block_on(async {
        let tasks: Vec<_> = (0..callers)
            .map(|_| tokio::task::spawn(caller(Arc::clone(&catalog), Arc::clone(&next), jobs)))
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await??;
        }
        Ok::<_, Box<dyn std::error::Error>>(done)
    })?;
    let seconds = started.elapsed().as_secs_f64();
    drop(catalog);
    let reopening = Instant::now();
    drop(takeoff_storage::sled::open(&folder, Arc::new(Wall))?);
    let report = json!({
        "backend": "sled", "jobs": done, "callers": callers, "seconds": seconds,
        "jobs_per_s": f64::from(u32::try_from(done)?) / seconds,
        "open_s": open_s, "reopen_s": reopening.elapsed().as_secs_f64(),
    });
    println!("{report}");
    Ok(())
}
