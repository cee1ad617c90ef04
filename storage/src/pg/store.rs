//! What a group leaves otherwise than it found it, written in statements of many rows and committed, all in
//! one round trip. None of the statements can half succeed: an insert that finds its row made by somebody
//! else fails, and with it the transaction.

use futures::future::join_all;
use takeoff_core::ENGINE_VERSION;
use takeoff_core::job::{Job, Stage};
use takeoff_core::model::{Id, Index, Kind};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connect::Session;
use super::job_rows::{self, FORM, long, state_code, tenant_code, text};
use super::lock::{Entered, Group, RecordKey};
use super::query;
use super::trouble::Trouble;
use crate::error::StoreError;

/// A statement with its columns.
pub(super) struct Write {
    sql: &'static str,
    columns: Vec<Box<dyn ToSql + Sync + Send>>,
}

/// Makes a struct of columns that is filled row by row.
macro_rules! columns {
    ($name:ident { $($column:ident: $type:ty),+ $(,)? }) => {
        #[derive(Default)]
        pub(super) struct $name { $(pub(super) $column: Vec<$type>),+ }

        impl $name {
            /// Nothing when there are no rows.
            pub(super) fn write(self, sql: &'static str, writes: &mut Vec<Write>) {
                let rows = [$(self.$column.len()),+];
                debug_assert!(rows.iter().all(|n| *n == rows[0]), "{rows:?}");
                if rows[0] > 0 {
                    writes.push(Write { sql, columns: vec![$(Box::new(self.$column)),+] });
                }
            }
        }
    };
}

columns!(RecordKeys { tenant: i32, kind: i16, id: Uuid });
columns!(Records {
    tenant: i32, kind: i16, id: Uuid, version: i64, engine: String, format: i32, entered: Vec<u8>, body: Vec<u8>
});
columns!(Lists { tenant: i32, kind: i16, list: i16, parent: Uuid, id: Uuid });
columns!(Refs { tenant: i32, hash: Vec<u8>, kind: i16, id: Uuid });
columns!(Blobs { tenant: i32, hash: Vec<u8>, size: i64 });
columns!(Claims { tenant: i32, claim: Vec<u8>, owner: Uuid });
columns!(ClaimKeys { tenant: i32, claim: Vec<u8> });
columns!(Events { tenant: i32, project: Uuid, name: String, payload: Vec<u8> });
columns!(EventCounts { tenant: i32, project: Uuid, newest: i64 });
columns!(PastEvents { tenant: i32, project: Uuid, seq: i64, at: i64, name: String, payload: Vec<u8> });
columns!(NewJobs {
    tenant: i32, id: Uuid, stage: i16, lane: i16, priority: i16, state: i16, run_at: i64, attempts: i32,
    child_deaths: i32, node_deaths: i32, token: i64, lease_node: Option<String>, lease_until: Option<i64>,
    percent: f32, step: Option<String>, parent: Option<Uuid>, children_left: i64, children_failed: i64,
    children_total: i64, project_id: Option<Uuid>, subject_id: Option<Uuid>, task_type: Option<String>,
    created_at: i64, started_at: Option<i64>, finished_at: Option<i64>, form: i16, spec: Vec<u8>, outcome: Vec<u8>
});
columns!(Jobs {
    tenant: i32, id: Uuid, state: i16, run_at: i64, attempts: i32, child_deaths: i32, node_deaths: i32, token: i64,
    lease_node: Option<String>, lease_until: Option<i64>, percent: f32, step: Option<String>,
    parent: Option<Uuid>, children_left: i64, children_failed: i64, children_total: i64,
    started_at: Option<i64>, finished_at: Option<i64>, form: i16, outcome: Vec<u8>
});
columns!(Leases {
    tenant: i32, id: Uuid, token: i64, lease_node: Option<String>, lease_until: Option<i64>,
    started_at: Option<i64>, percent: f32, step: Option<String>
});

fn kind_code(kind: Kind) -> i16 {
    i16::from(kind.code())
}

fn uuid(id: Option<Id>) -> Option<Uuid> {
    id.map(|id| id.0)
}

impl NewJobs {
    pub(super) fn push(&mut self, job: &Job) {
        self.tenant.push(tenant_code(job.tenant));
        self.id.push(job.id.0);
        self.stage.push(job.stage as i16);
        self.lane.push(job.lane as i16);
        self.priority.push(job.priority);
        self.state.push(state_code(job.state));
        self.run_at.push(job.run_at.0);
        self.attempts.push(job.attempts.into());
        self.child_deaths.push(job.child_deaths.into());
        self.node_deaths.push(job.node_deaths.into());
        self.token.push(long(job.token));
        self.lease_node.push(job.lease.as_ref().map(|l| l.node.clone()));
        self.lease_until.push(job.lease.as_ref().map(|l| l.until.0));
        self.percent.push(job.progress.percent);
        self.step.push(job.progress.step.as_deref().map(text));
        self.parent.push(uuid(job.parent));
        self.children_left.push(job.children_left.into());
        self.children_failed.push(job.children_failed.into());
        self.children_total.push(job.children_total.into());
        self.project_id.push(uuid(job.project_id));
        self.subject_id.push(uuid(job.subject_id));
        self.task_type.push(job.task.as_ref().map(|t| text(&t.task_type)));
        self.created_at.push(job.created_at.0);
        self.started_at.push(job.started_at.map(|t| t.0));
        self.finished_at.push(job.finished_at.map(|t| t.0));
        self.form.push(FORM);
        self.spec.push(job_rows::spec(job));
        self.outcome.push(job_rows::outcome(job));
    }
}

impl Jobs {
    fn push(&mut self, job: &Job) {
        self.tenant.push(tenant_code(job.tenant));
        self.id.push(job.id.0);
        self.state.push(state_code(job.state));
        self.run_at.push(job.run_at.0);
        self.attempts.push(job.attempts.into());
        self.child_deaths.push(job.child_deaths.into());
        self.node_deaths.push(job.node_deaths.into());
        self.token.push(long(job.token));
        self.lease_node.push(job.lease.as_ref().map(|l| l.node.clone()));
        self.lease_until.push(job.lease.as_ref().map(|l| l.until.0));
        self.percent.push(job.progress.percent);
        self.step.push(job.progress.step.as_deref().map(text));
        self.parent.push(uuid(job.parent));
        self.children_left.push(job.children_left.into());
        self.children_failed.push(job.children_failed.into());
        self.children_total.push(job.children_total.into());
        self.started_at.push(job.started_at.map(|t| t.0));
        self.finished_at.push(job.finished_at.map(|t| t.0));
        self.form.push(FORM);
        self.outcome.push(job_rows::outcome(job));
    }
}

/// New and renewed leases.
pub(super) fn leases(jobs: &[Job]) -> Vec<Write> {
    let mut leases = Leases::default();
    for job in jobs {
        leases.tenant.push(tenant_code(job.tenant));
        leases.id.push(job.id.0);
        leases.token.push(long(job.token));
        leases.lease_node.push(job.lease.as_ref().map(|l| l.node.clone()));
        leases.lease_until.push(job.lease.as_ref().map(|l| l.until.0));
        leases.started_at.push(job.started_at.map(|t| t.0));
        leases.percent.push(job.progress.percent);
        leases.step.push(job.progress.step.as_deref().map(text));
    }
    let mut writes = Vec::new();
    leases.write(query::LEASE_JOBS, &mut writes);
    writes
}

/// Jobs that are there already.
pub(super) fn jobs(changed: &[Job]) -> Vec<Write> {
    let mut jobs = Jobs::default();
    changed.iter().for_each(|job| jobs.push(job));
    let mut writes = Vec::new();
    jobs.write(query::UPDATE_JOBS, &mut writes);
    writes
}

#[derive(Default)]
struct RecordWrites {
    new: Records,
    changed: Records,
    gone: RecordKeys,
    listed: Lists,
    unlisted: Lists,
    referred: Refs,
    unreferred: Refs,
}

impl RecordWrites {
    fn enter(&mut self, (tenant, kind, id): RecordKey, before: &Entered, after: &Entered) {
        let list = |lists: &mut Lists, (list, parent): (Index, Id)| {
            lists.tenant.push(tenant_code(tenant));
            lists.kind.push(kind_code(kind));
            lists.list.push(list as i16);
            lists.parent.push(parent.0);
            lists.id.push(id.0);
        };
        let blob = |refs: &mut Refs, hash: [u8; 32]| {
            refs.tenant.push(tenant_code(tenant));
            refs.hash.push(hash.to_vec());
            refs.kind.push(kind_code(kind));
            refs.id.push(id.0);
        };
        only_in(&after.lists, &before.lists).for_each(|entry| list(&mut self.listed, entry));
        only_in(&before.lists, &after.lists).for_each(|entry| list(&mut self.unlisted, entry));
        only_in(&after.blobs, &before.blobs).for_each(|hash| blob(&mut self.referred, hash));
        only_in(&before.blobs, &after.blobs).for_each(|hash| blob(&mut self.unreferred, hash));
    }

    fn write(self, writes: &mut Vec<Write>) {
        self.gone.write(query::DELETE_RECORDS, writes);
        self.new.write(query::INSERT_RECORDS, writes);
        self.changed.write(query::UPDATE_RECORDS, writes);
        self.unlisted.write(query::DELETE_LISTS, writes);
        self.listed.write(query::INSERT_LISTS, writes);
        self.unreferred.write(query::DELETE_REFS, writes);
        self.referred.write(query::INSERT_REFS, writes);
    }
}

/// Each once: a record may name a list or a blob twice.
fn only_in<'a, T: PartialEq + Copy>(these: &'a [T], others: &'a [T]) -> impl Iterator<Item = T> + 'a {
    let first = |place: usize, item: &T| !these[..place].contains(item);
    these
        .iter()
        .enumerate()
        .filter(move |(place, item)| first(*place, item) && !others.contains(item))
        .map(|(_, item)| *item)
}

fn push_key(keys: &mut RecordKeys, (tenant, kind, id): RecordKey) {
    keys.tenant.push(tenant_code(tenant));
    keys.kind.push(kind_code(kind));
    keys.id.push(id.0);
}

fn push_record(records: &mut Records, (tenant, kind, id): RecordKey, version: u64, row: RowParts) {
    records.tenant.push(tenant_code(tenant));
    records.kind.push(kind_code(kind));
    records.id.push(id.0);
    records.version.push(long(version));
    records.engine.push(ENGINE_VERSION.to_owned());
    records.format.push(row.format);
    records.entered.push(row.entered);
    records.body.push(row.body);
}

struct RowParts {
    format: i32,
    entered: Vec<u8>,
    body: Vec<u8>,
}

impl Group {
    /// Everything that is to be written, in order. `woken` are the stages that have new work.
    pub(super) fn into_writes(self, woken: &[Stage]) -> Vec<Write> {
        let mut writes = Vec::new();
        self.hold_absent(&mut writes);
        self.write_records(&mut writes);
        self.write_claims_and_blobs(&mut writes);
        self.write_jobs(&mut writes);
        writes.extend(wakes(woken));
        self.write_events(&mut writes);
        writes
    }

    /// A record that must be absent and is not put has no row that could be locked: one is made and taken
    /// away again, so that nobody makes it until this transaction has ended.
    fn hold_absent(&self, writes: &mut Vec<Write>) {
        let (mut made, mut gone) = (Records::default(), RecordKeys::default());
        let untouched: Vec<RecordKey> = {
            let changed: std::collections::BTreeSet<RecordKey> =
                self.records.changes().map(|c| *c.key).collect();
            self.absent.difference(&changed).copied().collect()
        };
        for key in untouched {
            let parts = RowParts { format: 0, entered: Vec::new(), body: Vec::new() };
            push_record(&mut made, key, 0, parts);
            push_key(&mut gone, key);
        }
        made.write(query::INSERT_RECORDS, writes);
        gone.write(query::DELETE_RECORDS, writes);
    }

    fn write_records(&self, writes: &mut Vec<Write>) {
        let mut rows = RecordWrites::default();
        let none = Entered::default();
        for change in self.records.changes() {
            let before = change.before.map_or(&none, |row| &row.entered);
            let after = change.after.map_or(&none, |row| &row.entered);
            rows.enter(*change.key, before, after);
            let put = change.after.and_then(|row| Some((row, row.put.as_ref()?)));
            let Some((row, (format, body))) = put else {
                if change.before.is_some() && change.after.is_none() {
                    push_key(&mut rows.gone, *change.key);
                }
                continue;
            };
            let to = if change.before.is_some() { &mut rows.changed } else { &mut rows.new };
            let entered = postcard::to_stdvec(&row.entered).expect("lists and hashes serialise");
            let parts = RowParts { format: (*format).into(), entered, body: body.clone() };
            push_record(to, *change.key, row.version, parts);
        }
        rows.write(writes);
    }

    fn write_claims_and_blobs(&self, writes: &mut Vec<Write>) {
        let (mut new, mut moved, mut gone) = (Claims::default(), Claims::default(), ClaimKeys::default());
        for change in self.claims.changes() {
            let (tenant, claim) = (tenant_code(change.key.0), change.key.1.clone());
            let to = match (change.before, change.after) {
                (None, None) => continue,
                (Some(_), None) => {
                    gone.tenant.push(tenant);
                    gone.claim.push(claim);
                    continue;
                }
                (None, Some(owner)) => (&mut new, owner),
                (Some(_), Some(owner)) => (&mut moved, owner),
            };
            to.0.tenant.push(tenant);
            to.0.claim.push(claim);
            to.0.owner.push(to.1.0);
        }
        gone.write(query::DELETE_CLAIMS, writes);
        moved.write(query::MOVE_CLAIMS, writes);
        new.write(query::PUT_CLAIMS, writes);
        let mut blobs = Blobs::default();
        for change in self.blobs.changes() {
            if let Some(size) = change.after {
                blobs.tenant.push(tenant_code(change.key.0));
                blobs.hash.push(change.key.1.0.to_vec());
                blobs.size.push(long(*size));
            }
        }
        blobs.write(query::PUT_BLOBS, writes);
    }

    fn write_jobs(&self, writes: &mut Vec<Write>) {
        let (mut new, mut changed) = (NewJobs::default(), Jobs::default());
        for change in self.jobs.changes() {
            match (change.before, change.after) {
                (None, Some(job)) => new.push(job),
                (Some(_), Some(job)) => changed.push(job),
                (_, None) => {}
            }
        }
        changed.write(query::UPDATE_JOBS, writes);
        new.write(query::INSERT_JOBS, writes);
    }

    fn write_events(self, writes: &mut Vec<Write>) {
        let mut events = Events::default();
        for (tenant, event) in self.events {
            events.tenant.push(tenant_code(tenant));
            events.project.push(event.project_id.0);
            events.name.push(text(&event.name));
            // Bytes of a JSON value always serialise: its keys are strings.
            events.payload.push(serde_json::to_vec(&event.payload).expect("a JSON value has string keys"));
        }
        events.write(query::PUT_EVENTS, writes);
        if let Some(last) = writes.last_mut().filter(|w| w.sql == query::PUT_EVENTS) {
            last.columns.push(Box::new(self.now.0));
        }
    }
}

/// Tells all nodes that stages have work, if any have.
pub(super) fn wakes(woken: &[Stage]) -> Option<Write> {
    let stages: Vec<String> = woken.iter().map(|s| (*s as u8).to_string()).collect();
    (!woken.is_empty()).then(|| Write { sql: query::NOTIFY, columns: vec![Box::new(stages.join(","))] })
}

/// Leases that were taken away, remembered, and those that ended before `forget` forgotten.
pub(super) fn ended_leases(nodes: Vec<String>, until: Vec<i64>, forget: i64) -> [Write; 2] {
    let new = Write { sql: query::END_LEASES, columns: vec![Box::new(nodes), Box::new(until)] };
    [new, Write { sql: query::FORGET_LEASES, columns: vec![Box::new(forget)] }]
}

/// Begins a transaction that changes something. Its statements go from keys to rows, whatever the keys are; left to itself
/// the server would plan most of them anew each time, as it thinks of ten keys where it is not told, and that takes four
/// times as long as to run them.
pub(super) const BEGIN: &str = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan";

/// Writes and commits. After `Trouble::Again` nothing is stored and the transaction is over.
pub(super) async fn commit(session: &Session, writes: &[Write]) -> Result<(), Trouble> {
    let client = session.client();
    let mut statements = Vec::with_capacity(writes.len());
    for write in writes {
        let params: Vec<&(dyn ToSql + Sync)> =
            write.columns.iter().map(|c| &**c as &(dyn ToSql + Sync)).collect();
        statements.push((client.prepare_cached(write.sql).await?, params));
    }
    // Polled in this order, and so sent in it. The commit of a transaction in which anything failed is a
    // rollback, so it need not wait for the answers.
    let writes = join_all(statements.iter().map(|(sql, params)| client.execute(sql, params)));
    let (written, committed) = futures::join!(writes, client.batch_execute("COMMIT"));
    let mut refused = None;
    for result in written {
        if let Err(e) = result {
            let e = Trouble::from(e).once_sent();
            // The first is the cause, the others are what follows from it.
            refused.get_or_insert(e);
        }
    }
    match refused {
        Some(e) => Err(e),
        None => committed.map_err(|e| Trouble::from(e).once_sent()),
    }
}

/// One statement within a transaction that goes on.
pub(super) async fn write(session: &Session, write: &Write) -> Result<(), StoreError> {
    let failed = |e| Trouble::from(e).into_store();
    let params: Vec<&(dyn ToSql + Sync)> =
        write.columns.iter().map(|c| &**c as &(dyn ToSql + Sync)).collect();
    let statement = session.client().prepare_cached(write.sql).await.map_err(failed)?;
    session.client().execute(&statement, &params).await.map(drop).map_err(failed)
}

/// Ends a transaction in which nothing was written.
pub(super) async fn roll_back(session: &Session) -> Result<(), StoreError> {
    session.client().batch_execute("ROLLBACK").await.map_err(|e| Trouble::from(e).into_store())
}
