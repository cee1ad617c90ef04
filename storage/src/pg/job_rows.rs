//! A job as a row: what is queried and what leases change in columns, the rest in two bodies, one of which
//! never changes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use takeoff_core::job::{
    AttemptFailure, Job, JobState, Lane, Lease, Progress, RetryPolicy, Stage, TaskLabel,
};
use takeoff_core::model::{Id, TenantId, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::error::StoreError;

/// Form of the bodies.
pub(super) const FORM: i16 = 1;

/// What a job is to do.
#[derive(Deserialize)]
struct Spec {
    args: Value,
    retry: RetryPolicy,
    task: Option<TaskLabel>,
    request_id: Option<String>,
}

/// What came of it.
#[derive(Deserialize)]
struct Outcome {
    failures: Vec<AttemptFailure>,
    result: Option<Value>,
    error: Option<String>,
    checkpoint: Option<Value>,
    #[serde(default)]
    lone_deaths: u16,
}

#[derive(Serialize)]
struct SpecRef<'a> {
    args: &'a Value,
    retry: RetryPolicy,
    task: Option<&'a TaskLabel>,
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct OutcomeRef<'a> {
    failures: &'a [AttemptFailure],
    result: Option<&'a Value>,
    error: Option<&'a str>,
    checkpoint: Option<&'a Value>,
    lone_deaths: u16,
}

pub(super) fn spec(job: &Job) -> Vec<u8> {
    json(&SpecRef {
        args: &job.args,
        retry: job.retry,
        task: job.task.as_ref(),
        request_id: job.request_id.as_deref(),
    })
}

pub(super) fn outcome(job: &Job) -> Vec<u8> {
    json(&OutcomeRef {
        failures: &job.failures,
        result: job.result.as_ref(),
        error: job.error.as_deref(),
        checkpoint: job.checkpoint.as_ref(),
        lone_deaths: job.lone_deaths,
    })
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("the parts of a job have string keys and no failing serialiser")
}

/// Text as PostgreSQL can hold it: it has no character of number 0.
pub(super) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(super) const fn tenant_code(tenant: TenantId) -> i32 {
    tenant.0.cast_signed()
}

pub(super) const fn tenant(code: i32) -> TenantId {
    TenantId(code.cast_unsigned())
}

/// Numbers above what the column holds do not occur; they would be refused as a broken job is.
pub(super) fn long(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) const fn state_code(state: JobState) -> i16 {
    match state {
        JobState::Ready => 0,
        JobState::Leased => 1,
        JobState::Waiting => 2,
        JobState::Succeeded => 3,
        JobState::Refused => 4,
        JobState::Dead => 5,
        JobState::Cancelled => 6,
    }
}

fn state(code: i16) -> Option<JobState> {
    let all = [
        JobState::Ready,
        JobState::Leased,
        JobState::Waiting,
        JobState::Succeeded,
        JobState::Refused,
        JobState::Dead,
        JobState::Cancelled,
    ];
    all.into_iter().find(|s| state_code(*s) == code)
}

pub(super) fn damaged(what: impl Into<String>, why: impl Into<String>) -> StoreError {
    StoreError::Damaged { what: what.into(), why: why.into() }
}

/// A column by its place.
pub(super) fn column<'r, T: FromSql<'r>>(row: &'r Row, place: usize) -> Result<T, StoreError> {
    row.try_get(place).map_err(|e| damaged(format!("column {place} of a row"), e.to_string()))
}

/// Columns in their order.
struct Columns<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Columns<'r> {
    fn next<T: FromSql<'r>>(&mut self) -> Result<T, StoreError> {
        self.next += 1;
        column(self.row, self.next - 1)
    }

    fn number<T: TryFrom<i64>>(&mut self) -> Result<T, StoreError> {
        let value: i64 = self.next()?;
        T::try_from(value).map_err(|_| damaged("a job", format!("{value} is out of range")))
    }

    fn small<T: TryFrom<i32>>(&mut self) -> Result<T, StoreError> {
        let value: i32 = self.next()?;
        T::try_from(value).map_err(|_| damaged("a job", format!("{value} is out of range")))
    }

    fn id(&mut self) -> Result<Option<Id>, StoreError> {
        Ok(self.next::<Option<Uuid>>()?.map(Id))
    }

    fn time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.next::<Option<i64>>()?.map(Timestamp))
    }

    fn text(&mut self) -> Result<Option<String>, StoreError> {
        self.next()
    }
}

/// Reads the columns that every query of whole jobs begins with.
pub(super) fn job(row: &Row) -> Result<Job, StoreError> {
    let mut c = Columns { row, next: 0 };
    let tenant = tenant(c.next()?);
    let id = Id(c.next()?);
    let broken = |why: &str| damaged(format!("job {id}"), why);
    let (stage_code, lane_code, priority, state_code): (i16, i16, i16, i16) =
        (c.next()?, c.next()?, c.next()?, c.next()?);
    let stage = Stage::ALL.into_iter().find(|s| *s as i16 == stage_code);
    let lane = [Lane::Interactive, Lane::Batch].into_iter().find(|l| *l as i16 == lane_code);
    let run_at = Timestamp(c.next()?);
    let (attempts, child_deaths, node_deaths) = (c.small()?, c.small()?, c.small()?);
    let token = c.number()?;
    let (node, until) = (c.text()?, c.time()?);
    let lease = node.zip(until).map(|(node, until)| Lease { node, token, until });
    let progress = Progress { percent: c.next()?, step: c.text()? };
    let parent = c.id()?;
    let (children_left, children_failed, children_total) = (c.number()?, c.number()?, c.number()?);
    let (project_id, subject_id) = (c.id()?, c.id()?);
    let created_at = Timestamp(c.next()?);
    let (started_at, finished_at) = (c.time()?, c.time()?);
    let form: i16 = c.next()?;
    if form != FORM {
        return Err(broken(&format!("unknown form {form}")));
    }
    let spec: Spec = serde_json::from_slice(c.next()?).map_err(|e| broken(&e.to_string()))?;
    let outcome: Outcome = serde_json::from_slice(c.next()?).map_err(|e| broken(&e.to_string()))?;
    Ok(Job {
        id,
        tenant,
        stage: stage.ok_or_else(|| broken("unknown stage"))?,
        args: spec.args,
        lane: lane.ok_or_else(|| broken("unknown lane"))?,
        priority,
        retry: spec.retry,
        project_id,
        subject_id,
        task: spec.task,
        request_id: spec.request_id,
        state: state(state_code).ok_or_else(|| broken("unknown state"))?,
        run_at,
        attempts,
        child_deaths,
        node_deaths,
        lone_deaths: outcome.lone_deaths,
        token,
        lease,
        failures: outcome.failures,
        progress,
        result: outcome.result,
        error: outcome.error,
        parent,
        children_left,
        children_failed,
        children_total,
        checkpoint: outcome.checkpoint,
        created_at,
        started_at,
        finished_at,
    })
}

pub(super) fn jobs(rows: &[Row]) -> Result<Vec<Job>, StoreError> {
    rows.iter().map(job).collect()
}
