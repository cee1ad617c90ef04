//! Blobs that were swept, for a day yet.
//!
//! A bucket cannot delete an object unless somebody has put it in that moment: nodes share it, and what one of them
//! was told to be stored may be what another is deleting. So the sweep first copies what it deletes to
//! `swept/<tenant>/<h0>/<h1>/<hash>`. Whoever misses a blob has it put back from there, and before a copy is deleted,
//! a day later, the catalogue is asked once more: by then it knows whoever refers to it.

use takeoff_core::model::{BlobHash, TenantId, Timestamp};

use super::call::Failure;
use super::{S3Blobs, key};
use crate::error::StoreError;

const BLOBS: &str = "blobs/";
const SWEPT: &str = "swept/";

/// Where a blob's copy is.
fn aside(key: &str) -> String {
    format!("{SWEPT}{}", key.strip_prefix(BLOBS).unwrap_or(key))
}

impl S3Blobs {
    /// Moves a blob aside; whether it was there.
    pub(super) async fn set_aside(&self, tenant: TenantId, hash: BlobHash) -> Result<bool, StoreError> {
        let key = key(tenant, hash);
        if !self.copy(&key, &aside(&key)).await? {
            return Ok(false);
        }
        self.remove(&key).await?;
        Ok(true)
    }

    /// Puts a blob back that was moved aside; whether it was.
    pub(super) async fn put_back(&self, key: &str) -> Result<bool, StoreError> {
        if !key.starts_with(BLOBS) || !self.copy(&aside(key), key).await? {
            return Ok(false);
        }
        tracing::warn!(key, "a blob that was swept is wanted, and back");
        Ok(true)
    }

    /// Blobs that were moved aside before that time and are not back. Of those that are, the copies go.
    pub(super) async fn aside_before(
        &self,
        tenant: TenantId,
        before: Timestamp,
    ) -> Result<Vec<BlobHash>, StoreError> {
        let mut found = Vec::new();
        for (info, at) in self.listed(&format!("{SWEPT}{}/", tenant.0)).await? {
            if at.is_none_or(|at| at >= before) {
                continue;
            }
            let key = key(tenant, info.hash);
            if self.head(&key).await?.is_some() {
                self.remove(&aside(&key)).await?;
            } else {
                found.push(info.hash);
            }
        }
        Ok(found)
    }

    /// Deletes the copy; puts the blob back before, if it is to be kept.
    pub(super) async fn end_aside(
        &self,
        tenant: TenantId,
        hash: BlobHash,
        keep: bool,
    ) -> Result<(), StoreError> {
        let key = key(tenant, hash);
        if keep && self.head(&key).await?.is_none() {
            self.put_back(&key).await?;
        }
        self.remove(&aside(&key)).await
    }

    /// Within the bucket; whether there was something to copy.
    async fn copy(&self, from: &str, to: &str) -> Result<bool, StoreError> {
        let copy = |b: s3::Bucket| async move { b.copy_object_internal(from, to).await };
        match self.bucket.call_with("copy", super::PART_BYTES as u64, copy).await {
            Ok(_) => Ok(true),
            Err(Failure::Missing) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }
}
