//! Jobs in the store: what [`transition`] decides, as rows.

use std::sync::Arc;

use takeoff_core::job::{self, Cause, Job, JobEvent, JobState, NewJob, Refused, Transition, transition};
use takeoff_core::model::{Id, TenantId, Timestamp};

use super::commit::Change;
use super::queue::{Move, Place};
use super::{Kv, keys, rows};
use crate::catalog::{JobChange, Renewal, Renewed};
use crate::error::StoreError;
use crate::jitter::jitter;

impl<K: Kv> Change<'_, '_, K> {
    pub(super) fn job(&self, tenant: TenantId, id: Id) -> Result<Option<Arc<Job>>, StoreError> {
        self.rows.job((tenant, id))
    }

    pub(super) fn existing_job(&self, tenant: TenantId, id: Id) -> Result<Arc<Job>, StoreError> {
        self.job(tenant, id)?.ok_or(StoreError::NoSuchJob(id))
    }

    pub(super) fn enqueue(&mut self, tenant: TenantId, new: NewJob) -> Result<(), StoreError> {
        let job = job::enqueue(new, tenant, None, self.now);
        self.insert_job(job)
    }

    pub(super) fn insert_job(&mut self, job: Job) -> Result<(), StoreError> {
        if let Some(twin) = self.job(job.tenant, job.id)? {
            return Err(StoreError::JobState { job: twin.id, state: twin.state });
        }
        // There is no such job, so it is in no list.
        for key in keys::job_listings(&job) {
            self.rows.put_new(key, Vec::new());
        }
        if let Some(key) = keys::job_state(&job) {
            self.rows.put_new(key, rows::encode_tenant(job.tenant));
        }
        self.rows.put_job(&job);
        self.committed.woken.push(job.stage);
        self.moves.push(Move { before: None, after: Some(Place::of(&job)) });
        Ok(())
    }

    pub(super) fn change_job(&mut self, tenant: TenantId, change: JobChange) -> Result<(), StoreError> {
        let before = self.existing_job(tenant, change.job)?;
        let cause = Cause::Reported { token: change.token, event: change.event };
        let detaches = matches!(cause, Cause::Reported { event: JobEvent::Requeue, .. });
        let after = self.decide(&before, cause)?;
        if let (true, Some(parent)) = (detaches, before.parent) {
            self.rows.remove([keys::children(tenant, parent), before.id.bytes().to_vec()].concat());
        }
        self.settle(before, after)
    }

    pub(super) fn decide(&self, before: &Job, cause: Cause) -> Result<Transition, StoreError> {
        transition(before, cause, self.now, jitter(before)).map_err(|refused| match refused {
            Refused::Fenced { token } => StoreError::Fenced { job: before.id, token },
            Refused::State(state) => StoreError::JobState { job: before.id, state },
            Refused::Broken(rule) => rows::damaged(format!("job {}", before.id), rule.to_owned()),
        })
    }

    /// Stores a transition and everything that follows from it: children to enqueue, children to
    /// cancel, parents to tell, up and down the tree.
    fn settle(&mut self, before: Arc<Job>, after: Transition) -> Result<(), StoreError> {
        let mut open = vec![(before, after)];
        while let Some((before, after)) = open.pop() {
            self.store(&before, &after.job);
            if after.readied {
                self.committed.woken.push(after.job.stage);
            }
            if after.ended {
                self.committed.ended.push(after.job.id);
                open.extend(self.tell_parent(&after.job)?);
            }
            for child in after.children {
                self.insert_job(child)?;
            }
            if after.cancel_children {
                self.cancel_children(&after.job, &mut open)?;
            }
        }
        Ok(())
    }

    /// A parent that does not wait (it was cancelled) is told nothing.
    fn tell_parent(&self, child: &Job) -> Result<Option<(Arc<Job>, Transition)>, StoreError> {
        let Some(id) = child.parent else { return Ok(None) };
        let Some(parent) = self.job(child.tenant, id)?.filter(|p| p.state == JobState::Waiting) else {
            return Ok(None);
        };
        let failed = child.state != JobState::Succeeded;
        let told = self.decide(&parent, Cause::ChildEnded { failed })?;
        Ok(Some((parent, told)))
    }

    fn cancel_children(
        &self,
        parent: &Job,
        open: &mut Vec<(Arc<Job>, Transition)>,
    ) -> Result<(), StoreError> {
        let from = keys::children(parent.tenant, parent.id);
        let reason = parent.error.clone().unwrap_or_default();
        for (key, _) in self.rows.scan(&from, &keys::after_prefix(&from), usize::MAX)? {
            let id = keys::last_id(&key)
                .ok_or_else(|| rows::damaged(rows::row_name(&key), "no job".to_owned()))?;
            let Some(child) = self.job(parent.tenant, id)?.filter(|c| !c.state.is_terminal()) else {
                continue;
            };
            let event = JobEvent::Cancel { reason: reason.clone() };
            let cancelled = self.decide(&child, Cause::Reported { token: None, event })?;
            open.push((child, cancelled));
        }
        Ok(())
    }

    pub(super) fn store(&mut self, before: &Job, after: &Job) {
        let (old, new) = (keys::job_state(before), keys::job_state(after));
        if old != new {
            // A job has one such row, or none while it is leased.
            if let Some(old) = old {
                self.rows.remove_known(old, rows::encode_tenant(before.tenant));
            }
            if let Some(new) = new {
                self.rows.put_new(new, rows::encode_tenant(after.tenant));
            }
        }
        self.rows.put_job(after);
        self.moves.push(Move { before: Some(Place::of(before)), after: Some(Place::of(after)) });
    }

    /// A ready job is due so much sooner, but not before now.
    pub(super) fn bring_near(&mut self, tenant: TenantId, id: Id, by_us: i64) -> Result<(), StoreError> {
        let before = self.existing_job(tenant, id)?;
        let run_at = Timestamp(before.run_at.0.saturating_sub(by_us)).max(self.now);
        self.store(&before, &Job { run_at, ..Job::clone(&before) });
        Ok(())
    }

    pub(super) fn renew(
        &mut self,
        node: &str,
        lease_ms: i64,
        renewals: &[Renewal],
    ) -> Result<Vec<Renewed>, StoreError> {
        renewals.iter().map(|renewal| self.renew_one(node, lease_ms, renewal)).collect()
    }

    fn renew_one(&mut self, node: &str, lease_ms: i64, renewal: &Renewal) -> Result<Renewed, StoreError> {
        let Some(held) = self.queue.lease(renewal.job) else { return Ok(Renewed::Lost) };
        let before = self.existing_job(held.tenant, renewal.job)?;
        let is_holder = before.lease.as_ref().is_some_and(|l| l.token == renewal.token && l.node == node);
        if !is_holder {
            return Ok(Renewed::Lost);
        }
        let progress = renewal.progress.clone();
        let after = self.decide(&before, Cause::Renew { token: renewal.token, lease_ms, progress })?;
        self.store(&before, &after.job);
        Ok(after.job.lease.as_ref().map_or(Renewed::Lost, |lease| Renewed::Until(lease.until)))
    }

    pub(super) fn rescue(&mut self, limit: usize) -> Result<usize, StoreError> {
        let expired = self.queue.expired(self.now, limit);
        for (id, tenant) in &expired {
            // One process has the store, this one: whoever let the lease run out lives.
            self.void_lease(*tenant, *id, Cause::Expire)?;
        }
        Ok(expired.len())
    }

    /// Takes a lease away, without cost to the job's attempts.
    pub(super) fn void_lease(&mut self, tenant: TenantId, id: Id, why: Cause) -> Result<(), StoreError> {
        let before = self.existing_job(tenant, id)?;
        let after = self.decide(&before, why)?;
        self.settle(before, after)
    }
}
