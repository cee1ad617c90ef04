//! [`Catalog`] over a key-value store.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use takeoff_core::job::{Cause, Job, JobState, Stage};
use takeoff_core::model::{BlobHash, Id, Index, Kind, TenantId, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::queue::QueueState;
use super::recent::Recent;
use super::shelf::Shelf;
use super::writer::{Command, QUEUE_CAPACITY, Reply, Writer, lock};
use super::{Kv, Opener, listing, portable, recover, register};
use crate::archive::{Row, row};
use crate::catalog::{
    Batch, Catalog, Claim, Clock, Committed, Event, JobPage, JobQuery, LeaseRequest, ListQuery, Record,
    Renewal, Renewed, StageQueue, Standing,
};
use crate::error::StoreError;
use crate::metrics::COMMIT_SECONDS;
use crate::register::{Beat, Joined, NodeEntry, NodeIdentity};

/// Longest that a caller waits for the store. A disk that is slower than this is down.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A catalogue with its writer thread, which ends with it.
pub(crate) struct KvCatalog<K: Kv> {
    shelf: Arc<Shelf<K>>,
    clock: Arc<dyn Clock>,
    queue: Arc<Mutex<QueueState>>,
    recent: Arc<Recent>,
    /// `None` only while it is dropped.
    commands: Option<mpsc::Sender<Command>>,
    writer: Option<JoinHandle<()>>,
}

impl<K: Kv> KvCatalog<K> {
    /// Reads the whole store, voids its leases and starts the writer. `again` opens the store anew after
    /// its disk was full.
    pub(crate) fn start(
        store: K,
        clock: Arc<dyn Clock>,
        again: Option<Opener<K>>,
    ) -> Result<Self, StoreError> {
        // One process holds the folder and it has just started: nobody runs these jobs.
        let recovered = recover::recover(&store, clock.now(), &Cause::NodeDied { alone: false })?;
        if recovered.released > 0 {
            tracing::info!(jobs = recovered.released, "leases of an earlier run are void");
        }
        let shelf = Arc::new(Shelf::new(store));
        let queue = Arc::new(Mutex::new(recovered.queue));
        let recent = Arc::new(Recent::default());
        let writer = Writer {
            shelf: Arc::clone(&shelf),
            again,
            unread: OnceCell::new(),
            broken: None,
            clock: Arc::clone(&clock),
            queue: Arc::clone(&queue),
            recent: Arc::clone(&recent),
            seq: recovered.seq,
        };
        let (commands, received) = mpsc::channel(QUEUE_CAPACITY);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(received))
            .map_err(|e| StoreError::Unavailable(format!("its writer thread does not start: {e}")))?;
        Ok(Self { shelf, clock, queue, recent, commands: Some(commands), writer: Some(writer) })
    }

    /// Commands in the queue.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.commands.as_ref().map_or(0, |c| c.max_capacity() - c.capacity())
    }

    async fn write<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        self.shelf.store()?;
        let stopped = || StoreError::Unavailable("its writer has stopped".to_owned());
        let commands = self.commands.as_ref().ok_or_else(stopped)?;
        let (reply, answer) = oneshot::channel();
        let command = command(reply);
        let answered = timeout(ANSWER_WITHIN, async {
            commands.send(command).await.map_err(|_| stopped())?;
            answer.await.map_err(|_| stopped())?
        });
        answered.await.unwrap_or_else(|_| Err(too_slow()))
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&K) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.shelf.store()?;
        if !K::BLOCKS {
            return read(&store);
        }
        match timeout(ANSWER_WITHIN, tokio::task::spawn_blocking(move || read(&store))).await {
            Ok(Ok(result)) => result,
            Ok(Err(e)) => Err(StoreError::Unavailable(format!("a read failed: {e}"))),
            Err(_) => Err(too_slow()),
        }
    }
}

fn too_slow() -> StoreError {
    StoreError::Unavailable(format!("no answer within {} s", ANSWER_WITHIN.as_secs()))
}

impl<K: Kv> Drop for KvCatalog<K> {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(writer) = self.writer.take() {
            // It ends after the group it is at; whoever opens the folder next finds it free. The
            // thread catches its panics, so there is no error to report.
            let _ = writer.join();
        }
    }
}

#[async_trait]
impl<K: Kv> Catalog for KvCatalog<K> {
    async fn get(&self, tenant: TenantId, kind: Kind, id: Id) -> Result<Option<Record>, StoreError> {
        self.read(move |store| listing::record(store, tenant, kind, id)).await
    }

    async fn get_many(
        &self,
        tenant: TenantId,
        kind: Kind,
        ids: &[Id],
    ) -> Result<Vec<Option<Record>>, StoreError> {
        let ids = ids.to_vec();
        self.read(move |store| ids.into_iter().map(|id| listing::record(store, tenant, kind, id)).collect())
            .await
    }

    async fn list(&self, query: ListQuery) -> Result<Vec<Record>, StoreError> {
        self.read(move |store| listing::list(store, &query)).await
    }

    async fn count(&self, tenant: TenantId, kind: Kind, index: Index, parent: Id) -> Result<u64, StoreError> {
        self.read(move |store| listing::count(store, tenant, kind, index, parent)).await
    }

    async fn claim_owner(&self, tenant: TenantId, claim: &Claim) -> Result<Option<Id>, StoreError> {
        let claim = claim.clone();
        self.read(move |store| listing::claim_owner(store, tenant, &claim)).await
    }

    async fn events(
        &self,
        tenant: TenantId,
        project: Id,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.read(move |store| listing::events(store, tenant, project, after, limit)).await
    }

    async fn job(&self, tenant: TenantId, id: Id) -> Result<Option<Job>, StoreError> {
        self.shelf.store()?;
        if let Some(stored) = self.recent.get((tenant, id)) {
            return Ok(Some(Job::clone(&stored.job)));
        }
        self.read(move |store| listing::job(store, tenant, id)).await
    }

    async fn jobs(&self, tenant: TenantId, query: JobQuery) -> Result<JobPage, StoreError> {
        let leased = match query.states.contains(&JobState::Leased) {
            true => lock(&self.queue).leased(tenant),
            false => Vec::new(),
        };
        self.read(move |store| listing::jobs(store, tenant, &query, &leased)).await
    }

    async fn queue(&self, stage: Stage) -> Result<StageQueue, StoreError> {
        let now = self.clock.now();
        let view = lock(&self.queue).stage(stage, now);
        self.read(move |store| listing::queue(store, stage, &view, now)).await
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        let started = self.clock.now();
        let result = self.write(|reply| Command::Commit(batch, reply)).await;
        let micros = self.clock.now().0.saturating_sub(started.0).max(0);
        metrics::histogram!(COMMIT_SECONDS).record(Duration::from_micros(micros.unsigned_abs()));
        result
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Job>, StoreError> {
        self.write(|reply| Command::Lease(request, reply)).await
    }

    async fn renew(
        &self,
        node: &str,
        lease_ms: i64,
        renewals: &[Renewal],
    ) -> Result<Vec<Renewed>, StoreError> {
        let (node, renewals) = (node.to_owned(), renewals.to_vec());
        self.write(|reply| Command::Renew { node, lease_ms, renewals, reply }).await
    }

    async fn rescue(&self, _renewed_ms: i64, limit: usize) -> Result<usize, StoreError> {
        self.write(|reply| Command::Rescue { limit, reply }).await
    }

    async fn prune(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write(|reply| Command::Prune { before, limit, reply }).await
    }

    async fn forget_blob(&self, tenant: TenantId, hash: BlobHash) -> Result<bool, StoreError> {
        self.write(|reply| Command::ForgetBlob { tenant, hash, reply }).await
    }

    async fn export(&self, out: mpsc::Sender<Vec<Row>>, limit: Option<Duration>) -> Result<(), StoreError> {
        let ms = limit.map(|limit| i64::try_from(limit.as_millis()).unwrap_or(i64::MAX));
        let until = ms.map(|ms| self.clock.now().plus_ms(ms));
        // Without a limit of its own: it takes as long as there are rows, or as the one that it was given.
        self.shelf.store()?;
        let stopped = || StoreError::Unavailable("its writer has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let commands = self.commands.as_ref().ok_or_else(stopped)?;
        commands.send(Command::Export { out, until, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        self.read(portable::is_empty).await
    }

    async fn import(&self, mut rows: mpsc::Receiver<Result<Vec<Row>, StoreError>>) -> Result<(), StoreError> {
        if !self.is_empty().await? {
            return Err(row::not_empty("the catalogue"));
        }
        while let Some(batch) = rows.recv().await {
            let rows = batch?;
            self.write(|reply| Command::Import { rows, reply }).await?;
        }
        Ok(())
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn join(&self, node: &NodeIdentity, silent_ms: i64) -> Result<Joined, StoreError> {
        let node = node.clone();
        self.write(|reply| Command::Join { node, silent_ms, reply }).await
    }

    async fn beat(&self, beat: &Beat) -> Result<Option<NodeEntry>, StoreError> {
        let beat = beat.clone();
        self.write(|reply| Command::Beat { beat, reply }).await
    }

    async fn nodes(&self) -> Result<Vec<NodeEntry>, StoreError> {
        let now = self.clock.now();
        self.read(move |store| register::nodes(store, now)).await
    }

    async fn ask_to_drain(&self, name: &str) -> Result<Option<NodeEntry>, StoreError> {
        let name = name.to_owned();
        self.write(|reply| Command::AskToDrain { name, reply }).await
    }

    fn standing(&self) -> Standing {
        self.shelf.standing()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.write(Command::Ping).await
    }
}
