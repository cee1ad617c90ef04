use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use crate::error::StoreError;
use crate::kv::{Known, Kv, Visit, Writes};

/// A sorted map behind a lock; a batch goes in under one write lock.
#[derive(Debug, Default)]
pub(crate) struct MemKv(RwLock<BTreeMap<Vec<u8>, Vec<u8>>>);

impl Kv for MemKv {
    const BLOCKS: bool = false;

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        descending: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut range = map.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        while let Some((key, value)) = if descending { range.next_back() } else { range.next() } {
            if !visit(key, value)? {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, writes: Writes, _known: &Known) -> Result<(), StoreError> {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in writes {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(())
    }

    fn flush(&self, _seq: u64) -> Result<(), StoreError> {
        Ok(())
    }
}
