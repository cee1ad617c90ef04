//! The data folder of a node whose catalogue is in a database: the blobs in `blobs/`, and in `STORE` the name
//! by which the database knows them; or, where they are in a bucket, `scratch/` with files in the making.
//!
//! A catalogue has one store of blobs. A node that came with another would find no drawing, and what it takes in
//! nobody else would find: it is refused.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::blobs::BlobStore;
use crate::embedded::{Embedded, whole};
use crate::error::StoreError;
use crate::folder::{Around, Folder, replace, unavailable};
use crate::fs::FsBlobs;
use crate::pg::{self, PgCatalog, PgSettings};
use crate::s3::{S3Blobs, S3Settings};

const PRODUCT: &str = "takeoff data beside a database";
const BUCKET_PRODUCT: &str = "takeoff data beside a database and a bucket";
const FORMAT: u32 = 1;
const BLOBS: &str = "blobs";
const SCRATCH: &str = "scratch";
const STORE: &str = "STORE";
/// Names of stores in a bucket begin with it, so that none is that of a folder.
const IN_BUCKET: &str = "bucket-";

/// Whether the store of this name, which a database has for its drawings, is a bucket.
pub fn is_bucket(store: &str) -> bool {
    store.starts_with(IN_BUCKET)
}

/// Opens the database, and the folder, which is made where there is nothing or an empty folder. `name` is a
/// name that no other store has; a store that was in use keeps the one that it had.
///
/// # Errors
/// Those of [`pg::open`]; `Unusable` when the folder holds something else (a catalogue of its own), is damaged
/// or in use, when the blobs are not those that the database knows, or the bucket is not reached or belongs to
/// another store; `Unavailable` when the disk fails.
pub async fn open(
    path: &Path,
    settings: &PgSettings,
    bucket: Option<&S3Settings>,
    name: &str,
) -> Result<Embedded, StoreError> {
    let catalog = pg::open(settings).await?;
    let blobs = match bucket {
        None => files(path, &catalog, name).await?,
        Some(bucket) => objects(path, &catalog, bucket, &format!("{IN_BUCKET}{name}")).await?,
    };
    Ok(Embedded { catalog, blobs })
}

async fn files(path: &Path, catalog: &PgCatalog, name: &str) -> Result<Arc<dyn BlobStore>, StoreError> {
    let folder = Folder::claim(path, PRODUCT, FORMAT)?;
    if !folder.fresh {
        whole(&folder, path, BLOBS)?;
    }
    let name = named(&folder, &path.join(STORE), name)?;
    // Only a new folder takes over a database that has no blobs yet. Beside a database that knows nothing of
    // them, the blobs of a used one would be swept.
    let known =
        if folder.fresh { Some(catalog.bind_blob_store(&name).await?) } else { catalog.blob_store().await? };
    match known {
        Some(known) if known == name => {}
        Some(known) if is_bucket(&known) => {
            return Err(
                folder.unusable("the drawings of this database are in a bucket; name it, `s3.endpoint`")
            );
        }
        Some(_) => {
            return Err(folder.unusable("the drawings of this database are in another data folder"));
        }
        None => return Err(folder.unusable("its drawings belong to another database")),
    }
    let blobs = FsBlobs::open(&path.join(BLOBS))?;
    if folder.fresh {
        folder.finish()?;
    }
    blobs.hold(Around::default().with(folder));
    Ok(Arc::new(blobs))
}

/// The bucket has the database's name of it: neither goes with another.
async fn objects(
    path: &Path,
    catalog: &PgCatalog,
    bucket: &S3Settings,
    name: &str,
) -> Result<Arc<dyn BlobStore>, StoreError> {
    let folder = Folder::claim(path, BUCKET_PRODUCT, FORMAT)?;
    let owner = catalog.bind_blob_store(name).await?;
    if !is_bucket(&owner) {
        return Err(StoreError::Unusable(
            "the drawings of this database are files in a data folder; it cannot be used with a bucket"
                .to_owned(),
        ));
    }
    // A start may have been cut off between the database and the bucket.
    let new = !catalog.has_blobs().await?;
    let mut blobs = S3Blobs::open(bucket, &path.join(SCRATCH), &owner, new).await?;
    if folder.fresh {
        folder.finish()?;
    }
    blobs.hold(Around::default().with(folder));
    Ok(Arc::new(blobs))
}

/// The name is in the folder before the database knows it: a start that was cut off begins again with it.
fn named(folder: &Folder, at: &Path, new: &str) -> Result<String, StoreError> {
    match fs::read_to_string(at) {
        Ok(name) => Ok(name.trim().to_owned()),
        Err(e) if e.kind() == ErrorKind::NotFound && folder.fresh => {
            replace(at, new.as_bytes()).map_err(|e| unavailable("write", at, &e))?;
            Ok(new.to_owned())
        }
        Err(e) => Err(folder.unusable(&format!("its file {STORE} cannot be read: {e}"))),
    }
}
