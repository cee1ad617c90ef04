use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use crate::error::StoreError;
use crate::folder::{Folder, sync_folder, unavailable};
use crate::kv::{FORMAT_KEY, Kv, SEQ_KEY, Visit, Writes};

/// Pages that sled keeps in memory. It counts loosely: the process may use half as much again.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Attempts, 20 ms apart, to open a tree whose last owner in this process is still closing it.
const OPEN_ATTEMPTS: u32 = 250;
const OPEN_PAUSE: Duration = Duration::from_millis(20);

const FORMAT_VALUE: &[u8] = b"takeoff catalogue 1";

pub(super) struct SledKv {
    tree: ::sled::Db,
    /// sled's log, to sync: sled itself leaves it at `sync_file_range`, which neither the file's length
    /// nor the disk's own cache obeys.
    log: File,
    acknowledged: File,
    /// Dropped last, after sled has closed its files.
    folder: Folder,
}

impl SledKv {
    pub(super) fn open(path: &Path, folder: Folder) -> Result<Self, StoreError> {
        let tree_path = path.join("tree");
        let witness_path = path.join("ACKNOWLEDGED");
        if folder.fresh {
            clear(&tree_path, &witness_path)?;
        } else if !fs::metadata(tree_path.join("db")).is_ok_and(|m| m.len() > 0) {
            return Err(folder.unusable("tree/db is missing or empty"));
        }
        let tree = open_tree(&tree_path)?;
        let log =
            File::open(tree_path.join("db")).map_err(|e| unavailable("open the log in", &tree_path, &e))?;
        let options = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).truncate(false).create(folder.fresh);
            options
        };
        let acknowledged =
            options().open(&witness_path).map_err(|e| folder.unusable(&format!("ACKNOWLEDGED: {e}")))?;
        let store = Self { tree, log, acknowledged, folder };
        if store.folder.fresh {
            store.begin(path)?
        } else {
            store.check_promise()?
        }
        Ok(store)
    }

    fn begin(&self, path: &Path) -> Result<(), StoreError> {
        self.tree.insert(FORMAT_KEY, FORMAT_VALUE).map_err(failed)?;
        self.flush(0)?;
        let sync = || {
            self.acknowledged.sync_all()?;
            sync_folder(&path.join("tree"))?;
            sync_folder(path)
        };
        sync().map_err(|e| unavailable("sync", path, &e))?;
        self.folder.finish()
    }

    /// The log holds at least what was acknowledged.
    fn check_promise(&self) -> Result<(), StoreError> {
        let format = self.tree.get(FORMAT_KEY).map_err(failed)?;
        if format.as_deref() != Some(FORMAT_VALUE) {
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

/// Removes what an unfinished first opening left; nothing in it was ever acknowledged.
fn clear(tree: &Path, witness: &Path) -> Result<(), StoreError> {
    let gone = |r: std::io::Result<()>| match r {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    };
    gone(fs::remove_dir_all(tree)).map_err(|e| unavailable("clear", tree, &e))?;
    gone(fs::remove_file(witness)).map_err(|e| unavailable("clear", witness, &e))
}

fn open_tree(path: &Path) -> Result<::sled::Db, StoreError> {
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

    fn apply(&self, writes: Writes) -> Result<(), StoreError> {
        let mut batch = ::sled::Batch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.tree.apply_batch(batch).map_err(failed)
    }

    fn flush(&self, seq: u64) -> Result<(), StoreError> {
        self.tree.flush().map_err(failed)?;
        let synced = self.log.sync_data().and_then(|()| {
            let promise = [seq.to_be_bytes(), (!seq).to_be_bytes()].concat();
            self.acknowledged.write_all_at(&promise, 0)
        });
        synced.map_err(|e| StoreError::Unavailable(format!("cannot sync: {e}")))
    }
}
