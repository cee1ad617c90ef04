//! Loss of power under the embedded store alone, with much more written than a node writes in a test: parts of the
//! log that are used again, values beside the log, blobs put by many at once.

/// What the program writes.
#[path = "../../storage/examples/acknowledged/content.rs"]
mod content;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use takeoff_core::model::{BlobHash, Kind, TenantId};
use takeoff_tests::disk::{Change, Disk, Journal, Left, Recorded};

use content::{Still, record_id};

const SEED: u64 = 0x000d_15c0;
/// Where the store is below the disk; it makes the folder above it, too.
const DATA: &str = "var/store";
const ROUNDS: &str = "300";
/// Moments that are tried, each in both ways.
const MOMENTS: usize = 40;
/// Moments, or some more, at which names of large values are lost and nothing else is.
const WITHOUT_NAMES: usize = 32;
/// Moments within commits of more than one part of the log, and bytes that only those write at once.
const IN_LONG_COMMITS: usize = 24;
const LONG: usize = 300_000;
const TENANT: TenantId = TenantId::DEFAULT;

/// Paths whose syncs never happened.
type Ignored<'a> = &'a dyn Fn(&str) -> bool;

/// What was acknowledged: rounds of records, and blobs.
#[derive(Default)]
struct Told {
    records: BTreeMap<u64, u64>,
    blobs: Vec<BlobHash>,
}

impl Told {
    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["record", record, round] => {
                self.records.insert(record.parse().unwrap(), round.parse().unwrap());
            }
            ["blob", hash] => self.blobs.push(hash.parse().unwrap()),
            _ => panic!("{line}"),
        }
    }
}

/// The first thing that is wrong with a store after a loss of power.
async fn check(data: &Path, told: &Told) -> Result<(), String> {
    let path = data.to_path_buf();
    let opened = tokio::task::spawn_blocking(move || takeoff_storage::embedded::open(&path, Arc::new(Still)));
    let store = opened.await.map_err(|e| e.to_string())?.map_err(|e| format!("it does not open: {e:?}"))?;
    for (record, round) in &told.records {
        let id = record_id(*record);
        let found =
            store.catalog.get(TENANT, Kind::Document, id).await.map_err(|e| format!("{record}: {e:?}"))?;
        let body = found.ok_or_else(|| format!("record {record} is lost"))?.body;
        let has = u64::from_be_bytes(body[..8].try_into().unwrap());
        if has < *round {
            return Err(format!("record {record} is of round {has}, round {round} was acknowledged"));
        }
        if body != content::body(*record, has) {
            return Err(format!("record {record} is half of round {has}"));
        }
    }
    for hash in &told.blobs {
        match store.blobs.checked(TENANT, *hash).await {
            Ok(Some(_)) => {}
            other => return Err(format!("blob {hash}: {other:?}")),
        }
    }
    for info in store.blobs.list(TENANT).await.map_err(|e| format!("{e:?}"))? {
        store.blobs.checked(TENANT, info.hash).await.map_err(|e| format!("a blob that shows: {e:?}"))?;
    }
    Ok(())
}

/// What was done so far.
struct Machine {
    disk: Disk,
    told: Told,
    done: usize,
}

impl Machine {
    fn new(disk: &Recorded) -> Self {
        Self { disk: Disk::new(disk.root()), told: Told::default(), done: 0 }
    }

    /// All that was done until this many changes were made.
    fn run(&mut self, journal: &Journal, until: usize, ignored: Ignored<'_>) {
        for (_, change) in journal.all().take(until).skip(self.done) {
            if let Change::Told(line) = change {
                self.told.hear(line);
            }
            self.disk.apply(change, ignored);
        }
        self.done = until;
    }

    async fn lose_power(&self, left: &mut Left) -> Result<(), String> {
        let after = tempfile::tempdir().unwrap();
        self.disk.leave(after.path(), left);
        check(&after.path().join(DATA), &self.told).await
    }
}

async fn lose_power(
    disk: &Recorded,
    journal: &Journal,
    moment: usize,
    left: &mut Left,
    ignored: Ignored<'_>,
) -> Result<(), String> {
    let mut machine = Machine::new(disk);
    machine.run(journal, moment, ignored);
    machine.lose_power(left).await
}

/// The making of a file for a value beside the log.
fn beside(change: &Change) -> bool {
    matches!(change, Change::MadeFile { path, .. } if path.contains("tree/blobs/"))
}

/// In the midst of a commit that takes more than one part of the log; nothing else is written at such a length.
async fn in_long_commits(disk: &Recorded, journal: &Journal, random: &mut ChaCha8Rng) {
    let all: Vec<&Change> = journal.all().map(|(_, change)| change).collect();
    let mut wrong = Vec::new();
    let long = |c: &Change| matches!(c, Change::Wrote { bytes, .. } if bytes.len() > LONG);
    let parts: Vec<usize> = all.iter().enumerate().filter(|(_, c)| long(c)).map(|(n, _)| n + 1).collect();
    assert!(parts.len() > 4, "no commit was long enough: {parts:?}");
    for n in 0..IN_LONG_COMMITS {
        let moment = parts[n % parts.len()] + n / parts.len();
        let mut left = Left::Some(Box::new(ChaCha8Rng::seed_from_u64(random.random())));
        if let Err(why) = lose_power(disk, journal, moment, &mut left, &|_| false).await {
            wrong.push(format!("after {moment} of {} changes: {why}", all.len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {IN_LONG_COMMITS}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The log came to the disk and names of large values that it may refer to did not: after the first write to the log
/// that follows the making of such a file.
async fn without_names(disk: &Recorded, journal: &Journal) {
    let all: Vec<&Change> = journal.all().map(|(_, change)| change).collect();
    let log =
        std::fs::metadata(disk.root().join(DATA).join("catalog/tree/db")).expect("the log is there").ino();
    let mut wrong = Vec::new();
    let wrote = |c: &Change| matches!(c, Change::Wrote { inode, .. } if *inode == log);
    let mut moments: Vec<usize> = all.iter().enumerate().filter(|(_, c)| beside(c)).map(|(n, _)| n).collect();
    for moment in &mut moments {
        *moment = (*moment..all.len()).find(|n| wrote(all[*n])).map_or(all.len(), |n| n + 1);
    }
    moments.dedup();
    let moments: Vec<usize> =
        moments.iter().copied().step_by((moments.len() / WITHOUT_NAMES).max(1)).collect();
    let mut machine = Machine::new(disk);
    for moment in &moments {
        machine.run(journal, *moment, &|_| false);
        if let Err(why) = machine.lose_power(&mut Left::AllNamesBut("tree/blobs")).await {
            wrong.push(format!("after {moment} of {} changes: {why}", all.len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), moments.len(), wrong.join("\n"));
}

#[tokio::test]
async fn an_embedded_store_acknowledges_only_what_outlives_a_loss_of_power() {
    let disk = Recorded::default();
    let program = takeoff_tests::program().with_file_name("examples").join("acknowledged");
    let ran = Command::new(program)
        .arg(disk.root().join(DATA))
        .arg(ROUNDS)
        .envs(disk.environment(true))
        .output()
        .expect("the program runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let journal = disk.journal();
    let all: Vec<&Change> = journal.all().map(|(_, change)| change).collect();
    let told: Vec<usize> =
        all.iter().enumerate().filter(|(_, c)| matches!(c, Change::Told(_))).map(|(n, _)| n + 1).collect();
    assert!(all.iter().any(|c| beside(c)), "no value was large enough");

    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut wrong = Vec::new();
    for n in 0..MOMENTS {
        let moment = match n % 8 {
            0 => random.random_range(1..told[0]),
            1..=3 => random.random_range(told[0]..all.len()),
            _ => told[random.random_range(0..told.len())],
        };
        let mut some = Left::Some(Box::new(ChaCha8Rng::seed_from_u64(random.random())));
        let mut machine = Machine::new(&disk);
        machine.run(&journal, moment, &|_| false);
        for (what, left) in [("nothing", &mut Left::Nothing), ("some", &mut some)] {
            if let Err(why) = machine.lose_power(left).await {
                wrong.push(format!("after {moment} of {} changes, {what} left: {why}", all.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), MOMENTS * 2, wrong.join("\n"));

    in_long_commits(&disk, &journal, &mut random).await;
    without_names(&disk, &journal).await;

    // Each sync that the promise rests on is missed.
    let missed: [(&str, Ignored<'_>); 6] = [
        ("a blob", &|path| path.contains("/scratch/")),
        ("a blob's folder", &|path| path.contains("blobs/blobs/")),
        ("the log", &|path| path.ends_with("tree/db")),
        ("large values", &|path| path.contains("tree/blobs/")),
        ("the folder of large values", &|path| path.ends_with("tree/blobs")),
        ("the folder above", &|path| path == "var"),
    ];
    for (what, ignored) in missed {
        let lost = lose_power(&disk, &journal, all.len(), &mut Left::Nothing, ignored).await;
        assert!(lost.is_err(), "the sync of {what} is not needed");
    }
}
