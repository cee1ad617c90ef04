//! The nodes of a catalogue, as the catalogue knows them: who is there, since when, when it was last heard of.
//! All times are the store's, so no two clocks have to agree.

use serde::{Deserialize, Serialize};
use takeoff_core::job::Stage;
use takeoff_core::model::{Id, Timestamp};

/// What a node says of itself. That it is silent is seen by when it was last heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    Up,
    /// It takes no new work and ends what it has.
    Draining,
    /// It has left in good order.
    Gone,
}

impl NodeState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Draining => "draining",
            Self::Gone => "gone",
        }
    }
}

/// What a node is, from its start to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeIdentity {
    /// Its configured name, which no other living node may have.
    pub name: String,
    /// This run of it: another one, and another node of the same name, has another.
    pub life: Id,
    pub roles: Vec<String>,
    /// Stages that it runs, with its slots for each.
    pub stages: Vec<(Stage, usize)>,
    pub version: String,
}

/// A node in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeEntry {
    pub node: NodeIdentity,
    /// Where it is reached; empty until it listens.
    pub address: String,
    pub state: NodeState,
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub beat_at: Timestamp,
    /// When somebody asked it to drain. It lasts until the node has left.
    pub drain_at: Option<Timestamp>,
    /// How long it has been silent when this was read, milliseconds.
    #[serde(default)]
    pub silent_ms: i64,
}

impl NodeEntry {
    /// It has not left, and was heard of within so many milliseconds.
    pub fn is_alive(&self, silent_ms: i64) -> bool {
        self.state != NodeState::Gone && self.silent_ms < silent_ms
    }
}

/// What became of a node that wanted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    In(NodeEntry),
    /// Another has the name and was heard of a moment ago.
    Taken(NodeEntry),
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    pub name: String,
    pub life: Id,
    pub state: NodeState,
    pub address: String,
}

/// Nodes that nobody has heard of for so long are forgotten when another joins.
pub(crate) const FORGOTTEN_MS: i64 = 7 * 24 * 3_600_000;
