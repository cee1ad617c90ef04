//! This node in the register of nodes: how it gets in, shows that it lives, hears that it is to leave.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use takeoff_core::ENGINE_VERSION;
use takeoff_core::model::Id;
use takeoff_storage::StoreError;
use takeoff_storage::register::{Beat, Joined, NodeEntry, NodeIdentity, NodeState};
use tokio::sync::watch;

use crate::clock::Stopwatch;
use crate::error::EngineError;
use crate::node::Node;

/// Between two looks at whether another node of this name lives.
const LOOK: Duration = Duration::from_millis(200);

/// Longest that a sign of life may take to be stored, the last one as well.
const STORED: Duration = Duration::from_secs(2);

/// Why a node is to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Somebody asked for it.
    Drain,
    /// It was silent for too long, and another has its name now.
    Replaced,
}

pub(crate) struct Presence {
    /// This run of the node.
    life: Id,
    /// Where it is reached; empty until it listens.
    address: Mutex<String>,
    leave: watch::Sender<Option<Leave>>,
}

impl Presence {
    pub(crate) fn new(life: Id) -> Self {
        Self { life, address: Mutex::default(), leave: watch::Sender::new(None) }
    }

    pub(crate) fn set_address(&self, address: String) {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// Waits until the node is to leave.
    pub(crate) async fn leave(&self) -> Leave {
        let mut told = self.leave.subscribe();
        loop {
            if let Some(why) = *told.borrow_and_update() {
                return why;
            }
            // The sender is `self`, so it cannot be gone.
            let _ = told.changed().await;
        }
    }

    fn tell(&self, why: Leave) {
        self.leave.send_if_modified(|told| {
            let is_news = told.is_none();
            told.get_or_insert(why);
            is_news
        });
    }
}

fn identity(node: &Node) -> NodeIdentity {
    NodeIdentity {
        name: node.config.node.clone(),
        life: node.presence.life,
        roles: node.config.roles.names().into_iter().map(str::to_owned).collect(),
        stages: node.stages.iter().map(|stage| (stage.name, stage.slots())).collect(),
        version: ENGINE_VERSION.to_owned(),
    }
}

fn silent_ms(node: &Node) -> i64 {
    i64::try_from(node.config.cluster.silent_ms).unwrap_or(i64::MAX)
}

/// Enters the node under its name. Where another has it, waits until that one was heard of again, which refuses
/// this one, or is silent for too long: by the store's clock or, should that have gone back meanwhile, by this node's
/// own, which has seen no sign of it for as long.
///
/// # Errors
/// `NameTaken`, within `cluster.silent_ms` and a second.
pub(crate) async fn join(node: &Node) -> Result<(), EngineError> {
    let (this, silent_ms) = (identity(node), silent_ms(node));
    let longest = Duration::from_millis(node.config.cluster.silent_ms) + Duration::from_secs(1);
    let since = Stopwatch::start();
    let mut first: Option<NodeEntry> = None;
    loop {
        let waited = since.elapsed() > longest;
        let silent_ms = if waited { 0 } else { silent_ms };
        let asked = Stopwatch::start();
        let there = match node.tools.catalog.join(&this, silent_ms).await? {
            Joined::In(entry) => {
                let _ = node.started_at.set(entry.started_at);
                told(node, &entry, asked);
                return Ok(());
            }
            Joined::Taken(there) => there,
        };
        let lives = first.as_ref().is_some_and(|f| f.beat_at != there.beat_at);
        if lives || waited {
            let NodeEntry { node: NodeIdentity { name, version, .. }, address, .. } = there;
            return Err(EngineError::NameTaken { name, address, version });
        }
        first.get_or_insert(there);
        tokio::time::sleep(LOOK).await;
    }
}

/// What the register says of this node, and of the time.
fn told(node: &Node, entry: &NodeEntry, asked: Stopwatch) {
    node.time.heard(entry.beat_at, asked);
    if entry.drain_at.is_some() {
        node.presence.tell(Leave::Drain);
    }
}

/// A sign of life.
pub(crate) async fn beat(node: &Node, state: NodeState) -> Result<(), StoreError> {
    let presence = &node.presence;
    let address = presence.address.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let beat = Beat { name: node.config.node.clone(), life: presence.life, state, address };
    let slow = || Err(StoreError::Unavailable(format!("no answer within {} s", STORED.as_secs())));
    let asked = Stopwatch::start();
    match tokio::time::timeout(STORED, node.tools.catalog.beat(&beat)).await.unwrap_or_else(|_| slow())? {
        Some(entry) => told(node, &entry, asked),
        None if state == NodeState::Gone => {}
        None => {
            let why = format!("another node has the name `{}`, this one was given up", node.config.node);
            node.troubles.set("name", Some(why));
            presence.tell(Leave::Replaced);
        }
    }
    Ok(())
}
