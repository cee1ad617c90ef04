//! Dead rows of the table of jobs, cleared away while it is busy.
//!
//! Whoever leases reads the queue's index from its head, past the entries of all jobs that were leased since the table
//! was last cleared: after 60,000 that took half of the database's time. The server looks whether a table is due once a
//! minute, and takes it as due by its size. So a node that leases has it cleared by the work that it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::connect::Session;
use super::query;
use super::reads::ask;
use super::task::{self, Task};
use super::trouble::Trouble;
use super::writer::Place;

/// Leases after which the table is due, at the least.
const LEASES: u64 = 1_000;
/// Clearing reads the indexes whole: of a large table it is due after this part of it.
const PART_OF_TABLE: u64 = 50;

/// Between two of them, and how many times as long as the last one took.
const SHORTEST: Duration = Duration::from_secs(1);
const TIMES: u32 = 10;
/// After one that failed, at the least.
const FAILED: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(600);

/// Counts leases, and has the table cleared.
pub(super) struct Clearing {
    leased: Arc<Leased>,
    _task: Task,
}

#[derive(Default)]
struct Leased {
    since: AtomicU64,
    due: Notify,
}

impl Clearing {
    pub(super) fn start(place: &Place) -> Self {
        let leased = Arc::new(Leased::default());
        let task = task::start(run(place.clone(), Arc::clone(&leased)));
        Self { leased, _task: task }
    }

    pub(super) fn leased(&self, jobs: usize) {
        let jobs = u64::try_from(jobs).unwrap_or(u64::MAX);
        let before = self.leased.since.fetch_add(jobs, Ordering::Relaxed);
        if before.saturating_add(jobs) >= LEASES {
            self.leased.due.notify_one();
        }
    }
}

async fn run(place: Place, leased: Arc<Leased>) {
    loop {
        leased.due.notified().await;
        let since = leased.since.load(Ordering::Relaxed);
        let begun = Instant::now();
        let pause = match clear(&place, since).await {
            Ok(Cleared::Forbidden) => {
                tracing::warn!(
                    "the table of jobs is another user's and only its owner can vacuum it: under load, work slows down \
                     until the database server does it, about once a minute"
                );
                return;
            }
            Ok(Cleared::Took(time)) => {
                leased.since.fetch_sub(since, Ordering::Relaxed);
                (time * TIMES).clamp(SHORTEST, LONGEST)
            }
            Ok(Cleared::NotDue) => SHORTEST,
            Err(e) => {
                // The server's own clearing goes on.
                tracing::warn!(error = e.into_store().cause(), "the table of jobs is not cleared");
                (begun.elapsed() * TIMES).clamp(FAILED, LONGEST)
            }
        };
        sleep(pause).await;
    }
}

enum Cleared {
    Took(Duration),
    /// The table is so large that it is not due yet.
    NotDue,
    /// The table is somebody else's.
    Forbidden,
}

async fn clear(place: &Place, since: u64) -> Result<Cleared, Trouble> {
    let rows = ask(place, query::JOBS_SIZE, &[]).await.map_err(Trouble::Store)?;
    let size: f32 = rows.first().and_then(|row| row.try_get(0).ok()).unwrap_or(0.0);
    if !rows.first().and_then(|row| row.try_get(1).ok()).unwrap_or(false) {
        return Ok(Cleared::Forbidden);
    }
    if since < LEASES.max(size.max(0.0) as u64 / PART_OF_TABLE) {
        return Ok(Cleared::NotDue);
    }
    let session = Session::open(&place.pool).await?;
    let begun = Instant::now();
    let work = async {
        let client = session.client();
        // A server that looks after its client gives up when the node ends.
        let ends_with_us = "SELECT set_config('client_connection_check_interval', '1s', false) \
                            WHERE current_setting('server_version_num')::integer >= 140000";
        client.batch_execute(ends_with_us).await?;
        client.batch_execute(&format!("SET statement_timeout = {}", LONGEST.as_millis())).await?;
        // One that another node has begun is enough. Empty pages at the end of the table are used again.
        client.batch_execute("VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF, SKIP_LOCKED) jobs").await?;
        client.batch_execute("RESET ALL").await
    };
    match timeout(LONGEST, work).await {
        Ok(done) => done?,
        Err(_) => return Err(Trouble::Lost(format!("not done within {} s", LONGEST.as_secs()))),
    }
    session.done();
    Ok(Cleared::Took(begun.elapsed()))
}
