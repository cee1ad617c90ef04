//! A disk that loses what was not synced: what a program does below a folder is written down, and the folder is
//! made again as a loss of power at any moment would have left it.
//!
//! The model is the strict one. Content is certain up to where a sync of the file began that has succeeded; a name
//! is certain only once its folder was synced, be it made, renamed or removed, and the sync of a file makes no name
//! certain. `sync_file_range` promises nothing. Everything else may be there, in part, or not.

mod folder;
mod journal;

pub use folder::{Disk, Left};
pub use journal::{Change, Journal};

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The library that writes down what a program does, built from `recorder.c`.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let library = folder.path().join("recorder.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/disk/recorder.c");
        let mut build = Command::new("cc");
        build.args(["-O1", "-Wall", "-shared", "-fPIC", "-o"]).arg(&library).arg(source);
        let built = build.args(["-ldl", "-lpthread"]).status().expect("a C compiler is there");
        assert!(built.success(), "the recorder does not build");
        (folder, library)
    });
    library
}

/// A folder whose programs are written down.
pub struct Recorded {
    _keep: tempfile::TempDir,
    root: PathBuf,
    journal: PathBuf,
}

impl Default for Recorded {
    fn default() -> Self {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let at = keep.path().canonicalize().expect("it is there");
        let root = at.join("disk");
        std::fs::create_dir(&root).expect("a folder can be made");
        Self { _keep: keep, root, journal: at.join("journal") }
    }
}

impl Recorded {
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Environment of a program that is to be written down, with what it prints among it where `told`.
    pub fn environment(&self, told: bool) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
        let mut all = vec![
            ("LD_PRELOAD", text(library())),
            ("DISK_RECORDER_ROOT", text(&self.root)),
            ("DISK_RECORDER_JOURNAL", text(&self.journal)),
        ];
        all.extend(told.then(|| ("DISK_RECORDER_TOLD", "1".to_owned())));
        all
    }

    /// Where the journal ends now: all that was done before is before it.
    pub fn now(&self) -> usize {
        std::fs::metadata(&self.journal).map_or(0, |m| usize::try_from(m.len()).expect("it fits"))
    }

    /// What was written down, when no program writes any more.
    ///
    /// # Panics
    /// When it is not all that was done: rebuilt with everything kept, the folder is the one that is there.
    pub fn journal(&self) -> Journal {
        let journal = Journal::read(&self.journal);
        let again = tempfile::tempdir().expect("a temporary folder");
        let mut disk = Disk::new(&self.root);
        journal.all().for_each(|(_, change)| disk.apply(change, &|_| false));
        disk.leave(again.path(), &mut Left::Everything);
        let (there, rebuilt) = (content(&self.root), content(again.path()));
        for (path, bytes) in &there {
            assert!(rebuilt.get(path) == Some(bytes), "{} is not as it was written down", path.display());
        }
        assert_eq!(there.len(), rebuilt.len(), "what was removed is there");
        journal
    }
}

/// Files (their bytes) and folders (`None`) below a folder.
pub fn content(root: &Path) -> std::collections::BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = std::collections::BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry").path();
            let inside = path.strip_prefix(root).expect("it is below").to_path_buf();
            let bytes = path.is_file().then(|| std::fs::read(&path).expect("a file can be read"));
            if bytes.is_none() {
                open.push(path);
            }
            found.insert(inside, bytes);
        }
    }
    found
}
