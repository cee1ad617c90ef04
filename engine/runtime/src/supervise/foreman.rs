//! Starts and links one attempt actor for each lease.

use std::sync::{Arc, PoisonError};

use ractor::{Actor, ActorProcessingErr, ActorRef, Message, SupervisionEvent};
use serde::Serialize;

use super::attempt::AttemptActor;
use super::lease::Held;
use crate::node::{Node, StageState};
use crate::observe::Counted;

#[derive(Debug, Default, Serialize)]
pub(crate) struct ForemanCounters {
    started: u64,
    ended: u64,
    /// Attempts whose stage panicked, in itself or on the compute pool.
    pub(super) panicked: u64,
    /// Attempt actors that crashed outside of their stage; their leases were given back.
    crashed: u64,
}

/// Leases to be worked on. At most as many as there are slots.
pub(crate) struct Leased(pub(super) Vec<Held>);

impl Message for Leased {}

pub(crate) struct Foreman {
    pub(super) node: Arc<Node>,
    pub(super) stage: Arc<StageState>,
}

impl Actor for Foreman {
    type Msg = Leased;
    type State = Counted;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Leased>, (): ()) -> Result<Self::State, ActorProcessingErr> {
        *self.stage.foreman.lock().unwrap_or_else(PoisonError::into_inner) = Some(myself);
        Ok(self.node.actors.enter())
    }

    async fn handle(
        &self,
        myself: ActorRef<Leased>,
        Leased(leases): Leased,
        _: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        for held in leases {
            let job = held.job().id;
            match AttemptActor::spawn_linked(None, AttemptActor, held, myself.get_cell()).await {
                Ok(_) => self.stage.posts.foreman.count(|c| c.started += 1),
                // The lease was dropped with the attempt and is given back.
                Err(e) => tracing::error!(job = %job, error = %e, "an attempt could not be started"),
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<Leased>,
        event: SupervisionEvent,
        _: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(..) => self.stage.posts.foreman.count(|c| c.ended += 1),
            SupervisionEvent::ActorFailed(_, error) => {
                self.stage.posts.foreman.count(|c| c.crashed += 1);
                tracing::error!(stage = self.stage.name.name(), error = %error, "an attempt actor crashed");
                self.stage.crashed(self.node.now(), self.node.config.jobs.restart_window_ms);
            }
            _ => {}
        }
        Ok(())
    }
}
