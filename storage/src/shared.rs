//! The data folder of a node whose catalogue is in a database: the blobs in `blobs/`, and in `STORE` the name
//! by which the database knows them.
//!
//! A catalogue has one store of blobs. A node that came with another folder would find no drawing, and what it
//! takes in nobody else would find: it is refused.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::embedded::{Embedded, whole};
use crate::error::StoreError;
use crate::folder::{Folder, replace, unavailable};
use crate::fs::FsBlobs;
use crate::pg::{self, PgSettings};

const PRODUCT: &str = "takeoff data beside a database";
const FORMAT: u32 = 1;
const BLOBS: &str = "blobs";
const STORE: &str = "STORE";

/// Opens the database, and the folder, which is made where there is nothing or an empty folder. `name` is a
/// name that no other store has; a folder that was in use keeps the one that it had.
///
/// # Errors
/// Those of [`pg::open`]; `Unusable` when the folder holds something else (a catalogue of its own), is damaged
/// or in use, or is not the one whose blobs the database knows; `Unavailable` when the disk fails.
pub async fn open(path: &Path, settings: &PgSettings, name: &str) -> Result<Embedded, StoreError> {
    let catalog = pg::open(settings).await?;
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
        Some(_) => return Err(folder.unusable(
            "the drawings of this database are in another data folder; nodes that share a database share its blobs",
        )),
        None => return Err(folder.unusable("its drawings belong to another database")),
    }
    let blobs = FsBlobs::open(&path.join(BLOBS))?;
    if folder.fresh {
        folder.finish()?;
    }
    Ok(Embedded { catalog, blobs: Arc::new(blobs) })
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
