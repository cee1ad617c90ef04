//! Jobs of a group: what [`transition`] decides, and what follows from it up and down the tree.

use takeoff_core::job::{self, Cause, Job, JobEvent, JobState, NewJob, Refused, Transition, transition};
use takeoff_core::model::{Id, TenantId, Timestamp};

use super::job_rows::damaged;
use super::lock::{Group, JobKey};
use super::trouble::Trouble;
use crate::catalog::{Committed, JobChange};
use crate::error::StoreError;
use crate::jitter::jitter;

/// What the state machine says, as a store says it.
pub(super) fn decide(before: &Job, cause: Cause, now: Timestamp) -> Result<Transition, StoreError> {
    transition(before, cause, now, jitter(before)).map_err(|refused| match refused {
        Refused::Fenced { token } => StoreError::Fenced { job: before.id, token },
        Refused::State(state) => StoreError::JobState { job: before.id, state },
        Refused::Broken(rule) => damaged(format!("job {}", before.id), rule),
    })
}

impl Group {
    /// `None` is "no such job". One that was not locked is not known, and the group must begin again.
    fn job(&self, key: &JobKey) -> Result<Option<&Job>, Trouble> {
        if self.jobs.knows(key) {
            Ok(self.jobs.get(key))
        } else {
            Err(Trouble::Again(format!("job {} is of a family that changed meanwhile", key.1)))
        }
    }

    pub(super) fn enqueue(
        &mut self,
        tenant: TenantId,
        new: NewJob,
        committed: &mut Committed,
    ) -> Result<(), Trouble> {
        let job = job::enqueue(new, tenant, None, self.now);
        self.insert_job(job, committed)
    }

    fn insert_job(&mut self, job: Job, committed: &mut Committed) -> Result<(), Trouble> {
        let key = (job.tenant, job.id);
        if let Some(twin) = self.job(&key)? {
            return Err(StoreError::JobState { job: twin.id, state: twin.state }.into());
        }
        committed.woken.push(job.stage);
        self.jobs.set(key, Some(job));
        Ok(())
    }

    pub(super) fn change_job(
        &mut self,
        tenant: TenantId,
        change: JobChange,
        committed: &mut Committed,
    ) -> Result<(), Trouble> {
        let before = self.job(&(tenant, change.job))?.ok_or(StoreError::NoSuchJob(change.job))?;
        let cause = Cause::Reported { token: change.token, event: change.event };
        let after = decide(before, cause, self.now)?;
        self.settle(after, committed)
    }

    /// Takes over a transition and everything that follows from it: children to enqueue, children to cancel,
    /// parents to tell.
    fn settle(&mut self, after: Transition, committed: &mut Committed) -> Result<(), Trouble> {
        let mut open = vec![after];
        while let Some(after) = open.pop() {
            if after.readied {
                committed.woken.push(after.job.stage);
            }
            if after.ended {
                committed.ended.push(after.job.id);
                open.extend(self.tell_parent(&after.job)?);
            }
            if after.cancel_children {
                self.cancel_children(&after.job, &mut open)?;
            }
            let key = (after.job.tenant, after.job.id);
            self.jobs.set(key, Some(after.job));
            for child in after.children {
                self.insert_job(child, committed)?;
            }
        }
        Ok(())
    }

    /// A parent that does not wait (it was cancelled) is told nothing.
    fn tell_parent(&self, child: &Job) -> Result<Option<Transition>, Trouble> {
        let Some(id) = child.parent else { return Ok(None) };
        let parent = self.job(&(child.tenant, id))?.filter(|p| p.state == JobState::Waiting);
        let failed = child.state != JobState::Succeeded;
        let told = parent.map(|parent| decide(parent, Cause::ChildEnded { failed }, self.now));
        Ok(told.transpose()?)
    }

    fn cancel_children(&self, parent: &Job, open: &mut Vec<Transition>) -> Result<(), Trouble> {
        let reason = parent.error.clone().unwrap_or_default();
        let (tenant, parent): (TenantId, Option<Id>) = (parent.tenant, Some(parent.id));
        let is_child = |job: &Job| job.tenant == tenant && job.parent == parent && !job.state.is_terminal();
        for (_, child) in self.jobs.all().filter(|(_, job)| is_child(job)) {
            let event = JobEvent::Cancel { reason: reason.clone() };
            open.push(decide(child, Cause::Reported { token: None, event }, self.now)?);
        }
        Ok(())
    }
}
