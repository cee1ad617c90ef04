//! What the commands of a group have changed and the store does not know yet.

use std::cell::RefCell;
use std::collections::HashMap;
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
    /// For the start of a range, the last of the store's keys behind it that are removed without a gap.
    /// The next scan begins there: a group of leases would otherwise wade through what it took already.
    removed_to: RefCell<HashMap<Vec<u8>, Vec<u8>>>,
}

impl<'a, K: Kv> Overlay<'a, K> {
    pub(super) fn new(store: &'a K) -> Self {
        Self { store, writes: Writes::new(), undo: Vec::new(), removed_to: RefCell::default() }
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
        self.removed_to.borrow_mut().clear();
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
        let mut removed_to = self.removed_to.borrow_mut().remove(from).unwrap_or_default();
        let start = if removed_to.is_empty() { from.to_vec() } else { [&removed_to, &[0][..]].concat() };
        let mut all_removed = true;
        self.store.scan(&start, to, false, &mut |key, value| {
            while found.len() < limit && take_before(&mut changed, key, &mut found) {}
            if found.len() >= limit {
                return Ok(false);
            }
            let written = changed.next_if(|(k, _)| k.as_slice() == key);
            all_removed &= matches!(written, Some((_, None)));
            if all_removed {
                removed_to.clear();
                removed_to.extend_from_slice(key);
            }
            match written {
                Some((key, value)) => push(&mut found, key, value),
                None => found.push((key.to_vec(), value.to_vec())),
            }
            Ok(found.len() < limit)
        })?;
        if !removed_to.is_empty() {
            self.removed_to.borrow_mut().insert(from.to_vec(), removed_to);
        }
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

    type Change = (Vec<u8>, Option<Vec<u8>>);

    fn changes(value: u8) -> impl Strategy<Value = Vec<Change>> {
        prop::collection::vec((small_key(), prop::option::of(Just(vec![value]))), 0..12)
    }

    /// What the store answers once it has the overlay's changes.
    fn scan_store(store: &MemKv, from: &[u8], to: &[u8], limit: usize) -> Vec<Row> {
        let mut found = Vec::new();
        let mut visit = |k: &[u8], v: &[u8]| {
            found.push((k.to_vec(), v.to_vec()));
            Ok(true)
        };
        store.scan(from, to, false, &mut visit).unwrap();
        found.truncate(limit);
        found
    }

    proptest! {
        #[test]
        fn reads_like_the_store_it_becomes(
            base in prop::collection::btree_map(small_key(), Just(Some(vec![1_u8])), 0..12),
            rounds in prop::collection::vec((changes(2), changes(3)), 1..4),
            from in small_key(), to in small_key(), limit in 0_usize..8,
        ) {
            let (store, becomes) = (MemKv::default(), MemKv::default());
            store.apply(base.clone()).unwrap();
            becomes.apply(base).unwrap();
            let mut overlay = Overlay::new(&store);
            for (kept, refused) in rounds {
                for (key, value) in kept {
                    becomes.apply([(key.clone(), value.clone())].into()).unwrap();
                    overlay.set(key, value);
                }
                overlay.keep();
                // Between the rounds too: a scan remembers something.
                prop_assert_eq!(overlay.scan(&from, &to, limit).unwrap(), scan_store(&becomes, &from, &to, limit));
                for (key, value) in refused {
                    overlay.set(key, value);
                }
                overlay.scan(&from, &to, limit).unwrap();
                overlay.undo();
                prop_assert_eq!(overlay.scan(&from, &to, limit).unwrap(), scan_store(&becomes, &from, &to, limit));
                prop_assert_eq!(overlay.get(&from).unwrap(), becomes.get(&from).unwrap());
            }
            store.apply(overlay.into_writes()).unwrap();
            prop_assert_eq!(scan_store(&store, &[], &[9], 99), scan_store(&becomes, &[], &[9], 99));
        }
    }
}
