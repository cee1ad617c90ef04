use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use s3::creds::Credentials;
use s3::{BucketConfiguration, Region};
use takeoff_core::model::{BlobHash, TenantId, Timestamp};
use takeoff_test_servers::S3Server;
use tempfile::TempDir;

use super::{OWNER, PART_BYTES, S3Blobs, S3Settings, key, prefix};
use crate::blobs::BlobStore as _;
use crate::conformance::blobs::BlobSubject;
use crate::embedded::open_with_bucket;
use crate::error::StoreError;

/// Shared by the tests that run at the time; stopped with the last.
static SHARED: Mutex<Weak<S3Server>> = Mutex::new(Weak::new());
static NEXT: AtomicU32 = AtomicU32::new(0);

fn server() -> Arc<S3Server> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = shared.upgrade() {
        return running;
    }
    let running = Arc::new(S3Server::start());
    *shared = Arc::downgrade(&running);
    running
}

pub(super) fn settings(endpoint: &str, bucket: &str) -> S3Settings {
    S3Settings {
        endpoint: endpoint.into(),
        region: "eu-central-1".into(),
        bucket: bucket.into(),
        access_key: "schluessel".into(),
        secret_key: "geheim".into(),
        path_style: true,
    }
}

/// In a bucket of their own, which is `a store`'s.
async fn opened() -> (Arc<S3Server>, S3Settings, TempDir, S3Blobs) {
    let (server, settings) = bucket().await;
    let folder = tempfile::tempdir().expect("folder");
    let blobs =
        S3Blobs::open(&settings, &folder.path().join("scratch"), "a store", true).await.expect("open");
    (server, settings, folder, blobs)
}

async fn open_blobs() -> BlobSubject {
    let (server, _, folder, blobs) = opened().await;
    BlobSubject { blobs: Arc::new(blobs), keep: Some(Box::new((folder, server))) }
}

crate::blob_conformance!(open_blobs);

async fn refusal(endpoint: &str) -> String {
    let folder = tempfile::tempdir().expect("folder");
    let opened =
        S3Blobs::open(&settings(endpoint, "nowhere"), &folder.path().join("scratch"), "a store", true).await;
    let Err(StoreError::Unusable(why)) = opened.map(|_| ()) else { panic!("it opened") };
    assert!(!why.contains("geheim") && !why.contains("schluessel"), "{why}");
    why
}

#[tokio::test]
async fn what_cannot_be_opened_is_said_without_secrets() {
    let server = tokio::task::spawn_blocking(server).await.expect("server");
    assert!(refusal(server.endpoint()).await.contains("no bucket \"nowhere\""));
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
    let closed = format!("http://user:geheim@{}", free.local_addr().expect("address"));
    drop(free);
    let why = refusal(&closed).await;
    assert!(why.contains("not reached") && why.contains("asked without TLS"), "{why}");
    let why = refusal(&server.endpoint().replace("http://", "https://")).await;
    assert!(why.contains("not usable") && why.contains("asked with TLS"), "{why}");
}

pub(super) async fn bucket() -> (Arc<S3Server>, S3Settings) {
    let server = tokio::task::spawn_blocking(server).await.expect("server");
    let name = format!("bucket-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let region = Region::Custom { region: "eu-central-1".into(), endpoint: server.endpoint().to_owned() };
    let keys = Credentials::new(Some("schluessel"), Some("geheim"), None, None, None).expect("keys");
    s3::Bucket::create_with_path_style(&name, region, keys, BucketConfiguration::default())
        .await
        .expect("bucket");
    let settings = settings(server.endpoint(), &name);
    (server, settings)
}

#[tokio::test]
async fn a_bucket_belongs_to_one_store() {
    let (_server, settings) = bucket().await;
    let folder = tempfile::tempdir().expect("folder");
    let open = |scratch: &str, owner| {
        let scratch = folder.path().join(scratch);
        let settings = &settings;
        async move { S3Blobs::open(settings, &scratch, owner, true).await.map(|_| ()) }
    };
    open("a", "first").await.expect("the first");
    open("b", "first").await.expect("the same again");
    let Err(StoreError::Unusable(why)) = open("c", "second").await else { panic!("it opened") };
    assert!(why.contains("belongs to the store \"first\""), "{why}");
}

#[tokio::test]
async fn a_bucket_that_is_gone_or_anothers_is_an_outage_and_takes_nothing() {
    let (_server, settings, _folder, blobs) = opened().await;
    let tenant = TenantId::DEFAULT;
    let info = blobs.put_bytes(tenant, "a drawing".into()).await.expect("put");
    let missing = blobs.read(tenant, BlobHash([7; 32]), 100).await;
    assert!(matches!(missing, Err(StoreError::MissingBlob(_))), "{missing:?}");
    let outage = async |what: &str| {
        blobs.ping().await.expect_err(what);
        let why = blobs.read(tenant, info.hash, 100).await.expect_err(what);
        assert!(why.is_outage() && why.to_string().contains("bucket"), "{what}: {why}");
        let why = blobs.local(tenant, info.hash).await.map(|_| ()).expect_err(what);
        assert!(why.is_outage(), "{what}: {why}");
        let why = blobs.stat(tenant, info.hash).await.expect_err(what);
        assert!(why.is_outage(), "{what}: {why}");
        let why = blobs.put_bytes(tenant, "another drawing".into()).await.expect_err(what);
        assert!(why.is_outage(), "{what}: {why}");
    };
    // Another store's, in its place.
    blobs.remove(&key(tenant, info.hash)).await.expect("removed");
    blobs.put(OWNER, b"another store").await.expect("put");
    outage("another's").await;
    blobs.remove(OWNER).await.expect("removed");
    outage("nobody's").await;
    let region = Region::Custom { region: settings.region.clone(), endpoint: settings.endpoint.clone() };
    let keys = Credentials::new(Some(&settings.access_key), Some(&settings.secret_key), None, None, None);
    let bucket = s3::Bucket::new(&settings.bucket, region, keys.expect("keys")).expect("bucket");
    for object in blobs.listed("").await.expect("list") {
        blobs.remove(&key(tenant, object.0.hash)).await.expect("removed");
    }
    bucket.with_path_style().delete().await.expect("the bucket is deleted");
    outage("gone").await;
}

#[tokio::test]
async fn only_what_is_old_is_swept_and_a_put_makes_it_new() {
    let (_server, _settings, _folder, blobs) = opened().await;
    let tenant = TenantId::DEFAULT;
    let info = blobs.put_bytes(tenant, "a drawing".into()).await.expect("put");
    let put = blobs.listed(&prefix(tenant)).await.expect("list")[0].1.expect("a time");
    assert_eq!(blobs.untouched_since(tenant, put).await.expect("list"), []);
    assert!(!blobs.sweep(tenant, info.hash, put).await.expect("sweep"));
    let later = put.plus_ms(1);
    assert_eq!(blobs.untouched_since(tenant, later).await.expect("list"), [info]);
    // The server knows whole seconds only.
    while blobs.listed(&prefix(tenant)).await.expect("list")[0].1 < Some(put.plus_ms(1_000)) {
        blobs.put_bytes(tenant, "a drawing".into()).await.expect("put");
    }
    assert!(!blobs.sweep(tenant, info.hash, later).await.expect("sweep"), "it was put since");
    assert!(blobs.sweep(tenant, info.hash, put.plus_ms(600_000)).await.expect("sweep"));
    blobs.end_aside(tenant, info.hash, false).await.expect("for good");
    assert_eq!(blobs.stat(tenant, info.hash).await.expect("stat"), None);
}

/// One node puts what another is deleting: the other has looked before, and deletes after.
#[tokio::test]
async fn what_is_put_while_another_node_sweeps_it_is_not_lost() {
    let (_server, settings) = bucket().await;
    let folder = tempfile::tempdir().expect("folder");
    let open = |scratch: &str| {
        let scratch = folder.path().join(scratch);
        let settings = &settings;
        async move { S3Blobs::open(settings, &scratch, "a store", true).await.expect("open") }
    };
    let (one, other, tenant) = (open("a").await, open("b").await, TenantId::DEFAULT);
    let aged = |put: Timestamp| put.plus_ms(600_000);
    let bytes: Vec<u8> = (0..PART_BYTES + 99).map(|i| (i * 31 % 251) as u8).collect();
    let mut hashes = Vec::new();
    for text in [b"read at once".as_slice(), b"kept", b"gone", &bytes] {
        let info = other.put_bytes(tenant, text.to_vec().into()).await.expect("put");
        let put = one.listed(&crate::s3::key(tenant, info.hash)).await.expect("list")[0].1.expect("a time");
        assert!(one.sweep(tenant, info.hash, aged(put)).await.expect("sweep"), "as if it had looked before");
        hashes.push((info, put));
    }
    for (at, text) in [(0, b"read at once".as_slice()), (3, &bytes)] {
        let (info, _) = hashes[at];
        assert_eq!(other.stat(tenant, info.hash).await.expect("stat"), Some(info.size));
        assert_eq!(other.read(tenant, info.hash, info.size).await.expect("back"), text);
    }
    let (kept, gone) = (hashes[1].0.hash, hashes[2].0.hash);
    let mut left = one.aside_before(tenant, aged(hashes[0].1)).await.expect("list");
    left.sort();
    let mut expected = [kept, gone];
    expected.sort();
    assert_eq!(left, expected, "those that are back need no copy");
    assert_eq!(one.aside_before(tenant, hashes[0].1).await.expect("list"), [], "not before their time");
    one.end_aside(tenant, kept, true).await.expect("keep");
    one.end_aside(tenant, gone, false).await.expect("let go");
    assert_eq!(other.read(tenant, kept, 100).await.expect("kept"), b"kept".as_slice());
    assert_eq!(other.stat(tenant, gone).await.expect("stat"), None);
    assert_eq!(one.aside_before(tenant, aged(hashes[0].1)).await.expect("list"), []);
    assert_eq!(one.list(tenant).await.expect("list").len(), 3, "copies are no blobs");
}

#[tokio::test]
async fn a_large_file_is_sent_in_parts_and_comes_back_whole() {
    let BlobSubject { blobs, keep: _keep } = open_blobs().await;
    let bytes: Vec<u8> = (0..PART_BYTES * 2 + 12_345).map(|i| (i * 31 % 251) as u8).collect();
    let path = blobs.scratch().join("upload");
    std::fs::write(&path, &bytes).expect("write");
    let info = blobs.put_file(TenantId::DEFAULT, &path).await.expect("put");
    assert!(!path.exists());
    assert_eq!(info.size, bytes.len() as u64);
    assert_eq!(blobs.read(TenantId::DEFAULT, info.hash, info.size).await.expect("read"), bytes);
    let local = blobs.local(TenantId::DEFAULT, info.hash).await.expect("local");
    assert_eq!(std::fs::read(&local.path).expect("copy"), bytes);
}

#[tokio::test]
async fn an_object_that_changed_in_the_bucket_is_damaged_until_it_is_put_again() {
    let (_server, settings) = bucket().await;
    let folder = tempfile::tempdir().expect("folder");
    let open = S3Blobs::open(&settings, &folder.path().join("scratch"), "a store", true).await.expect("open");
    let tenant = TenantId::DEFAULT;
    // In several reads, and in one.
    for len in [PART_BYTES + 777, 40_000] {
        let whole: Vec<u8> = (0..len).map(|i| (i * 31 % 251) as u8).collect();
        let info = open.put_bytes(tenant, whole.clone().into()).await.expect("put");
        assert_eq!(open.checked(tenant, info.hash).await.expect("whole"), Some(info.size));
        let mut changed = whole.clone();
        changed[len / 2] ^= 1;
        for damaged in [&changed[..], &whole[..len - 1]] {
            // By somebody else than the store.
            open.put(&crate::s3::key(tenant, info.hash), damaged).await.expect("damage");
            let checked = open.checked(tenant, info.hash).await;
            assert!(matches!(checked, Err(StoreError::Damaged { .. })), "{checked:?}");
            let read = open.read(tenant, info.hash, info.size).await;
            assert!(matches!(read, Err(StoreError::Damaged { .. })));
            let local = open.local(tenant, info.hash).await;
            assert!(matches!(local, Err(StoreError::Damaged { .. })), "{local:?}");
        }
        let file = open.scratch().join("upload");
        std::fs::write(&file, &whole).expect("write");
        assert_eq!(open.put_file(tenant, &file).await.expect("put"), info);
        let local = open.local(tenant, info.hash).await.expect("whole again");
        assert_eq!(std::fs::read(&local.path).expect("copy"), whole);
        assert_eq!(open.checked(tenant, info.hash).await.expect("whole again"), Some(info.size));
    }
}

#[tokio::test]
async fn a_data_folder_keeps_to_where_its_blobs_are() {
    let (_server, settings) = bucket().await;
    let clock = || Arc::new(crate::conformance::HandClock::default());
    let folder = tempfile::tempdir().expect("folder");
    let wrong = S3Settings { bucket: "nowhere".into(), ..self::settings(&settings.endpoint, "x") };
    assert!(open_with_bucket(folder.path(), clock(), &wrong, "a").await.is_err());
    let stores = open_with_bucket(folder.path(), clock(), &settings, "b").await.expect("open");
    let hash = stores.blobs.put_bytes(TenantId::DEFAULT, "a drawing".into()).await.expect("put").hash;
    stores.catalog.ping().await.expect("ping");
    let second = open_with_bucket(folder.path(), clock(), &settings, "b").await.map(|_| ());
    assert!(second.expect_err("two").to_string().contains("in use by another process"));
    drop(stores);
    let files = crate::embedded::open(folder.path(), clock()).map(|_| ()).expect_err("files");
    assert!(files.to_string().contains("in an object store"), "{files}");
    // One that is nobody's is not this one's: its drawings are elsewhere.
    let (_other_server, empty) = self::bucket().await;
    let astray = open_with_bucket(folder.path(), clock(), &empty, "b").await.map(|_| ()).expect_err("astray");
    assert!(astray.to_string().contains("is no store's and this catalogue has drawings"), "{astray}");
    // Its own name holds, whatever is proposed.
    let stores = open_with_bucket(folder.path(), clock(), &settings, "c").await.expect("again");
    assert_eq!(stores.blobs.stat(TenantId::DEFAULT, hash).await.expect("stat"), Some(9));

    let other = tempfile::tempdir().expect("folder");
    drop(crate::embedded::open(other.path(), clock()).expect("files"));
    let bucket = open_with_bucket(other.path(), clock(), &settings, "d").await.map(|_| ());
    let bucket = bucket.expect_err("bucket").to_string();
    assert!(bucket.contains("its blobs are files"), "{bucket}");
}
