//! A folder that belongs to one store and to one process at a time.
//!
//! `FORMAT` names product, format number and state; `LOCK` is held as long as the store is open. A folder
//! with anything else in it and no `FORMAT` is somebody else's and is not touched.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt};
use std::path::{Path, PathBuf};

use crate::error::{StoreError, is_no_room};

const FORMAT_FILE: &str = "FORMAT";
const NEW_FORMAT_FILE: &str = "FORMAT.new";
const LOCK_FILE: &str = "LOCK";
/// What a file system of its own has in its root.
const DISK_FOLDER: &str = "lost+found";

/// A claimed folder; dropping it lets others in.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    product: &'static str,
    format: u32,
    /// The store in it was never finished: nothing was acknowledged, everything may be made anew.
    pub(crate) fresh: bool,
    lock: File,
}

impl Folder {
    /// Claims a folder, made if it is not there.
    ///
    /// # Errors
    /// `Unusable` when another process has it, or when it is another product's or a newer version's.
    pub(crate) fn claim(path: &Path, product: &'static str, format: u32) -> Result<Self, StoreError> {
        Self::claim_from(path, product, format, format)
    }

    /// The same for one whose owner brings it from any format since `oldest` to this one.
    pub(crate) fn claim_from(
        path: &Path,
        product: &'static str,
        oldest: u32,
        format: u32,
    ) -> Result<Self, StoreError> {
        make(path).map_err(|e| unavailable("make", path, &e))?;
        refuse_foreign(path, product)?;
        let lock = lock(path, product)?;
        // Again: who held the lock until now may have gone further.
        refuse_foreign(path, product)?;
        let fresh = match fs::read_to_string(path.join(FORMAT_FILE)) {
            Ok(text) => check(&text, product, oldest, format).map_err(|why| unusable(path, product, &why))?,
            Err(e) if e.kind() == ErrorKind::NotFound => true,
            Err(e) if e.kind() == ErrorKind::InvalidData => {
                return Err(unusable(path, product, "its FORMAT file is no text"));
            }
            Err(e) => return Err(unavailable("read FORMAT in", path, &e)),
        };
        let folder = Self { path: path.to_owned(), product, format, fresh, lock };
        if fresh {
            folder.write_format("new")?;
            // A run that was cut off may have made these and not come to it. One that may not be opened is not ours.
            above(path).for_each(|folder| drop(sync_folder(folder)));
        }
        Ok(folder)
    }

    /// From now on the store in it holds what was acknowledged.
    pub(crate) fn finish(&self) -> Result<(), StoreError> {
        self.write_format("ready")
    }

    /// That the path still leads to this folder: it was not removed, moved or replaced since it was claimed.
    pub(crate) fn in_place(&self) -> Result<(), StoreError> {
        let lock = self.path.join(LOCK_FILE);
        if is_at(&self.lock, &lock).is_ok_and(|same| same) {
            return Ok(());
        }
        let path = self.path.display();
        Err(StoreError::Unavailable(format!(
            "the folder {path} was removed or replaced under the running node"
        )))
    }

    /// That its `FORMAT` is still there: without it the store works on, and no node will open it again.
    pub(crate) fn is_marked(&self) -> Result<(), StoreError> {
        marked(&self.path)
    }

    pub(crate) fn unusable(&self, why: &str) -> StoreError {
        unusable(&self.path, self.product, why)
    }

    fn write_format(&self, state: &str) -> Result<(), StoreError> {
        let text = format!("{}\nformat {}\nstate {state}\n", self.product, self.format);
        replace(&self.path.join(FORMAT_FILE), text.as_bytes())
            .map_err(|e| unavailable("write FORMAT in", &self.path, &e))
    }
}

/// Makes a folder and those above it, with their names durable: what is in a folder is lost with its name.
fn make(path: &Path) -> std::io::Result<()> {
    let missing = std::iter::once(path).chain(above(path)).take_while(|p| !p.exists()).count();
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    // Drawings and prices are in it: nobody else on the machine is to read them.
    match DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    above(path).take(missing).try_for_each(sync_folder)
}

/// The folders that a path leads through, from the innermost.
fn above(path: &Path) -> impl Iterator<Item = &Path> {
    path.ancestors().skip(1).map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p })
}

/// What surrounds a store that is in use: folders that nobody else may claim, and parts whose `FORMAT` has to
/// stay where it is.
#[derive(Debug, Default)]
pub(crate) struct Around {
    claimed: Vec<Folder>,
    parts: Vec<PathBuf>,
}

impl Around {
    pub(crate) fn with(mut self, folder: Folder) -> Self {
        self.claimed.push(folder);
        self
    }

    pub(crate) fn and_part(mut self, part: PathBuf) -> Self {
        self.parts.push(part);
        self
    }

    /// That all of it is as it was.
    pub(crate) fn in_place(&self) -> Result<(), StoreError> {
        for folder in &self.claimed {
            folder.in_place()?;
            folder.is_marked()?;
        }
        self.parts.iter().try_for_each(|part| marked(part))
    }
}

fn marked(path: &Path) -> Result<(), StoreError> {
    let marker = path.join(FORMAT_FILE);
    if fs::metadata(&marker).is_ok_and(|m| m.is_file() && m.len() > 0) {
        return Ok(());
    }
    let marker = marker.display();
    Err(StoreError::Unavailable(format!(
        "the file {marker} was removed under the running node: put it back, no node starts without it"
    )))
}

/// `FORMAT` is the first file in a folder of ours, so without it there is at most the lock and what a
/// crash left of the first `FORMAT`.
fn refuse_foreign(path: &Path, product: &str) -> Result<(), StoreError> {
    if path.join(FORMAT_FILE).exists() {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(|e| unavailable("read", path, &e))? {
        let name = entry.map_err(|e| unavailable("read", path, &e))?.file_name();
        if name != LOCK_FILE && name != NEW_FORMAT_FILE && name != DISK_FOLDER {
            return Err(unusable(path, product, &format!("it holds {name:?} but no FORMAT file")));
        }
    }
    Ok(())
}

fn lock(path: &Path, product: &str) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    let lock = options.create(true).truncate(false).write(true).open(path.join(LOCK_FILE));
    let lock = lock.map_err(|e| unavailable("lock", path, &e))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::Unusable(format!("{product} in {} is in use by another process", path.display())))
        }
        Err(TryLockError::Error(e)) => Err(unavailable("lock", path, &e)),
    }
}

/// Whether the store in it is still to be made.
fn check(text: &str, product: &str, oldest: u32, format: u32) -> Result<bool, String> {
    let mut lines = text.lines();
    let found = lines.next().unwrap_or_default();
    if found != product {
        return Err(format!("its FORMAT file says {found:?}"));
    }
    let number = lines.next().and_then(|l| l.strip_prefix("format ")).and_then(|n| n.parse::<u32>().ok());
    match number {
        Some(n) if (oldest..=format).contains(&n) => {}
        Some(n) if n > format => {
            return Err(format!(
                "it has format {n}, made by a newer version; this one reads format {format}"
            ));
        }
        Some(n) => return Err(format!("it has format {n}, which no version has made")),
        None => return Err("its FORMAT file names no format".to_owned()),
    }
    match lines.next() {
        Some("state ready") => Ok(false),
        Some("state new") => Ok(true),
        other => Err(format!("its FORMAT file ends in {:?}", other.unwrap_or_default())),
    }
}

/// Replaces a file as a whole, durably.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = file.with_extension("new");
    let mut written = File::create(&new)?;
    written.write_all(bytes)?;
    written.sync_all()?;
    fs::rename(&new, file)?;
    match file.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Whether the path leads to the open file.
pub(crate) fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    let (open, found) = (file.metadata()?, fs::metadata(path)?);
    Ok((open.dev(), open.ino()) == (found.dev(), found.ino()))
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

pub(crate) fn unavailable(what: &str, path: &Path, e: &std::io::Error) -> StoreError {
    let why = format!("cannot {what} {}: {e}", path.display());
    if is_no_room(e) { StoreError::Full(why) } else { StoreError::Unavailable(why) }
}

fn unusable(path: &Path, product: &str, why: &str) -> StoreError {
    StoreError::Unusable(format!("{} cannot be opened as {product}: {why}", path.display()))
}
