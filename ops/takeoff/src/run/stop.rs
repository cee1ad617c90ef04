//! Ctrl-C and SIGTERM during a run: the first winds it up, the second ends it at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a shell adds to the number of the signal that ended a program.
const BY_SIGNAL: u8 = 128;
const SIGHUP: u8 = 1;
const SIGINT: u8 = 2;
const SIGTERM: u8 = 15;

/// A signal that ends a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) name: &'static str,
    number: u8,
}

impl Stop {
    /// The exit code: 130 after Ctrl-C, 143 after SIGTERM.
    pub(crate) fn code(self) -> u8 {
        BY_SIGNAL + self.number
    }
}

/// The signals, caught from its making on.
pub(crate) struct Stops {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Stops {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop { name: "SIGINT", number: SIGINT },
            _ = self.terminate.recv() => Stop { name: "SIGTERM", number: SIGTERM },
            _ = self.hang_up.recv() => Stop { name: "SIGHUP", number: SIGHUP },
        }
    }

    /// The work's result, or the signal that came before it.
    pub(crate) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            stop = self.next() => Err(stop),
            done = work => Ok(done),
        }
    }
}
