//! Rows out of the database as of one moment, and into an empty one in one transaction.

use std::collections::BTreeSet;

use takeoff_core::model::{BlobHash, Id, Kind, Timestamp};
use tokio::sync::mpsc;
use tokio_postgres::Row as Found;
use uuid::Uuid;

use super::connect::Session;
use super::job_rows::{column, damaged, job, long, tenant, tenant_code, text};
use super::lock::Entered;
use super::query;
use super::store::{self, Write};
use super::trouble::Trouble;
use super::writer::Place;
use crate::archive::row::{self, Outbox, RecordRow, Row};
use crate::error::StoreError;

/// Rows that are asked for at once. A record may be long.
const AT_ONCE: usize = 200;

/// Everything is read as of the first statement, whatever is committed meanwhile. Whoever takes the rows may be slow.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                        SET LOCAL idle_in_transaction_session_timeout = '1h'";

/// No node may work meanwhile, and one that tries waits or is refused.
const ALONE: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '1h'; \
                     LOCK TABLE records, claims, blobs, event_counts, events, jobs IN EXCLUSIVE MODE";

type Read = fn(&Found) -> Result<Row, StoreError>;

/// In the order that all backends keep.
const ORDER: [(&str, Read); 6] = [
    (query::EXPORT_BLOBS, blob),
    (query::EXPORT_RECORDS, record),
    (query::EXPORT_CLAIMS, claim),
    (query::EXPORT_EVENT_COUNTS, event_count),
    (query::EXPORT_EVENTS, event),
    (query::EXPORT_JOBS, one_job),
];

pub(super) async fn export(place: &Place, out: &mpsc::Sender<Vec<Row>>) -> Result<(), StoreError> {
    let session = Session::open(&place.pool).await.map_err(Trouble::into_store)?;
    let failed = |e: tokio_postgres::Error| Trouble::from(e).into_store();
    let client = session.client();
    client.batch_execute(SNAPSHOT).await.map_err(failed)?;
    let mut outbox = Outbox::default();
    for (sql, read) in ORDER {
        client.batch_execute(&format!("DECLARE export NO SCROLL CURSOR FOR {sql}")).await.map_err(failed)?;
        loop {
            let fetch = format!("FETCH FORWARD {AT_ONCE} FROM export");
            let found = client.query(&fetch, &[]).await.map_err(failed)?;
            for one in &found {
                if let Some(full) = outbox.push(read(one)?) {
                    out.send(full).await.map_err(|_| row::unwanted())?;
                }
            }
            if found.len() < AT_ONCE {
                break;
            }
        }
        client.batch_execute("CLOSE export").await.map_err(failed)?;
    }
    out.send(outbox.take()).await.map_err(|_| row::unwanted())?;
    store::roll_back(&session).await?;
    session.done();
    Ok(())
}

fn hash(bytes: &[u8]) -> Result<BlobHash, StoreError> {
    bytes.try_into().map(BlobHash).map_err(|_| damaged("a blob", "its hash has not 32 bytes"))
}

fn blob(found: &Found) -> Result<Row, StoreError> {
    let size: i64 = column(found, 2)?;
    let (tenant, hash) = (tenant(column(found, 0)?), hash(column(found, 1)?)?);
    Ok(Row::Blob { tenant, hash, size: size.unsigned_abs() })
}

fn record(found: &Found) -> Result<Row, StoreError> {
    let (code, id): (i16, Uuid) = (column(found, 1)?, column(found, 2)?);
    let broken = |why: String| damaged(format!("record {id} of kind {code}"), why);
    let kind = Kind::ALL.into_iter().find(|k| i16::from(k.code()) == code);
    let (version, format): (i64, i32) = (column(found, 3)?, column(found, 5)?);
    let entered: Entered =
        postcard::from_bytes(column(found, 6)?).map_err(|e| broken(format!("its lists: {e}")))?;
    Ok(Row::Record(Box::new(RecordRow {
        tenant: tenant(column(found, 0)?),
        kind: kind.ok_or_else(|| broken("there is no such kind".to_owned()))?,
        id: Id(id),
        version: version.unsigned_abs(),
        engine: column(found, 4)?,
        format: u16::try_from(format).map_err(|_| broken(format!("its body has format {format}")))?,
        lists: entered.lists,
        blobs: entered.blobs.into_iter().map(BlobHash).collect(),
        body: row::utf8(|| format!("record {id}"), column(found, 7)?)?,
    })))
}

fn claim(found: &Found) -> Result<Row, StoreError> {
    let claim = row::utf8(|| "a claim".to_owned(), column(found, 1)?)?;
    Ok(Row::Claim { tenant: tenant(column(found, 0)?), claim, owner: Id(column(found, 2)?) })
}

fn event_count(found: &Found) -> Result<Row, StoreError> {
    let newest: i64 = column(found, 2)?;
    let (tenant, project) = (tenant(column(found, 0)?), Id(column(found, 1)?));
    Ok(Row::EventCount { tenant, project, newest: newest.unsigned_abs() })
}

fn event(found: &Found) -> Result<Row, StoreError> {
    let seq: i64 = column(found, 2)?;
    Ok(Row::Event {
        tenant: tenant(column(found, 0)?),
        project: Id(column(found, 1)?),
        seq: seq.unsigned_abs(),
        at: Timestamp(column(found, 3)?),
        name: column(found, 4)?,
        payload: row::utf8(|| format!("event {seq}"), column(found, 5)?)?,
    })
}

fn one_job(found: &Found) -> Result<Row, StoreError> {
    Ok(Row::Job(Box::new(job(found)?)))
}

/// Fills the database, all or nothing.
pub(super) async fn import(
    place: &Place,
    rows: &mut mpsc::Receiver<Result<Vec<Row>, StoreError>>,
) -> Result<(), StoreError> {
    let session = Session::open(&place.pool).await.map_err(Trouble::into_store)?;
    let failed = |e: tokio_postgres::Error| Trouble::from(e).into_store();
    session.client().batch_execute(ALONE).await.map_err(failed)?;
    let found = session.client().query_one(query::IS_EMPTY, &[]).await.map_err(failed)?;
    if !column::<bool>(&found, 0)? {
        // The session is closed, and with it the transaction.
        return Err(row::not_empty("the database"));
    }
    while let Some(batch) = rows.recv().await {
        for write in writes(batch?) {
            store::write(&session, &write).await?;
        }
    }
    session.client().batch_execute("COMMIT").await.map_err(failed)?;
    session.done();
    Ok(())
}

pub(super) async fn is_empty(place: &Place) -> Result<bool, StoreError> {
    let found = super::reads::ask(place, query::IS_EMPTY, &[]).await?;
    column(found.first().ok_or_else(|| damaged("the catalogue", "no answer"))?, 0)
}

/// A row, column by column.
macro_rules! put {
    ($to:expr, $($column:ident: $value:expr),+ $(,)?) => {
        { $($to.$column.push($value);)+ }
    };
}

#[derive(Default)]
struct Columns {
    records: store::Records,
    lists: store::Lists,
    refs: store::Refs,
    blobs: store::Blobs,
    claims: store::Claims,
    counts: store::EventCounts,
    events: store::PastEvents,
    jobs: store::NewJobs,
}

fn writes(rows: Vec<Row>) -> Vec<Write> {
    let mut c = Columns::default();
    rows.into_iter().for_each(|row| push(&mut c, row));
    let mut writes = Vec::new();
    c.blobs.write(query::PUT_BLOBS, &mut writes);
    c.records.write(query::INSERT_RECORDS, &mut writes);
    c.lists.write(query::INSERT_LISTS, &mut writes);
    c.refs.write(query::INSERT_REFS, &mut writes);
    c.claims.write(query::PUT_CLAIMS, &mut writes);
    c.counts.write(query::IMPORT_EVENT_COUNTS, &mut writes);
    c.events.write(query::IMPORT_EVENTS, &mut writes);
    c.jobs.write(query::INSERT_JOBS, &mut writes);
    writes
}

fn push(c: &mut Columns, row: Row) {
    match row {
        Row::Blob { tenant, hash, size } => {
            put!(c.blobs, tenant: tenant_code(tenant), hash: hash.0.to_vec(), size: long(size))
        }
        Row::Record(record) => push_record(c, *record),
        Row::Claim { tenant, claim, owner } => {
            put!(c.claims, tenant: tenant_code(tenant), claim: claim.into_bytes(), owner: owner.0);
        }
        Row::EventCount { tenant, project, newest } => {
            put!(c.counts, tenant: tenant_code(tenant), project: project.0, newest: long(newest));
        }
        Row::Event { tenant, project, seq, at, name, payload } => {
            put!(c.events, tenant: tenant_code(tenant), project: project.0, seq: long(seq), at: at.0);
            put!(c.events, name: text(&name), payload: payload.into_bytes());
        }
        Row::Job(job) => c.jobs.push(&job),
    }
}

fn push_record(c: &mut Columns, record: RecordRow) {
    let RecordRow { tenant, kind, id, version, engine, format, lists, blobs, body } = record;
    let (tenant, kind) = (tenant_code(tenant), i16::from(kind.code()));
    let entered = Entered { lists, blobs: blobs.into_iter().map(|h| h.0).collect() };
    // Each once: a record may name a list or a blob twice.
    let lists: BTreeSet<_> = entered.lists.iter().map(|(list, parent)| (*list as i16, parent.0)).collect();
    for (list, parent) in lists {
        put!(c.lists, tenant: tenant, kind: kind, list: list, parent: parent, id: id.0);
    }
    for hash in entered.blobs.iter().collect::<BTreeSet<_>>() {
        put!(c.refs, tenant: tenant, hash: hash.to_vec(), kind: kind, id: id.0);
    }
    let entered = postcard::to_stdvec(&entered).expect("lists and hashes serialise");
    put!(c.records, tenant: tenant, kind: kind, id: id.0, version: long(version), engine: engine);
    put!(c.records, format: format.into(), entered: entered, body: body.into_bytes());
}
