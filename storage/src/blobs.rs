//! Blobs: content-addressed bytes, written once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use takeoff_core::model::{BlobHash, TenantId, Timestamp};

use crate::error::StoreError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobInfo {
    pub hash: BlobHash,
    /// Bytes.
    pub size: u64,
}

/// A blob as a local file, for a parse child to map. Lives as long as the value.
#[derive(Debug)]
pub struct LocalBlob {
    pub path: PathBuf,
    /// Set when the file is a temporary copy that goes away with this value.
    pub cached: Option<Box<dyn std::any::Any + Send + Sync>>,
}

#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// Takes the file over: hashes, syncs and renames it into place where it lies on the same file
    /// system, else copies. Visible whole or not at all; durable on return. A blob of that hash that is there
    /// and damaged is replaced.
    async fn put_file(&self, tenant: TenantId, file: &Path) -> Result<BlobInfo, StoreError>;

    async fn put_bytes(&self, tenant: TenantId, bytes: Bytes) -> Result<BlobInfo, StoreError>;

    /// Size, or `None` when it is not stored.
    async fn stat(&self, tenant: TenantId, hash: BlobHash) -> Result<Option<u64>, StoreError>;

    /// Size of a blob whose bytes were compared with its hash, or `None` when it is not stored. What was compared
    /// once is not read again as long as it looks the same from outside (size, times, place).
    ///
    /// # Errors
    /// `Damaged` when its bytes are not those that its hash was made of.
    async fn checked(&self, tenant: TenantId, hash: BlobHash) -> Result<Option<u64>, StoreError>;

    /// Whether the store is still where it was opened: an error when its folder was removed or replaced.
    async fn in_place(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Asks a store that is elsewhere whether it answers. One on this machine is known by [`BlobStore::in_place`].
    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Bytes from `offset`, at most `len`; shorter at the end of the blob.
    async fn read_range(
        &self,
        tenant: TenantId,
        hash: BlobHash,
        offset: u64,
        len: u64,
    ) -> Result<Bytes, StoreError>;

    /// All bytes of a blob of at most `max` bytes; `Damaged` when it is larger or its bytes are not those
    /// that its hash was made of.
    async fn read(&self, tenant: TenantId, hash: BlobHash, max: u64) -> Result<Bytes, StoreError>;

    /// The blob as a local file, its bytes compared with its hash as in [`BlobStore::checked`].
    ///
    /// # Errors
    /// `MissingBlob` when it is not there, `Damaged` when its bytes are not those that its hash was made of.
    async fn local(&self, tenant: TenantId, hash: BlobHash) -> Result<LocalBlob, StoreError>;

    async fn delete(&self, tenant: TenantId, hash: BlobHash) -> Result<(), StoreError>;

    /// All blobs of a tenant, in no order; for checks.
    async fn list(&self, tenant: TenantId) -> Result<Vec<BlobInfo>, StoreError>;

    /// Blobs that nobody has put since `before`, in no order; for the sweep. A store that does not outlive
    /// its process has none.
    async fn untouched_since(&self, _: TenantId, _before: Timestamp) -> Result<Vec<BlobInfo>, StoreError> {
        Ok(Vec::new())
    }

    /// Deletes a blob, unless somebody has put it since `before`: equal bytes are one blob, and who has put
    /// them is about to refer to it. Whether it was deleted. See [`BlobStore::aside_before`].
    async fn sweep(&self, _: TenantId, _: BlobHash, _before: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Blobs that were swept before that time and could still be had back. Only a store that several nodes share, and
    /// that cannot say whether somebody puts a blob while it is swept, keeps them.
    async fn aside_before(&self, _: TenantId, _before: Timestamp) -> Result<Vec<BlobHash>, StoreError> {
        Ok(Vec::new())
    }

    /// Ends that: for good, or with `keep` by putting the blob back.
    async fn end_aside(&self, _: TenantId, _: BlobHash, _keep: bool) -> Result<(), StoreError> {
        Ok(())
    }

    /// A folder for files in the making, on the same file system where there is one. Cleared on open.
    fn scratch(&self) -> &Path;
}

/// A reader's own limit, so that a large blob is an error and not a large allocation.
pub(crate) fn within(hash: BlobHash, size: u64, max: u64) -> Result<(), StoreError> {
    if size <= max {
        return Ok(());
    }
    Err(damaged(hash, format!("it has {size} bytes, its reader takes {max}")))
}

pub(crate) fn verify(hash: BlobHash, bytes: &[u8]) -> Result<(), StoreError> {
    same(hash, BlobHash(Sha256::digest(bytes).into()))
}

/// That the hash of the bytes that were found is the one of those that were stored.
pub(crate) fn same(hash: BlobHash, found: BlobHash) -> Result<(), StoreError> {
    if found == hash {
        return Ok(());
    }
    Err(damaged(hash, format!("its bytes have the hash {found}")))
}

fn damaged(hash: BlobHash, why: String) -> StoreError {
    ::metrics::counter!(crate::metrics::BLOBS_DAMAGED).increment(1);
    tracing::error!(blob = %hash, why, "a blob is damaged: restore it from a backup");
    StoreError::Damaged { what: format!("blob {hash}"), why }
}

/// Blobs that were compared with their hashes, each with what it looked like then. Bounded: when it is full it
/// begins anew, which costs a comparison each.
#[derive(Debug)]
pub(crate) struct Seen<L>(Mutex<HashMap<(TenantId, BlobHash), L>>);

/// Some 100 bytes each.
const MOST_SEEN: usize = 20_000;

impl<L> Default for Seen<L> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<L: PartialEq> Seen<L> {
    pub(crate) fn knows(&self, blob: (TenantId, BlobHash), look: &L) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&blob) == Some(look)
    }

    pub(crate) fn note(&self, blob: (TenantId, BlobHash), look: L) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_SEEN {
            seen.clear();
        }
        seen.insert(blob, look);
    }
}
