//! A node as a process.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::client::Client;
use crate::program::{command, command_through, program};

/// How long a node may take to listen.
const START: Duration = Duration::from_secs(60);

/// `takeoff serve` on a free port with a folder of its own; killed when dropped.
pub struct Node {
    child: Child,
    address: String,
    /// Lines of its standard error, as they come.
    log: mpsc::Receiver<String>,
    seen: Vec<String>,
    data: PathBuf,
}

impl Node {
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// `settings` are environment variables.
    pub fn start_with(data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::launch(command(), data, settings)
    }

    /// Started by another program, which becomes it, and with an address of its own to listen on.
    pub fn start_through(starter: &[&str], host: &str, data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut node = if starter.is_empty() {
            command()
        } else {
            let mut node = command_through(starter);
            node.arg(program());
            node
        };
        node.args(["serve", "--listen", &format!("{host}:0"), "--data-dir"]).arg(data);
        Self::spawn(node, data, settings)
    }

    /// As [`Node::start_with`]; what it said when it does not start.
    pub fn try_start(data: &Path, settings: &[(&str, &str)]) -> Result<Self, String> {
        let mut node = command();
        node.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
        Self::try_spawn(node, data, settings)
    }

    /// With a settings file, which may be changed while it runs.
    pub fn start_configured(data: &Path, file: &Path, settings: &[(&str, &str)]) -> Self {
        let mut configured = command();
        configured
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(file)
            .arg("--data-dir")
            .arg(data);
        Self::spawn(configured, data, settings)
    }

    /// A node none of whose files may grow past so many bytes until [`Node::lift_limit`]: the file system
    /// answers as a full disk does, and nobody needs a disk to fill.
    pub fn start_on_small_disk(data: &Path, file_bytes: u64) -> Self {
        Self::start_limited(data, &format!("--fsize={file_bytes}:unlimited"))
    }

    /// A node under a limit of the system, as `prlimit` takes it.
    pub fn start_limited(data: &Path, limit: &str) -> Self {
        // Whoever ignores the signal of a limit gets the error instead, and so do those it starts.
        let mut limited = command_through(&["sh", "-c", "trap '' XFSZ; exec prlimit \"$@\"", "sh"]);
        limited.arg(limit).arg(program());
        Self::launch(limited, data, &[])
    }

    /// There is space again, for it and its children.
    pub fn lift_limit(&self) {
        let lift = |process: u32| {
            let mut prlimit = std::process::Command::new("prlimit");
            prlimit.args(["--pid", &process.to_string(), "--fsize=unlimited:unlimited"]);
            prlimit.status().expect("prlimit runs").success()
        };
        assert!(lift(self.id()));
        for child in crate::memory::children(self.id(), "parse-worker") {
            // One that has ended meanwhile needs none.
            lift(child);
        }
    }

    fn launch(mut command: Command, data: &Path, settings: &[(&str, &str)]) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
        Self::spawn(command, data, settings)
    }

    fn spawn(command: Command, data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::try_spawn(command, data, settings)
            .unwrap_or_else(|said| panic!("the node did not listen:\n{said}"))
    }

    fn try_spawn(mut command: Command, data: &Path, settings: &[(&str, &str)]) -> Result<Self, String> {
        let mut child = command
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the node starts");
        let lines = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let (send, log) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                // The reader may be gone; the pipe is drained all the same so that the node never blocks.
                let _ = send.send(line);
            }
        });
        let mut node =
            Self { child, address: String::new(), log, seen: Vec::new(), data: data.to_path_buf() };
        node.address = node.find_address()?;
        Ok(node)
    }

    fn find_address(&mut self) -> Result<String, String> {
        loop {
            match self.log.recv_timeout(START) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if let Some((_, rest)) = line.split_once("listens on ") {
                        return Ok(rest.trim().to_owned());
                    }
                }
                Err(_) => return Err(self.seen.join("\n")),
            }
        }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.address)
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Everything it wrote to standard error so far.
    pub fn log(&mut self) -> &[String] {
        self.seen.extend(self.log.try_iter());
        &self.seen
    }

    /// SIGKILL, and gone when this returns.
    pub fn kill(mut self) {
        self.child.kill().expect("our own child can be killed");
        self.child.wait().expect("our own child can be waited for");
    }

    /// Sends a signal by id and waits for nothing (`STOP`, `CONT`).
    pub fn signal(&self, signal: &str) {
        let sent = std::process::Command::new("kill")
            .args([&format!("-{signal}"), &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }

    /// Sends the signal by id and waits for the end.
    pub fn stop(self, signal: &str, limit: Duration) -> ExitStatus {
        self.signal(signal);
        self.ended(limit)
    }

    /// Waits until it ends by itself.
    pub fn ended(mut self, limit: Duration) -> ExitStatus {
        let (send, ended) = mpsc::channel();
        let id = self.child.id();
        std::thread::scope(|scope| {
            let child = &mut self.child;
            scope.spawn(move || {
                let _ = send.send(child.wait());
            });
            match ended.recv_timeout(limit) {
                Ok(status) => status.expect("our own child can be waited for"),
                Err(_) => {
                    let _ = std::process::Command::new("kill").args(["-KILL", &id.to_string()]).status();
                    panic!("the node did not stop within {limit:?}");
                }
            }
        })
    }

    /// A line such as `VmHWM:` of the process's status, KiB.
    pub fn status_kib(&self, line: &str) -> u64 {
        crate::memory::status_kib(self.id(), line).expect("it runs and has the line")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.seen.extend(self.log.try_iter());
            self.show_log();
        }
    }
}

impl Node {
    #[expect(clippy::print_stderr, reason = "a failed test shows what its node said")]
    fn show_log(&self) {
        let from = self.seen.len().saturating_sub(60);
        eprintln!("last lines of the node:\n{}", self.seen[from..].join("\n"));
    }
}
