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

/// A second of the clock.
const SECOND_US: i64 = 1_000_000;

const fn second(at: Timestamp) -> i64 {
    at.0.div_euclid(SECOND_US)
}

/// How many ready jobs of a group there are, and when they become due: what is asked of a queue of millions is told
/// by its seconds, and rows are counted of one second at most.
#[derive(Debug, Default, Clone, PartialEq)]
struct Ready {
    jobs: u64,
    /// By the second of their time; no entry is none.
    by_second: BTreeMap<i64, u64>,
}

impl Ready {
    fn enter(&mut self, at: Timestamp) {
        self.jobs += 1;
        *self.by_second.entry(second(at)).or_default() += 1;
    }

    fn may_be_due(&self, now: Timestamp) -> bool {
        self.by_second.first_key_value().is_some_and(|(first, _)| *first <= second(now))
    }

    fn leave(&mut self, at: Timestamp) {
        self.jobs = self.jobs.saturating_sub(1);
        if let Entry::Occupied(mut count) = self.by_second.entry(second(at)) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[derive(Debug, Default, Clone, PartialEq)]
struct StageCounts {
    /// No entry is none.
    ready: BTreeMap<Group, Ready>,
    leased: u64,
    waiting: u64,
    dead: u64,
}

/// A stage at a moment, as far as it is known without its rows.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct StageView {
    pub(super) groups: Vec<GroupView>,
    pub(super) leased: u64,
    pub(super) waiting: u64,
    pub(super) dead: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GroupView {
    pub(super) group: Group,
    pub(super) jobs: u64,
    /// Those that are due in a later second than this one.
    pub(super) later: u64,
    /// The end of this second, where some of its jobs may be due and some not; else their rows need no look.
    pub(super) unsure_to: Option<Timestamp>,
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
    pub(super) fn stage(&self, stage: Stage, now: Timestamp) -> StageView {
        let Some(counts) = self.stages.get(&stage) else { return StageView::default() };
        let this = second(now);
        let view = |(group, ready): (&Group, &Ready)| GroupView {
            group: *group,
            jobs: ready.jobs,
            later: ready.by_second.range(this + 1..).map(|(_, jobs)| jobs).sum(),
            unsure_to: ready.by_second.contains_key(&this).then_some(Timestamp((this + 1) * SECOND_US)),
        };
        StageView {
            groups: counts.ready.iter().map(view).collect(),
            leased: counts.leased,
            waiting: counts.waiting,
            dead: counts.dead,
        }
    }

    /// Groups of which something may be due, in order of project, then priority.
    pub(super) fn groups(&self, stage: Stage, lane: Lane, now: Timestamp) -> Vec<Group> {
        let Some(counts) = self.stages.get(&stage) else { return Vec::new() };
        let first = Group { lane, project: None, priority: i16::MIN };
        let of_lane = counts.ready.range(first..).take_while(|(group, _)| group.lane == lane);
        of_lane.filter(|(_, ready)| ready.may_be_due(now)).map(|(group, _)| *group).collect()
    }

    pub(super) fn lease(&self, job: Id) -> Option<Held> {
        self.leases.get(&job).copied()
    }

    pub(super) fn leased(&self, tenant: TenantId) -> Vec<Id> {
        self.leases.iter().filter(|(_, held)| held.tenant == tenant).map(|(id, _)| *id).collect()
    }

    /// Jobs whose lease ends at `now` or before, the oldest first.
    pub(super) fn expired(&self, now: Timestamp, limit: usize) -> Vec<(Id, TenantId)> {
        let due = self.by_expiry.iter().take_while(|(until, _)| *until <= now).take(limit);
        due.filter_map(|(_, id)| self.leases.get(id).map(|held| (*id, held.tenant))).collect()
    }

    /// Counts a job that was found on opening.
    pub(super) fn found(&mut self, stage: Stage, state: JobState, ready: Option<(Group, Timestamp)>) {
        let counts = self.stages.entry(stage).or_default();
        match (state, ready) {
            (JobState::Ready, Some((group, at))) => counts.ready.entry(group).or_default().enter(at),
            (JobState::Waiting, _) => counts.waiting += 1,
            (JobState::Dead, _) => counts.dead += 1,
            // Leases are void on opening; ended jobs are in no queue.
            _ => {}
        }
    }

    fn enter(&mut self, job: &Place) {
        if job.state != JobState::Leased {
            return self.found(job.stage, job.state, Some((job.group, job.run_at)));
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
                if let Entry::Occupied(mut ready) = counts.ready.entry(job.group) {
                    ready.get_mut().leave(job.run_at);
                    if ready.get().jobs == 0 {
                        ready.remove();
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
    run_at: Timestamp,
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
            run_at: job.run_at,
            until: job.lease.as_ref().map(|l| l.until),
        }
    }
}
