//! What a group of batches touches, locked and read at its start.
//!
//! Jobs, records, claims and blobs are locked in this order, and within each by key, in one statement: two
//! groups wait for each other in one direction only. Where they still meet (a record that one expects
//! something of and another changes) the database ends one of them, which begins again.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use takeoff_core::job::{Job, JobEvent, JobState};
use takeoff_core::model::{BlobHash, Id, Index, Kind, TenantId, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connect::Session;
use super::job_rows::{self, column, damaged, tenant, tenant_code};
use super::query;
use super::rows::Rows;
use super::store;
use super::trouble::Trouble;
use crate::catalog::{Batch, Expect, NewEvent, Op};
use crate::error::StoreError;

pub(super) type RecordKey = (TenantId, Kind, Id);
pub(super) type ClaimKey = (TenantId, Vec<u8>);
pub(super) type BlobKey = (TenantId, BlobHash);
pub(super) type JobKey = (TenantId, Id);

/// The lists and blobs that a record is entered under.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Entered {
    pub(super) lists: Vec<(Index, Id)>,
    pub(super) blobs: Vec<[u8; 32]>,
}

#[derive(Debug)]
pub(super) struct RecordRow {
    pub(super) version: u64,
    pub(super) entered: Entered,
    /// Format and body, of a record that the group puts.
    pub(super) put: Option<(u16, Vec<u8>)>,
}

/// Rows of a group, its new events, and the time.
pub(super) struct Group {
    pub(super) now: Timestamp,
    pub(super) records: Rows<RecordKey, RecordRow>,
    pub(super) claims: Rows<ClaimKey, Id>,
    pub(super) blobs: Rows<BlobKey, u64>,
    pub(super) jobs: Rows<JobKey, Job>,
    pub(super) events: Vec<(TenantId, NewEvent)>,
    /// Records that a kept batch needs to be absent.
    pub(super) absent: BTreeSet<RecordKey>,
}

/// Keys of everything that a group may touch.
#[derive(Default)]
pub(super) struct Keys {
    changed: BTreeSet<RecordKey>,
    expected: BTreeSet<RecordKey>,
    claims: BTreeSet<ClaimKey>,
    blobs: BTreeSet<BlobKey>,
    /// Whether it is cancelled, and so everything below it.
    jobs: BTreeMap<JobKey, bool>,
}

impl Keys {
    pub(super) fn of<'b>(batches: impl IntoIterator<Item = &'b Batch>) -> Self {
        let mut keys = Self::default();
        for batch in batches {
            keys.add(batch);
        }
        keys.expected = &keys.expected - &keys.changed;
        keys
    }

    fn add(&mut self, batch: &Batch) {
        let tenant = batch.tenant;
        for expect in &batch.expect {
            let (Expect::Version(kind, id, _) | Expect::Absent(kind, id) | Expect::Exists(kind, id)) =
                *expect;
            self.expected.insert((tenant, kind, id));
        }
        for op in &batch.ops {
            match op {
                Op::Put(new) => {
                    self.changed.insert((tenant, new.kind, new.id));
                    self.blobs.extend(new.blobs.iter().map(|hash| (tenant, *hash)));
                }
                Op::Delete(kind, id) => {
                    self.changed.insert((tenant, *kind, *id));
                }
                Op::Claim(claim, _) | Op::Release(claim) => {
                    self.claims.insert((tenant, claim.0.clone().into_bytes()));
                }
                Op::BlobStored { hash, .. } => {
                    self.blobs.insert((tenant, *hash));
                }
            }
        }
        for new in &batch.jobs {
            self.jobs.entry((tenant, new.id)).or_default();
        }
        for change in &batch.changes {
            *self.jobs.entry((tenant, change.job)).or_default() |=
                matches!(change.event, JobEvent::Cancel { .. });
            if let JobEvent::FanOut { children, .. } = &change.event {
                for child in children {
                    self.jobs.entry((tenant, child.id)).or_default();
                }
            }
        }
    }

    /// Begins the transaction, and locks and reads everything.
    pub(super) async fn lock(&self, session: &Session, given: Option<Timestamp>) -> Result<Group, Trouble> {
        let jobs = JobColumns::of(&self.jobs);
        let changed = RecordColumns::of(&self.changed);
        let expected = RecordColumns::of(&self.expected);
        let claims = KeyColumns::of(self.claims.iter().map(|(t, claim)| (*t, claim.as_slice())));
        let blobs = KeyColumns::of(self.blobs.iter().map(|(t, hash)| (*t, hash.0.as_slice())));
        let given = given.map(|t| t.0);
        let asked: [(&str, Vec<&(dyn ToSql + Sync)>, bool); 6] = [
            (query::CLOCK, vec![&given], true),
            (query::LOCK_JOBS, vec![&jobs.tenants, &jobs.ids, &jobs.cancels], !self.jobs.is_empty()),
            (query::LOCK_RECORDS, changed.params(), !self.changed.is_empty()),
            (query::SHARE_RECORDS, expected.params(), !self.expected.is_empty()),
            (query::LOCK_CLAIMS, vec![&claims.tenants, &claims.keys], !self.claims.is_empty()),
            (query::LOCK_BLOBS, vec![&blobs.tenants, &blobs.keys], !self.blobs.is_empty()),
        ];
        let [clock, jobs, changed, expected, claims, blobs] = begin_and_ask(session, &asked).await?;
        let now = clock.first().ok_or_else(|| damaged("the clock", "it says nothing"))?;
        let mut group = Group::empty(Timestamp(column(now, 0)?));
        self.look(&mut group);
        group.read_jobs(&jobs)?;
        // A parent that the lock did not find is none. Those of jobs that only are parents are never told.
        let parent = |key: &JobKey| Some((key.0, group.jobs.get(key)?.parent?));
        let parents: Vec<JobKey> = self.jobs.keys().filter_map(parent).collect();
        group.jobs.look(parents);
        group.read_records(&changed)?;
        group.read_records(&expected)?;
        for row in &claims {
            group.claims.found((tenant(column(row, 0)?), column(row, 1)?), Id(column(row, 2)?));
        }
        for row in &blobs {
            let size: i64 = column(row, 2)?;
            group.blobs.found((tenant(column(row, 0)?), hash(column(row, 1)?)?), size.cast_unsigned());
        }
        let cancelled: BTreeSet<JobKey> = self.jobs.iter().filter(|(_, c)| **c).map(|(k, _)| *k).collect();
        if !cancelled.is_empty() {
            group.look_below(session, cancelled).await?;
        }
        Ok(group)
    }

    fn look(&self, group: &mut Group) {
        group.records.look(self.changed.iter().chain(&self.expected).copied());
        group.claims.look(self.claims.iter().cloned());
        group.blobs.look(self.blobs.iter().copied());
        group.jobs.look(self.jobs.keys().copied());
    }
}

/// All of it in one round trip. What is not asked for answers nothing.
async fn begin_and_ask<const N: usize>(
    session: &Session,
    asked: &[(&str, Vec<&(dyn ToSql + Sync)>, bool); N],
) -> Result<[Vec<Row>; N], Trouble> {
    let client = session.client();
    let mut statements = Vec::new();
    for (place, (sql, params, wanted)) in asked.iter().enumerate() {
        if *wanted {
            statements.push((place, client.prepare_cached(sql).await?, params));
        }
    }
    let begin = client.batch_execute(store::BEGIN);
    let answers = try_join_all(statements.iter().map(|(_, sql, params)| client.query(sql, params)));
    // Polled in this order, and so sent in it.
    let (begun, answers) = futures::join!(begin, answers);
    begun?;
    let mut all = std::array::from_fn(|_| Vec::new());
    for ((place, ..), rows) in statements.iter().zip(answers?) {
        all[*place] = rows;
    }
    Ok(all)
}

pub(super) fn hash(bytes: &[u8]) -> Result<BlobHash, StoreError> {
    bytes.try_into().map(BlobHash).map_err(|_| damaged("a blob's row", "its hash has not 32 bytes"))
}

impl Group {
    pub(super) fn empty(now: Timestamp) -> Self {
        Self {
            now,
            records: Rows::default(),
            claims: Rows::default(),
            blobs: Rows::default(),
            jobs: Rows::default(),
            events: Vec::new(),
            absent: BTreeSet::new(),
        }
    }

    fn read_jobs(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        for job in job_rows::jobs(rows)? {
            self.jobs.found((job.tenant, job.id), job);
        }
        Ok(())
    }

    fn read_records(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            let (code, id): (i16, Id) = (column(row, 1)?, Id(column(row, 2)?));
            let kind = u8::try_from(code).ok().and_then(Kind::from_code);
            let kind = kind.ok_or_else(|| damaged(format!("record {id}"), format!("unknown kind {code}")))?;
            let version: i64 = column(row, 3)?;
            let entered = postcard::from_bytes(column(row, 4)?)
                .map_err(|e| damaged(format!("{kind:?} {id}"), e.to_string()))?;
            let found = RecordRow { version: version.cast_unsigned(), entered, put: None };
            self.records.found((tenant(column(row, 0)?), kind, id), found);
        }
        Ok(())
    }

    /// A cancelled job that waits may have got children after the snapshot that its lock waited in. Now that
    /// it is locked it gets no more.
    async fn look_below(&self, session: &Session, cancelled: BTreeSet<JobKey>) -> Result<(), Trouble> {
        let waiting: Vec<JobKey> = self
            .with_all_below(cancelled)
            .into_iter()
            .filter(|key| self.jobs.get(key).is_some_and(|job| job.state == JobState::Waiting))
            .collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let (tenants, ids): (Vec<i32>, Vec<Uuid>) =
            waiting.iter().map(|(tenant, id)| (tenant_code(*tenant), id.0)).unzip();
        let client = session.client();
        let children = client.prepare_cached(query::CHILDREN).await?;
        for row in client.query(&children, &[&tenants, &ids]).await? {
            let key = (tenant(column(&row, 0)?), Id(column(&row, 1)?));
            if !self.jobs.knows(&key) {
                return Err(Trouble::Again(format!("job {} was enqueued meanwhile", key.1)));
            }
        }
        Ok(())
    }

    fn with_all_below(&self, mut family: BTreeSet<JobKey>) -> BTreeSet<JobKey> {
        loop {
            let is_below = |job: &Job| job.parent.is_some_and(|p| family.contains(&(job.tenant, p)));
            let more: Vec<JobKey> = self
                .jobs
                .all()
                .filter(|(key, job)| is_below(job) && !family.contains(*key))
                .map(|(key, _)| *key)
                .collect();
            if more.is_empty() {
                return family;
            }
            family.extend(more);
        }
    }
}

#[derive(Default)]
struct RecordColumns {
    tenants: Vec<i32>,
    kinds: Vec<i16>,
    ids: Vec<Uuid>,
}

impl RecordColumns {
    fn of(keys: &BTreeSet<RecordKey>) -> Self {
        let mut columns = Self::default();
        for (tenant, kind, id) in keys {
            columns.tenants.push(tenant_code(*tenant));
            columns.kinds.push(i16::from(kind.code()));
            columns.ids.push(id.0);
        }
        columns
    }

    fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.tenants, &self.kinds, &self.ids]
    }
}

#[derive(Default)]
struct KeyColumns<'k> {
    tenants: Vec<i32>,
    keys: Vec<&'k [u8]>,
}

impl<'k> KeyColumns<'k> {
    fn of(keys: impl Iterator<Item = (TenantId, &'k [u8])>) -> Self {
        let (tenants, keys) = keys.map(|(tenant, key)| (tenant_code(tenant), key)).unzip();
        Self { tenants, keys }
    }
}

#[derive(Default)]
struct JobColumns {
    tenants: Vec<i32>,
    ids: Vec<Uuid>,
    cancels: Vec<bool>,
}

impl JobColumns {
    fn of(keys: &BTreeMap<JobKey, bool>) -> Self {
        let mut columns = Self::default();
        for ((tenant, id), cancels) in keys {
            columns.tenants.push(tenant_code(*tenant));
            columns.ids.push(id.0);
            columns.cancels.push(*cancels);
        }
        columns
    }
}
