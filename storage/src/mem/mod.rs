//! Stores in memory, for tests and throw-away runs. Same code as the durable ones but for the bottom.

mod blobs;
mod kv;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::blobs::BlobStore;
use crate::catalog::{Catalog, Clock};
use crate::error::StoreError;
use crate::kv::KvCatalog;

use blobs::MemBlobs;
pub(crate) use kv::MemKv;

/// An empty catalogue.
///
/// # Errors
/// `Unavailable` when its writer thread does not start.
pub fn open(clock: Arc<dyn Clock>) -> Result<Arc<dyn Catalog>, StoreError> {
    Ok(Arc::new(KvCatalog::start(MemKv::default(), clock, None)?))
}

/// An empty blob store; its scratch folder is a temporary one that goes away with it. Blocks a little.
///
/// # Errors
/// `Unavailable` when there is no temporary folder.
pub fn blobs() -> Result<Arc<dyn BlobStore>, StoreError> {
    Ok(Arc::new(MemBlobs::new()?))
}
