//! What the writer remembers about the queue: numbers and leases, never the jobs.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use takeoff_core::job::{Job, JobState, Lane, Stage};
use takeoff_core::model::{Id, TenantId, Timestamp};

/// Ready jobs of one lane, project and priority, by how they are leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    pub(super) lane: Lane,
    pub(super) project: Option<Id>,
    pub(super) priority: i16,
}

#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct StageCounts {
    /// How many ready jobs, due or not, each group has; no entry is none.
    pub(super) ready: BTreeMap<Group, u64>,
    pub(super) leased: u64,
    pub(super) waiting: u64,
    pub(super) dead: u64,
}

/// A running lease; there are as many as the nodes have slots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Held {
    pub(super) tenant: TenantId,
    until: Timestamp,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct QueueState {
    stages: HashMap<Stage, StageCounts>,
    leases: HashMap<Id, Held>,
    by_expiry: BTreeSet<(Timestamp, Id)>,
}

impl QueueState {
    pub(super) fn stage(&self, stage: Stage) -> StageCounts {
        self.stages.get(&stage).cloned().unwrap_or_default()
    }

    /// In order of project, then priority.
    pub(super) fn groups(&self, stage: Stage, lane: Lane) -> Vec<Group> {
        let Some(counts) = self.stages.get(&stage) else { return Vec::new() };
        let first = Group { lane, project: None, priority: i16::MIN };
        counts.ready.range(first..).map(|(group, _)| *group).take_while(|g| g.lane == lane).collect()
    }

    pub(super) fn lease(&self, job: Id) -> Option<Held> {
        self.leases.get(&job).copied()
    }

    /// Jobs whose lease ends at `now` or before, the oldest first.
    pub(super) fn expired(&self, now: Timestamp, limit: usize) -> Vec<(Id, TenantId)> {
        let due = self.by_expiry.iter().take_while(|(until, _)| *until <= now).take(limit);
        due.filter_map(|(_, id)| self.leases.get(id).map(|held| (*id, held.tenant))).collect()
    }

    /// Counts a job that was found on opening.
    pub(super) fn found(&mut self, stage: Stage, state: JobState, group: Option<Group>) {
        let counts = self.stages.entry(stage).or_default();
        match (state, group) {
            (JobState::Ready, Some(group)) => *counts.ready.entry(group).or_default() += 1,
            (JobState::Waiting, _) => counts.waiting += 1,
            (JobState::Dead, _) => counts.dead += 1,
            // Leases are void on opening; ended jobs are in no queue.
            _ => {}
        }
    }

    fn enter(&mut self, job: &Place) {
        if job.state != JobState::Leased {
            return self.found(job.stage, job.state, Some(job.group));
        }
        self.stages.entry(job.stage).or_default().leased += 1;
        if let Some(until) = job.until {
            self.leases.insert(job.id, Held { tenant: job.tenant, until });
            self.by_expiry.insert((until, job.id));
        }
    }

    fn leave(&mut self, job: &Place) {
        let counts = self.stages.entry(job.stage).or_default();
        match job.state {
            JobState::Ready => {
                if let Entry::Occupied(mut count) = counts.ready.entry(job.group) {
                    *count.get_mut() -= 1;
                    if *count.get() == 0 {
                        count.remove();
                    }
                }
            }
            JobState::Leased => {
                counts.leased = counts.leased.saturating_sub(1);
                if let Some(held) = self.leases.remove(&job.id) {
                    self.by_expiry.remove(&(held.until, job.id));
                }
            }
            JobState::Waiting => counts.waiting = counts.waiting.saturating_sub(1),
            JobState::Dead => counts.dead = counts.dead.saturating_sub(1),
            JobState::Succeeded | JobState::Refused | JobState::Cancelled => {}
        }
    }

    /// Takes over the changes of a command that succeeded.
    pub(super) fn take(&mut self, moves: Vec<Move>) {
        for Move { before, after } in moves {
            if let Some(before) = before {
                self.leave(&before);
            }
            if let Some(after) = after {
                self.enter(&after);
            }
        }
    }
}

/// A job's passage from one state to another; `None` is "does not exist".
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) before: Option<Place>,
    pub(super) after: Option<Place>,
}

/// Where in the queue a job is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    id: Id,
    tenant: TenantId,
    stage: Stage,
    group: Group,
    state: JobState,
    until: Option<Timestamp>,
}

impl Place {
    pub(super) fn of(job: &Job) -> Self {
        Self {
            id: job.id,
            tenant: job.tenant,
            stage: job.stage,
            group: Group { lane: job.lane, project: job.project_id, priority: job.priority },
            state: job.state,
            until: job.lease.as_ref().map(|l| l.until),
        }
    }
}
