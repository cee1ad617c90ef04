//! Writes to an embedded store and prints a line for each thing that was acknowledged, when it was. For tests that
//! take the disk away: they read from the lines what has to be there.
//!
//! `record ID ROUND`: the record has at least the body of that round; `blob HASH`.
//!
//! `cargo run -p takeoff-storage --example acknowledged -- FOLDER ROUNDS`

mod content;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use takeoff_core::model::{BlobHash, Index, Kind, TenantId};
use takeoff_storage::catalog::NewRecord;
use takeoff_storage::{Batch, BlobStore, Catalog, Op};

use content::{Still, body, record_id};

const TENANT: TenantId = TenantId::DEFAULT;
/// Records of each writer, written over and over, so that the log's old parts are freed and used again.
const RECORDS: u64 = 24;
const WRITERS: u64 = 3;
/// Every so many-th round the first writer commits so many records at once, of more than two parts of sled's log.
const MANY_ROUNDS: u64 = 75;
const MANY: u64 = 400;

/// A step of the numbers at which, from where they begin, no body of these rounds is a large one.
fn one_of_many(n: u64) -> u64 {
    1_000 + n * content::LARGE
}

/// What all writers put in a round.
fn blob(round: u64) -> Vec<u8> {
    body(1_000_000 + round / 2, 0)
}

fn tell(line: &str) {
    // One write each: the recorder takes a write for a line.
    std::io::stdout().lock().write_all(line.as_bytes()).expect("standard output is there");
}

fn put(record: u64, round: u64) -> Op {
    Op::Put(NewRecord {
        kind: Kind::Document,
        id: record_id(record),
        format: 1,
        lists: vec![(Index::ByProject, record_id(1))],
        blobs: Vec::new(),
        body: body(record, round),
    })
}

async fn writer(catalog: Arc<dyn Catalog>, blobs: Arc<dyn BlobStore>, writer: u64, rounds: u64) {
    for round in 1..=rounds {
        let record = writer * RECORDS + round % RECORDS;
        let mut batch = Batch::new(TENANT);
        batch.ops.push(put(record, round));
        let many = writer == 0 && round % MANY_ROUNDS == 0;
        if many {
            batch.ops.extend((0..MANY).map(|n| put(one_of_many(n), round)));
        }
        catalog.commit(batch).await.expect("a commit");
        tell(&format!("record {record} {round}\n"));
        if many {
            for n in [0, MANY / 2, MANY - 1] {
                tell(&format!("record {} {round}\n", one_of_many(n)));
            }
        }
        if round % 4 == 0 {
            // Writers put the same bytes at about the same time.
            let info = blobs.put_bytes(TENANT, blob(round).into()).await.expect("a blob");
            tell(&format!("blob {}\n", info.hash));
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(folder), Some(rounds)) = (args.next().map(PathBuf::from), args.next()) else {
        panic!("acknowledged FOLDER ROUNDS");
    };
    let rounds = rounds.parse().expect("a number of rounds");
    let store = takeoff_storage::embedded::open(&folder, Arc::new(Still)).expect("the store opens");
    // As a run leaves it that was killed within a put: folders of a blob, and nothing durable of their names.
    let hash = BlobHash(Sha256::digest(blob(4)).into()).to_string();
    let left = folder.join("blobs/blobs").join(TENANT.0.to_string()).join(&hash[..2]).join(&hash[2..4]);
    std::fs::create_dir_all(left).expect("folders can be made");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for n in 0..WRITERS {
            all.spawn(writer(Arc::clone(&store.catalog), Arc::clone(&store.blobs), n, rounds));
        }
        while let Some(ended) = all.join_next().await {
            ended.expect("a writer ends");
        }
    });
}
