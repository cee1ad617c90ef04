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

/// CPU time that the calling thread has used, seconds. The account in `/proc` is only brought up to date a few hundred
/// times a second, which is too coarse for what takes some twenty milliseconds.
pub fn thread_cpu_seconds() -> f64 {
    seconds(rustix::time::ClockId::ThreadCPUTime)
}

fn seconds(clock: rustix::time::ClockId) -> f64 {
    let used = rustix::time::clock_gettime(clock);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// CPU time that this process has used, its ended threads too, seconds, by the scheduler's own account.
pub fn process_cpu_seconds() -> f64 {
    seconds(rustix::time::ClockId::ProcessCPUTime)
}

/// Cores that this process may use, by number.
///
/// # Errors
/// The kernel does not say.
pub fn cores() -> anyhow::Result<Vec<usize>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let list = status.lines().find_map(|l| l.strip_prefix("Cpus_allowed_list:"));
    cores_of(list.context("the kernel does not say which cores there are")?.trim())
}

/// `0-2,5` is 0, 1, 2 and 5.
fn cores_of(list: &str) -> anyhow::Result<Vec<usize>> {
    let mut cores = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        cores.extend(first.parse::<usize>()?..=last.parse()?);
    }
    Ok(cores)
}

/// What all cores have done since the machine was started, seconds: all of it, and what of it was waiting for work.
///
/// # Errors
/// The kernel does not say.
pub fn all_and_idle_seconds() -> anyhow::Result<(f64, f64)> {
    let file = "/proc/stat";
    let text = std::fs::read_to_string(file)?;
    let line = text.lines().find_map(|l| l.strip_prefix("cpu ")).context(file)?;
    // In hundredths: user, nice, system, idle, iowait, irq, softirq, steal.
    let ticks: Vec<f64> = line.split_whitespace().take(8).map_while(|v| v.parse().ok()).collect();
    anyhow::ensure!(ticks.len() == 8, "{file} is not understood");
    Ok((ticks.iter().sum::<f64>() / 100.0, (ticks[3] + ticks[4]) / 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_waits_uses_no_cpu_and_one_that_works_does() {
        let before = thread_cpu_seconds();
        // The other thread's work is not this one's.
        let work = || std::hint::black_box((0..20_000_000_u64).fold(0, |a, b| std::hint::black_box(a ^ b)));
        std::thread::spawn(work).join().unwrap();
        let waited = thread_cpu_seconds();
        work();
        let worked = thread_cpu_seconds();
        assert!(worked - waited > waited - before, "{before} {waited} {worked}");
    }

    #[test]
    fn a_process_accounts_for_threads_that_have_ended_and_a_machine_for_all() {
        let (before, (all, idle)) = (process_cpu_seconds(), all_and_idle_seconds().unwrap());
        let work = || std::hint::black_box((0..20_000_000_u64).fold(0, |a, b| std::hint::black_box(a ^ b)));
        std::thread::spawn(work).join().unwrap();
        assert!(process_cpu_seconds() > before);
        assert!(all > idle && all_and_idle_seconds().unwrap().0 >= all);
    }

    #[test]
    fn a_list_of_cores_is_read() {
        assert_eq!(cores_of("0-2,5").unwrap(), [0, 1, 2, 5]);
        assert!(cores_of("").is_err());
        assert!(!cores().unwrap().is_empty());
    }
}
