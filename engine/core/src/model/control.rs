use serde::{Deserialize, Serialize};

use super::{Entity, Id, Index, Kind, Timestamp};
use crate::job::Stage;

/// What an operator may hold back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// On every node.
    Stage(Stage),
    /// All jobs of a project, on every node.
    Project(Id),
    /// The node of this name.
    Node(String),
}

impl Scope {
    /// The id of its record: each scope has one.
    pub fn id(&self) -> Id {
        match self {
            Self::Stage(stage) => {
                let mut bytes = *b"takeoff/stage/\0\0";
                bytes[15] = *stage as u8;
                Id::from_bytes(bytes)
            }
            Self::Project(id) => *id,
            Self::Node(name) => Id::from_bytes(fnv_1a(name.as_bytes()).to_be_bytes()),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stage(stage) => write!(f, "stage {}", stage.name()),
            Self::Project(id) => write!(f, "project {id}"),
            Self::Node(name) => write!(f, "node {name}"),
        }
    }
}

/// FNV-1a of 128 bits (draft-eastlake-fnv, constants of its table).
fn fnv_1a(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

/// That something starts no more jobs. What runs goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub since: Timestamp,
    /// Why, in the operator's words.
    pub cause: String,
}

/// What operators have decided about a stage, a project or a node. Holds until they decide otherwise, over
/// every restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    pub scope: Scope,
    pub pause: Option<Pause>,
    /// How much CPU time a project gets beside others, see [`crate::job::DEFAULT_WEIGHT`]; of projects only.
    #[serde(default)]
    pub weight: Option<u16>,
    pub updated_at: Timestamp,
}

impl Entity for Control {
    const KIND: Kind = Kind::Control;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        self.scope.id()
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        vec![(Index::All, Id::NIL)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_scope_has_an_id_of_its_own() {
        let mut scopes: Vec<Scope> = Stage::ALL.into_iter().map(Scope::Stage).collect();
        scopes.extend(["a", "b", "node-1", "node-2", ""].map(|n| Scope::Node(n.to_owned())));
        scopes.push(Scope::Project(Id::NIL));
        let ids: BTreeSet<Id> = scopes.iter().map(Scope::id).collect();
        assert_eq!(ids.len(), scopes.len());
        assert_eq!(fnv_1a(b"").to_be_bytes()[..2], [0x6c, 0x62], "the offset basis");
    }
}
