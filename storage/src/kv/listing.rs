//! Reads. Each is a few range scans; none holds more than it returns, but for ids.

use takeoff_core::job::{Job, JobState, Stage};
use takeoff_core::model::{Id, Index, Kind, TenantId, Timestamp};

use super::job_row::{decode_job, job_head};
use super::queue::StageView;
use super::rows::{self, EventRow, RecordRow};
use super::{Kv, keys};
use crate::catalog::{Claim, Event, JobPage, JobQuery, ListQuery, Record, StageQueue};
use crate::error::StoreError;

pub(super) fn record<K: Kv>(
    store: &K,
    tenant: TenantId,
    kind: Kind,
    id: Id,
) -> Result<Option<Record>, StoreError> {
    let Some(row) = store.get(&keys::record(tenant, kind, id))? else { return Ok(None) };
    let row: RecordRow = rows::decode(|| format!("{kind:?} {id}"), &row)?;
    Ok(Some(row.into_record(tenant, kind, id)))
}

/// Ids that end the keys in `from..to`.
fn ids<K: Kv>(
    store: &K,
    from: &[u8],
    to: &[u8],
    descending: bool,
    limit: usize,
) -> Result<Vec<Id>, StoreError> {
    let mut ids = Vec::new();
    if limit == 0 || from >= to {
        return Ok(ids);
    }
    store.scan(from, to, descending, &mut |key, _| {
        ids.push(keys::last_id(key).ok_or_else(|| rows::damaged(rows::row_name(key), "no id".to_owned()))?);
        Ok(ids.len() < limit)
    })?;
    Ok(ids)
}

pub(super) fn list<K: Kv>(store: &K, query: &ListQuery) -> Result<Vec<Record>, StoreError> {
    let ListQuery { tenant, kind, index, parent, after, newest_first, limit } = *query;
    let whole = keys::list(tenant, kind, index, parent);
    let (mut from, mut to) = (whole.clone(), keys::after_prefix(&whole));
    if let Some(after) = after {
        let mark = keys::listed(tenant, kind, index, parent, after);
        if newest_first { to = mark } else { from = [mark, vec![0]].concat() }
    }
    let mut found = Vec::new();
    for id in ids(store, &from, &to, newest_first, limit)? {
        // A delete between the two reads is no damage.
        found.extend(record(store, tenant, kind, id)?);
    }
    Ok(found)
}

pub(super) fn count<K: Kv>(
    store: &K,
    tenant: TenantId,
    kind: Kind,
    index: Index,
    parent: Id,
) -> Result<u64, StoreError> {
    let from = keys::list(tenant, kind, index, parent);
    count_range(store, &from, &keys::after_prefix(&from))
}

fn count_range<K: Kv>(store: &K, from: &[u8], to: &[u8]) -> Result<u64, StoreError> {
    let mut count = 0;
    store.scan(from, to, false, &mut |_, _| {
        count += 1;
        Ok(true)
    })?;
    Ok(count)
}

pub(super) fn claim_owner<K: Kv>(
    store: &K,
    tenant: TenantId,
    claim: &Claim,
) -> Result<Option<Id>, StoreError> {
    let Some(row) = store.get(&keys::claim(tenant, claim))? else { return Ok(None) };
    keys::last_id(&row)
        .map(Some)
        .ok_or_else(|| rows::damaged(format!("claim {}", claim.0), "no owner".to_owned()))
}

pub(super) fn events<K: Kv>(
    store: &K,
    tenant: TenantId,
    project: Id,
    after: u64,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    let mut found = Vec::new();
    let Some(first) = after.checked_add(1).filter(|_| limit > 0) else { return Ok(found) };
    let from = keys::event(tenant, project, first);
    let to = keys::after_prefix(&keys::events(tenant, project));
    store.scan(&from, &to, false, &mut |key, row| {
        let (_, _, seq) = keys::event_parts(key).unwrap_or((tenant, project, None));
        let seq = seq.ok_or_else(|| rows::damaged(rows::row_name(key), "no number".to_owned()))?;
        let row: EventRow = rows::decode(|| rows::row_name(key), row)?;
        found.push(row.into_event(seq)?);
        Ok(found.len() < limit)
    })?;
    Ok(found)
}

pub(super) fn job<K: Kv>(store: &K, tenant: TenantId, id: Id) -> Result<Option<Job>, StoreError> {
    store.get(&keys::job(tenant, id))?.map(|row| decode_job(id, &row)).transpose()
}

/// Counts what matches and keeps the rows of the page that is asked for.
struct JobFilter<'q> {
    query: &'q JobQuery,
    total: u64,
    skipped: usize,
    jobs: Vec<Job>,
}

impl JobFilter<'_> {
    fn offer(&mut self, id: Id, row: &[u8]) -> Result<(), StoreError> {
        if !job_head(id, row)?.matches(self.query) {
            return Ok(());
        }
        if let Some(by) = self.query.created_by
            && decode_job(id, row)?.created_at > by
        {
            return Ok(());
        }
        self.total += 1;
        if self.skipped < self.query.offset {
            self.skipped += 1;
        } else if self.jobs.len() < self.query.limit {
            self.jobs.push(decode_job(id, row)?);
        }
        Ok(())
    }
}

/// The jobs of states that have a list of their own, newest first; `None` when another state is asked for. An
/// operator's look at the dead must not wade through millions that wait.
fn by_state<K: Kv>(
    store: &K,
    tenant: TenantId,
    query: &JobQuery,
    leased: &[Id],
) -> Result<Option<Vec<Id>>, StoreError> {
    let stages = query.stage.map_or_else(|| Stage::ALL.to_vec(), |stage| vec![stage]);
    let mut found = Vec::new();
    for state in &query.states {
        if *state == JobState::Leased {
            found.extend(leased);
            continue;
        }
        let prefix = match keys::state_list(*state) {
            Some(prefix) => prefix,
            // Ready jobs are listed by stage, too; those of all stages are better read as they come.
            None if *state == JobState::Ready && query.stage.is_some() => keys::READY,
            None => return Ok(None),
        };
        for stage in &stages {
            let from = keys::of_stage(prefix, *stage);
            store.scan(&from, &keys::after_prefix(&from), false, &mut |key, row| {
                if rows::decode_tenant(key, row)? == tenant {
                    found.extend(keys::last_id(key));
                }
                Ok(true)
            })?;
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.dedup();
    Ok((!query.states.is_empty()).then_some(found))
}

/// `leased` are all leased jobs of the tenant, as the writer knows them.
pub(super) fn jobs<K: Kv>(
    store: &K,
    tenant: TenantId,
    query: &JobQuery,
    leased: &[Id],
) -> Result<JobPage, StoreError> {
    let listing = match (query.subject_id, query.project_id) {
        (Some(subject), _) => Some(keys::jobs_of_subject(tenant, subject)),
        (None, Some(project)) => Some(keys::jobs_of_project(tenant, project)),
        (None, None) if query.tasks_only || query.task_type.is_some() => Some(keys::tasks(tenant)),
        (None, None) => None,
    };
    let mut filter = JobFilter { query, total: 0, skipped: 0, jobs: Vec::new() };
    let listed = match listing {
        Some(from) => Some(ids(store, &from, &keys::after_prefix(&from), true, usize::MAX)?),
        None => by_state(store, tenant, query, leased)?,
    };
    if let Some(listed) = listed {
        for id in listed {
            if let Some(row) = store.get(&keys::job(tenant, id))? {
                filter.offer(id, &row)?;
            }
        }
    } else {
        let from = keys::jobs(tenant);
        store.scan(&from, &keys::after_prefix(&from), true, &mut |key, row| {
            let id =
                keys::last_id(key).ok_or_else(|| rows::damaged(rows::row_name(key), "no id".to_owned()))?;
            filter.offer(id, row)?;
            Ok(true)
        })?;
    }
    Ok(JobPage { jobs: filter.jobs, total: filter.total })
}

/// `view` comes from the writer; only what depends on this second is looked up.
pub(super) fn queue<K: Kv>(
    store: &K,
    stage: Stage,
    view: &StageView,
    now: Timestamp,
) -> Result<StageQueue, StoreError> {
    let mut queue =
        StageQueue { leased: view.leased, waiting: view.waiting, dead: view.dead, ..StageQueue::default() };
    for known in &view.groups {
        let from = keys::ready_group(stage, known.group);
        let due_end = keys::ready_group_due_end(stage, known.group, now);
        let mut delayed = known.later;
        if let Some(end) = known.unsure_to {
            delayed += count_range(store, &due_end, &keys::ready_group_from(stage, known.group, end))?;
        }
        queue.delayed += delayed;
        queue.ready += known.jobs.saturating_sub(delayed);
        if known.jobs > delayed
            && let Some(oldest) = first_run_at(store, &from, &due_end)?
        {
            queue.oldest_ready_ms = queue.oldest_ready_ms.max(now.ms_since(oldest));
        }
        if delayed > 0 {
            let next = first_run_at(store, &due_end, &keys::after_prefix(&from))?;
            queue.next_due = queue.next_due.into_iter().chain(next).min();
        }
    }
    Ok(queue)
}

fn first_run_at<K: Kv>(store: &K, from: &[u8], to: &[u8]) -> Result<Option<Timestamp>, StoreError> {
    let mut first = None;
    store.scan(from, to, false, &mut |key, _| {
        first = keys::ready_run_at(key);
        Ok(false)
    })?;
    Ok(first)
}
