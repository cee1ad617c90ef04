use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::sync;
use super::values::LargeValues;
use crate::error::{StoreError, is_no_room};
use crate::folder::{Folder, is_at, sync_folder, unavailable};
use crate::kv::{FORMAT_KEY, Known, Kv, RowSum, RowSum3, SEQ_KEY, SUM_KEY, Visit, Writes};

/// Pages that sled keeps in memory. It counts loosely: the process may use half as much again.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;

/// Attempts, 20 ms apart, to open a tree whose last owner in this process is still closing it.
const OPEN_ATTEMPTS: u32 = 250;
const OPEN_PAUSE: Duration = Duration::from_millis(20);

/// Free bytes from which a disk is no longer taken for full.
const PROBE_BYTES: usize = 16 * 1024 * 1024;
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

const FORMAT_VALUE: &[u8] = b"takeoff catalogue 4";
/// What the formats before this one had in its place.
const FORMAT_VALUE_3: &[u8] = b"takeoff catalogue 3";
const FORMAT_VALUE_2: &[u8] = b"takeoff catalogue 2";
const FORMAT_VALUE_1: &[u8] = b"takeoff catalogue 1";

pub(super) struct SledKv {
    tree: ::sled::Db,
    /// sled's log, to sync once more before anything is acknowledged: what sled's own syncs are (see `sync`) differs
    /// between systems.
    log: File,
    values: Arc<LargeValues>,
    acknowledged: File,
    /// A write failed for want of space.
    full: AtomicBool,
    /// Something was written and not synced; what the system remembers of it may never reach the disk.
    unsynced: AtomicBool,
    /// Over all rows as they are; `None` until a folder of an older format is brought up. Written by one thread.
    sum: Mutex<Option<RowSum>>,
    log_path: PathBuf,
    /// Dropped last, after sled has closed its files.
    folder: Arc<Folder>,
}

impl SledKv {
    /// Opens what is in the folder, or makes it where it is to be `fresh`.
    pub(super) fn open(path: &Path, folder: Arc<Folder>, fresh: bool) -> Result<Self, StoreError> {
        let tree_path = path.join("tree");
        let witness_path = path.join("ACKNOWLEDGED");
        if fresh {
            clear(&tree_path, &witness_path)?;
        } else if !fs::metadata(tree_path.join("db")).is_ok_and(|m| m.len() > 0) {
            return Err(folder.unusable("tree/db is missing or empty"));
        }
        let tree = open_tree(&tree_path)?;
        let log_path = tree_path.join("db");
        let log = File::open(&log_path).map_err(|e| unavailable("open", &log_path, &e))?;
        let options = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).truncate(false).create(fresh);
            options
        };
        let acknowledged =
            options().open(&witness_path).map_err(|e| folder.unusable(&format!("ACKNOWLEDGED: {e}")))?;
        let (full, unsynced) = (AtomicBool::new(false), AtomicBool::new(false));
        let sum = Mutex::default();
        let values = Arc::new(LargeValues::new(tree_path.join("blobs")));
        sync::watch(&log, &values).map_err(|e| unavailable("look at", &log_path, &e))?;
        let store = Self { tree, log, values, acknowledged, full, unsynced, sum, log_path, folder };
        if fresh {
            store.begin(path)?
        } else {
            store.check_promise()?;
            store.upgrade()?;
            store.read_sum()?
        }
        Ok(store)
    }

    /// Whether there is room for a good many commits: sled must not be opened only to fail again.
    pub(super) fn has_space(path: &Path) -> Result<(), StoreError> {
        let probe = path.join("SPACE");
        let filled = File::create(&probe).and_then(|mut file| {
            for _ in 0..PROBE_BYTES / ZEROS.len() {
                file.write_all(&ZEROS)?;
            }
            file.sync_all()
        });
        let removed = fs::remove_file(&probe);
        filled.and(removed).map_err(|e| unavailable("find space in", path, &e))
    }

    /// Remembers what kind of failure it is. That the folder was removed says more than that something in it is
    /// missing.
    fn refused(&self, e: ::sled::Error) -> StoreError {
        if let ::sled::Error::Io(io) = &e {
            self.full.fetch_or(is_no_room(io), Ordering::Relaxed);
        }
        self.in_place().err().unwrap_or_else(|| failed(e))
    }

    fn begin(&self, path: &Path) -> Result<(), StoreError> {
        *self.sum() = Some(RowSum::default());
        self.apply(Writes::from([(FORMAT_KEY.to_vec(), Some(FORMAT_VALUE.to_vec()))]), &Known::new())?;
        self.flush(0)?;
        let sync = || {
            self.acknowledged.sync_all()?;
            // sled never does; without it the log cannot be read.
            File::open(path.join("tree/conf"))?.sync_all()?;
            sync_folder(&path.join("tree"))?;
            sync_folder(path)
        };
        sync().map_err(|e| unavailable("sync", path, &e))?;
        self.folder.finish()
    }

    /// The log holds at least what was acknowledged.
    fn check_promise(&self) -> Result<(), StoreError> {
        let format = self.tree.get(FORMAT_KEY).map_err(failed)?;
        let known = [FORMAT_VALUE, FORMAT_VALUE_3, FORMAT_VALUE_2, FORMAT_VALUE_1];
        if !format.is_some_and(|format| known.contains(&&*format)) {
            return Err(self.folder.unusable("its log has lost its beginning"));
        }
        let mut promise = [0_u8; 16];
        let read = self.acknowledged.read_exact_at(&mut promise, 0);
        let (seq, check) = (u64_at(&promise, 0), u64_at(&promise, 8));
        if read.is_err() || seq != !check {
            return Err(self.folder.unusable("its ACKNOWLEDGED file is damaged"));
        }
        let found = self.tree.get(SEQ_KEY).map_err(failed)?.map_or(0, |v| u64_at(&v, 0));
        if found < seq {
            let why = format!("its log ends at commit {found}, but commit {seq} was acknowledged");
            return Err(self.folder.unusable(&why));
        }
        Ok(())
    }
}

impl SledKv {
    /// From the format before. The folder says first that it is of this one, so that no older version opens what
    /// is half done; the log says last that it is.
    fn upgrade(&self) -> Result<(), StoreError> {
        let format = self.tree.get(FORMAT_KEY).map_err(failed)?;
        if format.as_deref() == Some(FORMAT_VALUE) {
            return Ok(());
        }
        tracing::info!("the catalogue is brought to format 4");
        if format.as_deref() == Some(FORMAT_VALUE_3) {
            self.check_sum_3()?;
        }
        self.folder.finish()?;
        crate::kv::upgrade(self)?;
        let mut sum = RowSum::default();
        for row in self.tree.iter() {
            let (key, value) = row.map_err(failed)?;
            sum = sum.with(&key, &value);
        }
        *self.sum() = Some(sum);
        self.apply(Writes::from([(FORMAT_KEY.to_vec(), Some(FORMAT_VALUE.to_vec()))]), &Known::new())?;
        let seq = self.tree.get(SEQ_KEY).map_err(failed)?.map_or(0, |v| u64_at(&v, 0));
        self.flush(seq)
    }

    /// Nothing was lost before the sum is made anew.
    fn check_sum_3(&self) -> Result<(), StoreError> {
        let mut sum = RowSum3::default();
        for row in self.tree.iter() {
            let (key, value) = row.map_err(failed)?;
            sum = sum.with(&key, &value);
        }
        let kept = self.tree.get(SUM_KEY).map_err(failed)?;
        if kept.and_then(|row| RowSum3::read(&row)) == Some(sum) { Ok(()) } else { Err(lost(NOT_STORED)) }
    }

    fn sum(&self) -> MutexGuard<'_, Option<RowSum>> {
        self.sum.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sum as it was written with the newest commit.
    fn read_sum(&self) -> Result<(), StoreError> {
        let row = self.tree.get(SUM_KEY).map_err(failed)?;
        let Some(sum) = row.and_then(|row| RowSum::read(&row)) else {
            return Err(lost("the sum over its rows is lost"));
        };
        *self.sum() = Some(sum);
        Ok(())
    }

    /// The sum with these writes in place of the rows that are there.
    fn sum_after(&self, sum: RowSum, writes: &Writes, known: &Known) -> Result<RowSum, ::sled::Error> {
        let mut sum = sum;
        for (key, value) in writes {
            match known.get(key) {
                Some(old) => {
                    debug_assert_eq!(
                        self.tree.get(key)?.as_deref(),
                        old.as_deref(),
                        "{}",
                        key.escape_ascii()
                    );
                    if let Some(old) = old {
                        sum = sum.without(key, old);
                    }
                }
                None => {
                    if let Some(old) = self.tree.get(key)? {
                        sum = sum.without(key, &old);
                    }
                }
            }
            if let Some(new) = value {
                sum = sum.with(key, new);
            }
        }
        Ok(sum)
    }

    /// Files can be written that no path leads to: what is acknowledged into them is lost.
    fn in_place(&self) -> Result<(), StoreError> {
        self.folder.in_place()?;
        if is_at(&self.log, &self.log_path).is_ok_and(|same| same) {
            return Ok(());
        }
        let path = self.log_path.display();
        Err(StoreError::Unavailable(format!("{path} was removed or replaced under the running node")))
    }
}

const NOT_STORED: &str = "its rows are not those that were stored";

/// Damage that only an older state of the whole folder mends.
fn lost(why: &str) -> StoreError {
    StoreError::Damaged {
        what: "tree".to_owned(),
        why: format!("{why}: records that were acknowledged are gone, restore the data folder from a backup"),
    }
}

/// Removes what an unfinished first opening left; nothing in it was ever acknowledged.
fn clear(tree: &Path, witness: &Path) -> Result<(), StoreError> {
    let gone = |r: std::io::Result<()>| match r {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    };
    gone(fs::remove_dir_all(tree)).map_err(|e| unavailable("clear", tree, &e))?;
    gone(fs::remove_file(witness)).map_err(|e| unavailable("clear", witness, &e))
}

/// Removes the snapshots of the log that an opening had not finished writing when its process or the room on the disk
/// came to an end. sled takes the newest file of that name for one, and what is not whole for damage; the one before
/// it, and the log, are still there.
fn drop_unfinished_snapshots(tree: &Path) -> Result<(), StoreError> {
    let failed = |e: &std::io::Error| unavailable("look into", tree, e);
    let files = match fs::read_dir(tree) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        files => files.map_err(|e| failed(&e))?,
    };
    for file in files {
        let path = file.map_err(|e| failed(&e))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::info!(file = %path.display(), "an unfinished snapshot of the catalogue's log is removed");
            fs::remove_file(&path).map_err(|e| unavailable("remove", &path, &e))?;
        }
    }
    Ok(())
}

pub(super) fn open_tree(path: &Path) -> Result<::sled::Db, StoreError> {
    drop_unfinished_snapshots(path)?;
    let config = ::sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        .mode(::sled::Mode::HighThroughput)
        // Each group is flushed before it is answered.
        .flush_every_ms(None);
    for _ in 1..OPEN_ATTEMPTS {
        match config.open() {
            // The folder's own lock is ours, so only this process can still have it open: sled closes
            // its files from threads of its own.
            Err(::sled::Error::Io(e)) if e.to_string().contains("could not acquire lock") => {
                std::thread::park_timeout(OPEN_PAUSE);
            }
            other => return other.map_err(failed),
        }
    }
    config.open().map_err(failed)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|b| b.first_chunk::<8>()).map_or(0, |b| u64::from_be_bytes(*b))
}

/// What the disk refuses is an outage; everything else that sled says is about the files' content.
fn failed(e: ::sled::Error) -> StoreError {
    match e {
        ::sled::Error::Io(io) if is_no_room(&io) => StoreError::Full(io.to_string()),
        ::sled::Error::Io(io) if !matches!(io.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData) => {
            StoreError::Unavailable(io.to_string())
        }
        e => StoreError::Damaged { what: "tree".to_owned(), why: e.to_string() },
    }
}

impl Kv for SledKv {
    const BLOCKS: bool = true;

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tree.get(key).map_err(failed)?.map(|value| value.to_vec()))
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        descending: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        let mut range = self.tree.range(from..to);
        while let Some(entry) = if descending { range.next_back() } else { range.next() } {
            let (key, value) = entry.map_err(failed)?;
            if !visit(&key, &value)? {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, mut writes: Writes, known: &Known) -> Result<(), StoreError> {
        let mut kept = self.sum();
        if let Some(sum) = *kept {
            let sum = self.sum_after(sum, &writes, known).map_err(|e| self.refused(e))?;
            writes.insert(SUM_KEY.to_vec(), Some(sum.bytes().to_vec()));
            *kept = Some(sum);
        }
        drop(kept);
        let mut batch = ::sled::Batch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.tree.apply_batch(batch).map_err(|e| self.refused(e))
    }

    fn flush(&self, seq: u64) -> Result<(), StoreError> {
        let values = if sync::SEEN { Ok(()) } else { self.values.sync() };
        if values.is_ok() {
            self.tree.flush().map_err(|e| self.refused(e))?;
        }
        let synced = values.and_then(|()| self.log.sync_data()).and_then(|()| {
            let promise = [seq.to_be_bytes(), (!seq).to_be_bytes()].concat();
            self.acknowledged.write_all_at(&promise, 0)
        });
        if let Err(e) = synced {
            self.unsynced.store(true, Ordering::Relaxed);
            self.in_place()?;
            return Err(StoreError::Unavailable(format!("cannot sync: {e}")));
        }
        self.in_place()
    }

    fn check_sum(&self, found: RowSum) -> Result<(), StoreError> {
        if *self.sum() == Some(found) {
            return Ok(());
        }
        Err(lost(NOT_STORED))
    }

    fn may_open_again(&self) -> bool {
        self.full.load(Ordering::Relaxed) && !self.unsynced.load(Ordering::Relaxed)
    }
}
