//! What operators do: hold work back, put dead jobs back, discard them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use takeoff_core::job::{JobState, Stage as StageName};
use takeoff_core::model::{Control, IdSource, Pause, Scope};
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::error::{EngineError, StageError};
use takeoff_engine::handle::Handle;
use takeoff_storage::{Batch, Catalog, StoreError, entity, mem};

use crate::support::{
    Fixture, SOON_MS, TENANT, config, done, ended, job, parts, start, stored, submit, until, within,
};

const STAGE: StageName = StageName::RunAssembly;
const OTHER: StageName = StageName::Ingest;

/// Writes what an operator decided, as the commands do.
async fn hold(handle: &Handle, scope: Scope, cause: Option<&str>) {
    let known = entity::get::<Control>(handle.catalog(), TENANT, scope.id()).await.unwrap();
    let mut batch = Batch::new(TENANT);
    let pause = cause.map(|cause| Pause { since: handle.now(), cause: cause.to_owned() });
    let control = Control { scope, pause, weight: None, updated_at: handle.now() };
    match known {
        Some(known) => batch.update(known.version, &control),
        None => batch.create(&control),
    };
    handle.commit(batch).await.unwrap();
    handle.reload_controls().await.unwrap();
}

async fn puller_is(handle: &Handle, stage: StageName, state: &str) {
    let name = format!("node/{}/puller", stage.name());
    until(async || {
        let view = handle.observe().await.unwrap();
        view.actors.iter().any(|a| a.name == name && a.state == state)
    })
    .await;
}

fn stages() -> Vec<Arc<dyn takeoff_engine::stage::Stage>> {
    [STAGE, OTHER]
        .into_iter()
        .map(|name| Fixture::stage(name, SOON_MS, |_, _| async { done(Value::Null) }).0)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_stage_stays_paused_over_a_restart() {
    let catalog: Arc<dyn Catalog> = mem::open(Arc::new(SystemClock)).unwrap();
    let begin =
        async || within(Handle::start(parts(config(), Arc::clone(&catalog), stages()))).await.unwrap();
    let handle = begin().await;
    hold(&handle, Scope::Stage(STAGE), Some("prices are wrong")).await;
    puller_is(&handle, STAGE, "paused by an operator").await;
    let held = submit(&handle, job(STAGE, Value::Null)).await;
    let other = submit(&handle, job(OTHER, Value::Null)).await;
    assert_eq!(ended(&handle, other).await.state, JobState::Succeeded);
    assert_eq!(stored(&handle, held).await.token, 0, "it was never leased");
    let readiness = handle.readiness();
    assert!(readiness.ready, "{readiness:?}");
    assert_eq!((readiness.paused.len(), readiness.paused[0].cause.as_str()), (1, "prices are wrong"));
    assert_eq!(readiness.paused[0].what, "stage run_assembly");
    assert!(handle.pause_of(&stored(&handle, held).await).is_some());
    assert!(handle.drain(SOON_MS).await.within_limit);
    drop(handle);

    let handle = begin().await;
    puller_is(&handle, STAGE, "paused by an operator").await;
    assert_eq!(stored(&handle, held).await.token, 0);
    assert_eq!(handle.observe().await.unwrap().paused.len(), 1);
    hold(&handle, Scope::Stage(STAGE), None).await;
    assert_eq!(ended(&handle, held).await.state, JobState::Succeeded);
    assert_eq!(handle.readiness().paused, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_project_holds_up_nobody_else() {
    let handle = start(stages()).await;
    let (held, free) = (SystemIds.next(), SystemIds.next());
    hold(&handle, Scope::Project(held), Some("not paid")).await;
    let mut of_held = job(STAGE, Value::Null);
    of_held.project_id = Some(held);
    let of_held = submit(&handle, of_held).await;
    for project in [Some(free), None] {
        let mut other = job(STAGE, Value::Null);
        other.project_id = project;
        let other = submit(&handle, other).await;
        assert_eq!(ended(&handle, other).await.state, JobState::Succeeded);
    }
    assert_eq!(stored(&handle, of_held).await.token, 0);
    assert_eq!(handle.readiness().paused, [], "no news for a probe");
    assert_eq!(handle.paused()[0].cause, "not paid");
    hold(&handle, Scope::Project(held), None).await;
    assert_eq!(ended(&handle, of_held).await.state, JobState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_node_starts_nothing_and_another_name_is_another_node() {
    let handle = start(stages()).await;
    hold(&handle, Scope::Node("elsewhere".to_owned()), Some("moved")).await;
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
    let this = Scope::Node(handle.config().node.clone());
    hold(&handle, this.clone(), Some("new memory")).await;
    for stage in [STAGE, OTHER] {
        puller_is(&handle, stage, "paused by an operator").await;
    }
    let id = submit(&handle, job(STAGE, Value::Null)).await;
    assert_eq!(handle.pause_of(&stored(&handle, id).await).unwrap().cause, "new memory");
    hold(&handle, this, None).await;
    assert_eq!(ended(&handle, id).await.state, JobState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_job_is_put_back_or_discarded() {
    let broken = Arc::new(AtomicBool::new(true));
    let fails = Arc::clone(&broken);
    let (stage, mut burials) = Fixture::stage(STAGE, SOON_MS, move |_, _| {
        let fails = fails.load(Ordering::Relaxed);
        async move { if fails { Err(StageError::Reject("no price".to_owned())) } else { done(json!(1)) } }
    });
    let handle = start(vec![stage]).await;
    let (first, second) =
        (submit(&handle, job(STAGE, Value::Null)).await, submit(&handle, job(STAGE, Value::Null)).await);
    for id in [first, second] {
        assert_eq!(ended(&handle, id).await.state, JobState::Dead);
        burials.next().await;
    }
    broken.store(false, Ordering::Relaxed);
    handle.requeue(TENANT, first).await.unwrap().unwrap();
    assert_eq!(ended(&handle, first).await.state, JobState::Succeeded);
    let gone = handle.discard(TENANT, second, "nobody wants it").await.unwrap().unwrap();
    assert_eq!(gone.state, JobState::Refused);
    assert_eq!(gone.error.as_deref(), Some("nobody wants it; it had died of: no price"));
    assert!(burials.none(), "its owner was told when it died");
    for again in [handle.requeue(TENANT, second).await, handle.discard(TENANT, first, "x").await] {
        assert!(matches!(again, Err(EngineError::Store(StoreError::JobState { .. }))), "{again:?}");
    }
    let nobody = SystemIds.next();
    assert_eq!(handle.requeue(TENANT, nobody).await.unwrap(), None);
    assert_eq!(handle.discard(TENANT, nobody, "x").await.unwrap(), None);
}
