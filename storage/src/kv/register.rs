//! The register of nodes, a row each. A store of one process has one node at a time; the rows tell of earlier
//! ones, and keep what operators asked of them.

use serde::{Deserialize, Serialize};
use takeoff_core::model::Timestamp;

use super::commit::Change;
use super::{Kv, keys, rows};
use crate::error::StoreError;
use crate::register::{Beat, FORGOTTEN_MS, Joined, NodeEntry, NodeIdentity, NodeState};

struct NodeRow {
    entry: NodeEntry,
    /// The process that had the store then has ended.
    ended: bool,
}

/// As it is stored. The entry is JSON, so that it may gain fields.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    entry: Vec<u8>,
    ended: bool,
}

fn key(name: &str) -> Vec<u8> {
    [keys::NODES, name.as_bytes()].concat()
}

fn decode(key: &[u8], row: &[u8]) -> Result<NodeRow, StoreError> {
    let Stored { entry, ended } = rows::decode(|| rows::row_name(key), row)?;
    let entry = serde_json::from_slice(&entry)
        .map_err(|e| rows::damaged(rows::row_name(key), format!("no node: {e}")))?;
    Ok(NodeRow { entry, ended })
}

fn encode(entry: &NodeEntry, ended: bool) -> Vec<u8> {
    let entry = serde_json::to_vec(entry).expect("an entry has no unserialisable part");
    rows::encode(&Stored { entry, ended })
}

fn seen(row: NodeRow, now: Timestamp) -> NodeEntry {
    let silent_ms = now.ms_since(row.entry.beat_at).max(0);
    NodeEntry { silent_ms, ..row.entry }
}

/// All nodes, by name.
pub(super) fn nodes<K: Kv>(store: &K, now: Timestamp) -> Result<Vec<NodeEntry>, StoreError> {
    let mut found = Vec::new();
    store.scan(keys::NODES, &keys::after_prefix(keys::NODES), false, &mut |key, row| {
        found.push(seen(decode(key, row)?, now));
        Ok(true)
    })?;
    Ok(found)
}

/// The row of a node of an earlier process, with the last sign of its life; `None` when it says so already.
pub(super) fn ended(key: &[u8], row: &[u8]) -> Result<Option<(Vec<u8>, Timestamp)>, StoreError> {
    let row = decode(key, row)?;
    Ok((!row.ended).then(|| (encode(&row.entry, true), row.entry.beat_at)))
}

impl<K: Kv> Change<'_, '_, K> {
    fn node(&self, name: &str) -> Result<Option<NodeRow>, StoreError> {
        let key = key(name);
        self.rows.get(&key)?.map(|row| decode(&key, &row)).transpose()
    }

    fn put_node(&mut self, entry: &NodeEntry) {
        self.rows.put(key(&entry.node.name), encode(entry, false));
    }

    pub(super) fn join(&mut self, node: &NodeIdentity, silent_ms: i64) -> Result<Joined, StoreError> {
        let before = self.node(&node.name)?.map(|row| (row.ended, seen(row, self.now)));
        if let Some((false, there)) = &before
            && there.node.life != node.life
            && there.is_alive(silent_ms)
        {
            return Ok(Joined::Taken(there.clone()));
        }
        for (key, row) in self.rows.scan(keys::NODES, &keys::after_prefix(keys::NODES), usize::MAX)? {
            if seen(decode(&key, &row)?, self.now).silent_ms > FORGOTTEN_MS {
                self.rows.remove(key);
            }
        }
        let asked = before.filter(|(_, there)| there.state != NodeState::Gone);
        let entry = NodeEntry {
            node: node.clone(),
            address: String::new(),
            state: NodeState::Up,
            started_at: self.now,
            beat_at: self.now,
            drain_at: asked.and_then(|(_, there)| there.drain_at),
            silent_ms: 0,
        };
        self.put_node(&entry);
        Ok(Joined::In(entry))
    }

    pub(super) fn beat(&mut self, beat: &Beat) -> Result<Option<NodeEntry>, StoreError> {
        let Some(row) = self.node(&beat.name)?.filter(|row| row.entry.node.life == beat.life) else {
            return Ok(None);
        };
        let drain_at = row.entry.drain_at.filter(|_| beat.state != NodeState::Gone);
        let entry = NodeEntry {
            address: beat.address.clone(),
            state: beat.state,
            beat_at: self.now,
            drain_at,
            silent_ms: 0,
            ..row.entry
        };
        self.put_node(&entry);
        Ok(Some(entry))
    }

    pub(super) fn ask_to_drain(&mut self, name: &str) -> Result<Option<NodeEntry>, StoreError> {
        let Some(row) = self.node(name)?.filter(|row| row.entry.state != NodeState::Gone) else {
            return Ok(None);
        };
        let ended = row.ended;
        let mut entry = seen(row, self.now);
        entry.drain_at.get_or_insert(self.now);
        self.rows.put(key(name), encode(&entry, ended));
        Ok(Some(entry))
    }
}
