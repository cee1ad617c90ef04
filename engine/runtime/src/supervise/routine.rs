//! Actors that do one thing again and again: a duty waits for its moment, then does one round.

use std::future::Future;
use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, Message};
use serde::Serialize;

use super::supervisor::ChildSpec;
use crate::node::Node;
use crate::observe::{Counted, Observed, Post};

/// One round of an actor. A panic is a crash of the actor.
pub(crate) trait Duty: Send + Sync + 'static {
    /// Waits until there is something to do, with a limit, and does it.
    fn round(&self) -> impl Future<Output = ()> + Send;
}

pub(crate) struct Routine<D> {
    duty: D,
    node: Arc<Node>,
}

/// Sent by the actor to itself after each round, so there is never more than one in its mailbox, and
/// stops are heard between rounds.
pub(crate) struct Next;

impl Message for Next {}

impl<D: Duty> Actor for Routine<D> {
    type Msg = Next;
    type State = Counted;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Next>, (): ()) -> Result<Self::State, ActorProcessingErr> {
        myself.cast(Next)?;
        Ok(self.node.actors.enter())
    }

    async fn handle(
        &self,
        myself: ActorRef<Next>,
        _: Next,
        _: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        self.duty.round().await;
        Ok(myself.cast(Next)?)
    }
}

/// A routine as a supervised child.
pub(crate) fn child<C, D>(
    node: &Arc<Node>,
    post: &Arc<Post<C>>,
    duty: impl Fn(Arc<Node>) -> D + Send + Sync + 'static,
) -> ChildSpec
where
    C: Serialize + Send + 'static,
    D: Duty,
{
    let node = Arc::clone(node);
    ChildSpec::new(Arc::clone(post) as Arc<dyn Observed>, move |parent| {
        let routine = Routine { duty: duty(Arc::clone(&node)), node: Arc::clone(&node) };
        async move { Ok(Routine::spawn_linked(None, routine, (), parent).await?.0.get_cell()) }
    })
}
