//! The one thread that writes: group commit with an answer after the flush.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use takeoff_core::job::Job;
use takeoff_core::model::{BlobHash, TenantId, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::commit::Change;
use super::overlay::Overlay;
use super::queue::QueueState;
use super::recent::Recent;
use super::shelf::Shelf;
use super::{Kv, Opener, SEQ_KEY, keys, portable};
use crate::archive::Row;
use crate::catalog::{Batch, Clock, Committed, LeaseRequest, Renewal, Renewed};
use crate::error::StoreError;
use crate::register::{Beat, Joined, NodeEntry, NodeIdentity};

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
    Export { out: mpsc::Sender<Vec<Row>>, until: Option<Timestamp>, reply: Reply<()> },
    Import { rows: Vec<Row>, reply: Reply<()> },
    Join { node: NodeIdentity, silent_ms: i64, reply: Reply<Joined> },
    Beat { beat: Beat, reply: Reply<Option<NodeEntry>> },
    AskToDrain { name: String, reply: Reply<Option<NodeEntry>> },
    Ping(Reply<()>),
}

impl Command {
    /// Answers that the store is not in use.
    pub(super) fn refuse(self, why: &StoreError) {
        fn no<T>(reply: Reply<T>, why: &StoreError) {
            // A caller that has gone away does not want to know.
            let _ = reply.send(Err(why.outage()));
        }
        match self {
            Self::Commit(_, reply) => no(reply, why),
            Self::Lease(_, reply) => no(reply, why),
            Self::Renew { reply, .. } => no(reply, why),
            Self::Rescue { reply, .. } | Self::Prune { reply, .. } => no(reply, why),
            Self::ForgetBlob { reply, .. } => no(reply, why),
            Self::Join { reply, .. } => no(reply, why),
            Self::Beat { reply, .. } | Self::AskToDrain { reply, .. } => no(reply, why),
            Self::Ping(reply) | Self::Export { reply, .. } | Self::Import { reply, .. } => no(reply, why),
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
            Err(e) => Err(e.outage()),
        };
        // A caller that has gone away does not want to know.
        let _ = reply.send(result);
    })
}

pub(super) struct Writer<K> {
    pub(super) shelf: Arc<Shelf<K>>,
    /// How to open the store again, where that can be done.
    pub(super) again: Option<Opener<K>>,
    /// Why a read for a command of the group failed; then none of the group is stored.
    pub(super) unread: OnceCell<String>,
    /// A store that has failed and is not closed yet.
    pub(super) broken: Option<Arc<K>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) queue: Arc<Mutex<QueueState>>,
    pub(super) recent: Arc<Recent>,
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
                self.failed(&StoreError::Unavailable("its writer has panicked".to_owned()));
            }
            self.mend(&mut commands);
        }
    }

    fn group(&mut self, first: Command, commands: &mut mpsc::Receiver<Command>) {
        let store = match self.shelf.store() {
            Ok(store) => store,
            Err(e) => return first.refuse(&e),
        };
        let recent = Arc::clone(&self.recent);
        let mut rows = Overlay::new(&*store, &recent);
        let mut answers = Vec::new();
        let mut next = Some(first);
        while let Some(command) = next {
            answers.push(self.command(&mut rows, command));
            let full = answers.len() >= GROUP_COMMANDS || rows.rows() >= GROUP_ROWS;
            next = if full { None } else { commands.try_recv().ok() };
        }
        let durable = match self.unread.take() {
            Some(why) => Err(StoreError::Unavailable(why)),
            None => self.make_durable(&store, rows),
        };
        if let Err(e) = &durable {
            // Before anybody is answered: who is told of a failure finds the store failed.
            self.failed(e);
        }
        for answer in answers {
            answer(&durable);
        }
    }

    fn make_durable(&mut self, store: &K, mut rows: Overlay<'_, K>) -> Result<(), StoreError> {
        if rows.rows() == 0 {
            return Ok(());
        }
        self.seq += 1;
        rows.put(SEQ_KEY.to_vec(), self.seq.to_be_bytes().to_vec());
        let (writes, known, jobs) = rows.into_parts();
        store.apply(writes, &known)?;
        self.recent.take_over(jobs);
        store.flush(self.seq)
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
            Command::Export { out, until, reply } => {
                // What the group has changed so far is not in the store yet: the export is of the moment before.
                let exported =
                    self.shelf.store().and_then(|store| portable::export(&*store, &out, &*self.clock, until));
                answer(reply, exported)
            }
            Command::Import { rows: all, reply } => self.simple(rows, reply, |c| c.import(all)),
            Command::Join { node, silent_ms, reply } => {
                self.simple(rows, reply, |c| c.join(&node, silent_ms))
            }
            Command::Beat { beat, reply } => self.simple(rows, reply, |c| c.beat(&beat)),
            Command::AskToDrain { name, reply } => self.simple(rows, reply, |c| c.ask_to_drain(&name)),
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
        if let Some(why) = self.unread.get() {
            return Err(StoreError::Unavailable(why.clone()));
        }
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
                if e.is_outage() {
                    // It is the only one, or this would not have been reached.
                    let _ = self.unread.set(e.cause());
                }
                Err(e)
            }
        }
    }
}
