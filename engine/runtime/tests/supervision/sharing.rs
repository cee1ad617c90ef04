//! Projects beside each other, and what people wait for before all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use takeoff_core::job::{JobState, Lane, Stage as StageName};
use takeoff_core::model::{Control, Id, IdSource, Scope};
use takeoff_engine::clock::SystemIds;
use takeoff_storage::Batch;
use tokio::sync::{Semaphore, mpsc};

use crate::support::{Fixture, SOON_MS, TENANT, config, done, ended, job, start_with, submit, within};

const STAGE: StageName = StageName::RunAssembly;
const SLOTS: usize = 2;

/// A project with jobs of one size, microseconds of CPU, and its weight.
struct Source {
    project: Id,
    job_us: u64,
    weight: u16,
    jobs: usize,
}

fn source(job_us: u64, weight: u16, jobs: usize) -> Source {
    Source { project: SystemIds.next(), job_us, weight, jobs }
}

fn backlog(sources: &[Source]) -> Batch {
    let mut batch = Batch::new(TENANT);
    for source in sources {
        for _ in 0..source.jobs {
            let mut new = job(STAGE, json!(source.job_us));
            new.project_id = Some(source.project);
            new.task = None;
            batch.jobs.push(new);
        }
    }
    batch
}

/// The jobs say how much CPU they took, so that the machine's load has no say in it.
#[tokio::test(flavor = "multi_thread")]
async fn unequal_projects_get_their_shares_of_cpu() {
    // A long set, a short one of small pages that weighs as much, and one that weighs three times that.
    let sources = [source(400_000, 10, 400), source(20_000, 10, 4_000), source(90_000, 30, 3_500)];
    let window_us: u64 = 200_000_000;
    let used: Arc<Mutex<BTreeMap<Id, u64>>> = Arc::default();
    let (full_tx, mut full) = mpsc::unbounded_channel();
    let (go_tx, go) = tokio::sync::watch::channel(false);
    let account = Arc::clone(&used);
    let (stage, _burials) = Fixture::stage(STAGE, SOON_MS, move |attempt, _| {
        let (account, full, mut go) = (Arc::clone(&account), full_tx.clone(), go.clone());
        async move {
            let _ = go.wait_for(|go| *go).await;
            let (cpu_us, project) = (attempt.job.args.as_u64(), attempt.job.project_id);
            let (Some(cpu_us), Some(project)) = (cpu_us, project) else { return done(Value::Null) };
            attempt.budget.charge(cpu_us);
            let mut account = account.lock().unwrap();
            // What comes after the window is not looked at.
            if account.values().sum::<u64>() < window_us {
                *account.entry(project).or_default() += cpu_us;
            } else {
                let _ = full.send(());
            }
            drop(account);
            done(Value::Null)
        }
    });
    let mut config = config();
    config.stages.iter_mut().for_each(|s| s.slots = SLOTS);
    let handle = start_with(config, vec![stage]).await;
    for source in &sources {
        let scope = Scope::Project(source.project);
        let mut batch = Batch::new(TENANT);
        batch.create(&Control { scope, pause: None, weight: Some(source.weight), updated_at: handle.now() });
        handle.commit(batch).await.unwrap();
    }
    handle.reload_controls().await.unwrap();
    for part in sources.chunks(1) {
        handle.commit(backlog(part)).await.unwrap();
    }
    go_tx.send_replace(true);
    within(full.recv()).await.unwrap();
    let used = used.lock().unwrap().clone();
    let (sum, weights) = (used.values().sum::<u64>() as f64, sources.iter().map(|s| s.weight).sum::<u16>());
    for source in &sources {
        let due = f64::from(source.weight) / f64::from(weights);
        let got = used[&source.project] as f64 / sum;
        assert!((got / due - 1.0).abs() < 0.1, "{got} of {due}: {used:?}");
        let most = source.job_us * source.jobs as u64;
        assert!(used[&source.project] < most, "it always had work: {used:?}");
    }
}

/// Whatever the backlog: the next slot that becomes free is its.
#[tokio::test(flavor = "multi_thread")]
async fn an_interactive_job_takes_the_first_free_slot_under_full_load() {
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let free = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&free);
    let (stage, _burials) = Fixture::stage(STAGE, SOON_MS, move |attempt, _| {
        let (begun, gate) = (begun_tx.clone(), Arc::clone(&gate));
        async move {
            begun.send(attempt.job.id).unwrap();
            gate.acquire().await.unwrap().forget();
            done(Value::Null)
        }
    });
    let mut config = config();
    config.stages.iter_mut().for_each(|s| s.slots = SLOTS);
    // No poll can be what starts it.
    config.jobs.poll_ms = 3_600_000;
    let handle = start_with(config, vec![stage]).await;
    let sources = [source(1, 10, 300), source(1, 10, 700), source(1, 10, 1_000)];
    handle.commit(backlog(&sources)).await.unwrap();
    for _ in 0..SLOTS {
        within(begun.recv()).await.unwrap();
    }
    for round in 0..20 {
        let mut count = job(STAGE, json!("count"));
        count.lane = Lane::Interactive;
        // The project with the largest backlog and the most use so far, and one that is new.
        count.project_id = Some(if round % 2 == 0 { sources[2].project } else { SystemIds.next() });
        let id = submit(&handle, count).await;
        free.add_permits(1);
        assert_eq!(within(begun.recv()).await, Some(id), "round {round}");
    }
}

/// A set of many pages is no reason for a page of another project to wait for all of them.
#[tokio::test(flavor = "multi_thread")]
async fn one_page_does_not_wait_for_a_thousand() {
    let order: Arc<Mutex<Vec<Id>>> = Arc::default();
    let (begun_tx, mut begun) = mpsc::unbounded_channel();
    let (go_tx, go) = tokio::sync::watch::channel(false);
    let noted = Arc::clone(&order);
    let (stage, _burials) = Fixture::stage(STAGE, SOON_MS, move |attempt, _| {
        let (noted, begun, mut go) = (Arc::clone(&noted), begun_tx.clone(), go.clone());
        async move {
            noted.lock().unwrap().push(attempt.job.id);
            let _ = begun.send(());
            let _ = go.wait_for(|go| *go).await;
            done(Value::Null)
        }
    });
    let mut config = config();
    config.stages.iter_mut().for_each(|s| s.slots = SLOTS);
    let handle = start_with(config, vec![stage]).await;
    handle.commit(backlog(&[source(1, 10, 1_000)])).await.unwrap();
    for _ in 0..SLOTS {
        within(begun.recv()).await.unwrap();
    }
    let mut page = job(STAGE, Value::Null);
    page.project_id = Some(SystemIds.next());
    let page = submit(&handle, page).await;
    go_tx.send_replace(true);
    assert_eq!(ended(&handle, page).await.state, JobState::Succeeded);
    let at = order.lock().unwrap().iter().position(|id| *id == page).unwrap();
    assert!(at <= 2 * SLOTS, "{at} were before it");
}
