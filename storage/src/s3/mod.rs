//! Blobs in an S3 bucket: `blobs/<tenant>/<h0>/<h1>/<hash>`, as in the folder store.
//!
//! A file is hashed where it lies, then uploaded under its own key, so there is no temporary object to copy.
//! An object, multipart or not, is visible whole or not at all: S3 shows it when its upload is complete.

mod aside;
mod call;
#[cfg(test)]
mod faults;
mod home;
mod probe;
#[cfg(test)]
mod tests;

pub use probe::probe;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use s3::Region;
use s3::creds::Credentials;
use s3::serde_types::Part;
use sha2::{Digest, Sha256};
use takeoff_core::model::{BlobHash, TenantId, Timestamp};
use tempfile::NamedTempFile;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::AsyncReadExt;
use tokio::sync::RwLock;

use self::call::{Bucket, Failure};
use self::home::Home;
use crate::blobs::{BlobInfo, BlobStore, LocalBlob, Seen, same, verify, within};
use crate::error::StoreError;
use crate::folder::{Around, unavailable};

/// Bytes of a part, and of a step of a download. S3 takes 10,000 parts of at least 5 MiB: 78 GiB.
const PART_BYTES: usize = 8 * 1024 * 1024;

const CONTENT_TYPE: &str = "application/octet-stream";

/// Names the store whose blobs these are.
const OWNER: &str = "takeoff-store";
const MAX_OWNER_BYTES: u64 = 64;

/// Where the bucket is. Not printable: it holds the secret.
pub struct S3Settings {
    /// With its scheme: `http://host:port`.
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    pub access_key: String,
    pub secret_key: String,
    /// Bucket in the path, not in the host's name.
    pub path_style: bool,
}

/// Blobs in a bucket; its scratch folder is local.
pub struct S3Blobs {
    bucket: Bucket,
    scratch: PathBuf,
    /// Written while a blob is swept, read while blobs are put: S3 cannot delete unless something changed.
    sweeping: RwLock<()>,
    /// By size and tag: an object that is written again has another tag.
    seen: Seen<(u64, String)>,
    /// Held while a blob is compared with its hash: many requests for one large blob are one comparison.
    comparing: tokio::sync::Mutex<()>,
    home: Home,
    around: Arc<Around>,
}

impl S3Blobs {
    /// Clears the scratch folder, asks the server for the bucket and takes it for the store `owner`, a name of
    /// up to 64 bytes: two catalogues in one bucket would delete each other's blobs. A bucket that is nobody's is taken
    /// only by a catalogue that is `new`: one that has blobs has them elsewhere.
    ///
    /// # Errors
    /// `Unusable` when the server does not answer, refuses the credentials, has no such bucket or one that
    /// belongs to another store, or to none though this one has blobs; `Unavailable` when the local disk fails.
    pub async fn open(
        settings: &S3Settings,
        scratch: &Path,
        owner: &str,
        new: bool,
    ) -> Result<Self, StoreError> {
        let blobs = Self::unowned(settings, scratch).await?;
        blobs.own(owner, &settings.bucket, new).await?;
        Ok(Self { home: Home::of(owner), ..blobs })
    }

    /// Whoever it belongs to.
    async fn unowned(settings: &S3Settings, scratch: &Path) -> Result<Self, StoreError> {
        match tokio::fs::remove_dir_all(scratch).await {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(unavailable("clear", scratch, &e)),
            _ => {}
        }
        tokio::fs::create_dir_all(scratch).await.map_err(|e| unavailable("make", scratch, &e))?;
        let region = Region::Custom { region: settings.region.clone(), endpoint: settings.endpoint.clone() };
        let keys = Credentials::new(Some(&settings.access_key), Some(&settings.secret_key), None, None, None)
            .map_err(|_| StoreError::Unusable("the keys of the object store are not usable".into()))?;
        let bucket = s3::Bucket::new(&settings.bucket, region, keys)
            .map_err(|_| StoreError::Unusable("the address of the object store is not usable".into()))?;
        let bucket = if settings.path_style { bucket.with_path_style() } else { bucket };
        let bucket = Bucket::new(*bucket);
        bucket.check().await?;
        Ok(Self {
            bucket,
            scratch: scratch.to_owned(),
            sweeping: RwLock::default(),
            seen: Seen::default(),
            comparing: tokio::sync::Mutex::default(),
            home: Home::default(),
            around: Arc::default(),
        })
    }

    /// Keeps the folders that the scratch folder is in from others.
    pub(crate) fn hold(&mut self, around: Around) {
        self.around = Arc::new(around);
    }

    /// Name of the store that the bucket belongs to; `None` when it is nobody's.
    async fn owner(&self) -> Result<Option<String>, StoreError> {
        self.read_owner().await.map_err(|e| StoreError::Unusable(StoreError::from(e).to_string()))
    }

    async fn own(&self, owner: &str, bucket: &str, new: bool) -> Result<(), StoreError> {
        let other = match self.owner().await? {
            Some(found) => found,
            None if !new => {
                return Err(StoreError::Unusable(format!(
                    "the bucket {bucket:?} is no store's and this catalogue has drawings: they are in the bucket that has \
                     the object {OWNER:?} with the content {owner:?}; name that one, or copy all of it here"
                )));
            }
            None => {
                return self
                    .put(OWNER, owner.as_bytes())
                    .await
                    .map_err(|e| StoreError::Unusable(e.to_string()));
            }
        };
        if other == owner {
            return Ok(());
        }
        Err(StoreError::Unusable(format!(
            "the bucket {bucket:?} belongs to the store {other:?} and this is {owner:?}: each needs its own"
        )))
    }

    /// Blobs of a tenant whose keys begin with `prefix`, and when each was put.
    async fn listed(&self, prefix: &str) -> Result<Vec<(BlobInfo, Option<Timestamp>)>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let from = &after;
            let list = |b: s3::Bucket| async move {
                b.list_page(prefix.to_owned(), None, from.clone(), None, None).await
            };
            let (page, _) = self.bucket.call("list", list).await?;
            found.extend(page.contents.iter().filter_map(|object| {
                let hash = object.key.rsplit('/').next()?.parse().ok()?;
                Some((BlobInfo { hash, size: object.size }, instant(&object.last_modified)))
            }));
            // A server that answers with the same place again would never end.
            if !page.is_truncated || page.next_continuation_token == after {
                return Ok(found);
            }
            after = page.next_continuation_token;
        }
    }

    /// Bytes of a blob that is there; `MissingBlob` when it is not.
    async fn size(&self, tenant: TenantId, hash: BlobHash) -> Result<u64, StoreError> {
        match self.object_look(&key(tenant, hash)).await? {
            Some((size, _)) => Ok(size),
            None => Err(self.missing(hash).await),
        }
    }

    /// Size and tag of an object; the tag is empty where the server gives none. One that was swept is put back.
    async fn object_look(&self, key: &str) -> Result<Option<(u64, String)>, StoreError> {
        match self.head(key).await? {
            None if self.put_back(key).await? => self.head(key).await,
            found => Ok(found),
        }
    }

    async fn head(&self, key: &str) -> Result<Option<(u64, String)>, StoreError> {
        match self.bucket.call("look for", |b| async move { b.head_object(key).await }).await {
            Ok((head, _)) => {
                let size = head.content_length.unwrap_or(0).try_into().unwrap_or(0);
                Ok(Some((size, head.e_tag.unwrap_or_default())))
            }
            Err(Failure::Missing) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    async fn upload(&self, key: &str, file: &Path, size: u64) -> Result<(), StoreError> {
        let read = |e| unavailable("read", file, &e);
        let mut opened = tokio::fs::File::open(file).await.map_err(read)?;
        if size <= PART_BYTES as u64 {
            let bytes = step(&mut opened).await.map_err(read)?;
            return self.put(key, &bytes).await;
        }
        let was_there = self.head(key).await?.is_some();
        let upload = self
            .bucket
            .call("start an upload", |b| async move { b.initiate_multipart_upload(key, CONTENT_TYPE).await })
            .await?
            .upload_id;
        let sent = self.send_parts(key, &upload, &mut opened, file).await;
        if sent.is_err() {
            // An answer that was lost, or is not understood, says nothing of what the server did. What lay there
            // before proves nothing, and might be swept.
            if !was_there && self.head(key).await.ok().flatten().is_some_and(|(found, _)| found == size) {
                return Ok(());
            }
            // The upload's own failure is what matters.
            let id = upload.as_str();
            let _ = self.bucket.call("abort", |b| async move { b.abort_upload(key, id).await }).await;
        }
        sent
    }

    async fn send_parts(
        &self,
        key: &str,
        id: &str,
        opened: &mut tokio::fs::File,
        file: &Path,
    ) -> Result<(), StoreError> {
        let mut parts: Vec<Part> = Vec::new();
        for number in 1_u32.. {
            let bytes = step(opened).await.map_err(|e| unavailable("read", file, &e))?;
            if bytes.is_empty() {
                break;
            }
            let bytes = &bytes;
            let send = |b: s3::Bucket| async move {
                b.put_multipart_chunk(bytes.clone(), key, number, id, CONTENT_TYPE).await
            };
            parts.push(self.bucket.call_with("upload a part", bytes.len() as u64, send).await?);
        }
        let parts = &parts;
        let complete =
            |b: s3::Bucket| async move { b.complete_multipart_upload(key, id, parts.clone()).await };
        // A server may put the parts together before it answers.
        self.bucket.call_with("complete an upload", PART_BYTES as u64, complete).await?;
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        match self.bucket.call("delete", |b| async move { b.delete_object(key).await }).await {
            Ok(_) | Err(Failure::Missing) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    async fn put(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let size = bytes.len() as u64;
        self.bucket.call_with("store", size, |b| async move { b.put_object(key, bytes).await }).await?;
        Ok(())
    }

    async fn range(&self, key: &str, hash: BlobHash, start: u64, end: u64) -> Result<Bytes, StoreError> {
        let get = |b: s3::Bucket| async move { b.get_object_range(key, start, Some(end)).await };
        let size = end - start + 1;
        let got = match self.bucket.call_with("read", size, get).await {
            // Swept since its size was asked for.
            Err(Failure::Missing) if self.put_back(key).await? => {
                self.bucket.call_with("read", size, get).await
            }
            got => got,
        };
        let got = match got {
            Ok(got) => got.bytes().clone(),
            Err(Failure::Missing) => return Err(self.missing(hash).await),
            Err(e) => return Err(e.into()),
        };
        if got.len() as u64 == size {
            return Ok(got);
        }
        let why = format!("{} bytes came where {size} were asked for", got.len());
        Err(StoreError::Damaged { what: format!("blob {hash}"), why })
    }
}

fn key(tenant: TenantId, hash: BlobHash) -> String {
    let name = hash.to_string();
    format!("{}{}/{}/{name}", prefix(tenant), &name[..2], &name[2..4])
}

/// Of what the server says when it got an object, such as `2026-01-31T12:00:00.000Z`.
fn instant(text: &str) -> Option<Timestamp> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000).ok().map(Timestamp)
}

fn prefix(tenant: TenantId) -> String {
    format!("blobs/{}/", tenant.0)
}

/// Up to a part's bytes; fewer at the end.
async fn step(file: &mut tokio::fs::File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(PART_BYTES);
    file.take(PART_BYTES as u64).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

#[async_trait]
impl BlobStore for S3Blobs {
    async fn put_file(&self, tenant: TenantId, file: &Path) -> Result<BlobInfo, StoreError> {
        let path = file.to_owned();
        let hashed =
            tokio::task::spawn_blocking(move || crate::fs::hash_file(&mut std::fs::File::open(path)?));
        let hashed = hashed.await.map_err(|e| StoreError::Unavailable(format!("hashing failed: {e}")))?;
        let info = hashed.map_err(|e| unavailable("read", file, &e))?;
        self.lately_at_home().await?;
        let _no_sweep = self.sweeping.read().await;
        self.upload(&key(tenant, info.hash), file, info.size).await?;
        tokio::fs::remove_file(file).await.map_err(|e| unavailable("remove", file, &e))?;
        Ok(info)
    }

    async fn put_bytes(&self, tenant: TenantId, bytes: Bytes) -> Result<BlobInfo, StoreError> {
        let info = BlobInfo { hash: BlobHash(Sha256::digest(&bytes).into()), size: bytes.len() as u64 };
        self.lately_at_home().await?;
        let _no_sweep = self.sweeping.read().await;
        self.put(&key(tenant, info.hash), &bytes).await?;
        Ok(info)
    }

    async fn stat(&self, tenant: TenantId, hash: BlobHash) -> Result<Option<u64>, StoreError> {
        let found = self.object_look(&key(tenant, hash)).await?;
        if found.is_none() {
            self.lately_at_home().await?;
        }
        Ok(found.map(|(size, _)| size))
    }

    /// Looks at the object that names the owner.
    async fn ping(&self) -> Result<(), StoreError> {
        self.at_home().await
    }

    /// The folders around it; whether the bucket is there, each request sees.
    async fn in_place(&self) -> Result<(), StoreError> {
        let around = Arc::clone(&self.around);
        let looked = tokio::task::spawn_blocking(move || around.in_place()).await;
        looked
            .unwrap_or_else(|e| Err(StoreError::Unavailable(format!("the folders cannot be looked at: {e}"))))
    }

    async fn checked(&self, tenant: TenantId, hash: BlobHash) -> Result<Option<u64>, StoreError> {
        let key = key(tenant, hash);
        let Some(look) = self.object_look(&key).await? else {
            self.lately_at_home().await?;
            return Ok(None);
        };
        let size = look.0;
        let known = |look: &(u64, String)| !look.1.is_empty() && self.seen.knows((tenant, hash), look);
        if known(&look) {
            return Ok(Some(size));
        }
        let _alone = self.comparing.lock().await;
        if !known(&look) {
            let (mut at, mut hasher) = (0, Sha256::new());
            while at < size {
                let end = size.min(at + PART_BYTES as u64);
                hasher.update(&self.range(&key, hash, at, end - 1).await?);
                at = end;
            }
            same(hash, BlobHash(hasher.finalize().into()))?;
            self.seen.note((tenant, hash), look);
        }
        Ok(Some(size))
    }

    async fn read_range(
        &self,
        tenant: TenantId,
        hash: BlobHash,
        offset: u64,
        len: u64,
    ) -> Result<Bytes, StoreError> {
        let end = self.size(tenant, hash).await?.min(offset.saturating_add(len));
        if offset >= end {
            return Ok(Bytes::new());
        }
        self.range(&key(tenant, hash), hash, offset, end - 1).await
    }

    async fn read(&self, tenant: TenantId, hash: BlobHash, max: u64) -> Result<Bytes, StoreError> {
        let size = self.size(tenant, hash).await?;
        within(hash, size, max)?;
        let bytes = self.read_range(tenant, hash, 0, size).await?;
        verify(hash, &bytes)?;
        Ok(bytes)
    }

    async fn local(&self, tenant: TenantId, hash: BlobHash) -> Result<LocalBlob, StoreError> {
        let (size, key) = (self.size(tenant, hash).await?, key(tenant, hash));
        let copy = |e: &std::io::Error| unavailable("copy into", &self.scratch, e);
        let mut file = NamedTempFile::with_prefix_in("blob-", &self.scratch).map_err(|e| copy(&e))?;
        let (mut at, mut hasher) = (0, Sha256::new());
        while at < size {
            let end = size.min(at + PART_BYTES as u64);
            let bytes = self.range(&key, hash, at, end - 1).await?;
            hasher.update(&bytes);
            let written = tokio::task::spawn_blocking(move || file.write_all(&bytes).map(|()| file)).await;
            file = written
                .map_err(|e| StoreError::Unavailable(format!("a copy failed: {e}")))?
                .map_err(|e| copy(&e))?;
            at = end;
        }
        same(hash, BlobHash(hasher.finalize().into()))?;
        let file = file.into_temp_path();
        Ok(LocalBlob { path: file.to_path_buf(), cached: Some(Box::new(file)) })
    }

    async fn delete(&self, tenant: TenantId, hash: BlobHash) -> Result<(), StoreError> {
        let key = key(tenant, hash);
        self.lately_at_home().await?;
        self.end_aside(tenant, hash, false).await?;
        self.remove(&key).await
    }

    async fn list(&self, tenant: TenantId) -> Result<Vec<BlobInfo>, StoreError> {
        Ok(self.listed(&prefix(tenant)).await?.into_iter().map(|(info, _)| info).collect())
    }

    async fn untouched_since(
        &self,
        tenant: TenantId,
        before: Timestamp,
    ) -> Result<Vec<BlobInfo>, StoreError> {
        self.lately_at_home().await?;
        let all = self.listed(&prefix(tenant)).await?.into_iter();
        Ok(all.filter(|(_, put)| put.is_some_and(|p| p < before)).map(|(info, _)| info).collect())
    }

    async fn sweep(&self, tenant: TenantId, hash: BlobHash, before: Timestamp) -> Result<bool, StoreError> {
        self.lately_at_home().await?;
        let _alone = self.sweeping.write().await;
        let found = self.listed(&key(tenant, hash)).await?;
        if !found.iter().any(|(info, put)| info.hash == hash && put.is_some_and(|p| p < before)) {
            return Ok(false);
        }
        self.set_aside(tenant, hash).await
    }

    async fn aside_before(&self, tenant: TenantId, before: Timestamp) -> Result<Vec<BlobHash>, StoreError> {
        self.lately_at_home().await?;
        S3Blobs::aside_before(self, tenant, before).await
    }

    async fn end_aside(&self, tenant: TenantId, hash: BlobHash, keep: bool) -> Result<(), StoreError> {
        self.lately_at_home().await?;
        S3Blobs::end_aside(self, tenant, hash, keep).await
    }

    fn scratch(&self) -> &Path {
        &self.scratch
    }
}
