//! Memory of this process and its parse workers, sampled while the work runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::run::report::MemoryUse;

/// Interval of the samples.
const EVERY: Duration = Duration::from_millis(100);

pub(crate) struct Watch {
    done: Arc<AtomicBool>,
    all: Arc<AtomicU64>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for Watch {
    /// A run that fails must not wait for its own watch.
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
    }
}

impl Watch {
    pub(crate) fn start() -> Self {
        let (done, all) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stop, peak) = (done.clone(), all.clone());
        let task = tokio::task::spawn_blocking(move || {
            let (_never, wait) = std::sync::mpsc::channel::<()>();
            while !stop.load(Ordering::Relaxed) {
                peak.fetch_max(resident_kib_of_family(), Ordering::Relaxed);
                let _ = wait.recv_timeout(EVERY);
            }
        });
        Self { done, all, task: Some(task) }
    }

    pub(crate) async fn stop(mut self) -> MemoryUse {
        self.done.store(true, Ordering::Relaxed);
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
        MemoryUse {
            process_peak_mib: status_kib("self", "VmHWM:").unwrap_or(0) as f64 / 1024.0,
            with_workers_peak_mib: self.all.load(Ordering::Relaxed) as f64 / 1024.0,
        }
    }
}

fn resident_kib_of_family() -> u64 {
    let own = status_kib("self", "VmRSS:").unwrap_or(0);
    let children = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    let mut pids: Vec<String> = children.split_whitespace().map(str::to_owned).collect();
    // A child belongs to the thread that started it, so all threads are asked.
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let list = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        pids.extend(list.split_whitespace().map(str::to_owned));
    }
    pids.sort();
    pids.dedup();
    own + pids.iter().filter_map(|pid| status_kib(pid, "VmRSS:")).sum::<u64>()
}

/// A line of `/proc/PID/status`, KiB; `None` where there is no such file.
fn status_kib(pid: &str, line: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let found = status.lines().find_map(|l| l.strip_prefix(line))?;
    found.trim().trim_end_matches(" kB").trim().parse().ok()
}
