//! A disk that is soon full, and has room again.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is written at a time to fill it; the last is a page of the file system.
const STEPS: [usize; 2] = [256 * 1024, 4 * 1024];

/// A file system of its own, in memory. Gone when dropped; whoever uses it has to be gone before.
pub struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` where this process may not mount anything, as in many containers.
    pub fn mount(bytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|s| s.success()).then_some(Self { folder })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Takes all the room that there is now.
    pub fn fill(&self) {
        let open = OpenOptions::new().create(true).append(true).open(self.ballast());
        let mut file: File = match open {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::StorageFull => return,
            Err(e) => panic!("the ballast: {e}"),
        };
        for step in STEPS {
            let zeros = vec![0; step];
            let refused = loop {
                if let Err(e) = file.write_all(&zeros) {
                    break e;
                }
            };
            assert_eq!(refused.kind(), ErrorKind::StorageFull, "{refused}");
        }
    }

    /// Gives back what [`SmallDisk::fill`] took.
    pub fn make_room(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast can be thrown off");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a test that failed may have left a node that is still going.
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}
