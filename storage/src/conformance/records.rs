//! Records, claims, lists, blob references and events.

use std::sync::Arc;

use serde_json::json;
use takeoff_core::model::{Id, Index, Kind, TenantId};
use tokio::task::JoinSet;

use super::{Subject, TENANT, batch, hash, id, job, record};
use crate::catalog::{Batch, Claim, Expect, JobChange, JobEvent, MAX_BATCH_OPS, NewRecord, Op};
use crate::error::StoreError;

const DOCUMENT: Kind = Kind::Document;

fn parent() -> Id {
    id(900)
}

fn document(n: u64) -> NewRecord {
    record(DOCUMENT, n, parent(), "{}")
}

pub async fn preconditions(s: &Subject) {
    let put = |b: &mut Batch, expect| {
        b.expect.push(expect);
        b.ops.push(Op::Put(document(1)));
    };
    let conflict = |result: Result<_, StoreError>, expected: Option<u64>, found: Option<u64>| match result {
        Err(StoreError::Conflict { kind, id: which, expected: e, found: f }) => {
            assert_eq!((kind, which, e, f), (DOCUMENT, id(1), expected, found));
        }
        other => panic!("no conflict: {other:?}"),
    };
    conflict(s.commit(|b| put(b, Expect::Exists(DOCUMENT, id(1)))).await, None, None);
    conflict(s.commit(|b| put(b, Expect::Version(DOCUMENT, id(1), 1))).await, Some(1), None);
    s.commit(|b| put(b, Expect::Absent(DOCUMENT, id(1)))).await.expect("absent");
    conflict(s.commit(|b| put(b, Expect::Absent(DOCUMENT, id(1)))).await, None, Some(1));
    s.commit(|b| put(b, Expect::Version(DOCUMENT, id(1), 1))).await.expect("version 1");
    s.commit(|b| put(b, Expect::Exists(DOCUMENT, id(1)))).await.expect("exists");
    conflict(s.commit(|b| put(b, Expect::Version(DOCUMENT, id(1), 2))).await, Some(2), Some(3));
    // Another kind with the same id is another record.
    s.commit(|b| b.expect.push(Expect::Absent(Kind::Page, id(1)))).await.expect("other kind");
}

pub async fn versions_and_bodies(s: &Subject) {
    s.put(record(DOCUMENT, 1, parent(), "first")).await;
    s.put(NewRecord { format: 7, ..record(DOCUMENT, 1, parent(), "second") }).await;
    let got = s.get(DOCUMENT, 1).await.expect("there");
    assert_eq!((got.version, got.format, got.body.as_slice()), (2, 7, b"second".as_slice()));
    assert_eq!((got.tenant, got.kind, got.id), (TENANT, DOCUMENT, id(1)));
    assert_eq!(got.engine, takeoff_core::ENGINE_VERSION);
    s.put(document(3)).await;
    let many = s.catalog.get_many(TENANT, DOCUMENT, &[id(3), id(2), id(1)]).await.expect("many");
    let ids: Vec<_> = many.iter().map(|r| r.as_ref().map(|r| r.id)).collect();
    assert_eq!(ids, [Some(id(3)), None, Some(id(1))]);
    s.commit(|b| b.ops.push(Op::Delete(DOCUMENT, id(1)))).await.expect("delete");
    s.commit(|b| b.ops.push(Op::Delete(DOCUMENT, id(1)))).await.expect("delete what is gone");
    assert_eq!(s.get(DOCUMENT, 1).await, None);
}

pub async fn claims(s: &Subject) {
    let claim = || Claim("name/north wing".into());
    let owner = async || s.catalog.claim_owner(TENANT, &claim()).await.expect("owner");
    assert_eq!(owner().await, None);
    s.commit(|b| b.ops.push(Op::Claim(claim(), id(1)))).await.expect("free");
    s.commit(|b| b.ops.push(Op::Claim(claim(), id(1)))).await.expect("its own");
    let taken = s
        .commit(|b| {
            b.ops.push(Op::Put(document(2)));
            b.ops.push(Op::Claim(claim(), id(2)));
        })
        .await;
    assert!(matches!(taken, Err(StoreError::Claimed { owner, .. }) if owner == id(1)), "{taken:?}");
    assert_eq!(s.get(DOCUMENT, 2).await, None, "a refused batch leaves nothing");
    let handover = |b: &mut Batch| b.ops.extend([Op::Release(claim()), Op::Claim(claim(), id(2))]);
    s.commit(handover).await.expect("released and taken in one batch");
    assert_eq!(owner().await, Some(id(2)));
    s.commit(|b| b.ops.push(Op::Release(claim()))).await.expect("release");
    assert_eq!(owner().await, None);
    // One claim is no prefix of another.
    s.commit(|b| b.ops.push(Op::Claim(Claim("name/north".into()), id(3)))).await.expect("other name");
    assert_eq!(owner().await, None);
}

pub async fn lists_in_both_directions(s: &Subject) {
    let batch = batch(|b| b.ops = [5, 1, 4, 2, 3].map(|n| Op::Put(document(n))).into());
    s.catalog.commit(batch).await.expect("put");
    s.put(record(DOCUMENT, 6, id(901), "{}")).await;
    s.put(record(Kind::Page, 7, parent(), "{}")).await;
    let ids = |ns: &[u64]| ns.iter().map(|n| id(*n)).collect::<Vec<_>>();
    let p = parent();
    assert_eq!(s.list(p, None, false, 100).await, ids(&[1, 2, 3, 4, 5]));
    assert_eq!(s.list(p, None, true, 100).await, ids(&[5, 4, 3, 2, 1]));
    assert_eq!(s.list(p, Some(id(2)), false, 2).await, ids(&[3, 4]));
    assert_eq!(s.list(p, Some(id(4)), true, 2).await, ids(&[3, 2]));
    assert_eq!(s.list(p, Some(id(5)), false, 2).await, []);
    assert_eq!(s.list(p, Some(id(1)), true, 2).await, []);
    assert_eq!(s.list(p, None, false, 0).await, []);
    // The mark itself need not exist any more.
    s.commit(|b| b.ops.push(Op::Delete(DOCUMENT, id(3)))).await.expect("delete");
    assert_eq!(s.list(p, Some(id(3)), false, 9).await, ids(&[4, 5]));
    assert_eq!(s.list(p, Some(id(3)), true, 9).await, ids(&[2, 1]));
    let count = s.catalog.count(TENANT, DOCUMENT, Index::ByProject, p).await;
    assert_eq!(count.expect("count"), 4);
    // A parent whose bytes end in 0xff has an end too.
    let last = Id::from_bytes([0xff; 16]);
    s.put(record(DOCUMENT, 8, last, "{}")).await;
    assert_eq!(s.list(last, None, true, 9).await, ids(&[8]));
}

pub async fn lists_follow_the_record(s: &Subject) {
    s.put(record(DOCUMENT, 1, id(801), "{}")).await;
    s.put(record(DOCUMENT, 1, id(802), "{}")).await;
    assert_eq!(s.list(id(801), None, false, 9).await, []);
    assert_eq!(s.list(id(802), None, false, 9).await, [id(1)]);
    let several = NewRecord {
        lists: vec![(Index::ByProject, id(801)), (Index::ByProject, id(802)), (Index::All, Id::NIL)],
        ..document(1)
    };
    s.put(several).await;
    assert_eq!(s.list(id(801), None, false, 9).await, [id(1)]);
    assert_eq!(s.list(id(802), None, false, 9).await, [id(1)]);
    s.commit(|b| b.ops.push(Op::Delete(DOCUMENT, id(1)))).await.expect("delete");
    for parent in [id(801), id(802)] {
        assert_eq!(s.list(parent, None, false, 9).await, []);
    }
    assert_eq!(s.catalog.count(TENANT, DOCUMENT, Index::All, Id::NIL).await.expect("count"), 0);
}

/// Everything a batch can hold, with one thing at its end that is refused.
pub async fn atomic_refusal(s: &Subject) {
    let everything = |b: &mut Batch| {
        b.ops.push(Op::BlobStored { hash: hash(1), size: 1 });
        b.ops.push(Op::Put(NewRecord { blobs: vec![hash(1)], ..document(1) }));
        b.ops.push(Op::Claim(Claim("c".into()), id(1)));
        b.jobs.push(job(10));
        b.event(id(70), "made", json!(1));
    };
    let refused = s
        .commit(|b| {
            everything(b);
            b.changes.push(JobChange { job: id(11), token: None, event: JobEvent::Requeue });
        })
        .await;
    assert!(matches!(refused, Err(StoreError::NoSuchJob(which)) if which == id(11)), "{refused:?}");
    assert_eq!(s.get(DOCUMENT, 1).await, None);
    assert_eq!(s.list(parent(), None, false, 9).await, []);
    assert_eq!(s.catalog.claim_owner(TENANT, &Claim("c".into())).await.expect("claim"), None);
    assert_eq!(s.catalog.job(TENANT, id(10)).await.expect("job"), None);
    assert_eq!(s.lease(9).await, []);
    assert_eq!(s.catalog.events(TENANT, id(70), 0, 9).await.expect("events"), []);
    let blob = s.commit(|b| b.ops.push(Op::Put(NewRecord { blobs: vec![hash(1)], ..document(2) }))).await;
    assert!(matches!(blob, Err(StoreError::MissingBlob(_))), "{blob:?}");

    s.commit(everything).await.expect("without the last");
    assert_eq!(s.get(DOCUMENT, 1).await.expect("there").version, 1);
    assert_eq!(s.catalog.events(TENANT, id(70), 0, 9).await.expect("events")[0].seq, 1);
    assert_eq!(s.lease(9).await.len(), 1);
}

pub async fn batch_limit(s: &Subject) {
    let puts = |n: usize| (0..n as u64).map(|n| Op::Put(document(n))).collect::<Vec<_>>();
    let over = s.commit(|b| b.ops = puts(MAX_BATCH_OPS + 1)).await;
    let expected = (MAX_BATCH_OPS + 1, MAX_BATCH_OPS);
    assert!(
        matches!(over, Err(StoreError::TooManyOps { count, limit }) if (count, limit) == expected),
        "{over:?}"
    );
    assert_eq!(s.list(parent(), None, false, 9).await, []);
    s.commit(|b| b.ops = puts(MAX_BATCH_OPS)).await.expect("as many as allowed");
    let count = s.catalog.count(TENANT, DOCUMENT, Index::ByProject, parent()).await;
    assert_eq!(count.expect("count"), MAX_BATCH_OPS as u64);
}

pub async fn blob_references(s: &Subject) {
    let with = |n, blobs: &[u8]| {
        Op::Put(NewRecord { blobs: blobs.iter().map(|b| hash(*b)).collect(), ..document(n) })
    };
    let missing = s.commit(|b| b.ops.push(with(1, &[1]))).await;
    assert!(matches!(missing, Err(StoreError::MissingBlob(h)) if h == hash(1)), "{missing:?}");
    // The same batch may tell of it, before or after.
    s.commit(|b| b.ops = vec![with(1, &[1]), Op::BlobStored { hash: hash(1), size: 5 }]).await.expect("told");
    s.commit(|b| b.ops.push(with(2, &[1]))).await.expect("known by now");
    s.commit(|b| b.ops.push(with(1, &[1]))).await.expect("kept");
    let one_of_two = s.commit(|b| b.ops.push(with(1, &[1, 2]))).await;
    assert!(matches!(one_of_two, Err(StoreError::MissingBlob(h)) if h == hash(2)), "{one_of_two:?}");
    s.commit(|b| b.ops.push(with(1, &[]))).await.expect("dropped");
    s.commit(|b| b.ops.push(with(1, &[1]))).await.expect("and taken up again");

    let forget = async |n| s.catalog.forget_blob(TENANT, hash(n)).await.expect("forget");
    assert!(!forget(1).await, "two records refer to it");
    assert!(forget(2).await, "nobody has heard of it");
    s.commit(|b| b.ops = vec![with(1, &[]), with(2, &[])]).await.expect("dropped by both");
    assert!(forget(1).await);
    let forgotten = s.commit(|b| b.ops.push(with(1, &[1]))).await;
    assert!(matches!(forgotten, Err(StoreError::MissingBlob(h)) if h == hash(1)), "{forgotten:?}");
    s.commit(|b| b.ops = vec![Op::BlobStored { hash: hash(1), size: 5 }, with(1, &[1])])
        .await
        .expect("again");
    assert!(!forget(1).await);
}

pub async fn tenants_are_apart(s: &Subject) {
    s.put(document(1)).await;
    let mut other = Batch::new(TenantId(2));
    other.expect.push(Expect::Absent(DOCUMENT, id(1)));
    other.ops = vec![Op::Put(record(DOCUMENT, 1, parent(), "theirs")), Op::Claim(Claim("x".into()), id(1))];
    other.jobs.push(job(5));
    other.event(parent(), "theirs", json!(null));
    s.catalog.commit(other).await.expect("their own");
    assert_eq!(s.get(DOCUMENT, 1).await.expect("ours").body, b"{}");
    assert_eq!(s.catalog.claim_owner(TENANT, &Claim("x".into())).await.expect("claim"), None);
    assert_eq!(s.catalog.events(TENANT, parent(), 0, 9).await.expect("events"), []);
    assert_eq!(s.catalog.job(TENANT, id(5)).await.expect("job"), None);
    // Workers serve all tenants.
    assert_eq!(s.lease(9).await.iter().map(|j| j.tenant).collect::<Vec<_>>(), [TenantId(2)]);
}

pub async fn events_are_numbered(s: &Subject) {
    let (a, b) = (id(1), id(2));
    s.commit(|x| {
        x.event(a, "one", json!({ "k": 1.5 })).event(b, "else", json!(0)).event(a, "two", json!(2));
    })
    .await
    .expect("commit");
    s.clock.advance_ms(5);
    s.commit(|x| {
        x.event(a, "three", json!([]));
    })
    .await
    .expect("commit");
    let seen =
        |events: Vec<crate::catalog::Event>| events.into_iter().map(|e| (e.seq, e.name)).collect::<Vec<_>>();
    let all = s.catalog.events(TENANT, a, 0, 9).await.expect("events");
    assert_eq!(all[0].payload, json!({ "k": 1.5 }));
    assert_eq!(all[2].at.ms_since(all[1].at), 5);
    assert_eq!(seen(all), [(1, "one".into()), (2, "two".into()), (3, "three".into())]);
    assert_eq!(seen(s.catalog.events(TENANT, a, 1, 1).await.expect("events")), [(2, "two".into())]);
    assert_eq!(seen(s.catalog.events(TENANT, a, 3, 9).await.expect("events")), []);
    assert_eq!(seen(s.catalog.events(TENANT, a, u64::MAX, 9).await.expect("events")), []);
    assert_eq!(seen(s.catalog.events(TENANT, b, 0, 9).await.expect("events")), [(1, "else".into())]);
}

/// A counter that many raise by load and conditional put: no raise is lost.
pub async fn many_writers_one_winner(s: &Subject) {
    const TASKS: u64 = 8;
    const RAISES: u64 = 10;
    s.put(record(DOCUMENT, 1, parent(), "0")).await;
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let catalog = Arc::clone(&s.catalog);
        tasks.spawn(async move {
            let mut raised = 0;
            while raised < RAISES {
                let now = catalog.get(TENANT, DOCUMENT, id(1)).await.expect("get").expect("there");
                let value: u64 = String::from_utf8_lossy(&now.body).parse().expect("a number");
                let mut batch = Batch::new(TENANT);
                batch.expect.push(Expect::Version(DOCUMENT, id(1), now.version));
                batch.ops.push(Op::Put(record(DOCUMENT, 1, parent(), &(value + 1).to_string())));
                match catalog.commit(batch).await {
                    Ok(_) => raised += 1,
                    Err(e) => assert!(e.is_conflict(), "{e}"),
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("a writer");
    }
    let end = s.get(DOCUMENT, 1).await.expect("there");
    assert_eq!(end.body, (TASKS * RAISES).to_string().as_bytes());
    assert_eq!(end.version, TASKS * RAISES + 1);
}

pub async fn ping_is_answered(s: &Subject) {
    s.catalog.ping().await.expect("ping");
}
