//! What sled keeps beside its log.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::folder::sync_folder;

/// Pages of more than an eighth of a mebibyte, which sled puts into files of their own, named by their place in the
/// log and never written again. sled syncs neither them nor their folder: its log would refer to what is not there (see
/// `sync`).
pub(super) struct LargeValues {
    folder: PathBuf,
    /// Those that are durable and were there when it was last looked; no more than there are files.
    durable: Mutex<HashSet<OsString>>,
}

impl LargeValues {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, durable: Mutex::default() }
    }

    /// Makes durable what has come since the last time. What is just being written is left for another time: nothing
    /// refers to it yet.
    pub(super) fn sync(&self) -> io::Result<()> {
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut there, mut new) = (HashSet::new(), false);
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            if !durable.contains(&name) {
                if !sync_whole(&self.folder.join(&name))? {
                    continue;
                }
                new = true;
            }
            there.insert(name);
        }
        if new {
            sync_folder(&self.folder)?;
        }
        *durable = there;
        Ok(())
    }
}

/// Makes such a file durable, unless there is not all of it yet.
fn sync_whole(path: &Path) -> io::Result<bool> {
    let read = File::open(path).and_then(|mut file| {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut file, &mut bytes)?;
        Ok((file, bytes))
    });
    match read {
        // Taken away meanwhile.
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
        Ok((file, bytes)) if is_whole(&bytes) => file.sync_all().map(|()| true),
        Ok(_) => Ok(false),
    }
}

/// sled writes a checksum, and then what it is of: a kind of one byte, and the page.
fn is_whole(bytes: &[u8]) -> bool {
    bytes
        .split_first_chunk::<4>()
        .is_some_and(|(sum, page)| page.len() > 1 && u32::from_le_bytes(*sum) == crc32fast::hash(page))
}
