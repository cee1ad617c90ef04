//! What sled keeps beside its log.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::folder::sync_folder;

/// Pages of more than an eighth of a mebibyte, which sled puts into files of their own, named by their place in the
/// log and never written again. sled syncs neither them nor their folder: its log would refer to what is not there.
pub(super) struct LargeValues {
    folder: PathBuf,
    /// Those that are durable and were there when it was last looked; no more than there are files.
    durable: Mutex<HashSet<OsString>>,
}

impl LargeValues {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, durable: Mutex::default() }
    }

    /// Makes durable what has come since the last time.
    pub(super) fn sync(&self) -> io::Result<()> {
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        let mut there = HashSet::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            if !durable.contains(&name) {
                match File::open(self.folder.join(&name)).and_then(|file| file.sync_all()) {
                    // Taken away meanwhile.
                    Err(e) if e.kind() == ErrorKind::NotFound => continue,
                    synced => synced?,
                }
            }
            there.insert(name);
        }
        if !there.is_subset(&durable) {
            sync_folder(&self.folder)?;
        }
        *durable = there;
        Ok(())
    }
}
