//! Blobs as files: `blobs/<tenant>/<h0>/<h1>/<hash>`, where h0 and h1 are the hash's first bytes, so that
//! no folder grows past a few thousand names.
//!
//! A blob is written in `scratch/`, synced, renamed into place, and its folder is synced: it is visible
//! whole or not at all. Equal bytes are one file.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use takeoff_core::model::{BlobHash, TenantId, Timestamp};

use crate::blobs::{BlobInfo, BlobStore, LocalBlob, Seen, same};
use crate::error::StoreError;
use crate::folder::{Around, Folder, sync_folder, unavailable};

const PRODUCT: &str = "takeoff blobs";
const FORMAT: u32 = 1;

/// Read and written at a time.
const STEP_BYTES: usize = 256 * 1024;

/// Blobs in a folder of this process.
#[derive(Debug, Clone)]
pub struct FsBlobs(Arc<Root>);

#[derive(Debug)]
struct Root {
    blobs: PathBuf,
    scratch: PathBuf,
    next_name: AtomicU64,
    /// Held between looking at a blob that is there and renewing or sweeping it.
    sweeping: Mutex<()>,
    seen: Seen<Look>,
    /// Held while a blob is compared with its hash: many requests for one large blob are one comparison.
    comparing: Mutex<()>,
    /// Folders of blobs whose names this process has made durable: at most 65,536 a tenant.
    durable: Mutex<HashSet<PathBuf>>,
    folder: Folder,
    around: OnceLock<Around>,
}

/// What a file looks like from outside: any write shows in one of these.
#[derive(Debug, PartialEq)]
struct Look {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: (u64, u64),
}

impl Look {
    fn of(file: &File) -> io::Result<Self> {
        let m = file.metadata()?;
        Ok(Self {
            size: m.len(),
            modified: (m.mtime(), m.mtime_nsec()),
            changed: (m.ctime(), m.ctime_nsec()),
            inode: (m.dev(), m.ino()),
        })
    }
}

impl FsBlobs {
    /// Opens the store in `root`, or makes one where there is nothing; clears its scratch folder. Blocks:
    /// not for a thread of an async runtime.
    ///
    /// # Errors
    /// `Unusable` when the folder is foreign, of a newer format or in use; `Unavailable` when the disk
    /// fails.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let folder = Folder::claim(root, PRODUCT, FORMAT)?;
        let (blobs, scratch) = (root.join("blobs"), root.join("scratch"));
        if !folder.fresh && !blobs.is_dir() {
            return Err(folder.unusable("its folder blobs is missing"));
        }
        let prepare = || {
            match fs::remove_dir_all(&scratch) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
                _ => {}
            }
            fs::create_dir_all(&scratch)?;
            fs::create_dir_all(&blobs)?;
            sync_folder(root)
        };
        prepare().map_err(|e| unavailable("prepare", root, &e))?;
        if folder.fresh {
            folder.finish()?;
        }
        Ok(Self(Arc::new(Root {
            blobs,
            scratch,
            next_name: AtomicU64::new(0),
            sweeping: Mutex::default(),
            seen: Seen::default(),
            comparing: Mutex::default(),
            durable: Mutex::default(),
            folder,
            around: OnceLock::new(),
        })))
    }

    /// Keeps what is around the store as it is, as long as it is in use. Once.
    pub(crate) fn hold(&self, around: Around) {
        let _ = self.0.around.set(around);
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Root) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let root = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || work(&root))
            .await
            .unwrap_or_else(|e| Err(StoreError::Unavailable(format!("the blob store failed: {e}"))))
    }
}

/// Hash and length of a file, read in steps.
pub(crate) fn hash_file(file: &mut File) -> io::Result<BlobInfo> {
    let mut hasher = Sha256::new();
    let mut step = vec![0; STEP_BYTES];
    let mut size = 0;
    loop {
        let read = match file.read(&mut step) {
            Ok(0) => return Ok(BlobInfo { hash: BlobHash(hasher.finalize().into()), size }),
            Ok(read) => read,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hasher.update(&step[..read]);
        size += read as u64;
    }
}

impl Root {
    fn in_place(&self) -> Result<(), StoreError> {
        self.folder.in_place()?;
        self.folder.is_marked()?;
        if self.blobs.is_dir() {
            return self.around.get().map_or(Ok(()), Around::in_place);
        }
        Err(StoreError::Unavailable("the folder of the blobs was removed under the running node".to_owned()))
    }

    fn path(&self, tenant: TenantId, hash: BlobHash) -> PathBuf {
        let name = hash.to_string();
        let tenant = self.blobs.join(tenant.0.to_string());
        tenant.join(&name[..2]).join(&name[2..4]).join(&name)
    }

    fn temporary(&self) -> PathBuf {
        let n = self.next_name.fetch_add(1, Ordering::Relaxed);
        self.scratch.join(format!(".blob-{n}"))
    }

    /// Makes the folders of a blob, with their names durable.
    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        let durable = || self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if durable().contains(folder) && folder.is_dir() {
            return Ok(());
        }
        // One that is there may be another put's, or a killed run's, that has not come to the sync.
        fs::create_dir_all(folder)?;
        folder.ancestors().skip(1).take_while(|f| f.starts_with(&self.blobs)).try_for_each(sync_folder)?;
        durable().insert(folder.to_owned());
        Ok(())
    }

    /// Renames a whole, synced file into place; the same blob may be there already.
    fn place(&self, tenant: TenantId, file: &Path, info: BlobInfo) -> io::Result<()> {
        let path = self.path(tenant, info.hash);
        let folder = path.parent().unwrap_or(&self.blobs);
        // A damaged one gives way: who hands in the bytes must get those back.
        let whole = self.checked(tenant, info.hash).is_ok_and(|size| size == Some(info.size));
        if whole && self.renew(&path, file, info)? {
            fs::remove_file(file)?;
            self.note(tenant, info.hash, &path)?;
            // Whoever put it first may not have come to this yet.
            self.make_folders(folder)?;
            return sync_folder(folder);
        }
        self.make_folders(folder)?;
        fs::rename(file, &path)?;
        self.note(tenant, info.hash, &path)?;
        sync_folder(folder)
    }

    /// Notes that a blob's bytes were compared just now.
    fn note(&self, tenant: TenantId, hash: BlobHash, path: &Path) -> io::Result<()> {
        match File::open(path) {
            Ok(file) => self.seen.note((tenant, hash), Look::of(&file)?),
            // Deleted meanwhile.
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// Whether the blob is there already; it becomes as young as the file that was to take its place, so
    /// that the sweep leaves it to whoever put it now.
    fn renew(&self, path: &Path, file: &Path, info: BlobInfo) -> io::Result<bool> {
        let _alone = self.sweeping.lock().unwrap_or_else(PoisonError::into_inner);
        if !fs::metadata(path).is_ok_and(|m| m.len() == info.size) {
            return Ok(false);
        }
        let young = fs::metadata(file)?.modified()?;
        File::open(path)?.set_modified(young)?;
        Ok(true)
    }

    fn put_file(&self, tenant: TenantId, file: &Path) -> Result<BlobInfo, StoreError> {
        let whole = || {
            let mut opened = File::open(file)?;
            let info = hash_file(&mut opened)?;
            opened.sync_all()?;
            match self.place(tenant, file, info) {
                Err(e) if e.kind() == ErrorKind::CrossesDevices => self.copy(tenant, file, info),
                placed => placed,
            }?;
            Ok(info)
        };
        whole().map_err(|e| unavailable("store", file, &e))
    }

    fn copy(&self, tenant: TenantId, file: &Path, info: BlobInfo) -> io::Result<()> {
        let temporary = self.temporary();
        let copied = fs::copy(file, &temporary)
            .and_then(|_| File::open(&temporary)?.sync_all())
            .and_then(|()| self.place(tenant, &temporary, info));
        if copied.is_err() {
            // The copy's own failure is what matters; the next opening clears the folder.
            let _ = fs::remove_file(&temporary);
        }
        copied?;
        fs::remove_file(file)
    }

    fn put_bytes(&self, tenant: TenantId, bytes: &[u8]) -> Result<BlobInfo, StoreError> {
        let info = BlobInfo { hash: BlobHash(Sha256::digest(bytes).into()), size: bytes.len() as u64 };
        let temporary = self.temporary();
        let write = || {
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            self.place(tenant, &temporary, info)
        };
        write().map_err(|e| {
            // The write's own failure is what matters; the next opening clears the folder.
            let _ = fs::remove_file(&temporary);
            unavailable("write", &temporary, &e)
        })?;
        Ok(info)
    }

    fn stat(&self, tenant: TenantId, hash: BlobHash) -> Result<Option<u64>, StoreError> {
        let path = self.path(tenant, hash);
        match fs::metadata(&path) {
            Ok(found) => Ok(Some(found.len())),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(unavailable("read", &path, &e)),
        }
    }

    fn open(&self, tenant: TenantId, hash: BlobHash) -> Result<(File, u64), StoreError> {
        let path = self.path(tenant, hash);
        let open = || {
            let file = File::open(&path)?;
            let size = file.metadata()?.len();
            Ok((file, size))
        };
        open().map_err(|e: io::Error| match e.kind() {
            ErrorKind::NotFound => StoreError::MissingBlob(hash),
            _ => unavailable("read", &path, &e),
        })
    }

    fn checked(&self, tenant: TenantId, hash: BlobHash) -> Result<Option<u64>, StoreError> {
        let (mut file, size) = match self.open(tenant, hash) {
            Err(StoreError::MissingBlob(_)) => return Ok(None),
            opened => opened?,
        };
        let failed = |e: io::Error| unavailable("read", &self.path(tenant, hash), &e);
        // Before it is read: what is written meanwhile makes it look different from this.
        let look = Look::of(&file).map_err(failed)?;
        let known = |look: &Look| self.seen.knows((tenant, hash), look);
        if known(&look) {
            return Ok(Some(size));
        }
        let _alone = self.comparing.lock().unwrap_or_else(PoisonError::into_inner);
        if !known(&look) {
            same(hash, hash_file(&mut file).map_err(failed)?.hash)?;
            self.seen.note((tenant, hash), look);
        }
        Ok(Some(size))
    }

    fn read_range(
        &self,
        tenant: TenantId,
        hash: BlobHash,
        offset: u64,
        len: u64,
    ) -> Result<Bytes, StoreError> {
        let (file, size) = self.open(tenant, hash)?;
        let len = size.saturating_sub(offset).min(len);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, offset)
            .map_err(|e| unavailable("read", &self.path(tenant, hash), &e))?;
        Ok(bytes.into())
    }

    fn delete(&self, tenant: TenantId, hash: BlobHash) -> Result<(), StoreError> {
        let path = self.path(tenant, hash);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(unavailable("delete", &path, &e)),
        }
        let folder = path.parent().unwrap_or(&self.blobs);
        sync_folder(folder).map_err(|e| unavailable("sync", folder, &e))
    }

    fn sweep(&self, tenant: TenantId, hash: BlobHash, before: Timestamp) -> Result<bool, StoreError> {
        let _alone = self.sweeping.lock().unwrap_or_else(PoisonError::into_inner);
        match fs::metadata(self.path(tenant, hash)) {
            Ok(found) if is_older(&found, before) => self.delete(tenant, hash).map(|()| true),
            Ok(_) => Ok(false),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(unavailable("read", &self.path(tenant, hash), &e)),
        }
    }

    fn list(&self, tenant: TenantId) -> Result<Vec<BlobInfo>, StoreError> {
        let mut found = Vec::new();
        let root = self.blobs.join(tenant.0.to_string());
        let mut open = vec![(root, 0)];
        while let Some((folder, depth)) = open.pop() {
            let entries = match fs::read_dir(&folder) {
                Err(e) if e.kind() == ErrorKind::NotFound => continue,
                entries => entries.map_err(|e| unavailable("list", &folder, &e))?,
            };
            for entry in entries {
                let entry = entry.map_err(|e| unavailable("list", &folder, &e))?;
                if depth < 2 {
                    open.push((entry.path(), depth + 1));
                } else if let Some(info) =
                    blob_of(&entry).map_err(|e| unavailable("list", &entry.path(), &e))?
                {
                    found.push(info);
                }
            }
        }
        Ok(found)
    }
}

/// A file whose age is not known is not old.
fn is_older(found: &fs::Metadata, before: Timestamp) -> bool {
    let Ok(modified) = found.modified() else { return false };
    let Ok(age) = modified.duration_since(SystemTime::UNIX_EPOCH) else { return false };
    i64::try_from(age.as_micros()).is_ok_and(|micros| micros < before.0)
}

fn blob_of(entry: &fs::DirEntry) -> io::Result<Option<BlobInfo>> {
    let Some(hash) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { return Ok(None) };
    match entry.metadata() {
        Ok(found) => Ok(Some(BlobInfo { hash, size: found.len() })),
        // Deleted meanwhile.
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

#[async_trait]
impl BlobStore for FsBlobs {
    async fn put_file(&self, tenant: TenantId, file: &Path) -> Result<BlobInfo, StoreError> {
        let file = file.to_owned();
        self.run(move |root| root.put_file(tenant, &file)).await
    }

    async fn put_bytes(&self, tenant: TenantId, bytes: Bytes) -> Result<BlobInfo, StoreError> {
        self.run(move |root| root.put_bytes(tenant, &bytes)).await
    }

    async fn stat(&self, tenant: TenantId, hash: BlobHash) -> Result<Option<u64>, StoreError> {
        self.run(move |root| root.stat(tenant, hash)).await
    }

    async fn checked(&self, tenant: TenantId, hash: BlobHash) -> Result<Option<u64>, StoreError> {
        self.run(move |root| root.checked(tenant, hash)).await
    }

    async fn in_place(&self) -> Result<(), StoreError> {
        self.run(Root::in_place).await
    }

    async fn read_range(
        &self,
        tenant: TenantId,
        hash: BlobHash,
        offset: u64,
        len: u64,
    ) -> Result<Bytes, StoreError> {
        self.run(move |root| root.read_range(tenant, hash, offset, len)).await
    }

    async fn read(&self, tenant: TenantId, hash: BlobHash, max: u64) -> Result<Bytes, StoreError> {
        self.run(move |root| {
            let (_, size) = root.open(tenant, hash)?;
            crate::blobs::within(hash, size, max)?;
            let bytes = root.read_range(tenant, hash, 0, size)?;
            crate::blobs::verify(hash, &bytes)?;
            Ok(bytes)
        })
        .await
    }

    async fn local(&self, tenant: TenantId, hash: BlobHash) -> Result<LocalBlob, StoreError> {
        self.run(move |root| match root.checked(tenant, hash)? {
            Some(_) => Ok(LocalBlob { path: root.path(tenant, hash), cached: None }),
            None => Err(StoreError::MissingBlob(hash)),
        })
        .await
    }

    async fn delete(&self, tenant: TenantId, hash: BlobHash) -> Result<(), StoreError> {
        self.run(move |root| root.delete(tenant, hash)).await
    }

    async fn list(&self, tenant: TenantId) -> Result<Vec<BlobInfo>, StoreError> {
        self.run(move |root| root.list(tenant)).await
    }

    async fn untouched_since(
        &self,
        tenant: TenantId,
        before: Timestamp,
    ) -> Result<Vec<BlobInfo>, StoreError> {
        self.run(move |root| {
            let mut found = root.list(tenant)?;
            found.retain(|info| {
                fs::metadata(root.path(tenant, info.hash)).is_ok_and(|m| is_older(&m, before))
            });
            Ok(found)
        })
        .await
    }

    async fn sweep(&self, tenant: TenantId, hash: BlobHash, before: Timestamp) -> Result<bool, StoreError> {
        self.run(move |root| root.sweep(tenant, hash, before)).await
    }

    fn scratch(&self) -> &Path {
        &self.0.scratch
    }
}
