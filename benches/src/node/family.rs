//! A process and its children, as the kernel accounts for them.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;

/// `USER_HZ`: the unit of `/proc/PID/stat` on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;
/// Interval of the memory samples.
const EVERY: Duration = Duration::from_millis(20);

/// The process and everything below it that lives.
fn family(root: u32) -> Vec<u32> {
    let mut all = vec![root];
    let mut looked_at = 0;
    while let Some(&pid) = all.get(looked_at) {
        looked_at += 1;
        // A child belongs to the thread that started it.
        for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let list = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in list.split_whitespace().filter_map(|id| id.parse().ok()) {
                if !all.contains(&child) {
                    all.push(child);
                }
            }
        }
    }
    all
}

/// The processes below it that were started with this word among their arguments.
pub fn children(root: u32, word: &str) -> Vec<u32> {
    let says = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|b| *b == 0).any(|arg| arg == word.as_bytes())
    };
    family(root).into_iter().skip(1).filter(says).collect()
}

/// CPU time, seconds, that the threads of a process that live have used, by the scheduler's own account: to the
/// nanosecond, where [`cpu_seconds`] counts hundredths.
///
/// # Errors
/// The process has ended.
pub fn exact_cpu_seconds(process: u32) -> anyhow::Result<f64> {
    let mut ran_ns = 0.0;
    for task in std::fs::read_dir(format!("/proc/{process}/task")).context("the process has ended")? {
        // A thread may end while it is looked for.
        let text = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        ran_ns += text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0);
    }
    Ok(ran_ns / 1e9)
}

/// CPU time, seconds, that the process and all its children, also those that have ended, have used.
///
/// # Errors
/// The process has ended.
pub fn cpu_seconds(root: u32) -> anyhow::Result<f64> {
    let (own, ended) = ticks(root).context("the process has ended")?;
    let of = |pid| ticks(pid).map(|(own, ended)| own + ended);
    Ok((own + ended + family(root).into_iter().skip(1).filter_map(of).sum::<f64>()) / TICKS_PER_SECOND)
}

/// The same of the process alone.
///
/// # Errors
/// The process has ended.
pub fn own_cpu_seconds(process: u32) -> anyhow::Result<f64> {
    Ok(ticks(process).context("the process has ended")?.0 / TICKS_PER_SECOND)
}

/// CPU time of a process and of its children that have ended; `None` where it has ended itself.
fn ticks(pid: u32) -> Option<(f64, f64)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything. After it: state is field 3, utime, stime, and the same of ended
    // children are 14 to 17.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let [user, system, ended_user, ended_system] = fields.get(11..15)? else { return None };
    let sum = |a: &str, b: &str| Some(a.parse::<f64>().ok()? + b.parse::<f64>().ok()?);
    Some((sum(user, system)?, sum(ended_user, ended_system)?))
}

/// Most memory that was seen, bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Peaks {
    /// Of the main process (`VmHWM`, which the kernel keeps: exact).
    pub(crate) main: u64,
    /// Resident memory of all processes at once, sampled. Pages that they share are counted once each.
    pub(crate) all_sampled: u64,
    /// What all processes hold for themselves at once, sampled: without pages of files, which the system takes back when it
    /// needs them.
    pub(crate) held: u64,
    /// Sum of the peaks (`VmHWM`) of all processes that lived at once: never less than the truth.
    pub(crate) all_bound: u64,
}

/// Watches the memory of a process and its children from a thread of its own.
pub(crate) struct PeakWatch {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<Peaks>,
}

impl PeakWatch {
    pub(crate) fn start(root: u32) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut peaks = Peaks::default();
            while stopped.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                look(root, &mut peaks);
            }
            look(root, &mut peaks);
            peaks
        });
        Self { stop, thread }
    }

    /// # Errors
    /// The watching thread has died, or the process had ended before.
    pub(crate) fn stop(self) -> anyhow::Result<Peaks> {
        drop(self.stop);
        let peaks = self.thread.join().ok().context("the memory watch has died")?;
        anyhow::ensure!(peaks.main > 0, "the process ended before its memory was read");
        Ok(peaks)
    }
}

fn look(root: u32, peaks: &mut Peaks) {
    let (mut resident, mut held, mut high) = (0, 0, 0);
    for pid in family(root) {
        let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        let own = line_bytes(&status, "VmHWM:");
        resident += line_bytes(&status, "VmRSS:");
        held += line_bytes(&status, "RssAnon:") + line_bytes(&status, "RssShmem:");
        high += own;
        if pid == root {
            peaks.main = peaks.main.max(own);
        }
    }
    peaks.all_sampled = peaks.all_sampled.max(resident);
    peaks.held = peaks.held.max(held);
    peaks.all_bound = peaks.all_bound.max(high);
}

/// A line of `/proc/PID/status`, which is in KiB; 0 when the process is ending and has none.
fn line_bytes(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|l| l.strip_prefix(name));
    line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0) * 1_024
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    #[test]
    fn a_child_is_of_the_family_while_it_lives_and_its_time_stays() {
        let own = std::process::id();
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // It has its arguments once it runs, which is a little after it was started.
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        assert!(family(own).contains(&child.id()));
        assert!(children(own, "cat").contains(&child.id()) && children(own, "ca").is_empty());
        assert!(exact_cpu_seconds(child.id()).unwrap() < 10.0 && own_cpu_seconds(child.id()).unwrap() < 10.0);
        let watch = PeakWatch::start(own);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!family(own).contains(&child.id()));
        let peaks = watch.stop().unwrap();
        assert!(peaks.main > 1_000_000 && peaks.all_bound >= peaks.main, "{peaks:?}");
        assert!(peaks.held > 0 && peaks.held < peaks.all_sampled, "{peaks:?}");
        assert!(cpu_seconds(own).unwrap() >= 0.0);
        assert!(cpu_seconds(u32::MAX).is_err() && exact_cpu_seconds(u32::MAX).is_err());
    }

    #[test]
    fn a_status_line_is_read_in_bytes() {
        assert_eq!(line_bytes("Name:\tx\nVmHWM:\t    2048 kB\n", "VmHWM:"), 2_097_152);
        assert_eq!(line_bytes("Name:\tx\n", "VmHWM:"), 0);
    }
}
