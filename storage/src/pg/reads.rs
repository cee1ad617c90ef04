//! Reads: one statement each, repeated once on another connection when the first one turns out to be gone.

use takeoff_core::job::Stage;
use takeoff_core::model::{Id, Kind, TenantId, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::connect::Session;
use super::job_rows::{column, damaged, jobs, state_code, tenant_code};
use super::query;
use super::trouble::{Trouble, is_gone};
use super::writer::Place;
use crate::catalog::{Event, JobPage, JobQuery, Record, StageQueue};
use crate::error::StoreError;

type Params<'p> = [&'p (dyn ToSql + Sync)];

/// Rows of one statement that is done whole or not at all.
pub(super) async fn ask(
    place: &Place,
    sql: &'static str,
    params: &Params<'_>,
) -> Result<Vec<Row>, StoreError> {
    match once(place, sql, params).await {
        Err(e @ Trouble::Lost(_)) => {
            e.forget_lost(&place.pool);
            once(place, sql, params).await.map_err(Trouble::into_store)
        }
        other => other.map_err(Trouble::into_store),
    }
}

async fn once(place: &Place, sql: &'static str, params: &Params<'_>) -> Result<Vec<Row>, Trouble> {
    let session = Session::open(&place.pool).await?;
    let statement = session.client().prepare_cached(sql).await?;
    match session.client().query(&statement, params).await {
        Ok(rows) => {
            session.done();
            Ok(rows)
        }
        Err(e) => {
            if !is_gone(&e) {
                session.done();
            }
            Err(e.into())
        }
    }
}

/// How many rows a statement has changed. Only for what may be done twice.
pub(super) async fn execute(
    place: &Place,
    sql: &'static str,
    params: &Params<'_>,
) -> Result<u64, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let result = async {
            let session = Session::open(&place.pool).await?;
            let statement = session.client().prepare_cached(sql).await?;
            let changed = session.client().execute(&statement, params).await?;
            session.done();
            Ok::<_, Trouble>(changed)
        };
        match result.await {
            Err(e @ (Trouble::Lost(_) | Trouble::Again(_))) if tries < 3 => e.forget_lost(&place.pool),
            other => return other.map_err(Trouble::into_store),
        }
    }
}

pub(super) fn record(tenant: TenantId, kind: Kind, row: &Row) -> Result<Record, StoreError> {
    let id = Id(column(row, 0)?);
    let (version, format): (i64, i32) = (column(row, 1)?, column(row, 3)?);
    let format = u16::try_from(format)
        .map_err(|_| damaged(format!("{kind:?} {id}"), format!("its body has format {format}")))?;
    Ok(Record {
        tenant,
        kind,
        id,
        version: version.cast_unsigned(),
        engine: column(row, 2)?,
        format,
        body: column(row, 4)?,
    })
}

pub(super) fn event(row: &Row) -> Result<Event, StoreError> {
    let seq: i64 = column(row, 0)?;
    let payload = serde_json::from_slice(column(row, 3)?)
        .map_err(|e| damaged(format!("event {seq}"), format!("its payload is no JSON: {e}")))?;
    Ok(Event { seq: seq.cast_unsigned(), at: Timestamp(column(row, 1)?), name: column(row, 2)?, payload })
}

/// A count or a limit as the database takes it.
pub(super) fn big(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn count(rows: &[Row]) -> Result<u64, StoreError> {
    let row = rows.first().ok_or_else(|| damaged("a count", "it has no row"))?;
    Ok(column::<i64>(row, 0)?.unsigned_abs())
}

pub(super) async fn counted(
    place: &Place,
    sql: &'static str,
    params: &Params<'_>,
) -> Result<u64, StoreError> {
    count(&ask(place, sql, params).await?)
}

pub(super) async fn job_page(
    place: &Place,
    tenant: TenantId,
    query: &JobQuery,
) -> Result<JobPage, StoreError> {
    // No job has a type that the database cannot even hold.
    if query.task_type.as_ref().is_some_and(|t| t.contains('\0')) {
        return Ok(JobPage { jobs: Vec::new(), total: 0 });
    }
    match page_once(place, tenant, query).await {
        Err(e @ Trouble::Lost(_)) => {
            e.forget_lost(&place.pool);
            page_once(place, tenant, query).await.map_err(Trouble::into_store)
        }
        other => other.map_err(Trouble::into_store),
    }
}

async fn page_once(place: &Place, tenant: TenantId, query: &JobQuery) -> Result<JobPage, Trouble> {
    let tenant = tenant_code(tenant);
    let (project, subject): (Option<Uuid>, Option<Uuid>) =
        (query.project_id.map(|id| id.0), query.subject_id.map(|id| id.0));
    let states: Option<Vec<i16>> =
        (!query.states.is_empty()).then(|| query.states.iter().map(|s| state_code(*s)).collect());
    let stage = query.stage.map(|s: Stage| s as i16);
    let (offset, limit) = (big(query.offset), big(query.limit));
    let created_by = query.created_by.map(|t| t.0);
    let filter: [(&(dyn ToSql + Sync), Type); 8] = [
        (&tenant, Type::INT4),
        (&project, Type::UUID),
        (&subject, Type::UUID),
        (&query.tasks_only, Type::BOOL),
        (&states, Type::INT2_ARRAY),
        (&stage, Type::INT2),
        (&query.task_type, Type::TEXT),
        (&created_by, Type::INT8),
    ];
    let mut page = filter.to_vec();
    page.extend([(&offset as &(dyn ToSql + Sync), Type::INT8), (&limit, Type::INT8)]);
    let session = Session::open(&place.pool).await?;
    let client = session.client();
    let (total, found) = futures::join!(
        client.query_typed(query::JOBS_TOTAL, &filter),
        client.query_typed(query::JOBS_PAGE, &page)
    );
    let (total, found) = (total?, found?);
    session.done();
    Ok(JobPage { jobs: jobs(&found)?, total: count(&total)? })
}

pub(super) fn stage_queue(row: &Row) -> Result<StageQueue, StoreError> {
    let number = |place| Ok::<_, StoreError>(column::<i64>(row, place)?.unsigned_abs());
    let (oldest, next): (Option<i64>, Option<i64>) = (column(row, 5)?, column(row, 6)?);
    let now = Timestamp(column(row, 7)?);
    Ok(StageQueue {
        ready: number(0)?,
        delayed: number(1)?,
        leased: number(2)?,
        waiting: number(3)?,
        dead: number(4)?,
        oldest_ready_ms: oldest.map_or(0, |at| now.ms_since(Timestamp(at)).max(0)),
        next_due: next.map(Timestamp),
    })
}
