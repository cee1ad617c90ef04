//! Whether a bucket can be worked with.

use std::path::Path;

use takeoff_core::model::Timestamp;

use super::{S3Blobs, S3Settings, instant};
use crate::error::StoreError;

/// A bucket as it was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// When the server says that it got an object; `None` when it says nothing that is understood.
    pub clock: Option<Timestamp>,
    /// Name of the store whose drawings it has, if it is anybody's.
    pub owner: Option<String>,
}

/// Stores an object of a few bytes under `name`, reads it, deletes it, and looks whose the bucket is.
///
/// # Errors
/// `Unusable` when the server does not answer, refuses the credentials or has no such bucket; `Unavailable` with what
/// cannot be done.
pub async fn probe(settings: &S3Settings, scratch: &Path, name: &str) -> Result<Found, StoreError> {
    let blobs = S3Blobs::unowned(settings, scratch).await?;
    let key = format!("probe/{name}");
    blobs.put(&key, name.as_bytes()).await?;
    let found = async {
        let (list, get) = (key.as_str(), key.as_str());
        let listed =
            |b: s3::Bucket| async move { b.list_page(list.to_owned(), None, None, None, None).await };
        let (page, _) = blobs.bucket.call("list", listed).await?;
        let read = |b: s3::Bucket| async move { b.get_object(get).await };
        let bytes = blobs.bucket.call("read", read).await?.bytes().clone();
        if bytes.as_ref() != name.as_bytes() {
            return Err(StoreError::Unavailable(
                "the object store gives other bytes than it took".to_owned(),
            ));
        }
        Ok(page.contents.iter().find(|o| o.key == key).and_then(|o| instant(&o.last_modified)))
    };
    let found = found.await;
    let gone = key.as_str();
    let deleted = blobs.bucket.call("delete", |b| async move { b.delete_object(gone).await }).await;
    let clock = found?;
    deleted?;
    Ok(Found { clock, owner: blobs.owner().await? })
}
