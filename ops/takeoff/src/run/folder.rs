//! Where a run keeps the engine's data: a folder that it is given, or one that goes away with it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Temporary folders begin with this.
const PREFIX: &str = "takeoff-run-";
/// In each of them, locked as long as its run lives; the lock of a killed one is free.
const ALIVE: &str = "ALIVE";
/// The same until it is locked, so that nobody takes a run that begins for a dead one.
const NEW_ALIVE: &str = "ALIVE.new";
/// The engine's folder in it.
const DATA: &str = "data";
/// Tries to remove a folder in which something may still be written.
const REMOVALS: u32 = 5;

/// The engine's data of a run. Dropping it removes it, unless it was given.
pub(crate) struct DataFolder {
    data: PathBuf,
    temporary: Option<(tempfile::TempDir, File)>,
}

impl DataFolder {
    /// The given folder, or a temporary one; then those that killed runs left behind are removed.
    pub(crate) fn open(given: Option<&Path>) -> io::Result<Self> {
        match given {
            Some(folder) => Ok(Self { data: folder.to_path_buf(), temporary: None }),
            None => Self::temporary(tempfile::Builder::new().prefix(PREFIX).tempdir()?),
        }
    }

    fn temporary(folder: tempfile::TempDir) -> io::Result<Self> {
        let new = folder.path().join(NEW_ALIVE);
        let alive = OpenOptions::new().write(true).create_new(true).open(&new)?;
        alive.try_lock().map_err(io::Error::from)?;
        fs::rename(&new, folder.path().join(ALIVE))?;
        sweep(folder.path());
        Ok(Self { data: folder.path().join(DATA), temporary: Some((folder, alive)) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.data
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if let Some((folder, _alive)) = self.temporary.take() {
            let path = folder.keep();
            // What cannot be removed now, the next run removes.
            let _ = (0..REMOVALS).any(|_| fs::remove_dir_all(&path).is_ok());
        }
    }
}

/// Removes the folders beside `own` whose runs are dead. What is not surely one of them, and whatever cannot be
/// removed, is left.
fn sweep(own: &Path) {
    let (Some(around), Ok(ours)) = (own.parent(), fs::symlink_metadata(own)) else { return };
    for entry in fs::read_dir(around).into_iter().flatten().flatten() {
        let path = entry.path();
        let named = entry.file_name().to_str().is_some_and(|n| n.starts_with(PREFIX));
        if named && path != own && is_dead(&path, ours.uid()) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Whether it is a folder of this user's, with a lock that nobody holds.
fn is_dead(folder: &Path, uid: u32) -> bool {
    let alive = folder.join(ALIVE);
    let own = |path: &Path| fs::symlink_metadata(path).ok().filter(|m| m.uid() == uid);
    if !own(folder).is_some_and(|m| m.is_dir()) || !own(&alive).is_some_and(|m| m.is_file()) {
        return false;
    }
    OpenOptions::new().write(true).open(&alive).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_dead_runs_go_and_others_stay() {
        let around = tempfile::tempdir().unwrap();
        let fresh = || tempfile::Builder::new().prefix(PREFIX).tempdir_in(around.path()).unwrap();
        let living = DataFolder::temporary(fresh()).unwrap();
        // A run that was killed: its folder stays and nobody holds its lock.
        let dead = fresh().keep();
        fs::write(dead.join(ALIVE), "").unwrap();
        fs::create_dir(dead.join(DATA)).unwrap();
        let beginning = fresh().keep();
        fs::write(beginning.join(NEW_ALIVE), "").unwrap();
        let others = around.path().join(format!("{PREFIX}mine"));
        fs::create_dir(&others).unwrap();
        fs::write(others.join("notes.txt"), "").unwrap();
        let linked = around.path().join(format!("{PREFIX}link"));
        std::os::unix::fs::symlink(&others, &linked).unwrap();

        let next = DataFolder::temporary(fresh()).unwrap();
        assert!(!dead.exists());
        assert!(living.path().parent().unwrap().exists() && beginning.exists() && linked.exists());
        assert!(others.join("notes.txt").exists());
        let gone = next.path().parent().unwrap().to_path_buf();
        drop(next);
        assert!(!gone.exists());
    }

    #[test]
    fn a_given_folder_stays() {
        let given = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(Some(given.path())).unwrap();
        assert_eq!(folder.path(), given.path());
        drop(folder);
        assert!(given.path().exists());
    }
}
