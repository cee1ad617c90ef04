//! Memory of a process and of its children, as the system counts it.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Interval of the samples.
const EVERY: Duration = Duration::from_millis(20);

/// What a [`MemoryWatch`] saw, KiB.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Most that the process and its children held together.
    pub all: u64,
    /// Most that one child held.
    pub child: u64,
    /// Largest address space of a child that was at work.
    pub child_address_space: u64,
    /// The children, by process id.
    pub children: BTreeSet<u32>,
}

/// Samples a process and those of its children whose command line holds a word, until it is stopped.
pub struct MemoryWatch {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<Seen>,
}

impl MemoryWatch {
    pub fn start(process: u32, word: &str) -> Self {
        let (stop, stopped) = mpsc::channel();
        let word = word.to_owned();
        let thread = std::thread::spawn(move || {
            let mut seen = Seen::default();
            while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(EVERY) {
                seen.look(process, &word);
            }
            seen
        });
        Self { stop, thread }
    }

    pub fn stop(self) -> Seen {
        drop(self.stop);
        self.thread.join().expect("looking at /proc does not fail")
    }
}

impl Seen {
    fn look(&mut self, process: u32, word: &str) {
        let mut all = status_kib(process, "VmRSS:").unwrap_or(0);
        for child in children(process, word) {
            all += status_kib(child, "VmRSS:").unwrap_or(0);
            self.child = self.child.max(status_kib(child, "VmHWM:").unwrap_or(0));
            let space = status_kib(child, "VmPeak:").unwrap_or(0);
            self.child_address_space = self.child_address_space.max(space);
            self.children.insert(child);
        }
        self.all = self.all.max(all);
    }
}

/// Children of a process whose command line holds `word`. Between its fork and its own program a child
/// still shows its parent's memory, and its parent's command line.
pub fn children(process: u32, word: &str) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    // A child belongs to the thread that started it.
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
        let list = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        found.extend(list.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    found.retain(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ").contains(word)
    });
    found
}

/// A line such as `VmHWM:` of `/proc/PID/status`, KiB; `None` where the process is gone.
pub fn status_kib(process: u32, line: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let found = status.lines().find_map(|l| l.strip_prefix(line))?;
    found.trim().trim_end_matches(" kB").trim().parse().ok()
}
