//! [`Catalog`] in PostgreSQL.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use takeoff_core::job::{Job, Stage};
use takeoff_core::model::{BlobHash, Id, Index, Kind, TenantId, Timestamp};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::clear::Clearing;
use super::job_rows::{column, damaged, long, tenant_code};
use super::listen::{Listener, Shared, WAKES};
use super::reader::Readers;
use super::reads::{self, ask, big};
use super::settings::PgSettings;
use super::task::Task;
use super::writer::{Place, Waiting, Writers};
use super::{connect, lease, migrate, portable, query, register};
use crate::archive::Row;
use crate::catalog::{
    Batch, Catalog, Claim, Clock, Committed, Event, JobPage, JobQuery, LeaseRequest, ListQuery, Record,
    Renewal, Renewed, StageQueue, Standing,
};
use crate::error::StoreError;
use crate::metrics::COMMIT_SECONDS;
use crate::register::{Beat, Joined, NodeEntry, NodeIdentity};

/// Longest that a caller waits for the database. One that is slower than this is down.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A node's view of the shared catalogue.
pub struct PgCatalog {
    place: Place,
    readers: Readers,
    writers: Writers,
    clearing: Clearing,
    wakes: broadcast::Sender<Stage>,
    standing: Shared,
    _listener: Task,
}

/// Opens the catalogue of an existing database of exactly this version.
///
/// # Errors
/// `Unusable`, saying what is wrong, when the address is none, the server lets nobody in, or the database is
/// empty, older, newer or somebody else's; `Unavailable` when the server cannot be reached. Within 10 s.
pub async fn open(settings: &PgSettings) -> Result<Arc<PgCatalog>, StoreError> {
    open_with(settings, None).await
}

/// [`open`], but by a test's time instead of the database's.
#[cfg(test)]
pub(super) async fn open_by_clock(
    settings: &PgSettings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<PgCatalog>, StoreError> {
    open_with(settings, Some(clock)).await
}

async fn open_with(
    settings: &PgSettings,
    clock: Option<Arc<dyn Clock>>,
) -> Result<Arc<PgCatalog>, StoreError> {
    let address = settings.address()?;
    migrate::check(&address).await?;
    let pool = connect::pool(address.clone(), settings.connections)?;
    let (wakes, _) = broadcast::channel(WAKES);
    let standing: Shared = Arc::new(RwLock::new(Standing::Working));
    let listener = Listener::start(address, wakes.clone(), Arc::clone(&standing)).await?;
    let place = Place { pool, clock };
    let (readers, writers) = (Readers::start(&place), Writers::start(&place));
    let clearing = Clearing::start(&place);
    Ok(Arc::new(PgCatalog { place, readers, writers, clearing, wakes, standing, _listener: listener }))
}

impl PgCatalog {
    /// Names the store that holds the blobs of this catalogue, unless it has one: then that one's name is the
    /// answer.
    pub(crate) async fn bind_blob_store(&self, name: &str) -> Result<String, StoreError> {
        let place = self.in_use()?;
        let rows = answered(ask(place, query::BIND_BLOB_STORE, &[&name])).await?;
        column(rows.first().ok_or_else(|| damaged("the blob store", "it has no row"))?, 0)
    }

    /// Name of the store that holds the blobs of this catalogue, if it has one.
    pub(crate) async fn blob_store(&self) -> Result<Option<String>, StoreError> {
        let rows = answered(ask(self.in_use()?, query::BLOB_STORE, &[])).await?;
        rows.first().map(|row| column(row, 0)).transpose()
    }

    /// Whether blobs were ever registered and not all swept.
    pub(crate) async fn has_blobs(&self) -> Result<bool, StoreError> {
        let rows = answered(ask(self.in_use()?, query::HAS_BLOBS, &[])).await?;
        column(rows.first().ok_or_else(|| damaged("the blobs", "they say nothing"))?, 0)
    }

    /// # Errors
    /// `Unavailable` while the server is away: nobody waits for it to come back.
    fn in_use(&self) -> Result<&Place, StoreError> {
        match &*self.standing.read().unwrap_or_else(PoisonError::into_inner) {
            Standing::Working => Ok(&self.place),
            other => Err(StoreError::Unavailable(other.why().to_owned())),
        }
    }
}

async fn answered<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let too_slow = || {
        let why = format!("the database has not answered within {} s", ANSWER_WITHIN.as_secs());
        StoreError::Unavailable(why)
    };
    timeout(ANSWER_WITHIN, work).await.map_err(|_| too_slow())?
}

fn kind_code(kind: Kind) -> i16 {
    i16::from(kind.code())
}

#[async_trait]
impl Catalog for PgCatalog {
    async fn get(&self, tenant: TenantId, kind: Kind, id: Id) -> Result<Option<Record>, StoreError> {
        Ok(self.get_many(tenant, kind, &[id]).await?.pop().flatten())
    }

    async fn get_many(
        &self,
        tenant: TenantId,
        kind: Kind,
        ids: &[Id],
    ) -> Result<Vec<Option<Record>>, StoreError> {
        let place = self.in_use()?;
        let asked: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&tenant_code(tenant), &kind_code(kind), &asked];
        let rows = answered(ask(place, query::GET_RECORDS, &params)).await?;
        let found = rows
            .iter()
            .map(|row| reads::record(tenant, kind, row).map(|r| (r.id, r)))
            .collect::<Result<HashMap<_, _>, _>>()?;
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    async fn list(&self, asked: ListQuery) -> Result<Vec<Record>, StoreError> {
        let place = self.in_use()?;
        let sql = if asked.newest_first { query::LIST_NEWEST } else { query::LIST_OLDEST };
        let after = asked.after.map(|id| id.0);
        let (tenant, kind) = (tenant_code(asked.tenant), kind_code(asked.kind));
        let (list, limit) = (asked.index as i16, big(asked.limit));
        let rows =
            answered(ask(place, sql, &[&tenant, &kind, &list, &asked.parent.0, &after, &limit])).await?;
        rows.iter().map(|row| reads::record(asked.tenant, asked.kind, row)).collect()
    }

    async fn count(&self, tenant: TenantId, kind: Kind, index: Index, parent: Id) -> Result<u64, StoreError> {
        let place = self.in_use()?;
        let (tenant, kind, list) = (tenant_code(tenant), kind_code(kind), index as i16);
        answered(reads::counted(place, query::COUNT_LIST, &[&tenant, &kind, &list, &parent.0])).await
    }

    async fn claim_owner(&self, tenant: TenantId, claim: &Claim) -> Result<Option<Id>, StoreError> {
        let place = self.in_use()?;
        let (tenant, claim) = (tenant_code(tenant), claim.0.as_bytes());
        let rows = answered(ask(place, query::CLAIM_OWNER, &[&tenant, &claim])).await?;
        rows.first().map(|row| column(row, 0).map(Id)).transpose()
    }

    async fn events(
        &self,
        tenant: TenantId,
        project: Id,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let place = self.in_use()?;
        let (tenant, after, limit) = (tenant_code(tenant), long(after), big(limit));
        let rows = answered(ask(place, query::EVENTS, &[&tenant, &project.0, &after, &limit])).await?;
        rows.iter().map(reads::event).collect()
    }

    async fn job(&self, tenant: TenantId, id: Id) -> Result<Option<Job>, StoreError> {
        self.in_use()?;
        answered(self.readers.job(tenant, id)).await
    }

    async fn jobs(&self, tenant: TenantId, asked: JobQuery) -> Result<JobPage, StoreError> {
        let place = self.in_use()?;
        answered(reads::job_page(place, tenant, &asked)).await
    }

    async fn queue(&self, stage: Stage) -> Result<StageQueue, StoreError> {
        let place = self.in_use()?;
        let (stage, given) = (stage as i16, place.given().map(|t| t.0));
        let rows = answered(ask(place, query::QUEUE, &[&stage, &given])).await?;
        reads::stage_queue(rows.first().ok_or_else(|| damaged("the queue", "it has no row"))?)
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        self.in_use()?;
        let started = Instant::now();
        let stopped = || StoreError::Unavailable("the writers have stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let result = answered(async {
            self.writers.queue.send(Waiting { batch, reply }).await.map_err(|_| stopped())?;
            answer.await.map_err(|_| stopped())?
        })
        .await;
        metrics::histogram!(COMMIT_SECONDS).record(started.elapsed());
        result
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Job>, StoreError> {
        let place = self.in_use()?;
        if request.max_jobs == 0 {
            return Ok(Vec::new());
        }
        let jobs = answered(lease::lease(place, &request)).await?;
        self.clearing.leased(jobs.len());
        Ok(jobs)
    }

    async fn renew(
        &self,
        node: &str,
        lease_ms: i64,
        renewals: &[Renewal],
    ) -> Result<Vec<Renewed>, StoreError> {
        let place = self.in_use()?;
        answered(lease::renew(place, node, lease_ms, renewals)).await
    }

    async fn rescue(&self, renewed_ms: i64, limit: usize) -> Result<usize, StoreError> {
        let place = self.in_use()?;
        answered(lease::rescue(place, renewed_ms, limit)).await
    }

    async fn prune(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let place = self.in_use()?;
        let deleted = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        answered(async {
            let jobs = deleted(reads::execute(place, query::PRUNE_JOBS, &[&before.0, &big(limit)]).await?);
            let left = big(limit.saturating_sub(jobs));
            let events = reads::execute(place, query::PRUNE_EVENTS, &[&before.0, &left]).await?;
            Ok(jobs + deleted(events))
        })
        .await
    }

    async fn forget_blob(&self, tenant: TenantId, hash: BlobHash) -> Result<bool, StoreError> {
        let place = self.in_use()?;
        answered(lease::forget_blob(place, tenant_code(tenant), &hash.0)).await
    }

    async fn export(&self, out: mpsc::Sender<Vec<Row>>, _: Option<Duration>) -> Result<(), StoreError> {
        portable::export(self.in_use()?, &out).await
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        answered(portable::is_empty(self.in_use()?)).await
    }

    async fn import(&self, mut rows: mpsc::Receiver<Result<Vec<Row>, StoreError>>) -> Result<(), StoreError> {
        portable::import(self.in_use()?, &mut rows).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        let place = self.in_use()?;
        let given = place.given().map(|t| t.0);
        let rows = answered(ask(place, query::CLOCK, &[&given])).await?;
        column(rows.first().ok_or_else(|| damaged("the clock", "it has no row"))?, 0).map(Timestamp)
    }

    async fn join(&self, node: &NodeIdentity, silent_ms: i64) -> Result<Joined, StoreError> {
        answered(register::join(self.in_use()?, node, silent_ms)).await
    }

    async fn beat(&self, beat: &Beat) -> Result<Option<NodeEntry>, StoreError> {
        answered(register::beat(self.in_use()?, beat)).await
    }

    async fn nodes(&self) -> Result<Vec<NodeEntry>, StoreError> {
        answered(register::nodes(self.in_use()?)).await
    }

    async fn ask_to_drain(&self, name: &str) -> Result<Option<NodeEntry>, StoreError> {
        answered(register::ask_to_drain(self.in_use()?, name)).await
    }

    fn standing(&self) -> Standing {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wakes(&self) -> Option<broadcast::Receiver<Stage>> {
        Some(self.wakes.subscribe())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let place = self.in_use()?;
        answered(reads::execute(place, query::PING, &[])).await.map(|_| ())
    }
}
