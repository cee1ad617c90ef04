//! The worker's side of the pipe: runs in the child process.

use std::io;
use std::sync::mpsc;

use super::frame::{self, Kind};

/// Argument with which the host tells a child its address space; see [`WorkerLimits::from_args`].
pub const MEMORY_ARG: &str = "--memory-bytes";

/// Stack of the thread that reads the pipe, bytes; it counts towards the address space.
const READER_STACK: usize = 128 * 1024;

/// What a worker allows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerLimits {
    /// Address space, bytes.
    pub memory_bytes: u64,
}

impl WorkerLimits {
    /// Reads what the host appends to a child's arguments: `--memory-bytes N`.
    pub fn from_args(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut args = args.into_iter().skip_while(|a| a != MEMORY_ARG).skip(1);
        let value = args.next().ok_or_else(|| format!("{MEMORY_ARG} is missing"))?;
        let memory_bytes =
            value.parse().map_err(|_| format!("{MEMORY_ARG} {value} is no number of bytes"))?;
        Ok(Self { memory_bytes })
    }

    /// Sets the limits for this process and asks for so much memory: whether it is granted. For a process that has
    /// nothing else to do.
    pub fn grants(self, bytes: usize) -> io::Result<bool> {
        self.apply()?;
        Ok(Vec::<u8>::new().try_reserve_exact(bytes).is_ok())
    }

    fn apply(self) -> io::Result<()> {
        let (_, allowed) = rlimit::Resource::AS.get()?;
        let memory = self.memory_bytes.min(allowed);
        rlimit::Resource::AS.set(memory, memory)?;
        // A hostile file must not fill the disk with the images of its victims.
        rlimit::Resource::CORE.set(0, 0)
    }
}

/// Sets how many bytes this process may take of memory from now on beside what it holds; `None` lifts that. What it is
/// refused ends it, as its address space does. What it maps of files does not count. Only Linux has such a limit; elsewhere
/// the address space is the only one.
///
/// # Errors
/// The system does not say what the process holds, or does not set limits.
pub fn confine(bytes: Option<u64>) -> io::Result<()> {
    if cfg!(not(target_os = "linux")) {
        return Ok(());
    }
    let (_, most) = rlimit::Resource::DATA.get()?;
    let limit = match bytes {
        Some(bytes) => held_bytes()?.saturating_add(bytes).min(most),
        None => most,
    };
    rlimit::Resource::DATA.set(limit, most)
}

/// Memory of its own that the process may write to, touched or not.
fn held_bytes() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("/proc/self/status has no VmData"))
}

/// Sends one reply to the host.
pub type Reply<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// Answers one request.
pub type Handler<'a> = dyn FnMut(&[u8], &mut Reply<'_>) -> io::Result<()> + 'a;

/// Answers requests until the pipe closes; then the process exits, also in the middle of a request,
/// because nobody is left who wants the answer.
///
/// The limits are set before anything is read. `handler` gets the request and a function that sends one
/// reply; an error of the handler ends the worker.
pub fn serve(limits: WorkerLimits, handler: &mut Handler<'_>) -> io::Result<()> {
    limits.apply()?;
    let (sender, requests) = mpsc::sync_channel::<Vec<u8>>(1);
    std::thread::Builder::new()
        .name("pipe".to_owned())
        .stack_size(READER_STACK)
        .spawn(move || read_requests(&sender))?;
    let mut out = io::stdout().lock();
    frame::write(&mut out, Kind::Hello, &frame::VERSION.to_le_bytes())?;
    while let Ok(request) = requests.recv() {
        handler(&request, &mut |reply| frame::write(&mut out, Kind::Reply, reply))?;
        frame::write(&mut out, Kind::End, &[])?;
    }
    Ok(())
}

/// Reads ahead of the work, so that a closed pipe is noticed while the handler runs.
fn read_requests(sender: &mpsc::SyncSender<Vec<u8>>) {
    let mut stdin = io::stdin().lock();
    loop {
        match frame::read(&mut stdin) {
            Ok((Kind::Request, payload)) => {
                if sender.send(payload).is_err() {
                    return;
                }
            }
            Ok((Kind::Hello | Kind::Reply | Kind::End, _)) => std::process::exit(3),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => std::process::exit(0),
            Err(_) => std::process::exit(3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_the_arguments() {
        let args = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let read = WorkerLimits::from_args(args("takeoff parse-worker --memory-bytes 1024"));
        assert_eq!(read, Ok(WorkerLimits { memory_bytes: 1024 }));
        assert!(WorkerLimits::from_args(args("takeoff parse-worker")).is_err());
        assert!(WorkerLimits::from_args(args("x --memory-bytes much")).unwrap_err().contains("much"));
    }
}
