//! Group commit: what arrives while a transaction is under way goes together in the next, in the order of
//! its arrival, each batch for itself refused or taken.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use takeoff_core::model::Timestamp;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::connect::{Session, forget_idle};
use super::lock::Keys;
use super::store;
use super::task::{self, Task};
use super::trouble::Trouble;
use crate::catalog::{Batch, Clock, Committed};
use crate::error::StoreError;

/// Batches that wait. Beyond it callers wait to be let in, which is the back-pressure.
const QUEUE_CAPACITY: usize = 1_024;

/// Batches and operations of one group. More would make the first of them wait for the last.
const GROUP_BATCHES: usize = 256;
const GROUP_OPS: usize = 2_000;

/// Groups at once: while the database flushes one, the next is being decided.
pub(super) const WRITERS: usize = 2;

/// Times that a group begins again because others were at the same rows.
const TRIES: u32 = 8;

pub(super) struct Waiting {
    pub(super) batch: Batch,
    pub(super) reply: oneshot::Sender<Result<Committed, StoreError>>,
}

/// Where batches are handed in.
pub(super) struct Writers {
    pub(super) queue: mpsc::Sender<Waiting>,
    _tasks: Vec<Task>,
}

/// Where a group is committed, and by whose time.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) pool: Pool,
    /// A test's time; `None` is the database's.
    pub(super) clock: Option<Arc<dyn Clock>>,
}

impl Place {
    pub(super) fn given(&self) -> Option<Timestamp> {
        self.clock.as_ref().map(|clock| clock.now())
    }
}

impl Writers {
    pub(super) fn start(place: &Place) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_CAPACITY);
        let waiting = Arc::new(Mutex::new(waiting));
        let tasks = (0..WRITERS)
            .map(|_| {
                let (place, waiting) = (place.clone(), Arc::clone(&waiting));
                task::start(async move {
                    while let Some(group) = next_group(&waiting).await {
                        run(&place, group).await;
                    }
                })
            })
            .collect();
        Self { queue, _tasks: tasks }
    }
}

/// `None` when nobody can hand in any more.
async fn next_group(waiting: &Mutex<mpsc::Receiver<Waiting>>) -> Option<Vec<Waiting>> {
    let mut waiting = waiting.lock().await;
    let first = waiting.recv().await?;
    let mut ops = first.batch.op_count();
    let mut group = vec![first];
    while group.len() < GROUP_BATCHES
        && ops < GROUP_OPS
        && let Ok(next) = waiting.try_recv()
    {
        ops += next.batch.op_count();
        group.push(next);
    }
    Some(group)
}

/// Commits a group, or where the database refuses it as a whole each batch for itself: one that it cannot
/// take must not keep the others.
async fn run(place: &Place, mut group: Vec<Waiting>) {
    // A caller that has gone away before its batch was begun wants nothing stored.
    group.retain(|waiting| !waiting.reply.is_closed());
    let batches: Vec<Batch> = group.iter().map(|w| w.batch.clone()).collect();
    match commit(place, &batches).await {
        Ok(answers) => {
            for (waiting, answer) in group.into_iter().zip(answers) {
                // A caller that has gone away does not want to know.
                let _ = waiting.reply.send(answer);
            }
        }
        Err(Failed::Refused(_)) if group.len() > 1 => {
            for waiting in group {
                let alone = commit(place, std::slice::from_ref(&waiting.batch)).await;
                let answer = match alone {
                    Ok(mut answers) => answers.pop().unwrap_or_else(|| Ok(Committed::default())),
                    Err(e) => Err(e.into_store()),
                };
                let _ = waiting.reply.send(answer);
            }
        }
        Err(e) => {
            let e = e.into_store();
            let why = e.cause();
            // The last of them, often the only one, gets the error as it is.
            let last = group.pop();
            for waiting in group {
                let _ = waiting.reply.send(Err(StoreError::Unavailable(why.clone())));
            }
            if let Some(waiting) = last {
                let _ = waiting.reply.send(Err(e));
            }
        }
    }
}

/// Why a group as a whole was not committed.
enum Failed {
    /// The database said no; nothing of it is stored.
    Refused(StoreError),
    /// It cannot be reached, or is lost in the middle; it may be stored.
    Unknown(StoreError),
}

impl Failed {
    fn into_store(self) -> StoreError {
        match self {
            Self::Refused(e) | Self::Unknown(e) => e,
        }
    }
}

type Answers = Vec<Result<Committed, StoreError>>;

async fn commit(place: &Place, batches: &[Batch]) -> Result<Answers, Failed> {
    let mut tries = 0;
    loop {
        tries += 1;
        match attempt(place, batches).await {
            Ok(answers) => return Ok(answers),
            Err((Trouble::Again(why), _)) if tries < TRIES => {
                tracing::debug!(tries, why, "a group of commits begins again");
                tokio::time::sleep(Duration::from_millis(1 << tries.min(6))).await;
            }
            // A connection of the pool that the server has ended is found out by its first use.
            Err((Trouble::Lost(why), _)) if tries < 3 => {
                tracing::debug!(tries, why, "a group of commits takes another connection");
                forget_idle(&place.pool);
            }
            Err((e @ Trouble::Again(_), _)) => return Err(Failed::Refused(e.into_store())),
            Err((e, true)) => return Err(Failed::Refused(e.into_store())),
            Err((e, false)) => return Err(Failed::Unknown(e.into_store())),
        }
    }
}

/// The second value of an error says whether the server answered and has stored nothing.
async fn attempt(place: &Place, batches: &[Batch]) -> Result<Answers, (Trouble, bool)> {
    let session = Session::open(&place.pool).await.map_err(|e| (e, false))?;
    let keys = Keys::of(batches);
    let mut group = match keys.lock(&session, place.given()).await {
        Ok(group) => group,
        Err(e) => return Err(end(session, e).await),
    };
    let mut answers = Vec::with_capacity(batches.len());
    let mut woken = Vec::new();
    for batch in batches {
        match group.take(batch.clone()) {
            Ok(committed) => {
                woken.extend_from_slice(&committed.woken);
                answers.push(Ok(committed));
            }
            Err(Trouble::Store(e)) => answers.push(Err(e)),
            Err(e) => return Err(end(session, e).await),
        }
    }
    woken.sort_unstable();
    woken.dedup();
    match store::commit(&session, &group.into_writes(&woken)).await {
        Ok(()) => {
            session.done();
            Ok(answers)
        }
        Err(e) => Err(end(session, e).await),
    }
}

/// Leaves the connection as it was found, or closes it.
async fn end(session: Session, e: Trouble) -> (Trouble, bool) {
    let answered = store::roll_back(&session).await.is_ok();
    if answered {
        session.done();
    }
    (e, answered)
}
