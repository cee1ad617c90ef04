//! The catalogue over any ordered key-value store with atomic batches; mem and sled are such stores.
//!
//! One writer thread takes commands from a bounded queue, checks and applies them to an overlay, hands
//! the overlay over as one atomic batch, flushes once, and only then answers. Reads go to the store
//! directly and see what is applied.

mod catalog;
mod commit;
mod job_row;
mod jobs;
mod keys;
mod listing;
mod mend;
#[cfg(test)]
mod model_test;
mod overlay;
mod portable;
mod prune;
mod queue;
mod recent;
mod recover;
mod register;
mod rows;
mod shelf;
mod sum;
#[cfg(test)]
mod tests;
mod turns;
mod upgrade;
mod writer;

use std::collections::{BTreeMap, HashMap};

use crate::error::StoreError;

pub(crate) use catalog::KvCatalog;
#[cfg(test)]
pub(crate) use job_row::encode_job_as_json;
pub(crate) use keys::{FORMAT_KEY, SEQ_KEY, SUM_KEY};
pub(crate) use sum::{RowSum, RowSum3};
pub(crate) use upgrade::ready_rows as upgrade;

/// Writes of one atomic batch: a value to put, or `None` to remove.
pub(crate) type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What is known of rows as they are before a batch; `None` is "not there". Not every row of the batch is in it.
pub(crate) type Known = HashMap<Vec<u8>, Option<Vec<u8>>>;

/// Called with each key and value of a scan; `false` ends it.
pub(crate) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool, StoreError> + 'a;

/// An ordered store of bytes.
pub(crate) trait Kv: Send + Sync + 'static {
    /// Whether a read may wait for a disk, so that it may not run on a thread of the async runtime.
    const BLOCKS: bool;

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Visits the keys in `from..to`, ascending or descending. The visitor may not use the store.
    fn scan(&self, from: &[u8], to: &[u8], descending: bool, visit: &mut Visit<'_>)
    -> Result<(), StoreError>;

    /// All of the writes or none of them, after a crash too. `known` spares it to look.
    fn apply(&self, writes: Writes, known: &Known) -> Result<(), StoreError>;

    /// Returns when everything applied is durable. `seq` is the number of the newest commit.
    fn flush(&self, seq: u64) -> Result<(), StoreError>;

    /// Compares the sum over the rows that were read at the opening with the one that is kept. A store whose rows
    /// cannot be lost one by one keeps none.
    fn check_sum(&self, _found: RowSum) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether a store that has failed lacked nothing but space, so that it can be opened again once there
    /// is some.
    fn may_open_again(&self) -> bool {
        false
    }
}

/// Opens the store again that failed.
pub(crate) type Opener<K> = Box<dyn Fn() -> Result<K, StoreError> + Send>;
