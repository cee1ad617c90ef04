//! The register of nodes.

use takeoff_core::job::Stage;

use super::{Subject, id};
use crate::catalog::Clock as _;
use crate::register::{Beat, Joined, NodeEntry, NodeIdentity, NodeState};

const SILENT_MS: i64 = 5_000;

pub(crate) fn node(name: &str, life: u64) -> NodeIdentity {
    NodeIdentity {
        name: name.to_owned(),
        life: id(life),
        roles: vec!["gateway".to_owned(), "worker".to_owned()],
        stages: vec![(Stage::Ingest, 2), (Stage::AutoCount, 3)],
        version: "1.2.3".to_owned(),
    }
}

impl Subject {
    async fn join(&self, name: &str, life: u64) -> Joined {
        self.catalog.join(&node(name, life), SILENT_MS).await.expect("join")
    }

    async fn joined(&self, name: &str, life: u64) -> NodeEntry {
        match self.join(name, life).await {
            Joined::In(entry) => entry,
            Joined::Taken(by) => panic!("taken by {by:?}"),
        }
    }

    async fn beat(&self, name: &str, life: u64, state: NodeState) -> Option<NodeEntry> {
        let beat = Beat { name: name.to_owned(), life: id(life), state, address: "here:1".to_owned() };
        self.catalog.beat(&beat).await.expect("beat")
    }

    async fn nodes(&self) -> Vec<NodeEntry> {
        self.catalog.nodes().await.expect("nodes")
    }
}

/// Two that live cannot have one name; the one that has it is named, and keeps it.
pub async fn one_name_one_node(s: &Subject) {
    assert_eq!(s.nodes().await, []);
    let first = s.joined("a", 1).await;
    assert_eq!((&first.node, first.state, first.drain_at), (&node("a", 1), NodeState::Up, None));
    assert_eq!((first.started_at, first.beat_at), (s.clock.now(), s.clock.now()));
    s.clock.advance_ms(SILENT_MS - 1);
    let Joined::Taken(by) = s.join("a", 2).await else { panic!("two of one name") };
    assert_eq!((by.node.life, by.silent_ms), (id(1), SILENT_MS - 1));
    assert!(s.beat("a", 1, NodeState::Up).await.is_some(), "it is as it was");
    assert_eq!(s.beat("a", 2, NodeState::Up).await, None);
    // The same run of a node may say twice that it is there: the first answer was lost.
    assert_eq!(s.joined("a", 1).await.node.life, id(1));
    s.joined("b", 3).await;
    let names: Vec<String> = s.nodes().await.into_iter().map(|n| n.node.name).collect();
    assert_eq!(names, ["a", "b"]);
}

/// Who was not heard of is given up, and learns of it; who has left makes room at once.
pub async fn who_is_silent_makes_room(s: &Subject) {
    s.joined("a", 1).await;
    s.clock.advance_ms(SILENT_MS);
    assert_eq!(s.nodes().await[0].silent_ms, SILENT_MS);
    assert!(!s.nodes().await[0].is_alive(SILENT_MS));
    assert_eq!(s.joined("a", 2).await.started_at, s.clock.now());
    assert_eq!(s.beat("a", 1, NodeState::Up).await, None);
    assert_eq!(s.beat("a", 1, NodeState::Gone).await, None, "it cannot take the other one out either");
    assert_eq!(s.beat("a", 2, NodeState::Gone).await.map(|n| n.state), Some(NodeState::Gone));
    s.joined("a", 3).await;
    assert_eq!(s.nodes().await.len(), 1);
    // Who was never heard of again is forgotten.
    s.clock.advance_ms(8 * 24 * 3_600_000);
    s.joined("b", 4).await;
    assert_eq!(s.nodes().await.len(), 1);
}

/// Until the node has left, over a death of it too.
pub async fn a_request_to_drain_lasts(s: &Subject) {
    assert_eq!(s.catalog.ask_to_drain("a").await.unwrap(), None);
    s.joined("a", 1).await;
    let asked_at = s.clock.now();
    let asked = s.catalog.ask_to_drain("a").await.unwrap().expect("it is there");
    assert_eq!((asked.drain_at, asked.state), (Some(asked_at), NodeState::Up));
    s.clock.advance_ms(SILENT_MS);
    let again = s.catalog.ask_to_drain("a").await.unwrap().expect("it is there");
    assert_eq!((again.drain_at, again.silent_ms), (Some(asked_at), SILENT_MS));
    assert_eq!(s.joined("a", 2).await.drain_at, Some(asked_at), "its next run does what this one did not");
    assert_eq!(s.beat("a", 2, NodeState::Draining).await.expect("its own").drain_at, Some(asked_at));
    assert_eq!(s.beat("a", 2, NodeState::Gone).await.expect("its own").drain_at, None);
    assert_eq!(s.catalog.ask_to_drain("a").await.unwrap(), None, "it has left");
    assert_eq!(s.joined("a", 3).await.drain_at, None);
}

pub async fn signs_of_life(s: &Subject) {
    let joined = s.joined("a", 1).await;
    assert_eq!(s.catalog.now().await.unwrap(), s.clock.now());
    s.clock.advance_ms(1_500);
    assert_eq!(s.catalog.now().await.unwrap(), s.clock.now());
    let beat = s.beat("a", 1, NodeState::Up).await.expect("its own");
    assert_eq!((beat.address.as_str(), beat.silent_ms, beat.drain_at), ("here:1", 0, None));
    assert_eq!((beat.started_at, beat.beat_at), (joined.started_at, s.clock.now()));
    s.clock.advance_ms(20);
    let seen = s.nodes().await.remove(0);
    assert_eq!(seen, NodeEntry { silent_ms: 20, ..beat });
    assert!(seen.is_alive(SILENT_MS));
}
