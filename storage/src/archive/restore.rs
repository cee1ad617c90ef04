//! An archive into stores, and whether it can be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use takeoff_core::model::BlobHash;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

use super::frame::{BLOB, HEADER, Head, MANIFEST, ROWS, Reader, hex};
use super::{FORMAT, Header, Key, Manifest, Row};
use crate::blobs::BlobStore;
use crate::catalog::Catalog;
use crate::error::StoreError;
use crate::folder::unavailable;

/// Batches of rows on their way.
const BATCHES: usize = 4;

/// An archive that was read whole and found right.
#[derive(Debug, Clone)]
pub struct Verified {
    file: PathBuf,
    pub header: Header,
    pub manifest: Manifest,
}

/// Reads all of it and compares everything with what it should be.
///
/// # Errors
/// `Unusable`, saying what is wrong, when it is none, cut off, damaged, of a newer version or not whole in itself.
pub async fn verify(file: &Path) -> Result<Verified, StoreError> {
    let mut reader = Reader::open(file).await?;
    let header = header(&mut reader).await?;
    let (mut found, mut referred, mut held) = (Manifest::default(), BTreeSet::new(), BTreeSet::new());
    loop {
        found.sha256 = hex(reader.digest());
        let mut head = reader.head().await?;
        match head.what {
            ROWS => {
                let rows = rows(&mut reader, head).await?;
                found.count(&rows);
                for row in &rows {
                    if let Row::Record(record) = row {
                        referred.extend(record.blobs.iter().map(|hash| (record.tenant, *hash)));
                    }
                }
            }
            BLOB => {
                let (key, size) = reader.blob(&mut head).await?;
                compare(&mut reader, key, head).await?;
                found.blobs += 1;
                found.blob_bytes += size;
                held.insert(key);
            }
            MANIFEST => break manifest(&mut reader, head, &found).await?,
            _ => return Err(reader.refused("it is damaged: it has two headers")),
        }
    }
    reader.end().await?;
    if let Some((_, hash)) = referred.difference(&held).next() {
        return Err(reader.refused(&format!("the blob {hash} is missing in it")));
    }
    Ok(Verified { file: file.to_owned(), header, manifest: found })
}

async fn header(reader: &mut Reader) -> Result<Header, StoreError> {
    let head = reader.head().await?;
    let bytes = reader.all(head).await?;
    // The number first: what else a newer one holds is not known here.
    #[derive(serde::Deserialize)]
    struct Number {
        format: u32,
    }
    let number: Option<Number> = serde_json::from_slice(&bytes).ok().filter(|_| head.what == HEADER);
    let number = number.ok_or_else(|| reader.refused("it is damaged: it has no header"))?.format;
    if number > FORMAT {
        let why = format!("it has format {number}, made by a newer version; this one reads format {FORMAT}");
        return Err(reader.refused(&why));
    }
    serde_json::from_slice(&bytes).map_err(|e| reader.refused(&format!("its header is damaged: {e}")))
}

async fn manifest(reader: &mut Reader, head: Head, found: &Manifest) -> Result<(), StoreError> {
    let bytes = reader.all(head).await?;
    let stated: Manifest = serde_json::from_slice(&bytes)
        .map_err(|e| reader.refused(&format!("its manifest is damaged: {e}")))?;
    if stated != *found {
        return Err(reader.refused("it is damaged: it does not hold what its manifest says"));
    }
    Ok(())
}

async fn rows(reader: &mut Reader, head: Head) -> Result<Vec<Row>, StoreError> {
    let bytes = reader.all(head).await?;
    serde_json::from_slice(&bytes).map_err(|e| reader.refused(&format!("its rows are not understood: {e}")))
}

async fn compare(reader: &mut Reader, (_, hash): Key, mut head: Head) -> Result<(), StoreError> {
    let mut hasher = Sha256::new();
    loop {
        let more = reader.more(&mut head).await?;
        if more.is_empty() {
            break;
        }
        hasher.update(&more);
    }
    if BlobHash(hasher.finalize().into()) == hash {
        return Ok(());
    }
    Err(reader.refused(&format!("the blob {hash} is damaged in it")))
}

/// Fills empty stores. The blobs come first: a failure leaves blobs that
/// nobody refers to, and no row of a shared catalogue.
///
/// # Errors
/// `Unusable` when the catalogue is not empty, or the archive is no longer what was verified; those of the stores.
pub async fn restore(
    archive: &Verified,
    catalog: &dyn Catalog,
    blobs: &dyn BlobStore,
) -> Result<(), StoreError> {
    let file = &archive.file;
    if !catalog.is_empty().await? {
        return Err(super::row::not_empty("the catalogue"));
    }
    let held = put_blobs(file, blobs).await?;
    let (send, receive) = mpsc::channel(BATCHES);
    let ((), imported) = futures::join!(send_rows(file, &held, send), catalog.import(receive));
    imported
}

async fn put_blobs(file: &Path, blobs: &dyn BlobStore) -> Result<BTreeSet<Key>, StoreError> {
    let (mut reader, mut held) = (Reader::open(file).await?, BTreeSet::new());
    loop {
        let mut head = reader.head().await?;
        match head.what {
            BLOB => {
                let (key, _) = reader.blob(&mut head).await?;
                put(&mut reader, blobs, key, head).await?;
                held.insert(key);
            }
            MANIFEST => return Ok(held),
            _ => reader.skip(head).await?,
        }
    }
}

async fn put(
    reader: &mut Reader,
    blobs: &dyn BlobStore,
    (tenant, hash): Key,
    mut head: Head,
) -> Result<(), StoreError> {
    let scratch = blobs.scratch();
    let failed = |e: &std::io::Error| unavailable("write into", scratch, e);
    let path = NamedTempFile::with_prefix_in("restored-", scratch).map_err(|e| failed(&e))?.into_temp_path();
    let mut out = tokio::fs::File::create(&path).await.map_err(|e| failed(&e))?;
    loop {
        let more = reader.more(&mut head).await?;
        if more.is_empty() {
            break;
        }
        out.write_all(&more).await.map_err(|e| failed(&e))?;
    }
    out.flush().await.map_err(|e| failed(&e))?;
    drop(out);
    // The store takes the file over; the path that is dropped then finds nothing to remove.
    let stored = blobs.put_file(tenant, &path).await?;
    if stored.hash == hash {
        return Ok(());
    }
    // Verified before: it changed meanwhile.
    Err(reader.refused(&format!("the blob {hash} has changed while it was read")))
}

/// Without blobs that the archive does not hold: nobody refers to them. What fails is sent too: the import takes an
/// end without an error for the end of the rows.
async fn send_rows(file: &Path, held: &BTreeSet<Key>, out: mpsc::Sender<Result<Vec<Row>, StoreError>>) {
    let mut reader = match Reader::open(file).await {
        Ok(reader) => reader,
        Err(e) => {
            // Nobody takes it any more when the import has failed, and says why.
            let _ = out.send(Err(e)).await;
            return;
        }
    };
    loop {
        let batch = match reader.head().await {
            Ok(head) if head.what == ROWS => rows(&mut reader, head).await,
            Ok(head) if head.what == HEADER => match reader.skip(head).await {
                Ok(()) => continue,
                Err(e) => Err(e),
            },
            Ok(_) => return,
            Err(e) => Err(e),
        };
        let batch = batch.map(|mut rows| {
            rows.retain(|row| match row {
                Row::Blob { tenant, hash, .. } => held.contains(&(*tenant, *hash)),
                _ => true,
            });
            rows
        });
        let failed = batch.is_err();
        if out.send(batch).await.is_err() || failed {
            return;
        }
    }
}
