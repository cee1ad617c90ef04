//! Parse workers: child processes of the same binary for bytes that nobody trusts.
//!
//! A call takes a free child (spawning one while there are fewer than configured), sends one request
//! frame and hands each reply frame to the caller until the caller has what it wants. Bytes are opaque
//! here. A child that dies, hangs or outgrows its memory takes only its own call with it.

mod frame;
mod process;
mod worker;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use takeoff_core::budget::Budget;

pub use frame::MAX_FRAME;
pub use worker::{Handler, MEMORY_ARG, Reply, WorkerLimits, confine, serve};

use crate::clock::Stopwatch;
use crate::erased;
use crate::gate::{Gate, GateSize, Pass, Refused, Turn, cancelled};
use crate::metrics as names;
use process::{Process, Said, Silence};

/// Callers that may wait, per worker; more are `Busy` at once.
const WAITING_PER_WORKER: usize = 64;

/// Children beyond `workers` that only [`ChildPool::call_first`] may start, so that a person who waits
/// for an upload's first look never waits for a long batch page.
const RESERVE: u64 = 1;

/// How long a child may go on after its caller has what it wants; then it is killed.
const WIND_DOWN: Duration = Duration::from_millis(100);

/// How children are started and when they are replaced.
#[derive(Debug, Clone)]
pub struct ChildConfig {
    /// The program; in tests the running program is not ours, so this is configuration.
    pub program: PathBuf,
    /// Followed by [`MEMORY_ARG`] and the number of bytes, unless it is among them.
    pub args: Vec<String>,
    pub workers: usize,
    /// Address space of a child, bytes; it sets the limit itself before it reads anything.
    pub memory_bytes: u64,
    /// Requests after which a child is replaced by a fresh one.
    pub recycle_after: u32,
    /// How long a call waits for a free child before it is `Busy`, milliseconds.
    pub queue_ms: u64,
}

/// Deadlines of one call, milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// Between the request and the first reply, and between replies.
    pub reply_ms: u64,
    pub total_ms: u64,
}

/// Whether the caller has what it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    More,
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChildError {
    /// The process ended; `memory` when its last words or its end speak of the address-space limit.
    #[error("the parse worker died ({how})")]
    Died { how: String, memory: bool },
    #[error("the parse worker gave no answer within {ms} ms")]
    Deadline { ms: u64 },
    #[error("no parse worker was free within {ms} ms")]
    Busy { ms: u64 },
    #[error("the call was cancelled")]
    Cancelled,
    #[error("the parse worker cannot be started: {0}")]
    Spawn(String),
    /// It spoke, but not the frames that we expect.
    #[error("the parse worker answered nonsense: {0}")]
    Protocol(String),
}

/// Counters of the children of this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChildView {
    pub spawned: u64,
    pub calls: u64,
    /// Deaths that were not ours, those of memory included.
    pub deaths: u64,
    pub memory_deaths: u64,
    pub timeouts: u64,
    pub cancelled: u64,
    pub nonsense: u64,
    /// Replaced after `recycle_after` requests.
    pub recycled: u64,
    pub busy: usize,
    pub idle: usize,
    pub waiting: usize,
}

#[derive(Default)]
struct Counts {
    spawned: AtomicU64,
    calls: AtomicU64,
    deaths: AtomicU64,
    memory_deaths: AtomicU64,
    timeouts: AtomicU64,
    cancelled: AtomicU64,
    nonsense: AtomicU64,
    recycled: AtomicU64,
}

fn raise(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

struct Inner {
    config: ChildConfig,
    gate: Gate,
    idle: Mutex<Vec<Process>>,
    counts: Counts,
}

/// The children of this node. Cheap to clone.
#[derive(Clone)]
pub struct ChildPool {
    inner: Arc<Inner>,
}

impl ChildPool {
    /// Starts no child; the first call does.
    pub fn new(config: ChildConfig) -> Self {
        let workers = config.workers.max(1);
        let gate = Gate::new(GateSize {
            places: workers as u64,
            reserve: RESERVE,
            waiting: workers * WAITING_PER_WORKER,
        });
        Self { inner: Arc::new(Inner { config, gate, idle: Mutex::default(), counts: Counts::default() }) }
    }

    /// One request, any number of replies. The child is killed when the budget is cancelled or a
    /// deadline passes, and never reused after either.
    #[erased]
    pub async fn call(
        &self,
        request: &[u8],
        limits: CallLimits,
        budget: &Budget,
        on_reply: &mut (dyn FnMut(&[u8]) -> Flow + Send),
    ) -> Result<(), ChildError> {
        self.call_in(Turn::Rest, request, limits, budget, on_reply).await
    }

    /// As [`ChildPool::call`], for work that a person waits for: goes before all others and has a child
    /// in reserve when all are busy.
    #[erased]
    pub async fn call_first(
        &self,
        request: &[u8],
        limits: CallLimits,
        budget: &Budget,
        on_reply: &mut (dyn FnMut(&[u8]) -> Flow + Send),
    ) -> Result<(), ChildError> {
        self.call_in(Turn::First, request, limits, budget, on_reply).await
    }

    async fn call_in(
        &self,
        turn: Turn,
        request: &[u8],
        limits: CallLimits,
        budget: &Budget,
        on_reply: &mut (dyn FnMut(&[u8]) -> Flow + Send),
    ) -> Result<(), ChildError> {
        let pass = self.enter(turn, limits, budget).await?;
        raise(&self.inner.counts.calls);
        let mut process = self.take()?;
        let total = Duration::from_millis(limits.total_ms);
        let since = Stopwatch::start();
        let outcome = tokio::select! {
            biased;
            outcome = converse(&mut process, request, limits, on_reply) => outcome,
            () = cancelled(budget) => Err(Broken::Cancelled),
            () = tokio::time::sleep(total) => Err(Broken::Deadline { ms: limits.total_ms }),
        };
        // A child works all the time that it is asked.
        budget.charge(since.elapsed_us());
        match outcome {
            Ok(()) => {
                self.give_back(process, pass).await;
                Ok(())
            }
            Err(broken) => Err(self.mourn(process, broken).await),
        }
    }

    async fn enter(&self, turn: Turn, limits: CallLimits, budget: &Budget) -> Result<Pass, ChildError> {
        let ms = self.inner.config.queue_ms.min(limits.total_ms);
        self.inner.gate.enter(turn, Some(Duration::from_millis(ms)), budget).await.map_err(|refused| {
            match refused {
                Refused::Busy => ChildError::Busy { ms },
                Refused::Cancelled => {
                    raise(&self.inner.counts.cancelled);
                    ChildError::Cancelled
                }
                Refused::Closed => ChildError::Spawn("the node is stopping".to_owned()),
            }
        })
    }

    /// A warm child, or a fresh one. The caller holds a pass, so there are never more than places.
    fn take(&self) -> Result<Process, ChildError> {
        loop {
            let warm = self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match warm {
                Some(mut process) => {
                    if !process.has_ended() {
                        return Ok(process);
                    }
                }
                None => {
                    raise(&self.inner.counts.spawned);
                    return Process::spawn(&self.inner.config);
                }
            }
        }
    }

    async fn give_back(&self, mut process: Process, pass: Pass) {
        let worn = process.served >= self.inner.config.recycle_after.max(1);
        if worn {
            raise(&self.inner.counts.recycled);
        }
        if worn || process.unfit || self.inner.gate.is_closed() || process.has_ended() {
            process.kill().await;
            return;
        }
        let surplus = {
            let mut idle = self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(process);
            // The reserve does not stay: the memory of an idle child is memory of the node.
            (idle.len() > self.inner.config.workers.max(1)).then(|| idle.remove(0))
        };
        drop(pass);
        if let Some(surplus) = surplus {
            surplus.kill().await;
        }
        if self.inner.gate.is_closed() {
            self.kill_idle().await;
        }
    }

    /// Counts a call that went wrong, sees to the end of its child and says what happened.
    async fn mourn(&self, process: Process, broken: Broken) -> ChildError {
        let counts = &self.inner.counts;
        let cause;
        let error = match broken {
            Broken::Cancelled => {
                raise(&counts.cancelled);
                process.kill().await;
                return ChildError::Cancelled;
            }
            Broken::TooLong(e) => {
                // Nothing was sent; the child is as good as before, but it is simpler to let it go.
                process.kill().await;
                return ChildError::Protocol(e);
            }
            Broken::Deadline { ms } => {
                raise(&counts.timeouts);
                process.kill().await;
                cause = "deadline";
                ChildError::Deadline { ms }
            }
            Broken::Silence(Silence::Nonsense(what)) => {
                raise(&counts.nonsense);
                process.kill().await;
                cause = "nonsense";
                ChildError::Protocol(what)
            }
            Broken::Silence(Silence::Dead) => {
                raise(&counts.deaths);
                let error = process.obituary().await;
                let memory = matches!(error, ChildError::Died { memory: true, .. });
                if memory {
                    raise(&counts.memory_deaths);
                }
                cause = if memory { "memory" } else { "crash" };
                error
            }
        };
        ::metrics::counter!(names::PARSE_WORKER_DEATHS, "cause" => cause).increment(1);
        tracing::warn!(cause, error = %error, "parse worker lost");
        error
    }

    /// Refuses calls from now on and ends the children that do nothing; busy ones end with their call.
    #[erased]
    pub async fn close(&self) {
        self.inner.gate.close();
        self.kill_idle().await;
    }

    async fn kill_idle(&self) {
        let idle = std::mem::take(&mut *self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for process in idle {
            process.kill().await;
        }
    }

    pub fn view(&self) -> ChildView {
        let counts = &self.inner.counts;
        let of = |c: &AtomicU64| c.load(Ordering::Relaxed);
        ChildView {
            spawned: of(&counts.spawned),
            calls: of(&counts.calls),
            deaths: of(&counts.deaths),
            memory_deaths: of(&counts.memory_deaths),
            timeouts: of(&counts.timeouts),
            cancelled: of(&counts.cancelled),
            nonsense: of(&counts.nonsense),
            recycled: of(&counts.recycled),
            busy: self.inner.gate.passes(),
            idle: self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).len(),
            waiting: self.inner.gate.waiting(),
        }
    }
}

/// Why a conversation ended early.
enum Broken {
    Cancelled,
    Deadline {
        ms: u64,
    },
    /// The request does not fit into a frame.
    TooLong(String),
    Silence(Silence),
}

impl From<Silence> for Broken {
    fn from(silence: Silence) -> Self {
        Self::Silence(silence)
    }
}

async fn converse(
    process: &mut Process,
    request: &[u8],
    limits: CallLimits,
    on_reply: &mut (dyn FnMut(&[u8]) -> Flow + Send),
) -> Result<(), Broken> {
    if request.len() > MAX_FRAME {
        let message = format!("the request has {} bytes, at most {MAX_FRAME} are allowed", request.len());
        return Err(Broken::TooLong(message));
    }
    process.greet().await?;
    let reply = Duration::from_millis(limits.reply_ms);
    let late = |_| Broken::Deadline { ms: limits.reply_ms };
    tokio::time::timeout(reply, process.send(request)).await.map_err(late)??;
    loop {
        match tokio::time::timeout(reply, process.listen()).await.map_err(late)?? {
            Said::Reply(payload) => {
                if on_reply(&payload) == Flow::Done {
                    return wind_down(process).await;
                }
            }
            Said::End => {
                let why = "it ended its answer before the caller had what it wants";
                return Err(Silence::Nonsense(why.to_owned()).into());
            }
        }
    }
}

/// The caller is content. A child that comes to its end soon is reused, another is not.
async fn wind_down(process: &mut Process) -> Result<(), Broken> {
    let ended = tokio::time::timeout(WIND_DOWN, async {
        loop {
            match process.listen().await {
                Ok(Said::Reply(_)) => {}
                Ok(Said::End) => return true,
                Err(_) => return false,
            }
        }
    });
    if ended.await != Ok(true) {
        process.unfit = true;
    }
    Ok(())
}
