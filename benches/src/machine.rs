//! What a report says of the machine and of the versions that it measured.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
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

/// CPU time that the calling thread has used, seconds, by the scheduler's own account (nanoseconds).
///
/// # Errors
/// The kernel keeps no such account.
pub fn thread_cpu_seconds() -> anyhow::Result<f64> {
    let file = "/proc/thread-self/schedstat";
    let text = std::fs::read_to_string(file).context(file)?;
    let ran_ns: f64 = text.split(' ').next().unwrap_or_default().parse().context(file)?;
    Ok(ran_ns / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_waits_uses_no_cpu_and_one_that_works_does() {
        let before = thread_cpu_seconds().unwrap();
        // The other thread's work is not this one's.
        let work = || std::hint::black_box((0..20_000_000_u64).fold(0, |a, b| std::hint::black_box(a ^ b)));
        std::thread::spawn(work).join().unwrap();
        let waited = thread_cpu_seconds().unwrap();
        work();
        let worked = thread_cpu_seconds().unwrap();
        assert!(worked - waited > waited - before, "{before} {waited} {worked}");
    }
}
