//! What a report says of the machine and of the versions that it measured.

use std::path::Path;
use std::process::Command;

use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    pub cpu_model: String,
    pub memory_mb: f64,
    pub kernel: String,
    /// Runnable threads over the last minute when measuring began: what else was running.
    pub load_average_before: f64,
}

impl Machine {
    pub fn here() -> Self {
        let line = |file: &str, name: &str| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let found = text.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_default();
            found.trim_start_matches([' ', '\t', ':']).trim().to_owned()
        };
        let kib = line("/proc/meminfo", "MemTotal").trim_end_matches("kB").trim().parse::<f64>();
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu_model: line("/proc/cpuinfo", "model name"),
            memory_mb: kib.unwrap_or(0.0) * 1_024.0 / 1e6,
            kernel: line("/proc/sys/kernel/osrelease", ""),
            load_average_before: line("/proc/loadavg", "")
                .split(' ')
                .next()
                .and_then(|v| v.parse().ok())
                .unwrap_or(0.0),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    pub engine: &'static str,
    pub rustc: &'static str,
    /// `release` or `debug`: whether the figures mean anything.
    pub build: &'static str,
    /// Commit of the folder that the program lies in; `None` outside a repository.
    pub git_commit: Option<String>,
    /// Whether that folder holds changes that are in no commit.
    pub git_changed: Option<bool>,
}

impl Versions {
    /// `folder` lies in the repository that the program was built from.
    pub fn of(folder: &Path) -> Self {
        Self {
            engine: takeoff_core::ENGINE_VERSION,
            rustc: env!("TAKEOFF_RUSTC"),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            git_commit: git(folder, &["rev-parse", "HEAD"]),
            git_changed: git(folder, &["status", "--porcelain", "--untracked-files=no"])
                .map(|changes| !changes.is_empty()),
        }
    }
}

fn git(folder: &Path, args: &[&str]) -> Option<String> {
    let said = Command::new("git").arg("-C").arg(folder).args(args).output().ok()?;
    let text = String::from_utf8(said.stdout).ok()?;
    said.status.success().then(|| text.trim().to_owned())
}
