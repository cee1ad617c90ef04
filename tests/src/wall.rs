//! A machine's clock that a test sets while programs run.

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The wall clock of the programs that are started with its environment.
pub struct Wall {
    folder: tempfile::TempDir,
    offset: std::fs::File,
}

impl Default for Wall {
    fn default() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let library = library(folder.path());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wall.c");
        let mut build = Command::new("cc");
        build.args(["-O1", "-Wall", "-shared", "-fPIC", "-o"]).arg(library).arg(source).arg("-ldl");
        assert!(build.status().expect("a C compiler is there").success(), "the clock does not build");
        let path = offset(folder.path());
        let offset = std::fs::File::create(path).expect("a file");
        let wall = Self { folder, offset };
        wall.set(0);
        wall
    }
}

fn library(folder: &Path) -> PathBuf {
    folder.join("wall.so")
}

fn offset(folder: &Path) -> PathBuf {
    folder.join("offset")
}

impl Wall {
    /// Environment of a program whose clock this is.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let text = |path: PathBuf| path.to_str().expect("a plain path").to_owned();
        [("LD_PRELOAD", text(library(self.folder.path()))), ("WALL_OFFSET", text(offset(self.folder.path())))]
    }

    /// Sets it to so many seconds from the machine's own.
    pub fn set(&self, ahead_s: i64) {
        self.offset.write_all_at(&ahead_s.to_ne_bytes(), 0).expect("the file is there");
    }
}
