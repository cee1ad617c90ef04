//! That one run at a time writes into a folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// Locked as long as its run lives, with the number of the process in it. A killed run holds nothing: the lock
/// goes with the process.
const LOCK: &str = ".takeoff-lock";
/// Times that the file may be replaced while it is being locked, by runs that end.
const TRIES: usize = 5;
/// Longest text of the file that is shown.
const SHOWN: u64 = 20;

/// The one run that may write into a folder; dropping it lets the next in.
#[derive(Debug)]
pub(crate) struct Claim {
    path: PathBuf,
    _file: File,
}

impl Claim {
    pub(crate) fn of(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(LOCK);
        for _ in 0..TRIES {
            let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = opened.with_context(|| format!("{} cannot be written", path.display()))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => bail!(
                    "another run (process {}) writes into {}: wait for it, or name another folder",
                    holder(&mut file),
                    folder.display()
                ),
                Err(TryLockError::Error(e)) => {
                    return Err(e).with_context(|| format!("{} cannot be locked", path.display()));
                }
            }
            if is_at(&file, &path) {
                file.set_len(0)?;
                writeln!(file, "{}", std::process::id())?;
                return Ok(Self { path, _file: file });
            }
        }
        bail!("other runs take {} again and again", folder.display())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Still locked: who opened it before sees that it is not at its path any more, and makes a new one.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the open file is still the one at the path: its run may have ended in between and removed it.
fn is_at(file: &File, path: &Path) -> bool {
    let ours = file.metadata().map(|m| (m.dev(), m.ino())).ok();
    ours.is_some() && ours == fs::symlink_metadata(path).map(|m| (m.dev(), m.ino())).ok()
}

/// The number of the process that holds the lock, as it wrote it.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(SHOWN).read_to_string(&mut text) {
        Ok(_) if text.trim().parse::<u32>().is_ok() => text.trim().to_owned(),
        _ => "of unknown number".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_next_when_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = Claim::of(folder.path()).unwrap();
        let refused = Claim::of(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {})", std::process::id())), "{refused}");
        drop(first);
        assert!(!folder.path().join(LOCK).exists());
        // What a killed run leaves is not locked.
        fs::write(folder.path().join(LOCK), "999999999\n").unwrap();
        let next = Claim::of(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&next.path).unwrap(), format!("{}\n", std::process::id()));
    }
}
