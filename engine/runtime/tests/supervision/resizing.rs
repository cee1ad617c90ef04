//! Slots of a node that runs, more and fewer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use takeoff_core::job::{JobState, Stage as StageName};
use tokio::sync::{Semaphore, mpsc};

use crate::support::{Fixture, config, done, ended, job, start_with, submit, within};

const STAGE: StageName = StageName::RunAssembly;

#[tokio::test(flavor = "multi_thread")]
async fn slots_come_and_go_while_attempts_run() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go, running) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (pass, count) = (Arc::clone(&go), Arc::clone(&running));
    let (stage, _burials) = Fixture::stage(STAGE, 60_000, move |_, _| {
        let (begun, pass, count) = (begun_tx.clone(), Arc::clone(&pass), Arc::clone(&count));
        async move {
            let at_once = count.fetch_add(1, Ordering::SeqCst) + 1;
            begun.send(at_once).unwrap();
            pass.acquire().await.unwrap().forget();
            count.fetch_sub(1, Ordering::SeqCst);
            done(Value::Null)
        }
    });
    let mut settings = config();
    settings.stages.iter_mut().for_each(|s| s.slots = 2);
    let handle = start_with(settings.clone(), vec![stage]).await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(submit(&handle, job(STAGE, Value::Null)).await);
    }
    let mut most = 0;
    for _ in 0..2 {
        most = within(begun.recv()).await.unwrap().max(most);
    }
    assert_eq!(most, 2);

    // More: they are used at once.
    settings.stages.iter_mut().for_each(|s| s.slots = 4);
    handle.reconfigure(&settings);
    for _ in 0..2 {
        most = within(begun.recv()).await.unwrap().max(most);
    }
    assert_eq!(most, 4);

    // Fewer: what runs goes on, and its slots are not given out again.
    settings.stages.iter_mut().for_each(|s| s.slots = 1);
    handle.reconfigure(&settings);
    go.add_permits(4);
    assert_eq!(within(begun.recv()).await, Some(1), "the first of those that have the one slot in turn");
    go.add_permits(7);
    for _ in 0..7 {
        assert_eq!(within(begun.recv()).await, Some(1));
    }
    go.add_permits(1);
    for id in ids {
        assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
    }

    // Fewer while all are taken and more again before any is free: none is lost and none is doubled.
    settings.stages.iter_mut().for_each(|s| s.slots = 3);
    handle.reconfigure(&settings);
    let ids =
        [submit(&handle, job(STAGE, Value::Null)).await, submit(&handle, job(STAGE, Value::Null)).await];
    let third = submit(&handle, job(STAGE, Value::Null)).await;
    for _ in 0..3 {
        within(begun.recv()).await.unwrap();
    }
    for slots in [1, 3, 2] {
        settings.stages.iter_mut().for_each(|s| s.slots = slots);
        handle.reconfigure(&settings);
    }
    assert_eq!(handle.config().stage(STAGE).map(|s| s.slots), Some(2));
    let mut more = Vec::new();
    for _ in 0..4 {
        more.push(submit(&handle, job(STAGE, Value::Null)).await);
    }
    go.add_permits(7);
    for id in ids.into_iter().chain([third]).chain(more) {
        assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
    }
    while let Ok(at_once) = begun.try_recv() {
        assert!(at_once <= 2, "{at_once} at once");
    }
}
