//! What the commands of a group have changed and the store does not know yet.

use std::cell::RefCell;
use std::collections::HashMap;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use takeoff_core::job::Job;

use super::job_row::{as_stored, decode_job, encode_job};
use super::recent::{JobKey, Recent, Stored};
use super::{Known, Kv, Writes, keys};
use crate::error::StoreError;

/// A key with its value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// An entry of [`Writes`] as it was before a change; `None` is "not written".
type Before = Option<Option<Vec<u8>>>;

/// Changes over a store, with an undo list so that a refused command leaves nothing.
pub(super) struct Overlay<'a, K> {
    store: &'a K,
    recent: &'a Recent,
    writes: Writes,
    /// Rows of the store that were looked at, or that are there or not by what is written with them.
    known: RefCell<Known>,
    /// Jobs whose rows are in `writes`; `None` was removed.
    jobs: HashMap<JobKey, Option<Stored>>,
    undo_jobs: Vec<(JobKey, Option<Option<Stored>>)>,
    /// What was in `writes` before each change since the last [`Overlay::keep`].
    undo: Vec<(Vec<u8>, Before)>,
    /// For the start of a range, the last of the store's keys behind it that are removed without a gap.
    /// The next scan begins there: a group of leases would otherwise wade through what it took already.
    removed_to: RefCell<HashMap<Vec<u8>, Vec<u8>>>,
}

impl<'a, K: Kv> Overlay<'a, K> {
    pub(super) fn new(store: &'a K, recent: &'a Recent) -> Self {
        Self {
            store,
            recent,
            writes: Writes::new(),
            known: RefCell::default(),
            jobs: HashMap::new(),
            undo_jobs: Vec::new(),
            undo: Vec::new(),
            removed_to: RefCell::default(),
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(value) = self.writes.get(key) {
            return Ok(value.clone());
        }
        if let Some(known) = self.known.borrow().get(key) {
            return Ok(known.clone());
        }
        let value = self.store.get(key)?;
        self.known.borrow_mut().insert(key.to_vec(), value.clone());
        Ok(value)
    }

    pub(super) fn job(&self, key: JobKey) -> Result<Option<Arc<Job>>, StoreError> {
        if let Some(written) = self.jobs.get(&key) {
            return Ok(written.as_ref().map(|stored| Arc::clone(&stored.job)));
        }
        let row_key = keys::job(key.0, key.1);
        if let Some(stored) = self.recent.get(key) {
            self.known.borrow_mut().insert(row_key, Some(stored.row.to_vec()));
            return Ok(Some(stored.job));
        }
        self.get(&row_key)?.map(|row| decode_job(key.1, &row).map(Arc::new)).transpose()
    }

    pub(super) fn put_job(&mut self, job: &Job) {
        let row = encode_job(job);
        let stored = Stored { job: Arc::new(as_stored(job.clone())), row: row.as_slice().into() };
        self.put(keys::job(job.tenant, job.id), row);
        self.set_job((job.tenant, job.id), Some(stored));
    }

    pub(super) fn remove_job(&mut self, key: JobKey) {
        self.remove(keys::job(key.0, key.1));
        self.set_job(key, None);
    }

    fn set_job(&mut self, key: JobKey, stored: Option<Stored>) {
        let before = self.jobs.insert(key, stored);
        self.undo_jobs.push((key, before));
    }

    /// Puts a row that is not there.
    pub(super) fn put_new(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.knows(&key, None);
        self.put(key, value);
    }

    /// Removes a row that is there with this value.
    pub(super) fn remove_known(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.knows(&key, Some(value));
        self.remove(key);
    }

    fn knows(&mut self, key: &[u8], value: Option<Vec<u8>>) {
        // What the group has written says nothing of what the store has.
        if !self.writes.contains_key(key) {
            self.known.get_mut().insert(key.to_vec(), value);
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
        self.undo_jobs.clear();
    }

    /// The command was refused: as if it had not come.
    pub(super) fn undo(&mut self) {
        self.removed_to.borrow_mut().clear();
        while let Some((key, before)) = self.undo_jobs.pop() {
            match before {
                Some(stored) => self.jobs.insert(key, stored),
                None => self.jobs.remove(&key),
            };
        }
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

    /// What is to be written, what is known of the rows before that, and the jobs as they are after it. Rows that came
    /// and went within the group are not written.
    pub(super) fn into_parts(self) -> (Writes, Known, HashMap<JobKey, Option<Stored>>) {
        let (mut writes, known) = (self.writes, self.known.into_inner());
        writes.retain(|key, value| value.is_some() || known.get(key) != Some(&None));
        (writes, known, self.jobs)
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
            let apply = |store: &MemKv, writes| store.apply(writes, &Known::new()).unwrap();
            apply(&store, base.clone());
            apply(&becomes, base);
            let recent = Recent::default();
            let mut overlay = Overlay::new(&store, &recent);
            for (kept, refused) in rounds {
                for (key, value) in kept {
                    apply(&becomes, [(key.clone(), value.clone())].into());
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
            let (writes, known, _) = overlay.into_parts();
            for (key, before) in &known {
                prop_assert_eq!(&store.get(key).unwrap(), before);
            }
            apply(&store, writes);
            prop_assert_eq!(scan_store(&store, &[], &[9], 99), scan_store(&becomes, &[], &[9], 99));
        }
    }
}
