//! What the commands of a group have changed and the store does not know yet.

use std::iter::Peekable;
use std::ops::Bound;

use super::{Kv, Writes};
use crate::error::StoreError;

/// A key with its value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// An entry of [`Writes`] as it was before a change; `None` is "not written".
type Before = Option<Option<Vec<u8>>>;

/// Changes over a store, with an undo list so that a refused command leaves nothing.
pub(super) struct Overlay<'a, K> {
    store: &'a K,
    writes: Writes,
    /// What was in `writes` before each change since the last [`Overlay::keep`].
    undo: Vec<(Vec<u8>, Before)>,
}

impl<'a, K: Kv> Overlay<'a, K> {
    pub(super) const fn new(store: &'a K) -> Self {
        Self { store, writes: Writes::new(), undo: Vec::new() }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.store.get(key),
        }
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.set(key, Some(value));
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.set(key, None);
    }

    fn set(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let before = self.writes.insert(key.clone(), value);
        self.undo.push((key, before));
    }

    /// The command succeeded.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
    }

    /// The command was refused: as if it had not come.
    pub(super) fn undo(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(value) => self.writes.insert(key, value),
                None => self.writes.remove(&key),
            };
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.writes.len()
    }

    pub(super) fn into_writes(self) -> Writes {
        self.writes
    }

    /// The keys in `from..to` with their values, ascending, at most `limit`.
    pub(super) fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        if from >= to || limit == 0 {
            return Ok(found);
        }
        let range = (Bound::Included(from), Bound::Excluded(to));
        let mut changed = self.writes.range::<[u8], _>(range).peekable();
        self.store.scan(from, to, false, &mut |key, value| {
            while found.len() < limit && take_before(&mut changed, key, &mut found) {}
            if found.len() >= limit {
                return Ok(false);
            }
            if changed.next_if(|(k, _)| k.as_slice() == key).map(|(k, v)| push(&mut found, k, v)).is_none() {
                found.push((key.to_vec(), value.to_vec()));
            }
            Ok(found.len() < limit)
        })?;
        for (key, value) in changed {
            if found.len() >= limit {
                break;
            }
            push(&mut found, key, value);
        }
        Ok(found)
    }
}

fn push(found: &mut Vec<Row>, key: &[u8], value: &Option<Vec<u8>>) {
    if let Some(value) = value {
        found.push((key.to_vec(), value.clone()));
    }
}

fn take_before<'w>(
    changed: &mut Peekable<impl Iterator<Item = (&'w Vec<u8>, &'w Option<Vec<u8>>)>>,
    key: &[u8],
    found: &mut Vec<Row>,
) -> bool {
    changed.next_if(|(k, _)| k.as_slice() < key).map(|(k, v)| push(found, k, v)).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mem::MemKv;

    fn small_key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0_u8..4, 1..3)
    }

    proptest! {
        #[test]
        fn reads_like_the_store_it_becomes(
            base in prop::collection::btree_map(small_key(), Just(Some(vec![1_u8])), 0..12),
            changes in prop::collection::vec((small_key(), prop::option::of(Just(vec![2_u8]))), 0..12),
            refused in prop::collection::vec((small_key(), prop::option::of(Just(vec![3_u8]))), 0..12),
            from in small_key(), to in small_key(), limit in 0_usize..8,
        ) {
            let store = MemKv::default();
            store.apply(base).unwrap();
            let mut overlay = Overlay::new(&store);
            for (key, value) in changes {
                overlay.set(key, value);
            }
            overlay.keep();
            for (key, value) in refused {
                overlay.set(key, value);
            }
            overlay.undo();

            let seen = overlay.scan(&from, &to, limit).unwrap();
            let got = overlay.get(&from).unwrap();
            let writes = overlay.into_writes();
            store.apply(writes).unwrap();
            let mut expected = Vec::new();
            if from < to {
                store.scan(&from, &to, false, &mut |k, v| {
                    expected.push((k.to_vec(), v.to_vec()));
                    Ok(true)
                }).unwrap();
            }
            expected.truncate(limit);
            prop_assert_eq!(seen, expected);
            prop_assert_eq!(got, store.get(&from).unwrap());
        }
    }
}
