//! Jobs that are asked for one at a time, read together: what is asked for while a statement is under way goes
//! together in the next. Whoever waits for the end of a job reads it when it has begun to wait and when it is told, so
//! under load it is asked for more jobs than are committed at a time.

use std::collections::HashMap;
use std::sync::Arc;

use takeoff_core::job::Job;
use takeoff_core::model::{Id, TenantId};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::Row;
use uuid::Uuid;

use super::job_rows::{column, job, tenant_code};
use super::query;
use super::reads::ask;
use super::task::{self, Task};
use super::writer::Place;
use crate::error::StoreError;

/// Questions that wait. Beyond it callers wait to be let in, which is the back-pressure.
const QUEUE_CAPACITY: usize = 1_024;

/// Jobs of one statement. More would make the first of them wait for the last.
const GROUP: usize = 256;

/// Statements at once: while the database answers one, the next is being asked.
const READERS: usize = 2;

type Answer = Result<Option<Job>, StoreError>;
/// Tenant and id as the database has them.
type Key = (i32, Uuid);

struct Asked {
    key: Key,
    reply: oneshot::Sender<Answer>,
}

/// Where jobs are asked for.
pub(super) struct Readers {
    queue: mpsc::Sender<Asked>,
    _tasks: Vec<Task>,
}

impl Readers {
    pub(super) fn start(place: &Place) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_CAPACITY);
        let waiting = Arc::new(Mutex::new(waiting));
        let tasks = (0..READERS)
            .map(|_| {
                let (place, waiting) = (place.clone(), Arc::clone(&waiting));
                task::start(async move {
                    while let Some(group) = next_group(&waiting).await {
                        answer(&place, group).await;
                    }
                })
            })
            .collect();
        Self { queue, _tasks: tasks }
    }

    /// The job as it is when this is called, or later.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer, `Damaged` when the job's row cannot be read.
    pub(super) async fn job(&self, tenant: TenantId, id: Id) -> Answer {
        let stopped = || StoreError::Unavailable("the readers have stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let asked = Asked { key: (tenant_code(tenant), id.0), reply };
        self.queue.send(asked).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// `None` when nobody can ask any more.
async fn next_group(waiting: &Mutex<mpsc::Receiver<Asked>>) -> Option<Vec<Asked>> {
    let mut waiting = waiting.lock().await;
    let mut group = vec![waiting.recv().await?];
    while group.len() < GROUP
        && let Ok(next) = waiting.try_recv()
    {
        group.push(next);
    }
    Some(group)
}

async fn answer(place: &Place, mut group: Vec<Asked>) {
    group.retain(|asked| !asked.reply.is_closed());
    let (tenants, ids): (Vec<i32>, Vec<Uuid>) = group.iter().map(|asked| asked.key).unzip();
    let rows = match ask(place, query::JOBS, &[&tenants, &ids]).await {
        Ok(rows) => rows,
        Err(e) => {
            let why = e.cause();
            for asked in group {
                // Who has gone away does not want to know.
                let _ = asked.reply.send(Err(StoreError::Unavailable(why.clone())));
            }
            return;
        }
    };
    // The key of a row is what was asked by, so it can be read.
    let key = |row: &Row| Some((column(row, 0).ok()?, column(row, 1).ok()?));
    let found: HashMap<Key, &Row> = rows.iter().filter_map(|row| Some((key(row)?, row))).collect();
    for asked in group {
        // A row that is damaged is the matter of those who asked for it.
        let answer = found.get(&asked.key).map(|row| job(row)).transpose();
        let _ = asked.reply.send(answer);
    }
}
