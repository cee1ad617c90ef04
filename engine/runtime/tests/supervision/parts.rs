//! Jobs that hand out parts of their work: the queue stays bounded, and nobody waits for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use takeoff_config::NodeConfig;
use takeoff_core::job::{Job, JobState, NewJob, Stage as StageName};
use takeoff_core::model::{Control, Id, IdSource, Pause, Scope};
use takeoff_engine::clock::SystemIds;
use takeoff_engine::handle::Handle;
use takeoff_engine::stage::{Effects, End, Stage};
use takeoff_storage::Batch;

use crate::support::{Fixture, SOON_MS, TENANT, config, done, ended, job, start_with, submit};

const STAGE: StageName = StageName::Ingest;
const PARTS: u64 = 20;

/// A document of a project; its pages are the project's too.
fn document(project: Id) -> NewJob {
    NewJob { project_id: Some(project), ..job(STAGE, json!({ "hands_out": true })) }
}

fn pages(of: &Job) -> Vec<NewJob> {
    (0..PARTS).map(|_| NewJob { project_id: of.project_id, ..job(STAGE, json!("page")) }).collect()
}

/// Hands out pages, and writes down the most jobs that it saw waiting.
fn stage() -> (Arc<dyn Stage>, Arc<AtomicU64>) {
    let longest = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&longest);
    let (stage, _) = Fixture::stage(STAGE, SOON_MS, move |attempt, tools| {
        let seen = Arc::clone(&seen);
        async move {
            seen.fetch_max(tools.catalog.queue(STAGE).await?.ready, Ordering::SeqCst);
            if attempt.job.args == json!("page") || attempt.job.checkpoint.is_some() {
                return done(Value::Null);
            }
            let end = End::FanOut { children: pages(&attempt.job), checkpoint: json!("pages are running") };
            Ok(Effects { batch: Batch::new(attempt.tenant()), end })
        }
    });
    (stage, longest)
}

fn narrow(max_waiting: u64, slots: usize) -> NodeConfig {
    let mut config = config();
    config.jobs.max_waiting = max_waiting;
    config.stages.iter_mut().filter(|s| s.stage == STAGE).for_each(|s| s.slots = slots);
    config
}

async fn start_paused(max_waiting: u64, slots: usize) -> (Handle, Arc<AtomicU64>) {
    let (stage, longest) = stage();
    let handle = start_with(narrow(max_waiting, slots), vec![stage]).await;
    set_pause(&handle, Scope::Stage(STAGE), true).await;
    (handle, longest)
}

async fn set_pause(handle: &Handle, scope: Scope, paused: bool) {
    let known = takeoff_storage::entity::get::<Control>(handle.catalog(), TENANT, scope.id()).await.unwrap();
    let pause = paused.then(|| Pause { since: handle.now(), cause: "a test".to_owned() });
    let control = Control { scope, pause, weight: None, updated_at: handle.now() };
    let mut batch = Batch::new(TENANT);
    match known {
        Some(known) => batch.update(known.version, &control),
        None => batch.create(&control),
    };
    handle.commit(batch).await.unwrap();
    handle.reload_controls().await.unwrap();
}

/// The worst case: each document is of another project, so that each of them has a turn before the first page.
#[tokio::test(flavor = "multi_thread")]
async fn parts_that_are_handed_out_do_not_outgrow_the_queue() {
    const MAX_WAITING: u64 = 10;
    const SLOTS: usize = 2;
    let (handle, longest) = start_paused(MAX_WAITING, SLOTS).await;
    let mut documents = Vec::new();
    for _ in 0..MAX_WAITING {
        documents.push(submit(&handle, document(SystemIds.next())).await);
    }
    set_pause(&handle, Scope::Stage(STAGE), false).await;
    for id in documents {
        let document = ended(&handle, id).await;
        assert_eq!((document.state, document.attempts), (JobState::Succeeded, 0));
        assert_eq!((document.children_total, document.children_failed), (PARTS as u32, 0));
    }
    // Twice the limit, and what those add that found room at the same moment.
    let (longest, most) = (longest.load(Ordering::SeqCst), 2 * MAX_WAITING + SLOTS as u64 * PARTS);
    assert!(longest > MAX_WAITING && longest <= most, "{longest} jobs were waiting, the most is {most}");
}

/// Documents of one project: the pages of the first go before the second.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_begun_goes_before_what_waits() {
    let (handle, longest) = start_paused(1_000, 1).await;
    let project = SystemIds.next();
    let mut documents = Vec::new();
    for _ in 0..10 {
        documents.push(submit(&handle, document(project)).await);
    }
    set_pause(&handle, Scope::Stage(STAGE), false).await;
    for id in documents {
        assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
    }
    let longest = longest.load(Ordering::SeqCst);
    assert!(
        longest <= 10 + PARTS,
        "{longest} jobs were waiting: one document's pages and the others are fewer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_queue_that_is_held_back_keeps_nobody_from_handing_out() {
    let (handle, _) = start_paused(2, 2).await;
    let held = SystemIds.next();
    set_pause(&handle, Scope::Project(held), true).await;
    for _ in 0..8 {
        submit(&handle, document(held)).await;
    }
    let id = submit(&handle, document(SystemIds.next())).await;
    set_pause(&handle, Scope::Stage(STAGE), false).await;
    let document = ended(&handle, id).await;
    assert_eq!((document.state, document.attempts), (JobState::Succeeded, 0));
    assert_eq!(handle.catalog().queue(STAGE).await.unwrap().ready, 8);
}
