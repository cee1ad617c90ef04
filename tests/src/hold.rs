//! Bytes that are held on their way and let go later: the network, or one end's machine, stands still for a while and
//! nothing is cut.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use crate::line::{DONE, contains};

/// All connections of a line, those too that are made meanwhile.
pub struct Hold {
    state: watch::Sender<State>,
    upon: Mutex<Option<Upon>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Held,
    /// Let go; what was held is on its way, and its connection has not been heard of yet.
    LetGo,
}

/// What the line waits for.
struct Upon {
    bytes: Vec<u8>,
    /// Occurrences until then, that one included.
    left: u32,
}

impl Default for Hold {
    fn default() -> Self {
        Self { state: watch::Sender::new(State::Open), upon: Mutex::new(None) }
    }
}

impl Hold {
    /// Holds everything from the nth time on, counted from 1, that a client sends these bytes; they are held as well.
    pub fn upon(&self, bytes: &[u8], nth: u32) {
        assert!(nth > 0 && !bytes.is_empty(), "they are to be sent");
        *self.upon.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Upon { bytes: bytes.to_vec(), left: nth });
    }

    /// Until everything is held.
    ///
    /// # Panics
    /// When what was to be waited for is not sent within `limit`.
    pub async fn until_held(&self, limit: Duration) {
        self.until(State::Held, limit).await;
    }

    /// Lets everything go on, and waits until the connection that was held first has ended or done what was held.
    ///
    /// # Panics
    /// When nothing is heard of that connection within `limit`.
    pub async fn let_go(&self, limit: Duration) {
        assert_eq!(self.state.send_replace(State::LetGo), State::Held, "it is held");
        self.until(State::Open, limit).await;
    }

    async fn until(&self, wanted: State, limit: Duration) {
        let mut state = self.state.subscribe();
        let reached = tokio::time::timeout(limit, state.wait_for(|state| *state == wanted)).await;
        assert!(reached.is_ok(), "the line is not {wanted:?} within {limit:?}");
    }

    async fn until_open(&self) {
        // Whoever holds is there as long as its connections are.
        let _ = self.state.subscribe().wait_for(|state| *state != State::Held).await;
    }

    /// Whether everything is held from these bytes on. `seen` is what the connection has sent before, as far as it may
    /// be the beginning of what is waited for.
    fn holds_from(&self, seen: &mut Vec<u8>, bytes: &[u8]) -> bool {
        let mut upon = self.upon.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wanted) = upon.as_mut() else {
            seen.clear();
            return false;
        };
        seen.extend_from_slice(bytes);
        while let Some(at) = seen.windows(wanted.bytes.len()).position(|w| w == wanted.bytes) {
            seen.drain(..at + wanted.bytes.len());
            wanted.left -= 1;
            if wanted.left == 0 {
                *upon = None;
                self.state.send_replace(State::Held);
                return true;
            }
        }
        let kept = seen.len().saturating_sub(wanted.bytes.len() - 1);
        seen.drain(..kept);
        false
    }

    /// Carries a connection in both directions, to the end of either.
    pub(crate) async fn carry(&self, client: TcpStream, server: TcpStream) -> std::io::Result<()> {
        let first = watch::Sender::new(false);
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let done = tokio::select! {
            done = self.ask(from_client, to_server, &first) => done,
            done = self.answer(from_server, to_client, &first) => done,
        };
        if *first.borrow() {
            self.until_open().await;
            self.heard_of(&first);
        }
        done
    }

    async fn ask(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        first: &watch::Sender<bool>,
    ) -> std::io::Result<()> {
        let (mut bytes, mut seen) = (vec![0; 65_536], Vec::new());
        loop {
            let n = from.read(&mut bytes).await?;
            if self.holds_from(&mut seen, &bytes[..n]) {
                first.send_replace(true);
            }
            self.until_open().await;
            if n == 0 {
                to.shutdown().await?;
                // The server's end of it is the end of all: until then it may be at what was held.
                return std::future::pending().await;
            }
            to.write_all(&bytes[..n]).await?;
        }
    }

    async fn answer(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        first: &watch::Sender<bool>,
    ) -> std::io::Result<()> {
        let (mut bytes, mut tail) = (vec![0; 65_536], Vec::new());
        loop {
            let n = from.read(&mut bytes).await?;
            // What is said while all is held is not of what is held.
            let is_held = *self.state.borrow() == State::Held;
            self.until_open().await;
            if n == 0 {
                return Ok(());
            }
            to.write_all(&bytes[..n]).await?;
            if *first.borrow() && !is_held {
                tail.extend_from_slice(&bytes[..n]);
                if contains(&tail, DONE) {
                    self.heard_of(first);
                }
                let kept = tail.len().saturating_sub(DONE.len() - 1);
                tail.drain(..kept);
            }
        }
    }

    fn heard_of(&self, first: &watch::Sender<bool>) {
        first.send_replace(false);
        self.state.send_if_modified(|state| {
            let is_let_go = *state == State::LetGo;
            if is_let_go {
                *state = State::Open;
            }
            is_let_go
        });
    }
}
