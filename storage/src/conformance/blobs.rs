//! Blobs.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use takeoff_core::model::{BlobHash, TenantId};

use super::TENANT;
use crate::blobs::{BlobInfo, BlobStore};
use crate::error::StoreError;

/// An empty blob store.
pub struct BlobSubject {
    pub blobs: Arc<dyn BlobStore>,
    /// What must live as long as the store (a temporary folder).
    pub keep: Option<Box<dyn std::any::Any + Send + Sync>>,
}

fn pattern(len: usize) -> Bytes {
    (0..len).map(|i| (i * 31 % 251) as u8).collect::<Vec<_>>().into()
}

fn sha256(bytes: &[u8]) -> BlobHash {
    BlobHash(Sha256::digest(bytes).into())
}

fn file_with(blobs: &dyn BlobStore, name: &str, bytes: &[u8]) -> PathBuf {
    let path = blobs.scratch().join(name);
    std::fs::write(&path, bytes).expect("write into scratch");
    path
}

pub async fn put_and_read(blobs: &dyn BlobStore) {
    let bytes = pattern(700_001);
    let info = blobs.put_bytes(TENANT, bytes.clone()).await.expect("put");
    assert_eq!(info, BlobInfo { hash: sha256(&bytes), size: 700_001 });
    assert_eq!(blobs.stat(TENANT, info.hash).await.expect("stat"), Some(700_001));
    assert_eq!(blobs.read(TENANT, info.hash, 700_001).await.expect("read"), bytes);
    assert_eq!(std::fs::read_dir(blobs.scratch()).expect("scratch").count(), 0, "nothing is left over");
}

pub async fn ranges(blobs: &dyn BlobStore) {
    let bytes = pattern(1_000);
    let hash = blobs.put_bytes(TENANT, bytes.clone()).await.expect("put").hash;
    for (offset, len, expected) in [
        (0, 10, &bytes[..10]),
        (990, 10, &bytes[990..]),
        (995, 10, &bytes[995..]),
        (1_000, 1, &[]),
        (5_000, 5, &[]),
        (10, 0, &[]),
        (1, u64::MAX, &bytes[1..]),
    ] {
        let got = blobs.read_range(TENANT, hash, offset, len).await.expect("range");
        assert_eq!(got, expected, "{offset}+{len}");
    }
}

pub async fn equal_bytes_are_one(blobs: &dyn BlobStore) {
    let file = file_with(blobs, "same", b"same");
    let first = blobs.put_bytes(TENANT, Bytes::from_static(b"same")).await.expect("put");
    let second = blobs.put_bytes(TENANT, Bytes::from_static(b"same")).await.expect("put");
    let third = blobs.put_file(TENANT, &file).await.expect("put");
    assert_eq!((first, second), (second, third));
    assert_eq!(blobs.list(TENANT).await.expect("list"), [first]);
    assert!(!file.exists());
}

pub async fn files_are_taken_over(blobs: &dyn BlobStore) {
    let bytes = pattern(600_000);
    let inside = file_with(blobs, "upload", &bytes);
    let info = blobs.put_file(TENANT, &inside).await.expect("put");
    assert_eq!(info, BlobInfo { hash: sha256(&bytes), size: 600_000 });
    assert!(!inside.exists(), "it is the store's now");
    assert_eq!(blobs.read(TENANT, info.hash, u64::MAX).await.expect("read"), bytes);
    // From another folder, which may be another file system.
    let elsewhere = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(elsewhere.path(), b"from elsewhere").expect("write");
    let info = blobs.put_file(TENANT, elsewhere.path()).await.expect("put");
    assert_eq!(blobs.read(TENANT, info.hash, 99).await.expect("read"), b"from elsewhere"[..]);
    let missing = blobs.put_file(TENANT, &blobs.scratch().join("nothing")).await;
    assert!(matches!(missing, Err(StoreError::Unavailable(_))), "{missing:?}");
}

pub async fn missing_blobs(blobs: &dyn BlobStore) {
    let hash = sha256(b"never stored");
    assert_eq!(blobs.stat(TENANT, hash).await.expect("stat"), None);
    let is_missing = |e: StoreError| matches!(e, StoreError::MissingBlob(h) if h == hash);
    assert!(blobs.read(TENANT, hash, 9).await.is_err_and(is_missing));
    assert!(blobs.read_range(TENANT, hash, 0, 9).await.is_err_and(is_missing));
    assert!(blobs.local(TENANT, hash).await.is_err_and(is_missing));
    blobs.delete(TENANT, hash).await.expect("delete of nothing");
    assert_eq!(blobs.list(TENANT).await.expect("list"), []);
}

pub async fn delete_and_list(blobs: &dyn BlobStore) {
    let mut stored = Vec::new();
    for len in [1, 2, 3_000] {
        stored.push(blobs.put_bytes(TENANT, pattern(len)).await.expect("put"));
    }
    let gone = stored.remove(1);
    blobs.delete(TENANT, gone.hash).await.expect("delete");
    assert_eq!(blobs.stat(TENANT, gone.hash).await.expect("stat"), None);
    let mut listed = blobs.list(TENANT).await.expect("list");
    listed.sort_by_key(|b| b.size);
    assert_eq!(listed, stored);
    assert_eq!(blobs.put_bytes(TENANT, pattern(2)).await.expect("put again"), gone);
    assert_eq!(blobs.read(TENANT, gone.hash, 2).await.expect("read"), pattern(2));
}

pub async fn tenants_are_apart(blobs: &dyn BlobStore) {
    let other = TenantId(2);
    let hash = blobs.put_bytes(TENANT, Bytes::from_static(b"ours")).await.expect("put").hash;
    assert_eq!(blobs.stat(other, hash).await.expect("stat"), None);
    assert!(blobs.read(other, hash, 9).await.is_err());
    blobs.put_bytes(other, Bytes::from_static(b"ours")).await.expect("put");
    blobs.delete(other, hash).await.expect("delete");
    assert_eq!(blobs.read(TENANT, hash, 9).await.expect("read"), b"ours"[..]);
    assert_eq!(blobs.list(other).await.expect("list"), []);
}

pub async fn local_copies(blobs: &dyn BlobStore) {
    let bytes = pattern(10_000);
    let hash = blobs.put_bytes(TENANT, bytes.clone()).await.expect("put").hash;
    let (one, two) =
        (blobs.local(TENANT, hash).await.expect("one"), blobs.local(TENANT, hash).await.expect("two"));
    let path = one.path.clone();
    drop(one);
    assert_eq!(std::fs::read(&two.path).expect("read"), bytes, "one does not take the other away");
    let temporary = two.cached.is_some();
    drop(two);
    assert!(!temporary || !path.exists(), "a copy goes away with its value");
    assert_eq!(blobs.read(TENANT, hash, 10_000).await.expect("read"), bytes);
}

pub async fn limits(blobs: &dyn BlobStore) {
    let hash = blobs.put_bytes(TENANT, pattern(100)).await.expect("put").hash;
    blobs.read(TENANT, hash, 100).await.expect("as large as allowed");
    let large = blobs.read(TENANT, hash, 99).await;
    assert!(matches!(large, Err(StoreError::Damaged { .. })), "{large:?}");
}

pub async fn parallel_puts(blobs: &dyn BlobStore) {
    // Some equal, some not, all at once.
    let files: Vec<_> =
        (0..24_usize).map(|n| file_with(blobs, &format!("f{n}"), &pattern(50_000 + n % 6))).collect();
    let puts = files.iter().map(|f| blobs.put_file(TENANT, f));
    let stored = futures_join(puts).await;
    assert!(stored.iter().all(Result::is_ok), "{stored:?}");
    let listed = blobs.list(TENANT).await.expect("list");
    assert_eq!(listed.len(), 6);
    for info in listed {
        let bytes = blobs.read(TENANT, info.hash, u64::MAX).await.expect("read");
        assert_eq!(sha256(&bytes), info.hash);
    }
}

/// Drives all at once, on this task.
async fn futures_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in running.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(cx)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

pub async fn empty_blob(blobs: &dyn BlobStore) {
    let info = blobs.put_bytes(TENANT, Bytes::new()).await.expect("put");
    assert_eq!(info.size, 0);
    assert_eq!(blobs.read(TENANT, info.hash, 0).await.expect("read"), Bytes::new());
    assert_eq!(blobs.read_range(TENANT, info.hash, 0, 10).await.expect("read"), Bytes::new());
}
