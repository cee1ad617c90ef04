//! Stores in memory, for tests and throw-away runs. Same code as the durable ones but for the bottom.

mod kv;

use std::sync::Arc;

use crate::catalog::{Catalog, Clock};
use crate::error::StoreError;
use crate::kv::KvCatalog;

pub(crate) use kv::MemKv;

/// An empty catalogue.
///
/// # Errors
/// `Unavailable` when its writer thread does not start.
pub fn open(clock: Arc<dyn Clock>) -> Result<Arc<dyn Catalog>, StoreError> {
    Ok(Arc::new(KvCatalog::start(MemKv::default(), clock)?))
}
