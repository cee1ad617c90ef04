//! Stores into an archive.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use takeoff_core::ENGINE_VERSION;
use takeoff_core::model::{BlobHash, Timestamp};
use tokio::sync::mpsc;

use super::frame::{HEADER, MANIFEST, ROWS, STEP, Writer, hex};
use super::{FORMAT, Header, Key, Manifest, Row};
use crate::blobs::BlobStore;
use crate::catalog::Catalog;
use crate::error::StoreError;
use crate::folder::{sync_folder, unavailable};

/// Batches of rows on their way. Each is about a mebibyte.
const BATCHES: usize = 4;

/// Blobs that the rows speak of: the size of those that are registered, and which of them records refer to.
#[derive(Default)]
struct Wanted {
    registered: BTreeMap<Key, u64>,
    referred: BTreeSet<Key>,
}

impl Wanted {
    fn note(&mut self, row: &Row) {
        match row {
            Row::Blob { tenant, hash, size } => {
                self.registered.insert((*tenant, *hash), *size);
            }
            Row::Record(record) => {
                self.referred.extend(record.blobs.iter().map(|hash| (record.tenant, *hash)));
            }
            Row::Claim { .. } | Row::EventCount { .. } | Row::Event { .. } | Row::Job(_) => {}
        }
    }
}

/// Writes everything that the stores hold to a new file, which is there whole or not at all. Beside names of blobs
/// nothing is kept in memory. The catalogue is as of one moment, `limit` is [`Catalog::export`]'s.
///
/// # Errors
/// `Unusable` when the file exists; `Damaged` or `MissingBlob` when a blob that is referred to is not as it was put;
/// those of the stores.
pub async fn backup(
    catalog: &dyn Catalog,
    blobs: &dyn BlobStore,
    file: &Path,
    made_at: Timestamp,
    limit: Option<Duration>,
) -> Result<Manifest, StoreError> {
    if tokio::fs::try_exists(file).await.map_err(|e| unavailable("look for", file, &e))? {
        return Err(StoreError::Unusable(format!("{} is there already", file.display())));
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let written = write(catalog, blobs, &part, made_at, limit).await;
    let kept = match written {
        Ok(manifest) => rename(&part, file).await.map(|()| manifest),
        Err(e) => Err(e),
    };
    if kept.is_err() {
        // What went wrong first is what matters.
        let _ = tokio::fs::remove_file(&part).await;
    }
    kept
}

async fn rename(part: &Path, file: &Path) -> Result<(), StoreError> {
    tokio::fs::rename(part, file).await.map_err(|e| unavailable("rename", part, &e))?;
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync_folder(folder).map_err(|e| unavailable("sync", folder, &e))
}

async fn write(
    catalog: &dyn Catalog,
    blobs: &dyn BlobStore,
    part: &Path,
    made_at: Timestamp,
    limit: Option<Duration>,
) -> Result<Manifest, StoreError> {
    let mut writer = Writer::create(part).await?;
    let header = Header { format: FORMAT, engine: ENGINE_VERSION.to_owned(), made_at };
    writer.frame(HEADER, &json(&header)).await?;
    let (mut manifest, mut wanted) = (Manifest::default(), Wanted::default());
    let (out, rows) = mpsc::channel::<Vec<Row>>(BATCHES);
    let (exported, written) =
        futures::join!(catalog.export(out, limit), write_rows(rows, &mut writer, &mut manifest, &mut wanted));
    written.and(exported)?;
    for (key, size) in &wanted.registered {
        let referred = wanted.referred.contains(key);
        if copy(blobs, &mut writer, *key, *size, referred).await? {
            manifest.blobs += 1;
            manifest.blob_bytes += size;
        }
    }
    if let Some((_, hash)) = wanted.referred.iter().find(|key| !wanted.registered.contains_key(key)) {
        return Err(StoreError::MissingBlob(*hash));
    }
    manifest.sha256 = hex(writer.digest());
    writer.frame(MANIFEST, &json(&manifest)).await?;
    writer.finish().await?;
    Ok(manifest)
}

/// Takes no more rows when it fails, and the export ends for that.
async fn write_rows(
    mut rows: mpsc::Receiver<Vec<Row>>,
    writer: &mut Writer,
    manifest: &mut Manifest,
    wanted: &mut Wanted,
) -> Result<(), StoreError> {
    while let Some(batch) = rows.recv().await {
        batch.iter().for_each(|row| wanted.note(row));
        manifest.count(&batch);
        if !batch.is_empty() {
            writer.frame(ROWS, &json(&batch)).await?;
        }
    }
    Ok(())
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("rows have string keys and no failing serialiser")
}

/// Whether it was there. One that nobody refers to may be on its way out.
async fn copy(
    blobs: &dyn BlobStore,
    writer: &mut Writer,
    (tenant, hash): Key,
    size: u64,
    referred: bool,
) -> Result<bool, StoreError> {
    let found = blobs.stat(tenant, hash).await?;
    let damaged = |why: String| StoreError::Damaged { what: format!("blob {hash}"), why };
    match found {
        None if referred => return Err(StoreError::MissingBlob(hash)),
        None => return Ok(false),
        Some(found) if found != size => {
            return Err(damaged(format!("it has {found} bytes where {size} were stored")));
        }
        Some(_) => {}
    }
    writer.begin_blob((tenant, hash), size).await?;
    let (mut at, mut hasher) = (0, Sha256::new());
    while at < size {
        let bytes = blobs.read_range(tenant, hash, at, (STEP as u64).min(size - at)).await?;
        if bytes.is_empty() {
            return Err(damaged(format!("it ends after {at} bytes")));
        }
        hasher.update(&bytes);
        writer.content(&bytes).await?;
        at += bytes.len() as u64;
    }
    crate::blobs::same(hash, BlobHash(hasher.finalize().into()))?;
    writer.end().await?;
    Ok(true)
}
