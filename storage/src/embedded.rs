//! The data folder of an embedded node: the catalogue in `catalog/`, the blobs in `blobs/`.
//!
//! Each of the two knows a foreign or damaged folder from its own, but neither can tell a folder that was
//! never there from one that was lost. The data folder's own `FORMAT` says that both were made: from then
//! on, one that is missing is an error and never an empty store.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::blobs::BlobStore;
use crate::catalog::{Catalog, Clock};
use crate::error::StoreError;
use crate::folder::{Around, Folder, replace, unavailable};
use crate::fs::FsBlobs;
use crate::s3::{S3Blobs, S3Settings};

const PRODUCT: &str = "takeoff data";
const FORMAT: u32 = 1;
const CATALOG: &str = "catalog";
const BLOBS: &str = "blobs";
/// In place of `blobs/` where they are in a bucket: `OWNER`, the store's name there, and files in the making.
const OBJECTS: &str = "objects";
const OBJECTS_PRODUCT: &str = "takeoff object store";
const OWNER: &str = "OWNER";

/// Both stores of an embedded node.
pub struct Embedded {
    pub catalog: Arc<dyn Catalog>,
    pub blobs: Arc<dyn BlobStore>,
}

/// Opens the data folder, or makes one where there is nothing or an empty folder. Blocks: not for a thread
/// of an async runtime.
///
/// # Errors
/// `Unusable`, saying what is wrong, when the folder holds something else, when part of it is missing or
/// damaged, when it is of a newer format or in use; `Unavailable` when the disk fails.
pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Embedded, StoreError> {
    let folder = Folder::claim(path, PRODUCT, FORMAT)?;
    if in_bucket(path) {
        return Err(
            folder.unusable("its blobs are in an object store; name that in the settings, `s3.endpoint`")
        );
    }
    if !folder.fresh {
        for part in [CATALOG, BLOBS] {
            whole(&folder, path, part)?;
        }
    }
    let catalog = crate::sled::open(&path.join(CATALOG), clock)?;
    let blobs = FsBlobs::open(&path.join(BLOBS))?;
    if folder.fresh {
        folder.finish()?;
    }
    blobs.hold(Around::default().with(folder).and_part(path.join(CATALOG)));
    Ok(Embedded { catalog, blobs: Arc::new(blobs) })
}

/// As [`open`], with the blobs in a bucket. `name` is a name that no other store has; a folder that was in use
/// keeps the one that it had.
///
/// # Errors
/// As [`open`], and `Unusable` when the folder has blobs of its own, or the bucket is not reached or belongs
/// to another store.
pub async fn open_with_bucket(
    path: &Path,
    clock: Arc<dyn Clock>,
    bucket: &S3Settings,
    name: &str,
) -> Result<Embedded, StoreError> {
    let folder = Folder::claim(path, PRODUCT, FORMAT)?;
    if !folder.fresh && !in_bucket(path) && path.join(BLOBS).is_dir() {
        return Err(folder.unusable("its blobs are files; it cannot be used with an object store"));
    }
    if !folder.fresh {
        for part in [CATALOG, OBJECTS] {
            whole(&folder, path, part)?;
        }
    }
    let local = path.join(OBJECTS);
    let objects = Folder::claim(&local, OBJECTS_PRODUCT, FORMAT)?;
    let at = local.join(OWNER);
    let owner = match fs::read_to_string(&at) {
        Ok(owner) => owner.trim().to_owned(),
        Err(e) if e.kind() == ErrorKind::NotFound && objects.fresh => {
            replace(&at, name.as_bytes()).map_err(|e| unavailable("write", &at, &e))?;
            name.to_owned()
        }
        Err(e) => return Err(objects.unusable(&format!("its file {OWNER} cannot be read: {e}"))),
    };
    let mut blobs = S3Blobs::open(bucket, &local.join("scratch"), &owner, objects.fresh).await?;
    if objects.fresh {
        objects.finish()?;
    }
    let catalog = crate::sled::open(&path.join(CATALOG), clock)?;
    if folder.fresh {
        folder.finish()?;
    }
    blobs.hold(Around::default().with(folder).with(objects).and_part(path.join(CATALOG)));
    Ok(Embedded { catalog, blobs: Arc::new(blobs) })
}

/// A store whose blobs are in a bucket was finished here.
fn in_bucket(path: &Path) -> bool {
    let format = fs::read_to_string(path.join(OBJECTS).join("FORMAT"));
    format.is_ok_and(|text| text.lines().any(|line| line == "state ready"))
}

/// A part that was finished once says so; without that it would be made anew.
pub(crate) fn whole(folder: &Folder, path: &Path, part: &str) -> Result<(), StoreError> {
    let marker = path.join(part).join("FORMAT");
    if !path.join(part).is_dir() {
        return Err(folder.unusable(&format!("its folder {part} is missing")));
    }
    match fs::read_to_string(&marker) {
        Ok(text) if text.lines().any(|line| line == "state new") => {
            Err(folder.unusable(&format!("its folder {part} was emptied: {part}/FORMAT says that it is new")))
        }
        // What else it may say is for the part itself to judge.
        Ok(_) => Ok(()),
        Err(e) => Err(folder.unusable(&format!("{part}/FORMAT cannot be read: {e}"))),
    }
}

#[cfg(test)]
mod tests {
    use takeoff_core::model::TenantId;

    use super::*;
    use crate::conformance::HandClock;

    fn open_in(path: &Path) -> Result<Embedded, StoreError> {
        open(path, Arc::new(HandClock::default()))
    }

    fn refusal(path: &Path) -> String {
        match open_in(path) {
            Err(StoreError::Unusable(why)) => why,
            Err(e) => panic!("another error: {e:?}"),
            Ok(_) => panic!("opened"),
        }
    }

    /// A data folder that has been in use.
    async fn used() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let stores = open_in(folder.path()).unwrap();
        stores.catalog.ping().await.unwrap();
        stores.blobs.put_bytes(TenantId::DEFAULT, "a drawing".into()).await.unwrap();
        folder
    }

    #[tokio::test]
    async fn what_was_stored_is_there_again() {
        let folder = used().await;
        let stores = open_in(folder.path()).unwrap();
        assert_eq!(stores.blobs.list(TenantId::DEFAULT).await.unwrap().len(), 1);
        let second = refusal(folder.path());
        assert!(second.contains("in use by another process"), "{second}");
    }

    #[tokio::test]
    async fn a_half_lost_folder_is_refused_and_left_as_it_is() {
        let all = |path: &Path, part: &str| fs::remove_dir_all(path.join(part)).unwrap();
        type Lose<'a> = &'a dyn Fn(&Path);
        let cases: [(Lose<'_>, &str); 8] = [
            (&|p| all(p, "blobs"), "folder blobs is missing"),
            (&|p| all(p, "catalog"), "folder catalog is missing"),
            (
                &|p| {
                    all(p, "catalog");
                    fs::create_dir(p.join("catalog")).unwrap();
                },
                "catalog/FORMAT cannot be read",
            ),
            (
                &|p| {
                    all(p, "blobs");
                    fs::create_dir(p.join("blobs")).unwrap();
                },
                "blobs/FORMAT cannot be read",
            ),
            (&|p| all(p, "blobs/blobs"), "folder blobs is missing"),
            (&|p| all(p, "catalog/tree"), "tree/db is missing"),
            (&|p| fs::remove_file(p.join("FORMAT")).unwrap(), "no FORMAT file"),
            (
                &|p| {
                    all(p, "catalog");
                    drop(Folder::claim(&p.join("catalog"), "takeoff catalogue", 1).unwrap());
                },
                "was emptied",
            ),
        ];
        for (lose, why) in cases {
            let folder = used().await;
            lose(folder.path());
            for _ in 0..2 {
                let said = refusal(folder.path());
                assert!(said.contains(why), "{why}: {said}");
            }
        }
    }

    #[tokio::test]
    async fn a_folder_of_something_else_is_refused_and_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        let said = refusal(folder.path());
        assert!(said.contains("notes.txt") && said.contains("no FORMAT file"), "{said}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["notes.txt"]);
    }

    #[test]
    fn a_start_that_was_cut_off_begins_again() {
        for part in [None, Some(CATALOG), Some(BLOBS)] {
            let folder = tempfile::tempdir().unwrap();
            drop(Folder::claim(folder.path(), PRODUCT, FORMAT).unwrap());
            if let Some(part) = part {
                fs::create_dir(folder.path().join(part)).unwrap();
            }
            assert!(open_in(folder.path()).is_ok(), "{part:?}");
        }
    }

    #[test]
    fn a_fresh_disk_is_an_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("lost+found")).unwrap();
        assert!(open_in(folder.path()).is_ok());
    }
}
