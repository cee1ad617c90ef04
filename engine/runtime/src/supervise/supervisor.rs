//! One-for-one supervision with an intensity, for the node and for each stage.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use futures::future::BoxFuture;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, Message, SpawnErr, SupervisionEvent};
use serde::Serialize;

use super::restart::{Intensity, Verdict};
use crate::metrics as names;
use crate::node::Node;
use crate::observe::{Counted, Observed, Post};

#[derive(Debug, Default, Serialize)]
pub(crate) struct SupervisorCounters {
    /// Crashes of its children.
    crashes: u64,
    restarts: u64,
    gave_up: u64,
}

/// A supervisor hears of its children only.
#[derive(Debug)]
pub(crate) enum SupervisorMessage {}

impl Message for SupervisorMessage {}

type Start = dyn Fn(ActorCell) -> BoxFuture<'static, Result<ActorCell, SpawnErr>> + Send + Sync;

/// How a child is started, first and again.
pub(crate) struct ChildSpec {
    post: Arc<dyn Observed>,
    start: Box<Start>,
}

impl ChildSpec {
    pub(crate) fn new<F>(
        post: Arc<dyn Observed>,
        start: impl Fn(ActorCell) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<ActorCell, SpawnErr>> + Send + 'static,
    {
        Self { post, start: Box::new(move |parent| Box::pin(start(parent))) }
    }
}

pub(crate) struct Plan {
    pub(crate) node: Arc<Node>,
    pub(crate) post: Arc<Post<SupervisorCounters>>,
    pub(crate) children: Vec<ChildSpec>,
    pub(crate) intensity: Intensity,
    /// Called with the reason when a child stays down.
    pub(crate) give_up: Box<dyn Fn(String) + Send + Sync>,
}

pub(crate) struct Supervisor;

pub(crate) struct SupervisorState {
    plan: Plan,
    alive: HashMap<ActorId, usize>,
    _counted: Counted,
}

impl SupervisorState {
    async fn start_child(&mut self, number: usize, myself: &ActorCell) -> Result<(), SpawnErr> {
        let child = &self.plan.children[number];
        let cell = (child.start)(myself.clone()).await?;
        child.post.set_state("running");
        self.alive.insert(cell.get_id(), number);
        Ok(())
    }

    async fn restart(&mut self, number: usize, mut why: String, myself: &ActorCell) {
        let post = Arc::clone(&self.plan.children[number].post);
        loop {
            let actor = post.name();
            self.plan.post.count(|c| c.crashes += 1);
            post.set_state("crashed");
            let verdict = self.plan.intensity.crash(self.plan.node.now());
            if verdict == Verdict::GiveUp {
                let reason = format!("{actor}: {}; the last: {why}", self.plan.intensity.describe());
                tracing::error!(actor, why, "an actor crashed too often and stays down");
                self.plan.post.count(|c| c.gave_up += 1);
                (self.plan.give_up)(reason);
                return;
            }
            tracing::error!(actor, why, "an actor crashed and is started again");
            ::metrics::counter!(names::ACTOR_RESTARTS, "actor" => actor.to_owned()).increment(1);
            self.plan.post.count(|c| c.restarts += 1);
            post.restarted();
            match self.start_child(number, myself).await {
                Ok(()) => return,
                Err(e) => why = e.to_string(),
            }
        }
    }
}

impl Actor for Supervisor {
    type Msg = SupervisorMessage;
    type State = SupervisorState;
    type Arguments = Plan;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        plan: Plan,
    ) -> Result<Self::State, ActorProcessingErr> {
        let counted = plan.node.actors.enter();
        let mut state = SupervisorState { plan, alive: HashMap::new(), _counted: counted };
        for number in 0..state.plan.children.len() {
            state.start_child(number, &myself.get_cell()).await?;
        }
        state.plan.post.set_state("running");
        Ok(state)
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let (child, why) = match event {
            SupervisionEvent::ActorFailed(child, error) => (child, error.to_string()),
            SupervisionEvent::ActorTerminated(child, _, reason) => {
                (child, reason.unwrap_or_else(|| "it ended without a reason".to_owned()))
            }
            _ => return Ok(()),
        };
        let Some(number) = state.alive.remove(&child.get_id()) else { return Ok(()) };
        if !state.plan.node.is_stopping() {
            state.restart(number, why, &myself.get_cell()).await;
        }
        Ok(())
    }
}
