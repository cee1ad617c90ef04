//! That the bucket is still this store's while the node runs. One that was taken away, or another in its place, has no
//! blob of it: that is an outage and no blob is lost, and nothing may be stored there.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use takeoff_core::model::BlobHash;
use tokio::time::Instant;

use super::call::Failure;
use super::{MAX_OWNER_BYTES, OWNER, S3Blobs};
use crate::error::StoreError;

/// How long what was seen is taken for true.
const LATELY: Duration = Duration::from_secs(1);

/// The store that the bucket is of, and when that was last seen.
#[derive(Debug, Default)]
pub(super) struct Home {
    pub(super) owner: String,
    seen: Mutex<Option<Instant>>,
}

impl Home {
    pub(super) fn of(owner: &str) -> Self {
        Self { owner: owner.to_owned(), seen: Mutex::default() }
    }

    fn note(&self, seen: Option<Instant>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    fn is_seen(&self) -> bool {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.is_some_and(|at| at.elapsed() < LATELY)
    }
}

impl S3Blobs {
    /// What the object says that names the owner; `None` where there is none.
    pub(super) async fn read_owner(&self) -> Result<Option<String>, Failure> {
        let read = |b: s3::Bucket| async move { b.get_object_range(OWNER, 0, Some(MAX_OWNER_BYTES)).await };
        match self.bucket.call("read its owner", read).await {
            Ok(found) => Ok(Some(String::from_utf8_lossy(found.bytes()).into_owned())),
            Err(Failure::Missing) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Looks whose the bucket is; `Unavailable` when it is not this store's any more.
    pub(super) async fn at_home(&self) -> Result<(), StoreError> {
        let asked = Instant::now();
        self.home.note(None);
        match self.read_owner().await? {
            Some(found) if found == self.home.owner => {
                self.home.note(Some(asked));
                Ok(())
            }
            Some(other) => Err(StoreError::Unavailable(format!(
                "the bucket is of the store {other:?} now, and this is {:?}",
                self.home.owner
            ))),
            None => Err(StoreError::Unavailable(format!(
                "the bucket has no object {OWNER:?} any more, which names its store"
            ))),
        }
    }

    /// The same, unless it was seen lately.
    pub(super) async fn lately_at_home(&self) -> Result<(), StoreError> {
        if self.home.is_seen() { Ok(()) } else { self.at_home().await }
    }

    /// What it means that a blob is not there.
    pub(super) async fn missing(&self, hash: BlobHash) -> StoreError {
        self.at_home().await.err().unwrap_or(StoreError::MissingBlob(hash))
    }
}
