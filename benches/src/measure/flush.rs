//! What it costs that nothing is acknowledged which a loss of power could take.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;
use takeoff_core::model::TenantId;
use takeoff_engine::clock::Stopwatch;
use takeoff_storage::fs::FsBlobs;
use takeoff_storage::{BlobStore as _, Catalog};

use super::Bench;
use crate::durable::{batch_of, mem_catalog, raw_appends, sled_catalog};
use crate::report::Measure;

const TENANT: TenantId = TenantId::DEFAULT;
/// Bytes of a blob: a thumbnail, or the list of a light page.
const BLOB_BYTES: usize = 64 * 1024;

const HOW_COMMIT: &str = "A commit of one record to the embedded catalogue (sled), one after the other, each answered \
    when it is durable: log synced, the number of what was acknowledged written. Beside it, in turns: an append of 1 \
    KiB to a file in the same folder and its fdatasync, which is what one flush cannot be cheaper than.";
const HOW_MEMORY: &str = "The same commits to the catalogue in memory: what one costs without a disk.";
const HOW_BLOB: &str = "A blob of 64 KiB put into the store of files: hashed, written, the file synced, renamed, its \
    folder synced; every blob is new. Beside it, in turns: a file of as many bytes written and synced, without its \
    name being made durable.";

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let folder = tempfile::Builder::new().prefix("takeoff-bench-").tempdir_in(&bench.folder)?;
    let catalog = sled_catalog(&folder.path().join("catalog"))?;
    let memory = mem_catalog()?;
    let blobs = FsBlobs::open(&folder.path().join("blobs"))?;
    let mut taken: [Vec<f64>; 5] = Default::default();
    for round in 0..sizes.flush_rounds {
        let [appends, durable, volatile, files, stored] = &mut taken;
        appends.push(1e6 / raw_appends(folder.path(), sizes.append_time)?);
        durable.push(commit_us(&*catalog, sizes.flushes).await?);
        volatile.push(commit_us(&*memory, sizes.flushes).await?);
        files.push(file_us(folder.path(), sizes.flushes, round)?);
        stored.push(blob_us(&blobs, sizes.flushes, round).await?);
    }
    let [appends, durable, volatile, files, stored] = taken;
    let measure = |id: &str, title: &str, samples, how| {
        let measure = Measure::new(id, title, "us", samples)?;
        anyhow::Ok(measure.inputs(json!({"a_round": sizes.flushes, "blob_bytes": BLOB_BYTES})).how(how))
    };
    Ok(vec![
        measure("commit_flushed", "commit of one record, durable", durable, HOW_COMMIT)?.beside(
            "synced append",
            "us",
            appends,
        ),
        measure("commit_in_memory", "commit of one record, in memory", volatile, HOW_MEMORY)?,
        measure("blob_flushed", "blob of 64 KiB, durable", stored, HOW_BLOB)?.beside(
            "written and synced file",
            "us",
            files,
        ),
    ])
}

async fn commit_us(catalog: &dyn Catalog, commits: usize) -> anyhow::Result<f64> {
    let watch = Stopwatch::start();
    for _ in 0..commits {
        catalog.commit(batch_of(1)).await?;
    }
    Ok(watch.elapsed().as_secs_f64() * 1e6 / commits as f64)
}

/// Bytes that no other blob has.
fn bytes_of(round: usize, n: usize) -> Vec<u8> {
    let mut bytes = vec![0x5a; BLOB_BYTES];
    bytes[..16].copy_from_slice(&[(round as u64).to_be_bytes(), (n as u64).to_be_bytes()].concat());
    bytes
}

async fn blob_us(blobs: &FsBlobs, puts: usize, round: usize) -> anyhow::Result<f64> {
    let all: Vec<_> = (0..puts).map(|n| bytes_of(round, n)).collect();
    let watch = Stopwatch::start();
    for bytes in all {
        blobs.put_bytes(TENANT, bytes.into()).await?;
    }
    Ok(watch.elapsed().as_secs_f64() * 1e6 / puts as f64)
}

fn file_us(folder: &Path, files: usize, round: usize) -> anyhow::Result<f64> {
    let watch = Stopwatch::start();
    for n in 0..files {
        let mut file = File::create(folder.join(format!("bare-{round}-{n}")))?;
        file.write_all(&bytes_of(round, n))?;
        file.sync_all()?;
    }
    Ok(watch.elapsed().as_secs_f64() * 1e6 / files as f64)
}
