//! The ractor tree: a node supervisor, one stage supervisor for each stage, and their actors.
//!
//! `node` supervises `node/<stage>` and the node's own routines. `node/<stage>` supervises the puller,
//! which leases as much as there are free slots; the foreman, which links one attempt actor to itself
//! for each lease; and the watchman, which ends what runs too long or under a lease that is lost.

mod attempt;
mod checkpoint;
pub(crate) mod foreman;
mod lease;
mod puller;
mod renewer;
pub(crate) mod restart;
pub(crate) mod routine;
mod settle;
mod supervisor;
mod watchman;

use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(crate) use ractor::ActorRef;
use ractor::{Actor, SpawnErr};
use takeoff_core::job::Stage as StageName;

use crate::cluster::links;
use crate::maintain;
use crate::node::{Node, StageState};
use crate::observe::{Observed, Post};
use foreman::Foreman;
use puller::Puller;
pub(crate) use renewer::{ReleaserCounters, RenewerCounters};
use restart::Intensity;
pub(crate) use supervisor::{ChildSpec, SupervisorCounters, SupervisorMessage};
use supervisor::{Plan, Supervisor};
pub(crate) use watchman::GRACE;
use watchman::Watchman;

/// Posts of the actors of one stage.
pub(crate) struct StagePosts {
    pub(crate) supervisor: Arc<Post<SupervisorCounters>>,
    pub(crate) puller: Arc<Post<puller::PullerCounters>>,
    pub(crate) foreman: Arc<Post<foreman::ForemanCounters>>,
    pub(crate) watchman: Arc<Post<watchman::WatchmanCounters>>,
}

impl StagePosts {
    pub(crate) fn new(stage: StageName) -> Self {
        let name = stage.name();
        Self {
            supervisor: Arc::new(Post::new(format!("node/{name}"))),
            puller: Arc::new(Post::new(format!("node/{name}/puller"))),
            foreman: Arc::new(Post::new(format!("node/{name}/foreman"))),
            watchman: Arc::new(Post::new(format!("node/{name}/watchman"))),
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<dyn Observed>> {
        vec![
            Arc::clone(&self.supervisor) as _,
            Arc::clone(&self.puller) as _,
            Arc::clone(&self.foreman) as _,
            Arc::clone(&self.watchman) as _,
        ]
    }
}

fn intensity(node: &Node) -> Intensity {
    Intensity::new(node.config.jobs.restart_limit, node.config.jobs.restart_window_ms)
}

/// Starts the whole tree.
pub(crate) async fn start(node: &Arc<Node>) -> Result<ActorRef<SupervisorMessage>, SpawnErr> {
    let mut children = Vec::new();
    for stage in &node.stages {
        children.push(stage_supervisor(node, stage));
    }
    children.push(routine::child(node, &node.maintain.renewer, renewer::Renewer::new));
    children.push(routine::child(node, &node.maintain.releaser, renewer::Releaser::new));
    children.extend(maintain::children(node));
    children.extend(node.links.iter().map(|links| links::child(node, links)));
    let its_node = Arc::clone(node);
    let plan = Plan {
        node: Arc::clone(node),
        post: Arc::clone(&node.maintain.supervisor),
        children,
        intensity: intensity(node),
        give_up: Box::new(move |reason| its_node.troubles.set("node", Some(reason))),
    };
    let (root, _) = Supervisor::spawn(None, Supervisor, plan).await?;
    Ok(root)
}

fn stage_supervisor(node: &Arc<Node>, stage: &Arc<StageState>) -> ChildSpec {
    let post = Arc::clone(&stage.posts.supervisor) as Arc<dyn Observed>;
    let (node, stage) = (Arc::clone(node), Arc::clone(stage));
    ChildSpec::new(post, move |parent| {
        let plan = stage_plan(&node, &stage);
        async move { Ok(Supervisor::spawn_linked(None, Supervisor, plan, parent).await?.0.get_cell()) }
    })
}

fn stage_plan(node: &Arc<Node>, stage: &Arc<StageState>) -> Plan {
    let foreman = {
        let (node, stage) = (Arc::clone(node), Arc::clone(stage));
        ChildSpec::new(Arc::clone(&stage.posts.foreman) as _, move |parent| {
            let foreman = Foreman { node: Arc::clone(&node), stage: Arc::clone(&stage) };
            async move { Ok(Foreman::spawn_linked(None, foreman, (), parent).await?.0.get_cell()) }
        })
    };
    let watchman = {
        let stage = Arc::clone(stage);
        let post = Arc::clone(&stage.posts.watchman);
        routine::child(node, &post, move |node| Watchman { node, stage: Arc::clone(&stage) })
    };
    let puller = {
        let stage = Arc::clone(stage);
        let post = Arc::clone(&stage.posts.puller);
        routine::child(node, &post, move |node| Puller { node, stage: Arc::clone(&stage) })
    };
    let (its_node, its_stage) = (Arc::clone(node), Arc::clone(stage));
    Plan {
        node: Arc::clone(node),
        post: Arc::clone(&stage.posts.supervisor),
        children: vec![foreman, watchman, puller],
        intensity: intensity(node),
        give_up: Box::new(move |reason| {
            its_stage.halted.store(true, Ordering::Relaxed);
            its_node.troubles.set(&format!("stage/{}", its_stage.name.name()), Some(reason));
        }),
    }
}
