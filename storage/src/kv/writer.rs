//! The one thread that writes: group commit with an answer after the flush.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use takeoff_core::job::Job;
use takeoff_core::model::{BlobHash, TenantId, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::commit::Change;
use super::overlay::Overlay;
use super::queue::QueueState;
use super::{Kv, SEQ_KEY, keys};
use crate::catalog::{Batch, Clock, Committed, LeaseRequest, Renewal, Renewed};
use crate::error::StoreError;

/// Commands that wait. Beyond it callers wait to be let in, which is the back-pressure.
pub(super) const QUEUE_CAPACITY: usize = 1_024;
/// Commands and rows of one group. More would make the first of them wait for the last.
const GROUP_COMMANDS: usize = 256;
const GROUP_ROWS: usize = 2_000;

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

pub(super) enum Command {
    Commit(Batch, Reply<Committed>),
    Lease(LeaseRequest, Reply<Vec<Job>>),
    Renew { node: String, lease_ms: i64, renewals: Vec<Renewal>, reply: Reply<Vec<Renewed>> },
    Rescue { limit: usize, reply: Reply<usize> },
    Prune { before: Timestamp, limit: usize, reply: Reply<usize> },
    ForgetBlob { tenant: TenantId, hash: BlobHash, reply: Reply<bool> },
    Ping(Reply<()>),
}

/// Why the store answers no more. Set once, for good: after a failed write nobody knows what is in the
/// store's memory; what is on the disk is whole, and opening it again is the way on.
#[derive(Debug, Default)]
pub(super) struct Health(OnceLock<String>);

impl Health {
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.0.get().map_or(Ok(()), |why| Err(StoreError::Unavailable(why.clone())))
    }

    fn fail(&self, why: &str) {
        if self.0.set(why.to_owned()).is_ok() {
            tracing::error!(why, "the store has failed and takes no more writes");
        }
    }
}

pub(super) fn lock(queue: &Mutex<QueueState>) -> MutexGuard<'_, QueueState> {
    // A panic while it was held has failed the store already; its numbers do not matter then.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends what a command came to, given whether its group became durable.
type Answer = Box<dyn FnOnce(&Result<(), StoreError>)>;

fn answer<T: 'static>(reply: Reply<T>, result: Result<T, StoreError>) -> Answer {
    Box::new(move |durable| {
        let result = match durable {
            Ok(()) => result,
            Err(e) => Err(StoreError::Unavailable(e.to_string())),
        };
        // A caller that has gone away does not want to know.
        let _ = reply.send(result);
    })
}

pub(super) struct Writer<K> {
    pub(super) store: Arc<K>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) queue: Arc<Mutex<QueueState>>,
    pub(super) health: Arc<Health>,
    /// Number of the newest commit.
    pub(super) seq: u64,
}

impl<K: Kv> Writer<K> {
    /// Until all senders are gone.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            // A panic drops the replies of its group, which their callers see at once.
            let group = catch_unwind(AssertUnwindSafe(|| self.group(first, &mut commands)));
            if group.is_err() {
                self.health.fail("its writer has panicked");
            }
        }
    }

    fn group(&mut self, first: Command, commands: &mut mpsc::Receiver<Command>) {
        let store = Arc::clone(&self.store);
        let mut rows = Overlay::new(&*store);
        let mut answers = Vec::new();
        let mut next = Some(first);
        while let Some(command) = next {
            answers.push(self.command(&mut rows, command));
            let full = answers.len() >= GROUP_COMMANDS || rows.rows() >= GROUP_ROWS;
            next = if full { None } else { commands.try_recv().ok() };
        }
        let durable = self.make_durable(rows);
        if let Err(e) = &durable {
            self.health.fail(&e.to_string());
        }
        for answer in answers {
            answer(&durable);
        }
    }

    fn make_durable(&mut self, mut rows: Overlay<'_, K>) -> Result<(), StoreError> {
        self.health.check()?;
        if rows.rows() == 0 {
            return Ok(());
        }
        self.seq += 1;
        rows.put(SEQ_KEY.to_vec(), self.seq.to_be_bytes().to_vec());
        self.store.apply(rows.into_writes())?;
        self.store.flush(self.seq)
    }

    fn command(&self, rows: &mut Overlay<'_, K>, command: Command) -> Answer {
        match command {
            Command::Commit(batch, reply) => {
                let result = self.change(rows, |c| c.batch(batch));
                answer(reply, result.map(|((), committed)| committed))
            }
            Command::Lease(request, reply) => self.simple(rows, reply, |c| c.lease(&request)),
            Command::Renew { node, lease_ms, renewals, reply } => {
                self.simple(rows, reply, |c| c.renew(&node, lease_ms, &renewals))
            }
            Command::Rescue { limit, reply } => self.simple(rows, reply, |c| c.rescue(limit)),
            Command::Prune { before, limit, reply } => self.simple(rows, reply, |c| c.prune(before, limit)),
            Command::ForgetBlob { tenant, hash, reply } => {
                self.simple(rows, reply, |c| c.forget_blob(tenant, hash))
            }
            Command::Ping(reply) => self.simple(rows, reply, |c| {
                c.rows.put(keys::PING_KEY.to_vec(), c.now.0.to_be_bytes().to_vec());
                Ok(())
            }),
        }
    }

    fn simple<T: 'static>(
        &self,
        rows: &mut Overlay<'_, K>,
        reply: Reply<T>,
        work: impl FnOnce(&mut Change<'_, '_, K>) -> Result<T, StoreError>,
    ) -> Answer {
        answer(reply, self.change(rows, work).map(|(value, _)| value))
    }

    /// All of it in `rows` and the queue, or nothing.
    fn change<T>(
        &self,
        rows: &mut Overlay<'_, K>,
        work: impl FnOnce(&mut Change<'_, '_, K>) -> Result<T, StoreError>,
    ) -> Result<(T, Committed), StoreError> {
        self.health.check()?;
        let mut queue = lock(&self.queue);
        let mut change = Change::new(rows, &queue, self.clock.now());
        match work(&mut change) {
            Ok(value) => {
                let (moves, committed) = change.finish();
                rows.keep();
                queue.take(moves);
                Ok((value, committed))
            }
            Err(e) => {
                rows.undo();
                if let StoreError::Unavailable(why) = &e {
                    self.health.fail(why);
                }
                Err(e)
            }
        }
    }
}
