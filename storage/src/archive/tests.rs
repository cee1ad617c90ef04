use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use takeoff_core::job::{FailureKind, JobEvent};
use takeoff_core::model::{Index, Kind, TenantId, Timestamp};
use takeoff_test_servers::Postgres;

use super::frame::{ROWS, Reader};
use super::*;
use crate::blobs::BlobStore;
use crate::catalog::{Catalog, Claim, NewRecord, Op};
use crate::conformance::{HandClock, Subject, id, job};
use crate::error::StoreError;
use crate::fs::FsBlobs;
use crate::pg::{PgSettings, migrate};

const TENANT: TenantId = TenantId::DEFAULT;

/// Stores in folders of their own.
struct Stores {
    subject: Subject,
    blobs: Arc<FsBlobs>,
    folder: tempfile::TempDir,
}

impl Stores {
    fn of(catalog: Arc<dyn Catalog>, folder: tempfile::TempDir) -> Self {
        let blobs = Arc::new(FsBlobs::open(&folder.path().join("blobs")).unwrap());
        let subject = Subject { catalog, clock: Arc::new(HandClock::default()), keep: None };
        Self { subject, blobs, folder }
    }

    async fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog");
        let clock = Arc::new(HandClock::default());
        let catalog = tokio::task::spawn_blocking(move || crate::sled::open(&path, clock)).await.unwrap();
        Self::of(catalog.unwrap(), folder)
    }

    async fn shared() -> Self {
        let url = Postgres::shared().new_database();
        let settings = PgSettings {
            url,
            tls_ca: None,
            connections: 6,
            statement_timeout_ms: 15_000,
            session: "archive".to_owned(),
        };
        migrate::forward(&settings, false).await.unwrap();
        Self::of(crate::pg::open(&settings).await.unwrap(), tempfile::tempdir().unwrap())
    }

    async fn backup(&self, name: &str) -> Result<PathBuf, StoreError> {
        let file = self.folder.path().join(name);
        backup(&*self.subject.catalog, &*self.blobs, &file, Timestamp(7), None).await?;
        Ok(file)
    }

    async fn restore(&self, file: &Path) -> Result<(), StoreError> {
        restore(&verify(file).await?, &*self.subject.catalog, &*self.blobs).await
    }
}

/// Some of everything that a store can hold.
async fn filled() -> Stores {
    let stores = Stores::embedded().await;
    let subject = &stores.subject;
    let mut blobs = Vec::new();
    for bytes in [Bytes::from_static(b"a drawing"), Bytes::new(), Bytes::from(vec![7; 9_000_000])] {
        blobs.push(stores.blobs.put_bytes(TENANT, bytes).await.unwrap());
    }
    let record = |n: u64, kind: Kind, blobs: Vec<BlobHash>| {
        let lists = vec![(Index::ByProject, id(1)), (Index::ByProject, id(n))];
        let body = json!({ "n": n, "text": "ä\n\u{0}\"", "number": 0.1 }).to_string().into_bytes();
        NewRecord { kind, id: id(n), format: 3, lists, blobs, body }
    };
    subject
        .commit(|b| {
            b.ops.extend(blobs.iter().map(|blob| Op::BlobStored { hash: blob.hash, size: blob.size }));
            b.ops.push(Op::Put(record(1, Kind::Project, Vec::new())));
            b.ops.push(Op::Put(record(2, Kind::Document, vec![blobs[0].hash, blobs[0].hash])));
            b.ops.push(Op::Put(record(3, Kind::Page, blobs.iter().map(|b| b.hash).collect())));
            b.ops.push(Op::Claim(Claim::assembly_of(id(2)), id(9)));
            b.event(id(1), "document_ready", json!({ "b": 1, "a": [null, 1.5] }));
            b.event(id(1), "page_ready", json!({}));
        })
        .await
        .unwrap();
    // A second version of one, and many of another kind: more than travel together.
    subject.commit(|b| b.ops.push(Op::Put(record(1, Kind::Project, Vec::new())))).await.unwrap();
    subject
        .commit(|b| b.ops.extend((100..2_600).map(|n| Op::Put(record(n, Kind::Measurement, Vec::new())))))
        .await
        .unwrap();
    subject.enqueue((10..16).map(job)).await;
    let token = |jobs: &[takeoff_core::job::Job], n| jobs.iter().find(|j| j.id == id(n)).unwrap().token;
    let leased = subject.lease(4).await;
    subject
        .change(10, Some(token(&leased, 10)), JobEvent::Succeed { result: json!({ "x": 1 }) })
        .await
        .unwrap();
    let children = (20..23).map(job).collect();
    let fan_out = JobEvent::FanOut { children, checkpoint: json!("so far") };
    subject.change(11, Some(token(&leased, 11)), fan_out).await.unwrap();
    let reject = JobEvent::Fail { kind: FailureKind::Reject, message: "no".to_owned() };
    subject.change(12, Some(token(&leased, 12)), reject).await.unwrap();
    stores
}

async fn rows_of(file: &Path) -> Vec<Row> {
    let (mut reader, mut rows) = (Reader::open(file).await.unwrap(), Vec::new());
    while let Ok(head) = reader.head().await {
        match head.what {
            ROWS => {
                let batch: Vec<Row> = serde_json::from_slice(&reader.all(head).await.unwrap()).unwrap();
                rows.extend(batch);
            }
            _ => reader.skip(head).await.unwrap(),
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_folder_to_a_database_and_back_everything_is_equal() {
    let first = filled().await;
    let a = first.backup("a").await.unwrap();
    let second = Stores::shared().await;
    second.restore(&a).await.unwrap();
    let b = second.backup("b").await.unwrap();
    let third = Stores::embedded().await;
    third.restore(&b).await.unwrap();
    let c = third.backup("c").await.unwrap();
    let rows = rows_of(&a).await;
    assert!(rows.iter().any(|r| matches!(r, Row::Job(job) if job.lease.is_some())), "a lease is among them");
    let text = |rows: &[Row]| rows.iter().map(|r| serde_json::to_string(r).unwrap()).collect::<Vec<_>>();
    assert_eq!(text(&rows), text(&rows_of(&b).await));
    assert_eq!(text(&rows), text(&rows_of(&c).await));
    for stores in [&second, &third] {
        for row in &rows {
            if let Row::Blob { tenant, hash, size } = row {
                assert_eq!(stores.blobs.checked(*tenant, *hash).await.unwrap(), Some(*size));
            }
        }
        works_on(&stores.subject).await;
    }
    let whole = |file: &Path| std::fs::read(file).unwrap();
    assert_eq!(whole(&a), whole(&b), "equal stores make equal archives");
    assert_eq!(whole(&a), whole(&c));
}

/// Lists, references, numbers and the queue of a store that was filled go on where they were.
async fn works_on(subject: &Subject) {
    let catalog = &subject.catalog;
    assert_eq!(catalog.count(TENANT, Kind::Measurement, Index::ByProject, id(1)).await.unwrap(), 2_500);
    assert_eq!(catalog.get(TENANT, Kind::Project, id(1)).await.unwrap().unwrap().version, 2);
    let taken = subject.commit(|b| b.ops.push(Op::Claim(Claim::assembly_of(id(2)), id(8)))).await;
    assert!(matches!(taken, Err(StoreError::Claimed { .. })), "{taken:?}");
    subject
        .commit(|b| {
            b.event(id(1), "more", json!({}));
        })
        .await
        .unwrap();
    let events = catalog.events(TENANT, id(1), 0, 10).await.unwrap();
    assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let document = catalog.get(TENANT, Kind::Document, id(2)).await.unwrap().unwrap();
    assert_eq!(document.version, 1);
    let referred = crate::archive::tests::drawing();
    assert!(!catalog.forget_blob(TENANT, referred).await.unwrap(), "records refer to it");
    let queue = catalog.queue(takeoff_core::job::Stage::Noop).await.unwrap();
    // By a clock of its own a database may find that they are not due yet.
    assert_eq!((queue.ready + queue.delayed, queue.leased, queue.waiting, queue.dead), (5, 1, 1, 1));
    assert_eq!(subject.lease(10).await.len() as u64, queue.ready);
}

fn drawing() -> BlobHash {
    use sha2::Digest as _;
    BlobHash(sha2::Sha256::digest(b"a drawing").into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_whole_is_refused_and_nothing_is_made_of_it() {
    let first = filled().await;
    let file = first.backup("a").await.unwrap();
    let whole = std::fs::read(&file).unwrap();
    let bad = first.folder.path().join("bad");
    let refused = async |bytes: &[u8]| {
        std::fs::write(&bad, bytes).unwrap();
        match verify(&bad).await {
            Err(StoreError::Unusable(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    for cut in [0, 5, 16, 20, 100, whole.len() / 3, whole.len() - 40, whole.len() - 1] {
        let why = refused(&whole[..cut]).await;
        assert!(why.contains("cut off") || (cut < 16 && why.contains("no archive")), "{cut}: {why}");
    }
    // A bit of each part: header, rows, the large blob, the manifest, the sums between.
    for at in (16..whole.len()).step_by(whole.len() / 61).chain(whole.len() - 300..whole.len()) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        refused(&changed).await;
    }
    assert!(refused(&[&whole[..], b"x"].concat()).await.contains("behind its end"));
    assert!(refused(&b"PK\x03\x04 something else of some length"[..]).await.contains("no archive"));
    let newer = String::from_utf8_lossy(&whole[..200]).contains("\"format\":1");
    assert!(newer, "the header is where it is looked for");
    let why = refused(&newer_of(&whole)).await;
    assert!(why.contains("newer version"), "{why}");
}

/// The same with a header of the next format, whole in itself.
fn newer_of(whole: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    let length = u64::from_be_bytes(*whole[17..].first_chunk::<8>().unwrap()) as usize;
    let header = String::from_utf8(whole[25..25 + length].to_vec()).unwrap();
    let header = header.replace("\"format\":1", "\"format\":2").into_bytes();
    let sum = sha2::Sha256::digest(&header);
    [&whole[..25], &header, &sum, &whole[25 + length + 32..]].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_empty_store_is_filled_and_only_a_new_file_is_made() {
    let first = filled().await;
    let file = first.backup("a").await.unwrap();
    let said = first.backup("a").await.unwrap_err().to_string();
    assert!(said.contains("is there already"), "{said}");
    for stores in [Stores::embedded().await, Stores::shared().await] {
        stores.subject.enqueue([job(1)]).await;
        let said = stores.restore(&file).await.unwrap_err().to_string();
        assert!(said.contains("is not empty"), "{said}");
        assert!(stores.blobs.list(TENANT).await.unwrap().is_empty(), "nothing of it is there");
        let found = stores.subject.catalog.get(TENANT, Kind::Project, id(1)).await.unwrap();
        assert_eq!(found, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blob_that_is_wrong_or_gone_stops_the_backup() {
    let first = filled().await;
    let path = first.blobs.local(TENANT, drawing()).await.unwrap().path.clone();
    std::fs::write(&path, b"a drowing").unwrap();
    let said = first.backup("a").await.unwrap_err();
    assert!(matches!(said, StoreError::Damaged { .. }), "{said}");
    first.blobs.delete(TENANT, drawing()).await.unwrap();
    let said = first.backup("a").await.unwrap_err();
    assert!(matches!(said, StoreError::MissingBlob(hash) if hash == drawing()), "{said}");
    let left = std::fs::read_dir(first.folder.path()).unwrap().map(|e| e.unwrap().file_name());
    let left: Vec<_> = left.filter(|n| n.to_string_lossy().starts_with('a')).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_end_in_an_error_leave_a_shared_store_empty() {
    let stores = Stores::shared().await;
    let (send, receive) = tokio::sync::mpsc::channel(4);
    let claim = Row::Claim { tenant: TENANT, claim: "c".to_owned(), owner: id(1) };
    send.send(Ok(vec![claim])).await.unwrap();
    send.send(Err(StoreError::Unusable("the archive has changed".to_owned()))).await.unwrap();
    drop(send);
    assert!(stores.subject.catalog.import(receive).await.is_err());
    assert!(stores.subject.catalog.is_empty().await.unwrap());
}
