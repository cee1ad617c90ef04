//! Rows of one table that a group of batches touches: as the database has them, and as the group leaves
//! them. A batch that is refused leaves nothing.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// `None` as a value is "no such row".
#[derive(Debug)]
pub(super) struct Rows<K, V> {
    stored: HashMap<K, Option<V>>,
    changed: BTreeMap<K, Option<V>>,
    /// What was in `changed` before each change since the last [`Rows::keep`].
    undo: Vec<(K, Option<Option<V>>)>,
}

impl<K: Ord + Hash + Clone, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self { stored: HashMap::new(), changed: BTreeMap::new(), undo: Vec::new() }
    }
}

/// A row that the group leaves otherwise than it found it.
pub(super) struct Changed<'a, K, V> {
    pub(super) key: &'a K,
    pub(super) before: Option<&'a V>,
    pub(super) after: Option<&'a V>,
}

impl<K: Ord + Hash + Clone, V> Rows<K, V> {
    /// Rows that were looked for; those not found are none.
    pub(super) fn look(&mut self, keys: impl IntoIterator<Item = K>) {
        for key in keys {
            self.stored.entry(key).or_insert(None);
        }
    }

    pub(super) fn found(&mut self, key: K, value: V) {
        self.stored.insert(key, Some(value));
    }

    /// Whether it was looked for, or made since.
    pub(super) fn knows(&self, key: &K) -> bool {
        self.changed.contains_key(key) || self.stored.contains_key(key)
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.changed.get(key).or_else(|| self.stored.get(key))?.as_ref()
    }

    pub(super) fn set(&mut self, key: K, value: Option<V>) {
        let before = self.changed.insert(key.clone(), value);
        self.undo.push((key, before));
    }

    /// All rows there are now.
    pub(super) fn all(&self) -> impl Iterator<Item = (&K, &V)> {
        let untouched = self.stored.iter().filter(|(key, _)| !self.changed.contains_key(*key));
        untouched.chain(&self.changed).filter_map(|(key, value)| Some((key, value.as_ref()?)))
    }

    pub(super) fn keep(&mut self) {
        self.undo.clear();
    }

    pub(super) fn undo(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(value) => self.changed.insert(key, value),
                None => self.changed.remove(&key),
            };
        }
    }

    /// In the order of the keys.
    pub(super) fn changes(&self) -> impl Iterator<Item = Changed<'_, K, V>> {
        self.changed.iter().map(|(key, after)| Changed {
            key,
            before: self.stored.get(key).and_then(Option::as_ref),
            after: after.as_ref(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_change_leaves_nothing_and_a_kept_one_stays() {
        let mut rows: Rows<u8, &str> = Rows::default();
        rows.look([1, 2]);
        rows.found(1, "a");
        assert!(rows.knows(&2) && !rows.knows(&3));
        rows.set(1, Some("b"));
        rows.keep();
        rows.set(1, None);
        rows.set(2, Some("c"));
        rows.set(3, Some("d"));
        assert_eq!((rows.get(&1), rows.get(&2), rows.get(&3)), (None, Some(&"c"), Some(&"d")));
        rows.undo();
        assert_eq!((rows.get(&1), rows.get(&2), rows.get(&3)), (Some(&"b"), None, None));
        let changes: Vec<_> = rows.changes().map(|c| (*c.key, c.before.copied(), c.after.copied())).collect();
        assert_eq!(changes, [(1, Some("a"), Some("b"))]);
        assert_eq!(rows.all().collect::<Vec<_>>(), [(&1, &"b")]);
    }
}
