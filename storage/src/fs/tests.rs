use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use takeoff_core::model::{TenantId, Timestamp};

use crate::conformance::blobs::BlobSubject;
use crate::error::StoreError;
use crate::fs::FsBlobs;
use crate::{BlobInfo, BlobStore};

const TENANT: TenantId = TenantId::DEFAULT;

async fn open_blobs() -> BlobSubject {
    let folder = tempfile::tempdir().expect("folder");
    let blobs = Arc::new(FsBlobs::open(folder.path()).expect("open"));
    BlobSubject { blobs, keep: Some(Box::new(folder)) }
}

crate::blob_conformance!(open_blobs);

fn unusable(root: &Path) -> String {
    match FsBlobs::open(root) {
        Err(StoreError::Unusable(why)) => why,
        other => panic!("opened: {other:?}"),
    }
}

async fn one_blob(root: &Path) -> BlobInfo {
    let blobs = FsBlobs::open(root).expect("open");
    blobs.put_bytes(TENANT, Bytes::from_static(b"kept")).await.expect("put")
}

fn file_of(root: &Path, info: BlobInfo) -> std::path::PathBuf {
    let name = info.hash.to_string();
    root.join("blobs").join("1").join(&name[..2]).join(&name[2..4]).join(&name)
}

#[tokio::test]
async fn reopened_it_has_its_blobs_and_an_empty_scratch() {
    let root = tempfile::tempdir().expect("folder");
    let info = one_blob(root.path()).await;
    assert!(file_of(root.path(), info).is_file());
    fs::create_dir(root.path().join("scratch/attempt-1")).expect("left over");
    fs::write(root.path().join("scratch/attempt-1/half"), b"ha").expect("left over");
    let blobs = FsBlobs::open(root.path()).expect("open again");
    assert_eq!(blobs.read(TENANT, info.hash, 9).await.expect("read"), b"kept"[..]);
    assert_eq!(fs::read_dir(blobs.scratch()).expect("scratch").count(), 0);
}

#[tokio::test]
async fn foreign_newer_and_taken_folders_are_refused() {
    let root = tempfile::tempdir().expect("folder");
    fs::write(root.path().join("letters.txt"), b"mine").expect("write");
    assert!(unusable(root.path()).contains("letters.txt"));
    assert_eq!(fs::read_dir(root.path()).expect("list").count(), 1, "it was not touched");

    let root = tempfile::tempdir().expect("folder");
    let open = FsBlobs::open(root.path()).expect("open");
    assert!(unusable(root.path()).contains("in use"));
    drop(open);
    fs::write(root.path().join("FORMAT"), "takeoff blobs\nformat 2\nstate ready\n").expect("write");
    assert!(unusable(root.path()).contains("newer version"));
    fs::write(root.path().join("FORMAT"), "takeoff catalogue\nformat 1\nstate ready\n").expect("write");
    assert!(unusable(root.path()).contains("takeoff catalogue"));
    fs::write(root.path().join("FORMAT"), "takeoff blobs\nformat 1\nstate ready\n").expect("write");
    FsBlobs::open(root.path()).expect("as it was");
    fs::remove_dir_all(root.path().join("blobs")).expect("remove");
    assert!(unusable(root.path()).contains("blobs"));
}

#[tokio::test]
async fn changed_bytes_are_noticed_and_healed_by_a_put() {
    let root = tempfile::tempdir().expect("folder");
    let info = one_blob(root.path()).await;
    let blobs = FsBlobs::open(root.path()).expect("open");
    fs::write(file_of(root.path(), info), b"kopt").expect("damage");
    let read = blobs.read(TENANT, info.hash, 9).await;
    assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
    let local = blobs.local(TENANT, info.hash).await;
    assert!(matches!(local, Err(StoreError::Damaged { .. })), "{local:?}");
    // As long as the whole one, and shorter.
    for damaged in [b"kopt".as_slice(), b"ke"] {
        for by_file in [false, true] {
            fs::write(file_of(root.path(), info), damaged).expect("damage");
            if by_file {
                let file = blobs.scratch().join("upload");
                fs::write(&file, b"kept").expect("write");
                assert_eq!(blobs.put_file(TENANT, &file).await.expect("put"), info);
            } else {
                blobs.put_bytes(TENANT, Bytes::from_static(b"kept")).await.expect("put");
            }
            let path = blobs.local(TENANT, info.hash).await.expect("whole again").path;
            assert_eq!(fs::read(path).expect("read"), b"kept");
        }
    }
}

#[tokio::test]
async fn only_what_nobody_put_of_late_is_swept() {
    let root = tempfile::tempdir().expect("folder");
    let info = one_blob(root.path()).await;
    let blobs = FsBlobs::open(root.path()).expect("open");
    let old = |seconds: u64| {
        let file = fs::File::open(file_of(root.path(), info)).expect("open");
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).expect("age");
    };
    let at = |seconds: i64| Timestamp(seconds * 1_000_000);
    old(1_000);
    assert_eq!(blobs.untouched_since(TENANT, at(1_000)).await.expect("list"), []);
    assert!(!blobs.sweep(TENANT, info.hash, at(1_000)).await.expect("sweep"));
    assert_eq!(blobs.untouched_since(TENANT, at(1_001)).await.expect("list"), [info]);
    // Put again between the look and the sweep.
    blobs.put_bytes(TENANT, Bytes::from_static(b"kept")).await.expect("put");
    assert!(!blobs.sweep(TENANT, info.hash, at(1_001)).await.expect("sweep"));
    assert_eq!(blobs.read(TENANT, info.hash, 9).await.expect("read"), b"kept"[..]);
    old(1_000);
    assert!(blobs.sweep(TENANT, info.hash, at(1_001)).await.expect("sweep"));
    assert_eq!(blobs.stat(TENANT, info.hash).await.expect("stat"), None);
    assert!(!blobs.sweep(TENANT, info.hash, at(1_001)).await.expect("it is gone"));
}

#[tokio::test]
async fn a_disk_that_fails_is_said_so() {
    let root = tempfile::tempdir().expect("folder");
    let blobs = FsBlobs::open(root.path()).expect("open");
    // A file where the tenant's folder should be.
    fs::write(root.path().join("blobs/1"), b"").expect("write");
    let put = blobs.put_bytes(TENANT, Bytes::from_static(b"x")).await;
    assert!(matches!(put, Err(StoreError::Unavailable(_))), "{put:?}");
    assert_eq!(fs::read_dir(blobs.scratch()).expect("scratch").count(), 0);
}

#[tokio::test]
async fn a_blob_that_changed_on_the_disk_is_damaged_however_often_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("folder");
    let blobs = FsBlobs::open(folder.path()).expect("open");
    let whole = vec![7_u8; 700_000];
    let info = blobs.put_bytes(TENANT, whole.clone().into()).await.expect("put");
    let path = blobs.local(TENANT, info.hash).await.expect("local").path;
    let checked = async || blobs.checked(TENANT, info.hash).await;
    for _ in 0..2 {
        assert_eq!(checked().await.expect("sound"), Some(700_000));
    }
    let mut changed = whole.clone();
    changed[350_000] ^= 1;
    for damaged in [&whole[..100], &changed] {
        fs::write(&path, damaged).expect("write");
        for _ in 0..2 {
            assert!(matches!(checked().await, Err(StoreError::Damaged { .. })), "{} bytes", damaged.len());
        }
    }
    fs::write(&path, &whole).expect("write");
    assert_eq!(checked().await.expect("mended"), Some(700_000));
    fs::remove_file(&path).expect("remove");
    assert_eq!(checked().await.expect("gone"), None);
}

#[tokio::test]
async fn a_folder_that_was_removed_or_replaced_is_noticed() {
    let outer = tempfile::tempdir().expect("folder");
    let folder = outer.path().join("blobs");
    let blobs = FsBlobs::open(&folder).expect("open");
    blobs.in_place().await.expect("as it was opened");
    fs::rename(&folder, outer.path().join("moved")).expect("move");
    assert!(blobs.in_place().await.is_err());
    let _other = FsBlobs::open(&folder).expect("another one in its place");
    assert!(blobs.in_place().await.is_err());
}
