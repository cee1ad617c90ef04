//! A server that goes away and comes back, and one that does not answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use takeoff_core::job::{JobState, Stage};
use takeoff_core::model::TenantId;
use takeoff_test_servers::{Durability, Postgres};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::{LIMIT, database, eventually, server, subject};
use crate::catalog::{Batch, Catalog};
use crate::conformance::{id, job};
use crate::error::StoreError;
use crate::pg::{PgCatalog, connect, open, task};

const TENANT: TenantId = TenantId::DEFAULT;

async fn enqueue(catalog: &PgCatalog, n: u64) -> Result<(), StoreError> {
    let mut batch = Batch::new(TENANT);
    batch.jobs.push(job(n));
    catalog.commit(batch).await.map(drop)
}

/// Enqueues job after job until told to end; gives those that were acknowledged.
async fn write(catalog: Arc<PgCatalog>, next: Arc<AtomicU64>, stop: Arc<AtomicBool>) -> Vec<u64> {
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let n = next.fetch_add(1, Ordering::Relaxed);
        match enqueue(&catalog, n).await {
            Ok(()) => acknowledged.push(n),
            Err(StoreError::Unavailable(_)) => tokio::task::yield_now().await,
            Err(e) => panic!("another error: {e:?}"),
        }
    }
    acknowledged
}

/// Whatever was acknowledged before, during and after is there, and work goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_restarted_loses_nothing() {
    let mut server = Postgres::start(Durability::Full);
    let settings = database(&server).await;
    let catalog = open(&settings).await.unwrap();
    let mut wakes = catalog.wakes().unwrap();
    let (next, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut writers = JoinSet::new();
    for _ in 0..4 {
        writers.spawn(write(Arc::clone(&catalog), Arc::clone(&next), Arc::clone(&stop)));
    }
    // One cuts connections off in good order, the other is a crash of the server.
    for signal in ["INT", "QUIT"] {
        let before = catalog.queue(Stage::Noop).await.unwrap().ready;
        eventually("work is under way", || async {
            let ready = catalog.queue(Stage::Noop).await.map_or(0, |q| q.ready);
            (ready > before + 20).then_some(())
        })
        .await;
        tokio::task::block_in_place(|| server.stop(signal));
        eventually("it is noticed", || async { (!catalog.standing().is_working()).then_some(()) }).await;
        let refused = timeout(LIMIT, catalog.ping()).await.expect("nobody waits for a server that is away");
        assert!(matches!(refused, Err(StoreError::Unavailable(_))));
        tokio::task::block_in_place(|| server.resume());
        eventually("it is back", || async { catalog.ping().await.ok() }).await;
        assert!(catalog.standing().is_working());
    }
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = 0;
    while let Some(written) = timeout(LIMIT, writers.join_next()).await.expect("in time") {
        for n in written.unwrap() {
            let found = catalog.job(TENANT, id(n)).await.unwrap();
            assert_eq!(found.map(|job| job.state), Some(JobState::Ready), "job {n} is lost");
            acknowledged += 1;
        }
    }
    assert!(acknowledged > 40, "{acknowledged} are too few to mean anything");
    // Wakes go on as well.
    while !wakes.is_empty() {
        let _ = wakes.try_recv();
    }
    enqueue(&catalog, next.load(Ordering::Relaxed)).await.unwrap();
    assert!(timeout(LIMIT, wakes.recv()).await.is_ok());
}

/// Longest until a server that does not answer is known to be out of use; who was to wait for a new connection to it as
/// well would be at 15 s.
const SILENT: Duration = Duration::from_secs(12);

/// It stands still and keeps its connections: nobody waits for it for long, and it is back by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_is_out_of_use_in_seconds() {
    let server = Postgres::start(Durability::None);
    let settings = database(&server).await;
    let catalog = open(&settings).await.unwrap();
    let mut wakes = catalog.wakes().unwrap();
    server.pause();
    let since = Instant::now();
    eventually("it is noticed", || async { (!catalog.standing().is_working()).then_some(()) }).await;
    assert!(since.elapsed() < SILENT, "{:?}", since.elapsed());
    let refused = timeout(Duration::from_secs(1), catalog.ping()).await.expect("nobody waits");
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("answer")), "{refused:?}");
    server.go_on();
    eventually("it is back", || async { catalog.ping().await.ok() }).await;
    while !wakes.is_empty() {
        let _ = wakes.try_recv();
    }
    enqueue(&catalog, 1).await.unwrap();
    assert!(timeout(LIMIT, wakes.recv()).await.is_ok());
}

/// Connections that the server has ended are replaced, and nobody is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_connections_are_replaced() {
    let settings = database(server()).await;
    let catalog = open(&settings).await.unwrap();
    let name = settings.url.rsplit('/').next().unwrap();
    for n in 0..5 {
        enqueue(&catalog, n).await.unwrap();
        let end = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}' \
             AND pid <> pg_backend_pid()"
        );
        let ended: u32 = server().sql(name, &end).parse().unwrap();
        // The one that listens may still be on its way back.
        assert!(ended >= 1, "{ended}");
        eventually("it works again", || async { catalog.ping().await.ok() }).await;
    }
    assert_eq!(catalog.queue(Stage::Noop).await.unwrap().ready, 5);
}

/// Somebody who holds a table costs an error in time, and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_table_is_an_error_in_time() {
    let mut settings = database(server()).await;
    settings.statement_timeout_ms = 400;
    let catalog = open(&settings).await.unwrap();
    let (client, connection) = connect::alone(&settings.address().unwrap()).await.unwrap();
    let _driver = task::start(async move { connection.await.unwrap() });
    client
        .batch_execute("SET idle_in_transaction_session_timeout = 0; BEGIN; LOCK TABLE jobs")
        .await
        .unwrap();
    let refused = timeout(LIMIT / 2, enqueue(&catalog, 1)).await.expect("in time");
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let refused = catalog.job(TENANT, id(1)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    client.batch_execute("ROLLBACK").await.unwrap();
    enqueue(&catalog, 1).await.unwrap();
}

/// A caller that goes away leaves no transaction behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_leave_nothing_open() {
    let settings = database(server()).await;
    let one = subject(&settings).await;
    for n in 0..40 {
        let call = one.enqueue([job(n)]);
        // Some end before, some in the middle, some after.
        let _ = timeout(Duration::from_micros(150 * n), call).await;
        let _ = timeout(Duration::from_micros(150 * n), one.lease(1)).await;
    }
    let name = settings.url.rsplit('/').next().unwrap();
    let open = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND state LIKE 'idle in transaction%'"
    );
    eventually("nothing is open", || async { (server().sql(name, &open) == "0").then_some(()) }).await;
    one.enqueue([job(100)]).await;
}
