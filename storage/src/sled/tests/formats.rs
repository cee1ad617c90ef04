//! Folders that earlier formats have left.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use takeoff_core::job::{Job, JobState, NewJob, Stage};

use super::{TENANT, content, filled, open_in, unusable};
use crate::catalog::{Batch, LeaseRequest, StageQueue};
use crate::conformance::{HandClock, id, job};
use crate::kv::RowSum3;

/// A folder as the first format left it is brought up, whole or half done, and keeps its jobs.
#[tokio::test]
async fn a_folder_of_the_first_format_is_brought_up() {
    let clock = Arc::new(HandClock::default());
    let folder = tempfile::tempdir().expect("tempdir");
    let open = || crate::sled::open(folder.path(), Arc::clone(&clock) as Arc<_>).expect("open");
    let catalog = open();
    let mut batch = Batch::new(TENANT);
    batch.jobs = (1..=3).map(|n| NewJob { project_id: (n < 3).then_some(id(100)), ..job(n) }).collect();
    catalog.commit(batch).await.expect("enqueue");
    drop(catalog);
    make_format_1(folder.path(), 2);
    let catalog = open();
    assert_eq!(catalog.queue(Stage::Noop).await.expect("queue").ready, 3);
    let leased = catalog.lease(LeaseRequest::new("n", Stage::Noop, 9, 60_000)).await.expect("lease");
    assert_eq!(leased.iter().map(|j| j.id).collect::<Vec<_>>(), [3, 1, 2].map(id));
    drop(catalog);
    let text = fs::read_to_string(folder.path().join("FORMAT")).expect("read");
    assert!(text.contains("format 4"), "{text}");
    drop(open());
}

/// A folder as format 3 left it, killed with leases, keeps its jobs; one that has lost a row is refused as before.
#[tokio::test]
async fn a_folder_of_the_third_format_is_brought_up() {
    for lost in [false, true] {
        let folder = tempfile::tempdir().expect("folder");
        let before = filled(folder.path()).await;
        make_format_3(folder.path(), &before.jobs.jobs, lost);
        if lost {
            let why = unusable(folder.path());
            assert!(why.contains("acknowledged are gone"), "{why}");
            continue;
        }
        let s = open_in(folder.path()).expect("open");
        let after = content(&s).await.expect("content");
        assert_eq!((&before.documents, &before.events), (&after.documents, &after.events));
        let queue = StageQueue { leased: 0, ready: before.queue.ready + 2, ..before.queue };
        assert_eq!(after.queue, queue);
        for (old, new) in before.jobs.jobs.iter().zip(&after.jobs.jobs) {
            let deaths = u16::from(old.state == JobState::Leased);
            let state = if deaths > 0 { JobState::Ready } else { old.state };
            let voided = Job { state, lease: None, node_deaths: deaths, ..old.clone() };
            assert_eq!(new, &voided);
        }
        // What is left in the old form and what has come in the new one are one store.
        assert_eq!(s.lease(100).await.len() as u64, after.queue.ready);
        drop(s);
        let s = open_in(folder.path()).expect("open again");
        let queue = s.catalog.queue(Stage::Noop).await.expect("queue");
        assert_eq!(queue.ready + queue.delayed, after.queue.ready, "those that lost a node twice rest");
        let text = fs::read_to_string(folder.path().join("FORMAT")).expect("read");
        assert!(text.contains("format 4"), "{text}");
    }
}

/// Jobs as JSON, a row for each lease, the sum of slower hashes.
fn make_format_3(path: &Path, jobs: &[Job], lose: bool) {
    let tree = super::super::kv::open_tree(&path.join("tree")).expect("tree");
    for job in jobs {
        let key = [&b"j"[..], &job.tenant.0.to_be_bytes(), job.id.bytes()].concat();
        tree.insert(key, crate::kv::encode_job_as_json(job)).expect("insert").expect("a row of the job");
        if job.state == JobState::Leased {
            let key = [&[b'l', job.stage as u8][..], job.id.bytes()].concat();
            tree.insert(key, &job.tenant.0.to_be_bytes()).expect("insert");
        }
    }
    tree.insert(b"!format", b"takeoff catalogue 3").expect("insert");
    let sum = tree.iter().fold(RowSum3::default(), |sum, row| {
        let (key, value) = row.expect("row");
        sum.with(&key, &value)
    });
    tree.insert(b"!sum", &sum.bytes()).expect("insert");
    if lose {
        tree.remove(tree.scan_prefix(b"q").next().expect("one").expect("row").0).expect("remove");
    }
    tree.flush().expect("flush");
    drop(tree);
    fs::write(path.join("FORMAT"), "takeoff catalogue\nformat 3\nstate ready\n").expect("write");
}

/// Takes the project out of the first `rows` rows of ready jobs, as if an upgrade had come as far as the others.
fn make_format_1(path: &Path, rows: usize) {
    let tree = super::super::kv::open_tree(&path.join("tree")).expect("tree");
    let ready: Vec<_> = tree.scan_prefix(b"q").take(rows).map(|row| row.expect("row")).collect();
    assert_eq!(ready.len(), rows);
    for (key, value) in ready {
        tree.remove(&key).expect("remove");
        tree.insert([&key[..3], &key[19..]].concat(), value).expect("insert");
    }
    tree.insert(b"!format", b"takeoff catalogue 1").expect("insert");
    tree.remove(b"!sum").expect("remove");
    tree.flush().expect("flush");
    drop(tree);
    fs::write(path.join("FORMAT"), "takeoff catalogue\nformat 1\nstate ready\n").expect("write");
}
