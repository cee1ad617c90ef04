//! Looks into a drawing within a request, on a node that has no place for them.

use std::time::Duration;

use takeoff_core::budget::Budget;
use takeoff_core::job::Lane;
use takeoff_core::page::OPENING_BYTES;
use takeoff_engine::clock::Stopwatch;
use tokio::sync::mpsc;

use crate::support::{DEADLINE, Reply, Server};

const WAIT_MS: u64 = 200;
/// Looks at once.
const PLACES: usize = 2;

/// A client is told to come back, when, and not before the wait is over.
fn assert_sent_away(reply: Reply, waited: Stopwatch, why: &str) {
    assert!(waited.elapsed() >= Duration::from_millis(WAIT_MS), "{why}");
    let retry = reply.headers.get("retry-after").and_then(|v| v.to_str().ok()).map(str::to_owned);
    assert_eq!(retry.as_deref(), Some("5"), "{why}");
    let detail = reply.detail(503);
    assert!(detail.contains(why), "{detail}");
}

async fn page(server: &Server) -> String {
    let project = server.project().await;
    let page = server.page(&project, b"image").await;
    format!("/pages/{}", page.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn symbols_are_sent_away_while_others_hold_the_memory() {
    let server = Server::start_with(|c| c.api.look_wait_ms = WAIT_MS).await;
    let path = format!("{}/symbols", page(&server).await);
    let memory = server.handle.memory();
    let all = memory.view().budget_bytes;
    let held = memory.take(Lane::Interactive, all, DEADLINE, &Budget::unlimited()).await.unwrap();
    // And what is kept for people.
    let kept = memory.take(Lane::Interactive, OPENING_BYTES, DEADLINE, &Budget::unlimited()).await.unwrap();
    let waited = Stopwatch::start();
    assert_sent_away(server.get(&path).await, waited, "busy");
    assert_eq!(memory.view().waiting, 0, "who was sent away waits no more");
    drop((held, kept));
    assert_eq!(server.get(&path).await.status, 400, "it was looked at: its list is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_are_sent_away_while_others_have_all_places() {
    let server = Server::start_with(|c| {
        c.api.look_wait_ms = WAIT_MS;
        c.compute.threads = 1;
    })
    .await;
    let path = page(&server).await;
    let symbols = format!("{path}/symbols");
    // The one thread is at something that does not end.
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (end, ends) = std::sync::mpsc::channel::<()>();
    let busy = tokio::spawn({
        let compute = server.handle.compute().clone();
        async move {
            compute
                .run(&Budget::unlimited(), move |_| {
                    let _ = begun_tx.send(());
                    let _ = ends.recv();
                })
                .await
        }
    });
    tokio::time::timeout(DEADLINE, begun.recv()).await.unwrap().unwrap();
    let looks: Vec<_> = (0..PLACES)
        .map(|_| {
            let request = server.client.get(server.url(&Server::api(&symbols)));
            tokio::spawn(async move { Reply::of(request.send().await.unwrap()).await })
        })
        .collect();
    let memory = server.handle.memory();
    let both = async {
        while memory.view().holders < PLACES {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, both).await.expect("both have their turn");
    for path in [symbols.clone(), format!("{path}/crop?bbox=0,0,10,10")] {
        let waited = Stopwatch::start();
        assert_sent_away(server.get(&path).await, waited, "too many drawings are being looked through");
    }
    end.send(()).unwrap();
    tokio::time::timeout(DEADLINE, busy).await.unwrap().unwrap().unwrap();
    for look in looks {
        assert_eq!(look.await.unwrap().status, 400);
    }
    assert_eq!(server.get(&symbols).await.status, 400);
    assert_eq!(memory.view().holders, 0);
}
