//! Jobs as they are stored: the number of the form, what listings filter by, the rest.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use takeoff_core::job::{
    AttemptFailure, Job, JobState, Lane, Lease, Progress, RetryPolicy, Stage, TaskLabel,
};
use takeoff_core::model::{Id, TenantId, Timestamp};

use super::rows::damaged;
use crate::catalog::JobQuery;
use crate::error::StoreError;

/// Length of the head, head, job as JSON. Written by formats before 4, and read for ever.
const JSON: u8 = 1;
/// Head and rest in fields of no name. A field more is another form.
const FIELDS: u8 = 2;

/// What job listings filter by, readable without the whole job.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JobHead<'a> {
    pub(super) state: JobState,
    pub(super) stage: Stage,
    project_id: Option<Id>,
    subject_id: Option<Id>,
    task_type: Option<&'a str>,
}

impl<'a> JobHead<'a> {
    fn of(job: &'a Job) -> Self {
        Self {
            state: job.state,
            stage: job.stage,
            project_id: job.project_id,
            subject_id: job.subject_id,
            task_type: job.task.as_ref().map(|t| t.task_type.as_str()),
        }
    }

    pub(super) fn matches(&self, query: &JobQuery) -> bool {
        query.project_id.is_none_or(|p| self.project_id == Some(p))
            && query.subject_id.is_none_or(|s| self.subject_id == Some(s))
            && (!query.tasks_only || self.task_type.is_some())
            && (query.states.is_empty() || query.states.contains(&self.state))
            && query.stage.is_none_or(|s| self.stage == s)
            && query.task_type.as_deref().is_none_or(|t| self.task_type == Some(t))
    }
}

/// What of a job is neither in its head nor in its key.
#[derive(Serialize, Deserialize)]
struct JobRest<'a> {
    tenant: TenantId,
    #[serde(borrow)]
    args: Cow<'a, str>,
    lane: Lane,
    priority: i16,
    retry: RetryPolicy,
    #[serde(borrow)]
    task_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    request_id: Option<Cow<'a, str>>,
    run_at: Timestamp,
    attempts: u16,
    child_deaths: u16,
    node_deaths: u16,
    lone_deaths: u16,
    token: u64,
    lease: Cow<'a, Option<Lease>>,
    failures: Cow<'a, [AttemptFailure]>,
    progress: Cow<'a, Progress>,
    #[serde(borrow)]
    result: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
    parent: Option<Id>,
    children_left: u32,
    children_failed: u32,
    children_total: u32,
    #[serde(borrow)]
    checkpoint: Option<Cow<'a, str>>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

fn json(value: &Value) -> Cow<'static, str> {
    match value {
        Value::Null => "null".into(),
        value => value.to_string().into(),
    }
}

/// A null is nothing, as it was in the first form and as it is in a database.
fn some_json(value: &Option<Value>) -> Option<Cow<'static, str>> {
    value.as_ref().filter(|value| !value.is_null()).map(json)
}

/// The job as it will be read.
pub(super) fn as_stored(mut job: Job) -> Job {
    job.result.take_if(|value| value.is_null());
    job.checkpoint.take_if(|value| value.is_null());
    job
}

fn borrowed(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(Cow::Borrowed)
}

impl<'a> JobRest<'a> {
    fn of(job: &'a Job) -> Self {
        Self {
            tenant: job.tenant,
            args: json(&job.args),
            lane: job.lane,
            priority: job.priority,
            retry: job.retry,
            task_name: job.task.as_ref().map(|t| Cow::Borrowed(t.name.as_str())),
            request_id: borrowed(&job.request_id),
            run_at: job.run_at,
            attempts: job.attempts,
            child_deaths: job.child_deaths,
            node_deaths: job.node_deaths,
            lone_deaths: job.lone_deaths,
            token: job.token,
            lease: Cow::Borrowed(&job.lease),
            failures: Cow::Borrowed(&job.failures),
            progress: Cow::Borrowed(&job.progress),
            result: some_json(&job.result),
            error: borrowed(&job.error),
            parent: job.parent,
            children_left: job.children_left,
            children_failed: job.children_failed,
            children_total: job.children_total,
            checkpoint: some_json(&job.checkpoint),
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }

    fn into_job(self, id: Id, head: JobHead<'_>) -> Result<Job, serde_json::Error> {
        let value = |text: &str| serde_json::from_str::<Value>(text);
        let task = head.task_type.zip(self.task_name);
        Ok(Job {
            id,
            tenant: self.tenant,
            stage: head.stage,
            args: value(&self.args)?,
            lane: self.lane,
            priority: self.priority,
            retry: self.retry,
            project_id: head.project_id,
            subject_id: head.subject_id,
            task: task.map(|(kind, name)| TaskLabel { task_type: kind.to_owned(), name: name.into_owned() }),
            request_id: self.request_id.map(Cow::into_owned),
            state: head.state,
            run_at: self.run_at,
            attempts: self.attempts,
            child_deaths: self.child_deaths,
            node_deaths: self.node_deaths,
            lone_deaths: self.lone_deaths,
            token: self.token,
            lease: self.lease.into_owned(),
            failures: self.failures.into_owned(),
            progress: self.progress.into_owned(),
            result: self.result.as_deref().map(value).transpose()?,
            error: self.error.map(Cow::into_owned),
            parent: self.parent,
            children_left: self.children_left,
            children_failed: self.children_failed,
            children_total: self.children_total,
            checkpoint: self.checkpoint.as_deref().map(value).transpose()?,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
        })
    }
}

pub(super) fn encode_job(job: &Job) -> Vec<u8> {
    let mut row = Vec::with_capacity(192);
    row.push(FIELDS);
    postcard::to_extend(&(JobHead::of(job), JobRest::of(job)), row).expect("a job has no unserialisable part")
}

/// Head, and what comes behind it.
fn split_json(row: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = row.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)
}

fn name(id: Id) -> String {
    format!("job {id}")
}

fn unknown(id: Id) -> StoreError {
    damaged(name(id), "unknown form".to_owned())
}

pub(super) fn job_head(id: Id, row: &[u8]) -> Result<JobHead<'_>, StoreError> {
    let head = match row.split_first() {
        Some((&FIELDS, rest)) => rest,
        Some((&JSON, rest)) => split_json(rest).ok_or_else(|| unknown(id))?.0,
        _ => return Err(unknown(id)),
    };
    let (head, _) = postcard::take_from_bytes(head).map_err(|e| damaged(name(id), e.to_string()))?;
    Ok(head)
}

pub(super) fn decode_job(id: Id, row: &[u8]) -> Result<Job, StoreError> {
    match row.split_first() {
        Some((&FIELDS, fields)) => {
            let (head, rest): (JobHead<'_>, JobRest<'_>) =
                postcard::from_bytes(fields).map_err(|e| damaged(name(id), e.to_string()))?;
            rest.into_job(id, head).map_err(|e| damaged(name(id), e.to_string()))
        }
        Some((&JSON, rest)) => {
            let (_, body) = split_json(rest).ok_or_else(|| unknown(id))?;
            serde_json::from_slice(body).map_err(|e| damaged(name(id), e.to_string()))
        }
        _ => Err(unknown(id)),
    }
}

/// As formats before 4 wrote it.
#[cfg(test)]
pub(crate) fn encode_job_as_json(job: &Job) -> Vec<u8> {
    let head = postcard::to_allocvec(&JobHead::of(job)).expect("head");
    let len = u32::try_from(head.len()).expect("short").to_be_bytes();
    [&[JSON][..], &len, &head, &serde_json::to_vec(job).expect("job")].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use takeoff_core::job::FailureKind;

    use super::*;

    fn id(n: u8) -> Id {
        Id::from_bytes([n; 16])
    }

    /// Every field differs from its default.
    fn job() -> Job {
        Job {
            id: id(1),
            tenant: TenantId(7),
            stage: Stage::AutoCount,
            args: json!({"page": "é\n", "at": [1.5, -2, 18_446_744_073_709_551_615_u64]}),
            lane: Lane::Batch,
            priority: -3,
            retry: RetryPolicy { max_attempts: 9, base_delay_ms: 8, max_delay_ms: 7 },
            project_id: Some(id(2)),
            subject_id: Some(id(3)),
            task: Some(TaskLabel { task_type: "auto_count".into(), name: "Doors".into() }),
            request_id: Some("r".into()),
            state: JobState::Leased,
            run_at: Timestamp(-5),
            attempts: 1,
            child_deaths: 2,
            node_deaths: 3,
            lone_deaths: 4,
            token: 5,
            lease: Some(Lease { node: "n".into(), token: 5, until: Timestamp(i64::MAX) }),
            failures: vec![AttemptFailure {
                token: 4,
                kind: FailureKind::Hang,
                message: "late".into(),
                at: Timestamp(6),
            }],
            progress: Progress { percent: 12.5, step: Some("one".into()) },
            result: Some(json!(1)),
            error: Some("e".into()),
            parent: Some(id(4)),
            children_left: 6,
            children_failed: 7,
            children_total: 8,
            checkpoint: Some(json!({"c": true})),
            created_at: Timestamp(1),
            started_at: Some(Timestamp(2)),
            finished_at: Some(Timestamp(3)),
        }
    }

    fn plain() -> Job {
        let new = takeoff_core::job::NewJob {
            id: id(1),
            stage: Stage::Noop,
            args: json!({}),
            lane: Lane::Batch,
            priority: 0,
            run_at: None,
            retry: RetryPolicy::default(),
            project_id: None,
            subject_id: None,
            task: None,
            request_id: None,
        };
        takeoff_core::job::enqueue(new, TenantId::DEFAULT, None, Timestamp(0))
    }

    #[test]
    fn every_field_comes_back_from_either_form() {
        let nothing = as_stored(Job { result: Some(Value::Null), checkpoint: Some(Value::Null), ..job() });
        assert_eq!((&nothing.result, &nothing.checkpoint), (&None, &None));
        for job in [job(), plain(), nothing] {
            for row in [encode_job(&job), encode_job_as_json(&job)] {
                assert_eq!(decode_job(job.id, &row).unwrap(), job);
                let head = job_head(job.id, &row).unwrap();
                assert_eq!((head.state, head.stage), (job.state, job.stage));
                assert_eq!(head.task_type, job.task.as_ref().map(|t| t.task_type.as_str()));
                for cut in 0..row.len() {
                    assert!(decode_job(job.id, &row[..cut]).is_err(), "{cut} bytes of it");
                }
            }
        }
    }

    const GOLDEN: &[u8] = b"\x02\x01\x02\x01\x10\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x01\x10\x03\x03\
        \x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x01\x0aauto_count\x072{\x22at\x22:[1.5,-2,1\
        8446744073709551615],\x22page\x22:\x22\xc3\xa9\x5cn\x22}\x01\x05\x09\x08\x07\x01\x05Doors\x01\x01r\
        \x09\x01\x02\x03\x04\x05\x01\x01n\x05\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01\x04\x03\x04late\
        \x0c\x00\x00HA\x01\x03one\x01\x011\x01\x01e\x01\x10\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\
        \x04\x04\x04\x04\x06\x07\x08\x01\x0a{\x22c\x22:true}\x02\x01\x04\x01\x06";

    /// What is in folders: a variant that moves or a field that comes must get another form.
    #[test]
    fn the_form_is_the_same_for_ever() {
        assert_eq!(encode_job(&job()), GOLDEN);
        assert!(encode_job(&plain()).len() < 64, "a job that does nothing is short");
        assert!(decode_job(id(1), &[9]).is_err());
    }
}
