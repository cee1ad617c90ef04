//! One leased execution: runs the stage apart from itself, so that whatever the stage does, somebody is
//! left to say how it ended.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use ractor::{Actor, ActorProcessingErr, ActorRef, Message};
use takeoff_core::job::Job;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::checkpoint;
use super::lease::Held;
use super::settle::{self, Ending, Settled};
use crate::compute::panic_message;
use crate::error::StageError;
use crate::node::Node;
use crate::stage::{Attempt, Effects, PartSink, ProgressSink, Stage};
use crate::task;

/// Times that an attempt is run again because what it had read was changed before it committed.
const RERUNS: u32 = 3;

/// How long a stage that was torn away may take to be gone; then it is watched as abandoned.
const GONE: Duration = Duration::from_millis(100);

pub(super) struct AttemptActor;

pub(super) struct Run;

impl Message for Run {}

impl Actor for AttemptActor {
    type Msg = Run;
    type State = Option<Held>;
    type Arguments = Held;

    async fn pre_start(&self, myself: ActorRef<Run>, held: Held) -> Result<Self::State, ActorProcessingErr> {
        myself.cast(Run)?;
        Ok(Some(held))
    }

    async fn handle(
        &self,
        myself: ActorRef<Run>,
        _: Run,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        if let Some(held) = state.take() {
            let job = held.job();
            let span = tracing::info_span!(
                "attempt",
                job = %job.id,
                stage = job.stage.name(),
                token = job.token,
                request_id = job.request_id.as_deref().unwrap_or_default(),
            );
            Box::pin(execute(held)).instrument(span).await;
        }
        myself.stop(None);
        Ok(())
    }
}

async fn execute(mut held: Held) {
    for round in 0..=RERUNS {
        // The stage runs in a task of its own; what can still panic here is the rest of its trait.
        let ending = match AssertUnwindSafe(work(&held)).catch_unwind().await {
            Ok(ending) => ending,
            Err(payload) => Ending::Panicked(panic_message(payload.as_ref())),
        };
        held.running.settle(true);
        match settle::settle(&mut held, ending).await {
            Settled::Done => return,
            Settled::Changed(what) if round == RERUNS || held.running.told().is_some() => {
                let message = format!("what it had read was changed again and again: {what}");
                settle::settle(&mut held, Ending::Failed(StageError::Retry(message))).await;
                return;
            }
            Settled::Changed(what) => {
                tracing::debug!(round, what, "what the attempt had read was changed, it runs again");
                held.running.settle(false);
            }
        }
    }
}

async fn work(held: &Held) -> Ending {
    let (node, job) = (&held.node, held.job());
    if let Some(why) = job.poison() {
        return Ending::Failed(StageError::Reject(why));
    }
    let stage = Arc::clone(&held.stage.stage);
    let budget_ms = stage.budget_ms(job);
    held.running.begin(budget_ms);
    let (board, id) = (Arc::clone(&node.board), job.id);
    let (committer, running) = (Arc::clone(node), Arc::clone(&held.running));
    let attempt = Attempt {
        job: Arc::clone(job),
        budget: held.running.budget.clone(),
        progress: ProgressSink(Arc::new(move |percent, step| board.report(id, percent, step))),
        deadline: node.now().plus_ms(i64::try_from(budget_ms).unwrap_or(i64::MAX)),
        parts: PartSink(Arc::new(move |part| {
            let (node, running) = (Arc::clone(&committer), Arc::clone(&running));
            Box::pin(async move { checkpoint::commit(&node, &running, part).await })
        })),
    };
    let (node, tools) = (Arc::clone(node), node.tools.clone());
    let run = async move {
        if stage.hands_out(&attempt.job)
            && let Some(rest) = node.no_room_for_children(attempt.job.stage).await?
        {
            return Err(rest);
        }
        begin(&node, &*stage, &attempt.job).await;
        stage.run(attempt, tools).await
    };
    let mut task = task::start(run.in_current_span());
    tokio::select! {
        biased;
        joined = &mut task => match joined {
            Ok(Ok(effects)) => Ending::Effects(effects),
            Ok(Err(e)) => Ending::Failed(e),
            Err(e) => match e.try_into_panic() {
                Ok(payload) => Ending::Panicked(panic_message(payload.as_ref())),
                Err(_) => Ending::GaveUp,
            },
        },
        () = held.running.give_up.notified() => {
            abandon(held, task).await;
            Ending::GaveUp
        }
    }
}

/// Shows that the work has begun. That is news for people, so the work goes on without it where it cannot
/// be told.
async fn begin(node: &Node, stage: &dyn Stage, job: &Job) {
    let begun = match stage.begin(job, &node.tools).await {
        Ok(batch) if batch.changes_nothing() => return,
        Ok(batch) if batch.tenant != job.tenant || !batch.changes.is_empty() => {
            return tracing::error!("a bug in the stage: its beginning is of another tenant or changes jobs");
        }
        Ok(batch) => node.tools.catalog.commit(batch).await.map_err(|e| e.to_string()),
        Err(e) => Err(e.to_string()),
    };
    match begun {
        Ok(committed) => node.after_commit(&committed, Some(job.id)),
        Err(e) => tracing::info!(error = e, "that the work began is not shown"),
    }
}

/// Tears the stage away. A stage that blocks its thread cannot be torn away: it is remembered until it
/// comes back.
async fn abandon(held: &Held, mut task: AbortOnDropHandle<Result<Effects, StageError>>) {
    task.abort();
    if tokio::time::timeout(GONE, &mut task).await.is_err() {
        tracing::error!("the stage does not stop, it is abandoned");
        let mut abandoned = held.stage.abandoned.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        abandoned.push(task);
    }
}
