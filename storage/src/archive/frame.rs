//! The file itself: frames out and in.

use std::path::Path;

use sha2::{Digest, Sha256};
use takeoff_core::model::{BlobHash, TenantId};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader, BufWriter};

use super::{FIRST_LINE, Key};
use crate::error::StoreError;
use crate::folder::unavailable;

pub(super) const HEADER: u8 = b'h';
pub(super) const ROWS: u8 = b'r';
pub(super) const BLOB: u8 = b'b';
pub(super) const MANIFEST: u8 = b'm';

/// Bytes of a blob that are in memory at once.
pub(super) const STEP: usize = 4 * 1024 * 1024;
/// Longest frame that is read whole. A record is far below.
const WHOLE: u64 = 256 * 1024 * 1024;
/// Tenant and hash before a blob's bytes.
const BLOB_HEAD: u64 = 4 + 32;

pub(super) fn hex(digest: [u8; 32]) -> String {
    BlobHash(digest).to_string()
}

pub(super) struct Writer {
    out: BufWriter<File>,
    path: std::path::PathBuf,
    whole: Sha256,
    frame: Sha256,
}

impl Writer {
    pub(super) async fn create(path: &Path) -> Result<Self, StoreError> {
        let mut options = tokio::fs::OpenOptions::new();
        // It holds everything that the stores hold: for its owner only.
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(path).await;
        let out = BufWriter::with_capacity(256 * 1024, file.map_err(|e| unavailable("make", path, &e))?);
        let mut writer = Self { out, path: path.to_owned(), whole: Sha256::new(), frame: Sha256::new() };
        writer.put(FIRST_LINE).await?;
        Ok(writer)
    }

    async fn put(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.whole.update(bytes);
        self.out.write_all(bytes).await.map_err(|e| unavailable("write", &self.path, &e))
    }

    pub(super) async fn begin(&mut self, what: u8, length: u64) -> Result<(), StoreError> {
        self.put(&[what]).await?;
        self.put(&length.to_be_bytes()).await?;
        self.frame = Sha256::new();
        Ok(())
    }

    pub(super) async fn content(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.frame.update(bytes);
        self.put(bytes).await
    }

    pub(super) async fn end(&mut self) -> Result<(), StoreError> {
        let digest: [u8; 32] = std::mem::take(&mut self.frame).finalize().into();
        self.put(&digest).await
    }

    pub(super) async fn frame(&mut self, what: u8, content: &[u8]) -> Result<(), StoreError> {
        self.begin(what, content.len() as u64).await?;
        self.content(content).await?;
        self.end().await
    }

    pub(super) async fn begin_blob(&mut self, (tenant, hash): Key, size: u64) -> Result<(), StoreError> {
        self.begin(BLOB, BLOB_HEAD + size).await?;
        self.content(&tenant.0.to_be_bytes()).await?;
        self.content(&hash.0).await
    }

    /// Of everything so far.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.whole.clone().finalize().into()
    }

    /// On the disk, whole.
    pub(super) async fn finish(mut self) -> Result<(), StoreError> {
        let flushed = self.out.flush().await;
        let synced = match flushed {
            Ok(()) => self.out.get_ref().sync_all().await,
            Err(e) => Err(e),
        };
        synced.map_err(|e| unavailable("write", &self.path, &e))
    }
}

/// A frame whose content is still to be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Head {
    pub(super) what: u8,
    left: u64,
}

pub(super) struct Reader {
    input: BufReader<File>,
    path: std::path::PathBuf,
    whole: Sha256,
    frame: Sha256,
}

impl Reader {
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).await.map_err(|e| unavailable("open", path, &e))?;
        let input = BufReader::with_capacity(256 * 1024, file);
        let (whole, frame) = (Sha256::new(), Sha256::new());
        let mut reader = Self { input, path: path.to_owned(), whole, frame };
        let mut first = [0; FIRST_LINE.len()];
        // What is shorter is no archive either.
        let read = reader.get(&mut first).await;
        if read.is_err() || first != *FIRST_LINE {
            return Err(reader.refused("it is no archive of takeoff"));
        }
        Ok(reader)
    }

    pub(super) fn refused(&self, why: &str) -> StoreError {
        StoreError::Unusable(format!("the archive {} cannot be used: {why}", self.path.display()))
    }

    async fn get(&mut self, bytes: &mut [u8]) -> Result<(), StoreError> {
        match self.input.read_exact(bytes).await {
            Ok(_) => {
                self.whole.update(&*bytes);
                Ok(())
            }
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(self.refused("it is cut off")),
            Err(e) => Err(unavailable("read", &self.path, &e)),
        }
    }

    /// The next frame, of which everything has to be read before the next but one is asked for.
    pub(super) async fn head(&mut self) -> Result<Head, StoreError> {
        let mut head = [0; 9];
        self.get(&mut head).await?;
        self.frame = Sha256::new();
        let [what, length @ ..] = head;
        if ![HEADER, ROWS, BLOB, MANIFEST].contains(&what) {
            return Err(self.refused("it is damaged: a frame is of no known kind"));
        }
        Ok(Head { what, left: u64::from_be_bytes(length) })
    }

    /// More of the content, at most [`STEP`]; empty at its end, where it is compared with its sum.
    pub(super) async fn more(&mut self, head: &mut Head) -> Result<Vec<u8>, StoreError> {
        let step = usize::try_from(head.left).unwrap_or(STEP).min(STEP);
        let mut bytes = vec![0; step];
        self.get(&mut bytes).await?;
        self.frame.update(&bytes);
        head.left -= step as u64;
        if step == 0 {
            let found: [u8; 32] = std::mem::take(&mut self.frame).finalize().into();
            let mut sum = [0; 32];
            self.get(&mut sum).await?;
            if sum != found {
                return Err(self.refused("it is damaged: a frame is not what its sum says"));
            }
        }
        Ok(bytes)
    }

    /// All of the content.
    pub(super) async fn all(&mut self, mut head: Head) -> Result<Vec<u8>, StoreError> {
        if head.left > WHOLE {
            return Err(self.refused("it is damaged: a frame is too long"));
        }
        let mut all = Vec::new();
        loop {
            let more = self.more(&mut head).await?;
            if more.is_empty() {
                return Ok(all);
            }
            all.extend_from_slice(&more);
        }
    }

    /// To the end of the content, which is compared and not kept.
    pub(super) async fn skip(&mut self, mut head: Head) -> Result<(), StoreError> {
        while !self.more(&mut head).await?.is_empty() {}
        Ok(())
    }

    /// Which blob, and how many bytes it has; they follow.
    pub(super) async fn blob(&mut self, head: &mut Head) -> Result<(Key, u64), StoreError> {
        let Some(size) = head.left.checked_sub(BLOB_HEAD) else {
            return Err(self.refused("it is damaged: a blob without a name"));
        };
        let (mut tenant, mut hash) = ([0; 4], [0; 32]);
        self.get(&mut tenant).await?;
        self.get(&mut hash).await?;
        self.frame.update(tenant);
        self.frame.update(hash);
        head.left = size;
        Ok(((TenantId(u32::from_be_bytes(tenant)), BlobHash(hash)), size))
    }

    /// Of everything so far.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.whole.clone().finalize().into()
    }

    /// That nothing follows.
    pub(super) async fn end(&mut self) -> Result<(), StoreError> {
        let mut one = [0];
        match self.input.read(&mut one).await {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.refused("it is damaged: it goes on behind its end")),
            Err(e) => Err(unavailable("read", &self.path, &e)),
        }
    }
}
