//! The embedded catalogue in a folder, over sled.
//!
//! The folder holds `FORMAT` and `LOCK` (see `folder`), sled's own files in `tree/`, and `ACKNOWLEDGED`:
//! the number of the newest commit that was answered. sled takes a damaged log for a torn end and starts
//! from what comes before it; the number tells when that is less than was promised.

mod kv;
mod sync;
#[cfg(test)]
mod tests;
mod values;

use std::path::Path;
use std::sync::Arc;

use crate::catalog::{Catalog, Clock};
use crate::error::StoreError;
use crate::folder::Folder;
use crate::kv::{KvCatalog, Opener};
use crate::quiet::caught;

use kv::SledKv;

const PRODUCT: &str = "takeoff catalogue";
/// Since 2, rows of ready jobs name their project; since 3, a sum over all rows goes with each commit;
/// since 4, jobs are stored in short and that sum is made of faster hashes.
const FORMAT: u32 = 4;
const OLDEST_FORMAT: u32 = 1;

/// Opens the catalogue in `path`, or makes one where there is nothing. Reads all of it once, so damage
/// shows here; leases of an earlier run are void. Blocks: not for a thread of an async runtime.
///
/// # Errors
/// `Unusable` when the folder is damaged, foreign, of a newer format or in use; `Unavailable` when the
/// disk fails.
pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Arc<dyn Catalog>, StoreError> {
    let folder = Arc::new(Folder::claim_from(path, PRODUCT, OLDEST_FORMAT, FORMAT)?);
    let unusable = |why: &str| StoreError::Unusable(format!("{} is damaged: {why}", path.display()));
    // sled answers some damage with a panic.
    let opened = caught(|| {
        let store = SledKv::open(path, Arc::clone(&folder), folder.fresh)?;
        let path = path.to_owned();
        // sled refuses everything after one failed write; only a new one works on.
        let again: Opener<SledKv> = Box::new(move || {
            SledKv::has_space(&path)?;
            SledKv::open(&path, Arc::clone(&folder), false)
        });
        KvCatalog::start(store, clock, Some(again))
    });
    match opened {
        Ok(Ok(catalog)) => Ok(Arc::new(catalog)),
        Ok(Err(StoreError::Damaged { what, why })) => Err(unusable(&format!("{what}: {why}"))),
        Ok(Err(e)) => Err(e),
        Err(panic) => Err(unusable(&panic)),
    }
}
