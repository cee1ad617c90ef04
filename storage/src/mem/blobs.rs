use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use takeoff_core::model::{BlobHash, TenantId};
use tempfile::{NamedTempFile, TempDir};

use crate::blobs::{BlobInfo, BlobStore, LocalBlob, within};
use crate::error::StoreError;
use crate::folder::unavailable;

#[derive(Debug)]
pub(super) struct MemBlobs {
    blobs: RwLock<BTreeMap<(TenantId, BlobHash), Bytes>>,
    scratch: Arc<TempDir>,
}

impl MemBlobs {
    pub(super) fn new() -> Result<Self, StoreError> {
        let scratch = tempfile::Builder::new().prefix("takeoff-scratch-").tempdir();
        let scratch = scratch.map_err(|e| unavailable("make a folder in", &std::env::temp_dir(), &e))?;
        Ok(Self { blobs: RwLock::default(), scratch: Arc::new(scratch) })
    }

    fn find(&self, tenant: TenantId, hash: BlobHash) -> Result<Bytes, StoreError> {
        let blobs = self.blobs.read().unwrap_or_else(PoisonError::into_inner);
        blobs.get(&(tenant, hash)).cloned().ok_or(StoreError::MissingBlob(hash))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(StoreError::Unavailable(format!("the blob store failed: {e}"))))
}

#[async_trait]
impl BlobStore for MemBlobs {
    async fn put_file(&self, tenant: TenantId, file: &Path) -> Result<BlobInfo, StoreError> {
        let path = file.to_owned();
        let bytes = blocking(move || {
            let bytes = std::fs::read(&path).map_err(|e| unavailable("read", &path, &e))?;
            std::fs::remove_file(&path).map_err(|e| unavailable("remove", &path, &e))?;
            Ok(bytes)
        });
        self.put_bytes(tenant, bytes.await?.into()).await
    }

    async fn put_bytes(&self, tenant: TenantId, bytes: Bytes) -> Result<BlobInfo, StoreError> {
        let info = BlobInfo { hash: BlobHash(Sha256::digest(&bytes).into()), size: bytes.len() as u64 };
        self.blobs.write().unwrap_or_else(PoisonError::into_inner).insert((tenant, info.hash), bytes);
        Ok(info)
    }

    async fn stat(&self, tenant: TenantId, hash: BlobHash) -> Result<Option<u64>, StoreError> {
        Ok(self.find(tenant, hash).ok().map(|b| b.len() as u64))
    }

    async fn checked(&self, tenant: TenantId, hash: BlobHash) -> Result<Option<u64>, StoreError> {
        self.stat(tenant, hash).await
    }

    async fn read_range(
        &self,
        tenant: TenantId,
        hash: BlobHash,
        offset: u64,
        len: u64,
    ) -> Result<Bytes, StoreError> {
        let bytes = self.find(tenant, hash)?;
        let clip = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.slice(clip(offset)..clip(offset.saturating_add(len))))
    }

    async fn read(&self, tenant: TenantId, hash: BlobHash, max: u64) -> Result<Bytes, StoreError> {
        let bytes = self.find(tenant, hash)?;
        within(hash, bytes.len() as u64, max)?;
        Ok(bytes)
    }

    async fn local(&self, tenant: TenantId, hash: BlobHash) -> Result<LocalBlob, StoreError> {
        let bytes = self.find(tenant, hash)?;
        let scratch = Arc::clone(&self.scratch);
        blocking(move || {
            let write = || {
                let mut file = NamedTempFile::with_prefix_in("blob-", scratch.path())?;
                file.write_all(&bytes)?;
                Ok(file.into_temp_path())
            };
            let file = write().map_err(|e: std::io::Error| unavailable("copy into", scratch.path(), &e))?;
            let path = file.to_path_buf();
            // The folder must outlive the file.
            Ok(LocalBlob { path, cached: Some(Box::new((file, scratch))) })
        })
        .await
    }

    async fn delete(&self, tenant: TenantId, hash: BlobHash) -> Result<(), StoreError> {
        self.blobs.write().unwrap_or_else(PoisonError::into_inner).remove(&(tenant, hash));
        Ok(())
    }

    async fn list(&self, tenant: TenantId) -> Result<Vec<BlobInfo>, StoreError> {
        let blobs = self.blobs.read().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = blobs.iter().filter(|((t, _), _)| *t == tenant);
        Ok(of_tenant.map(|((_, hash), b)| BlobInfo { hash: *hash, size: b.len() as u64 }).collect())
    }

    fn scratch(&self) -> &Path {
        self.scratch.path()
    }
}
