//! One child process, as the host sees it.

use std::collections::VecDeque;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio_util::task::AbortOnDropHandle;

use super::frame::{self, Kind};
use super::worker::MEMORY_ARG;
use super::{ChildConfig, ChildError};
use crate::task;

/// How long a fresh child may take until it has set its limits and says hello.
const START: Duration = Duration::from_secs(10);

/// How long a child whose pipe broke may take to end by itself, so that we learn how it died.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Bytes of standard error kept for the message.
const TAIL: usize = 2_048;

/// What a failed allocation looks like in the last words of a Rust program or of the C library.
const MEMORY_WORDS: [&str; 4] =
    ["memory allocation of", "Cannot allocate memory", "out of memory", "failed to allocate"];

/// The last bytes of what a child wrote to standard error.
#[derive(Default)]
struct Tail(Mutex<VecDeque<u8>>);

impl Tail {
    fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let surplus = kept.len().saturating_sub(TAIL);
        kept.drain(..surplus);
    }

    fn text(&self) -> String {
        let kept: Vec<u8> = self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        String::from_utf8_lossy(&kept).trim().to_owned()
    }
}

async fn listen(mut stderr: ChildStderr, tail: Arc<Tail>) {
    let mut buffer = [0_u8; 1_024];
    while let Ok(read) = stderr.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        tail.push(&buffer[..read]);
    }
}

/// A running child. Dropping it kills it.
pub(super) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    tail: Arc<Tail>,
    listener: AbortOnDropHandle<()>,
    greeted: bool,
    /// Requests it has been given.
    pub(super) served: u32,
    /// Still busy with a request that nobody wants answered any more.
    pub(super) unfit: bool,
}

/// What a child said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Reply(Vec<u8>),
    End,
}

/// Why it said nothing of use.
pub(super) enum Silence {
    /// The pipe broke; the process is dead or dying.
    Dead,
    Nonsense(String),
}

impl From<io::Error> for Silence {
    fn from(e: io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self::Nonsense(e.to_string()),
            _ => Self::Dead,
        }
    }
}

impl Process {
    pub(super) fn spawn(config: &ChildConfig) -> Result<Self, ChildError> {
        let spawn_error =
            |e: &dyn std::fmt::Display| ChildError::Spawn(format!("{}: {e}", config.program.display()));
        let mut command = Command::new(&config.program);
        command.args(&config.args);
        // Who starts a node may have named the limit already; twice is an error in most programs.
        if !config.args.iter().any(|arg| arg == MEMORY_ARG) {
            command.arg(MEMORY_ARG).arg(config.memory_bytes.to_string());
        }
        let mut child = command
            // A parser of hostile bytes needs none of the node's secrets. One malloc arena: further ones
            // reserve 64 MiB of the limited address space each.
            .env_clear()
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| spawn_error(&e))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(spawn_error(&"its pipes are missing"));
        };
        let tail = Arc::new(Tail::default());
        let listener = task::start(listen(stderr, Arc::clone(&tail)));
        Ok(Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
            tail,
            listener,
            greeted: false,
            served: 0,
            unfit: false,
        })
    }

    /// Reads the hello of a fresh child.
    pub(super) async fn greet(&mut self) -> Result<(), Silence> {
        if self.greeted {
            return Ok(());
        }
        let hello = tokio::time::timeout(START, frame::read_async(&mut self.stdout)).await;
        match hello {
            Err(_) => Err(Silence::Nonsense(format!("no hello within {} s", START.as_secs()))),
            Ok(Err(e)) => Err(e.into()),
            Ok(Ok((Kind::Hello, version))) if version == frame::VERSION.to_le_bytes() => {
                self.greeted = true;
                Ok(())
            }
            Ok(Ok((kind, _))) => {
                Err(Silence::Nonsense(format!("no hello of version {} but {kind:?}", frame::VERSION)))
            }
        }
    }

    pub(super) async fn send(&mut self, request: &[u8]) -> Result<(), Silence> {
        let bytes = frame::encode(Kind::Request, request)?;
        self.served += 1;
        self.stdin.write_all(&bytes).await?;
        Ok(self.stdin.flush().await?)
    }

    pub(super) async fn listen(&mut self) -> Result<Said, Silence> {
        match frame::read_async(&mut self.stdout).await? {
            (Kind::Reply, payload) => Ok(Said::Reply(payload)),
            (Kind::End, _) => Ok(Said::End),
            (kind, _) => Err(Silence::Nonsense(format!("{kind:?} where a reply belongs"))),
        }
    }

    /// Whether it has ended while nobody looked.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it and waits until it is gone.
    pub(super) async fn kill(mut self) {
        // The only error is that it has ended already.
        let _ = self.child.start_kill();
        let _ = tokio::time::timeout(LAST_WORDS, self.child.wait()).await;
    }

    /// How it died, for the error message.
    pub(super) async fn obituary(mut self) -> ChildError {
        let Ok(status) = tokio::time::timeout(LAST_WORDS, self.child.wait()).await else {
            let _ = self.child.start_kill();
            let _ = tokio::time::timeout(LAST_WORDS, self.child.wait()).await;
            return ChildError::Died { how: "it closed its pipe and was killed".to_owned(), memory: false };
        };
        // All that it wrote is in the pipe; the listener ends when that is read.
        let _ = tokio::time::timeout(LAST_WORDS, &mut self.listener).await;
        let words = self.tail.text();
        let memory = MEMORY_WORDS.iter().any(|w| words.contains(w)) || refused_to_grow(&status, &words);
        let ending = match status {
            Ok(status) => describe(status),
            Err(e) => format!("its end is unknown: {e}"),
        };
        let how = if words.is_empty() { ending } else { format!("{ending}: {}", last_line(&words)) };
        ChildError::Died { how, memory }
    }
}

/// A worker is safe code: a fault without a word is a stack that was refused to grow within the limit. (A
/// stack that overflows its own bounds says so.)
fn refused_to_grow(status: &io::Result<ExitStatus>, words: &str) -> bool {
    use std::os::unix::process::ExitStatusExt;
    words.is_empty() && status.as_ref().is_ok_and(|s| s.signal() == Some(11))
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(6)) => "aborted (signal 6)".to_owned(),
        (None, Some(9)) => "killed (signal 9)".to_owned(),
        (None, Some(11)) => "segmentation fault (signal 11)".to_owned(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown end".to_owned(),
    }
}

/// The line that says most: a Rust panic prints its message before a note on backtraces.
fn last_line(words: &str) -> String {
    let mut lines = words.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("note:"));
    let line = lines.next_back().unwrap_or_default();
    line.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_keeps_the_end() {
        let tail = Tail::default();
        tail.push(&[b'a'; TAIL]);
        tail.push(b"the end");
        assert!(tail.text().ends_with("athe end"));
        assert_eq!(tail.text().len(), TAIL);
    }

    #[test]
    fn the_last_line_skips_notes() {
        let words =
            "thread 'main' panicked at src/x.rs:1:1:\nindex out of bounds\nnote: run with `RUST_BACKTRACE=1`";
        assert_eq!(last_line(words), "index out of bounds");
    }
}
