//! Forgetting what ended long ago.

use takeoff_core::job::Job;
use takeoff_core::model::{BlobHash, TenantId, Timestamp};

use super::commit::Change;
use super::queue::{Move, Place};
use super::rows::{self, EventRow};
use super::{Kv, keys};
use crate::error::StoreError;

/// Rows looked at in one prune for each row that it may delete: ended children of parents that still
/// wait stay at the head of the range, and must not hide what lies behind them for ever.
const LOOKS_PER_DELETE: usize = 8;

impl<K: Kv> Change<'_, '_, K> {
    /// Deletes succeeded and cancelled jobs, then events, of before `before`. Dead letters stay until an
    /// operator acts, and children stay while their parent waits and may want their results.
    pub(super) fn prune(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let jobs = self.prune_jobs(before, limit)?;
        Ok(jobs + self.prune_events(before, limit - jobs)?)
    }

    fn prune_jobs(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut deleted = 0;
        let looks = limit.saturating_mul(LOOKS_PER_DELETE).saturating_add(LOOKS_PER_DELETE);
        for (key, tenant) in self.rows.scan(&[keys::ENDED], &keys::ended_before(before), looks)? {
            if deleted == limit {
                break;
            }
            let id = keys::last_id(&key)
                .ok_or_else(|| rows::damaged(rows::row_name(&key), "no job".to_owned()))?;
            let Some(job) = self.job(rows::decode_tenant(&key, &tenant)?, id)? else {
                return Err(rows::damaged(rows::row_name(&key), format!("job {id} does not exist")));
            };
            if self.is_wanted(&job)? {
                continue;
            }
            for listing in keys::job_listings(&job) {
                self.rows.remove(listing);
            }
            self.rows.remove_job((job.tenant, id));
            self.rows.remove(key);
            self.moves.push(Move { before: Some(Place::of(&job)), after: None });
            deleted += 1;
        }
        Ok(deleted)
    }

    /// Removes a blob's row unless a record refers to it; whether none does.
    pub(super) fn forget_blob(&mut self, tenant: TenantId, hash: BlobHash) -> Result<bool, StoreError> {
        let from = keys::blob_refs(tenant, hash);
        if !self.rows.scan(&from, &keys::after_prefix(&from), 1)?.is_empty() {
            return Ok(false);
        }
        let row = keys::blob(tenant, hash);
        if self.rows.get(&row)?.is_some() {
            self.rows.remove(row);
        }
        Ok(true)
    }

    /// Whether a parent waits for it, or has waited and not ended since: it is still to read its result.
    fn is_wanted(&self, job: &Job) -> Result<bool, StoreError> {
        let Some(parent) = job.parent else { return Ok(false) };
        let parent = self.job(job.tenant, parent)?;
        Ok(parent.is_some_and(|p| !p.state.is_terminal()))
    }

    fn prune_events(&mut self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut deleted = 0;
        let counters =
            self.rows.scan(&[keys::EVENT_COUNT], &keys::after_prefix(&[keys::EVENT_COUNT]), usize::MAX)?;
        for (counter, _) in counters {
            if deleted == limit {
                break;
            }
            let (tenant, project, _) = keys::event_parts(&counter)
                .ok_or_else(|| rows::damaged(rows::row_name(&counter), "no project".to_owned()))?;
            let from = keys::events(tenant, project);
            for (key, row) in self.rows.scan(&from, &keys::after_prefix(&from), limit - deleted)? {
                let event: EventRow = rows::decode(|| rows::row_name(&key), &row)?;
                if event.at >= before {
                    break;
                }
                self.rows.remove(key);
                deleted += 1;
            }
        }
        Ok(deleted)
    }
}
