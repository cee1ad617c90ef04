use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use takeoff_core::job::{JobEvent, JobState, NewJob, Stage};
use takeoff_core::model::{Index, Kind, TenantId};

use crate::catalog::{Batch, Event, JobPage, JobQuery, ListQuery, NewRecord, Op, Record, StageQueue};
use crate::conformance::{HandClock, Subject, id, job, register::node};
use crate::error::StoreError;

const TENANT: TenantId = TenantId::DEFAULT;

async fn open() -> Subject {
    let folder = tempfile::tempdir().expect("folder");
    let subject = open_in(folder.path()).expect("open");
    Subject { keep: Some(Box::new(folder)), ..subject }
}

mod formats;

mod catalog {
    crate::catalog_conformance!(super::super::open);
}

fn open_in(path: &Path) -> Result<Subject, StoreError> {
    let clock = Arc::new(HandClock::default());
    let catalog = crate::sled::open(path, Arc::clone(&clock) as Arc<_>)?;
    Ok(Subject { catalog, clock, keep: None })
}

fn unusable(path: &Path) -> String {
    match open_in(path) {
        Err(StoreError::Unusable(why)) => why,
        Err(e) => panic!("another error: {e:?}"),
        Ok(_) => panic!("opened"),
    }
}

fn document(n: u64, len: usize) -> Op {
    Op::Put(NewRecord {
        kind: Kind::Document,
        id: id(n),
        format: 1,
        lists: vec![(Index::ByProject, id(1))],
        blobs: Vec::new(),
        body: (0..len).map(|i| (i as u64 * n % 251) as u8).collect(),
    })
}

/// Everything that can be read of a store.
#[derive(Debug, PartialEq)]
struct Content {
    documents: Vec<Record>,
    jobs: JobPage,
    events: Vec<Event>,
    queue: StageQueue,
}

async fn content(s: &Subject) -> Result<Content, StoreError> {
    let query = ListQuery {
        tenant: TENANT,
        kind: Kind::Document,
        index: Index::ByProject,
        parent: id(1),
        after: None,
        newest_first: false,
        limit: 10_000,
    };
    Ok(Content {
        documents: s.catalog.list(query).await?,
        jobs: s.catalog.jobs(TENANT, JobQuery { limit: 10_000, ..JobQuery::default() }).await?,
        events: s.catalog.events(TENANT, id(1), 0, 10_000).await?,
        queue: s.catalog.queue(Stage::Noop).await?,
    })
}

/// Some of everything, in commits of their own.
async fn fill(s: &Subject) {
    for n in 10..40 {
        s.commit(|b| {
            b.ops.push(document(n, 3_000));
            b.jobs.push(NewJob { project_id: Some(id(1)), ..job(n) });
            b.event(id(1), "made", json!({ "n": n }));
        })
        .await
        .expect("commit");
    }
    // One of each state.
    let leased = s.lease(6).await;
    assert_eq!(leased.len(), 6);
    let change = async |n, event| s.change(n, Some(1), event).await.expect("change");
    change(10, JobEvent::Succeed { result: json!(1) }).await;
    change(11, JobEvent::FanOut { children: vec![job(50)], checkpoint: json!(1) }).await;
    let kind = takeoff_core::job::FailureKind::Reject;
    change(12, JobEvent::Fail { kind, message: "no".into() }).await;
    change(13, JobEvent::Release).await;
    s.commit(|b| b.ops.push(Op::Delete(Kind::Document, id(20)))).await.expect("delete");
}

async fn filled(path: &Path) -> Content {
    let s = open_in(path).expect("open");
    fill(&s).await;
    let content = content(&s).await.expect("content");
    assert_eq!((content.documents.len(), content.events.len()), (29, 30));
    assert_eq!((content.queue.leased, content.queue.waiting, content.queue.dead), (2, 1, 1));
    content
}

#[tokio::test]
async fn reopened_it_has_everything_and_no_lease() {
    let folder = tempfile::tempdir().expect("folder");
    let before = filled(folder.path()).await;
    let s = open_in(folder.path()).expect("open again");
    let after = content(&s).await.expect("content");
    assert_eq!((&before.documents, &before.events), (&after.documents, &after.events));
    let queue = StageQueue { leased: 0, ready: before.queue.ready + 2, ..before.queue };
    assert_eq!(after.queue, queue);
    for n in [14, 15] {
        let job = s.job(n).await;
        assert_eq!((job.state, job.attempts, job.token), (JobState::Ready, 0, 1));
        let late = s.change(n, Some(1), JobEvent::Release).await;
        assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
    }
    // Numbers go on.
    s.commit(|b| {
        b.event(id(1), "more", json!(null));
    })
    .await
    .expect("event");
    assert_eq!(s.catalog.events(TENANT, id(1), 30, 9).await.expect("events")[0].seq, 31);
}

#[tokio::test]
async fn one_process_at_a_time() {
    let folder = tempfile::tempdir().expect("folder");
    let first = open_in(folder.path()).expect("open");
    assert!(unusable(folder.path()).contains("in use by another process"));
    first.catalog.ping().await.expect("the first goes on");
    drop(first);
    open_in(folder.path()).expect("free again");
}

#[test]
fn foreign_folders_are_not_touched() {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join("thesis.tex"), b"mine").expect("write");
    assert!(unusable(folder.path()).contains("thesis.tex"));
    assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 1);
    let file = folder.path().join("thesis.tex");
    assert!(matches!(open_in(&file), Err(StoreError::Unavailable(_))), "a file is no folder");
}

#[tokio::test]
async fn other_formats_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    filled(folder.path()).await;
    let format = folder.path().join("FORMAT");
    let good = fs::read(&format).expect("FORMAT");
    for (text, says) in [
        ("takeoff catalogue\nformat 5\nstate ready\n", "newer version"),
        ("takeoff catalogue\nformat 0\nstate ready\n", "format 0"),
        ("takeoff blobs\nformat 1\nstate ready\n", "takeoff blobs"),
        ("takeoff catalogue\nformat one\n", "names no format"),
        ("takeoff catalogue\nformat 1\n", "ends in"),
        ("", "\"\""),
    ] {
        fs::write(&format, text).expect("write");
        let why = unusable(folder.path());
        assert!(why.contains(says), "{text:?}: {why}");
    }
    fs::write(&format, [0xff, 0xfe, 0]).expect("write");
    assert!(unusable(folder.path()).contains("no text"));
    fs::write(&format, good).expect("write");
    open_in(folder.path()).expect("as it was");
}

#[tokio::test]
async fn missing_parts_are_noticed() {
    for (part, says) in
        [("tree/db", "missing or empty"), ("tree", "missing or empty"), ("ACKNOWLEDGED", "ACKNOWLEDGED")]
    {
        let folder = tempfile::tempdir().expect("folder");
        filled(folder.path()).await;
        let part = folder.path().join(part);
        if part.is_dir() { fs::remove_dir_all(&part) } else { fs::remove_file(&part) }.expect("remove");
        let why = unusable(folder.path());
        assert!(why.contains(says), "{part:?}: {why}");
    }
    // FORMAT gone: it looks like somebody else's, or like nothing, and must not become an empty store.
    let folder = tempfile::tempdir().expect("folder");
    filled(folder.path()).await;
    fs::remove_file(folder.path().join("FORMAT")).expect("remove");
    unusable(folder.path());
}

#[test]
fn an_unfinished_first_opening_starts_anew() {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join("FORMAT"), "takeoff catalogue\nformat 1\nstate new\n").expect("write");
    fs::create_dir(folder.path().join("tree")).expect("make");
    fs::write(folder.path().join("tree/db"), b"half a log").expect("write");
    open_in(folder.path()).expect("nothing was acknowledged");
    open_in(folder.path()).expect("and again");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("make");
    for entry in fs::read_dir(from).expect("list") {
        let entry = entry.expect("entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copy");
        }
    }
}

fn used_bytes(file: &Path) -> u64 {
    let bytes = fs::read(file).expect("read");
    bytes.iter().rposition(|b| *b != 0).map_or(0, |at| at as u64 + 1)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("list").map(|e| e.expect("entry").path());
    let mut files: Vec<_> = entries.filter(|p| p.is_file()).collect();
    files.sort();
    files
}

/// An older state of the log is a sound one, but not what was promised.
#[tokio::test]
async fn an_older_log_is_refused() {
    let (folder, older) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    filled(folder.path()).await;
    copy(&folder.path().join("tree"), older.path());
    let s = open_in(folder.path()).expect("open");
    s.catalog.ping().await.expect("one more commit");
    drop(s);
    fs::remove_dir_all(folder.path().join("tree")).expect("remove");
    copy(older.path(), &folder.path().join("tree"));
    let why = unusable(folder.path());
    assert!(why.contains("was acknowledged"), "{why}");
}

/// Bytes are overwritten or cut off at random: the store says that it is damaged, or nothing that was
/// acknowledged is missing. What it never does is to open with less.
async fn damage_is_never_a_smaller_store(folder: &Path, whole: &Content, seed: u64) {
    const ROUNDS: usize = 60;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut refused = 0;
    for round in 0..ROUNDS {
        let damaged = tempfile::tempdir().expect("folder");
        copy(folder, damaged.path());
        let files = files(&damaged.path().join("tree"));
        let file =
            if round % 3 == 0 { &files[round / 3 % files.len()] } else { &damaged.path().join("tree/db") };
        let at = random.random_range(0..used_bytes(file).max(1));
        let opened = OpenOptions::new().write(true).open(file).expect("open");
        if round % 5 == 4 {
            opened.set_len(at).expect("cut");
        } else {
            let len = random.random_range(1..600);
            let noise: Vec<u8> = (0..len).map(|_| random.random()).collect();
            opened.write_all_at(&noise, at).expect("overwrite");
        }
        drop(opened);
        match open_in(damaged.path()) {
            Err(StoreError::Unusable(_)) => refused += 1,
            Err(e) => panic!("round {round}, {file:?} at {at}: {e:?}"),
            Ok(s) => {
                assert_eq!(&content(&s).await.expect("content"), whole, "round {round}, {file:?} at {at}")
            }
        }
    }
    assert!(refused >= ROUNDS / 3, "only {refused} of {ROUNDS} were refused");
}

#[tokio::test]
async fn damage_of_a_closed_store_is_noticed() {
    let folder = tempfile::tempdir().expect("folder");
    filled(folder.path()).await;
    // Without leases, so that opening changes nothing.
    let whole = content(&open_in(folder.path()).expect("open")).await.expect("content");
    damage_is_never_a_smaller_store(folder.path(), &whole, 7).await;
}

#[tokio::test]
async fn damage_of_a_store_that_was_killed_is_noticed() {
    let (folder, killed) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let s = open_in(folder.path()).expect("open");
    fill(&s).await;
    for n in [14, 15] {
        s.change(n, Some(1), JobEvent::Release).await.expect("release");
    }
    let whole = content(&s).await.expect("content");
    // What a kill at this moment would leave: nothing is in flight.
    copy(folder.path(), killed.path());
    damage_is_never_a_smaller_store(killed.path(), &whole, 8).await;
}

/// Rows that sled itself loses without a word, as it does when the middle of its log is damaged.
#[tokio::test]
async fn a_row_that_is_lost_or_older_is_noticed() {
    let folder = tempfile::tempdir().expect("folder");
    filled(folder.path()).await;
    drop(open_in(folder.path()).expect("sound"));
    let rows: Vec<_> = {
        let tree = super::kv::open_tree(&folder.path().join("tree")).expect("tree");
        tree.iter().map(|row| row.expect("row")).collect()
    };
    let mut random = ChaCha8Rng::seed_from_u64(9);
    for round in 0..12 {
        let damaged = tempfile::tempdir().expect("folder");
        copy(folder.path(), damaged.path());
        let (key, value) = &rows[random.random_range(0..rows.len())];
        {
            let tree = super::kv::open_tree(&damaged.path().join("tree")).expect("tree");
            if round % 2 == 0 {
                tree.remove(key).expect("remove");
            } else {
                tree.insert(key, [&value[..], b"x"].concat()).expect("insert");
            }
            tree.flush().expect("flush");
        }
        let why = unusable(damaged.path());
        assert!(why.contains("is damaged") || why.contains("cannot be opened"), "{key:?}: {why}");
    }
}

/// What a kill, or a full disk, leaves of an opening: sled takes the newest file of that name for a snapshot.
#[tokio::test]
async fn an_opening_that_was_broken_off_leaves_a_store_that_opens() {
    let folder = tempfile::tempdir().expect("folder");
    filled(folder.path()).await;
    let tree = folder.path().join("tree");
    let whole = content(&open_in(folder.path()).expect("open")).await.expect("content");
    let snapshots = || {
        let names = fs::read_dir(&tree).expect("tree").map(|e| e.expect("entry").file_name());
        let mut names: Vec<_> = names.filter_map(|n| n.into_string().ok()).collect();
        names.retain(|n| n.starts_with("snap."));
        names
    };
    let [snapshot] = &snapshots()[..] else { panic!("{:?}", snapshots()) };
    let bytes = fs::read(tree.join(snapshot)).expect("snapshot");
    for (name, left) in [
        ("snap.FFFFFFFFFFFFFFFF.generating".to_owned(), &b""[..]),
        ("snap.FFFFFFFFFFFFFFFF.generating".to_owned(), &bytes[..bytes.len() / 2]),
        // Longer than what will be written in its place.
        (format!("{snapshot}.generating"), &[7; 65_536][..]),
    ] {
        fs::write(tree.join(&name), left).expect("write");
        let again =
            open_in(folder.path()).unwrap_or_else(|e| panic!("{name} of {} bytes: {e:?}", left.len()));
        assert_eq!(content(&again).await.expect("content"), whole);
        drop(again);
        assert!(snapshots().iter().all(|n| !n.ends_with(".generating")), "{:?}", snapshots());
    }
}

/// As of the attack that found it: many small damages of 16 bytes in a larger log.
#[tokio::test]
async fn small_damage_of_a_large_log_is_never_a_smaller_store() {
    const ROUNDS: usize = 40;
    let folder = tempfile::tempdir().expect("folder");
    let s = open_in(folder.path()).expect("open");
    // The same records again and again, so that the log holds older states of them.
    for round in 0..40 {
        for n in 10..20 {
            s.commit(|b| b.ops.push(document(n, 2_000 + round))).await.expect("commit");
        }
    }
    drop(s);
    let whole = content(&open_in(folder.path()).expect("open")).await.expect("content");
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut refused = 0;
    for round in 0..ROUNDS {
        let damaged = tempfile::tempdir().expect("folder");
        copy(folder.path(), damaged.path());
        let log = damaged.path().join("tree/db");
        let at = random.random_range(0..used_bytes(&log) - 16);
        let mut bytes = fs::read(&log).expect("read");
        bytes[at as usize..][..16].iter_mut().for_each(|b| *b ^= 0x5a);
        fs::write(&log, bytes).expect("write");
        match open_in(damaged.path()) {
            Err(StoreError::Unusable(_)) => refused += 1,
            Err(e) => panic!("round {round} at {at}: {e:?}"),
            Ok(s) => assert_eq!(content(&s).await.expect("content"), whole, "round {round} at {at}"),
        }
    }
    assert!(refused > 0, "nothing was damaged");
}

#[tokio::test]
async fn a_folder_that_is_removed_under_a_running_store_acknowledges_nothing() {
    for replaced in [false, true] {
        let outer = tempfile::tempdir().expect("folder");
        let path = outer.path().join("catalog");
        let s = open_in(&path).expect("open");
        s.commit(|b| b.ops.push(document(10, 100))).await.expect("commit");
        fs::rename(&path, outer.path().join("moved")).expect("move");
        if replaced {
            copy(&outer.path().join("moved"), &path);
        }
        let refused = s.commit(|b| b.ops.push(document(11, 100))).await;
        assert!(matches!(&refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        let why = s.catalog.standing().why().to_owned();
        assert!(why.contains("removed or replaced"), "{why}");
    }
}

/// A node was killed, and its machine's clock is put back before it starts again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_is_due_although_the_clock_was_put_back() {
    let folder = tempfile::tempdir().expect("folder");
    let first = open_in(folder.path()).expect("open");
    first.clock.advance_ms(86_400_000);
    first.catalog.join(&node("a", 1), 1_000).await.expect("joined");
    let later = first.catalog.now().await.expect("a time").plus_ms(10_000);
    let mut batch = Batch::new(TENANT);
    batch.jobs.extend([job(1), NewJob { run_at: Some(later), ..job(2) }]);
    first.catalog.commit(batch).await.expect("committed");
    drop(first);
    // A day before.
    let again = open_in(folder.path()).expect("open");
    let ids = async || again.lease(9).await.iter().map(|j| j.id).collect::<Vec<_>>();
    assert_eq!(ids().await, [id(1)]);
    again.clock.advance_ms(9_999);
    assert!(ids().await.is_empty());
    again.clock.advance_ms(1);
    assert_eq!(ids().await, [id(2)]);
}
