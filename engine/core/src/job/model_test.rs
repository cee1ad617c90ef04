//! Random histories of a small tree of jobs, several holders, some of them zombies with old tokens. The
//! test keeps its own books of what must be true and compares after each event.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::{Id, TenantId, Timestamp};

const MAX_ATTEMPTS: u16 = 3;

#[derive(Debug, Clone)]
enum Step {
    Enqueue,
    /// Some job, picked by number, as `Lease` by a holder.
    Lease(usize, usize),
    /// A holder reports for the nth lease it ever had, lost or not.
    Report(usize, usize, Report),
    Renew(usize, usize),
    Expire(usize),
    NodeDied(usize, bool),
    Cancel(usize),
    Requeue(usize),
    Discard(usize),
    Pass(i64),
}

#[derive(Debug, Clone)]
enum Report {
    Succeed,
    FanOut(usize),
    Snooze(i64),
    Fail(FailureKind),
    Release,
    Continue,
    Fenced,
}

fn report() -> impl Strategy<Value = Report> {
    let kind = prop::sample::select(vec![
        FailureKind::Retry,
        FailureKind::Reject,
        FailureKind::Panic,
        FailureKind::Hang,
        FailureKind::ChildDeath,
    ]);
    prop_oneof![
        3 => Just(Report::Succeed),
        2 => (0_usize..4).prop_map(Report::FanOut),
        1 => (0_i64..300).prop_map(Report::Snooze),
        3 => kind.prop_map(Report::Fail),
        1 => Just(Report::Release),
        2 => Just(Report::Continue),
        2 => Just(Report::Fenced),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Enqueue),
        8 => (any::<usize>(), 0_usize..3).prop_map(|(j, h)| Step::Lease(j, h)),
        9 => (0_usize..3, any::<usize>(), report()).prop_map(|(h, l, r)| Step::Report(h, l, r)),
        1 => (0_usize..3, any::<usize>()).prop_map(|(h, l)| Step::Renew(h, l)),
        2 => any::<usize>().prop_map(Step::Expire),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(j, alone)| Step::NodeDied(j, alone)),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => any::<usize>().prop_map(Step::Requeue),
        1 => any::<usize>().prop_map(Step::Discard),
        4 => (0_i64..2_000).prop_map(Step::Pass),
    ]
}

/// A store that does what [`Transition`] says, and the books about it.
#[derive(Default)]
struct World {
    jobs: BTreeMap<Id, Job>,
    now: i64,
    next_id: u64,
    /// Leases that each holder was ever given, in order.
    given: [Vec<(Id, u64)>; 3],
    /// Who holds a job by the books, until the lease ends in whatever way.
    holders: BTreeMap<Id, (usize, u64)>,
    /// How often each fan-out (by parent and token) released its parent.
    releases: BTreeMap<(Id, u64), u32>,
    fan_outs: BTreeSet<(Id, u64)>,
    /// Fan-outs whose parent was cancelled while it waited.
    cut_short: BTreeSet<(Id, u64)>,
}

impl World {
    fn time(&self) -> Timestamp {
        Timestamp(self.now)
    }

    fn pick(&self, n: usize) -> Option<Job> {
        (!self.jobs.is_empty()).then(|| self.jobs.values().nth(n % self.jobs.len()).cloned()).flatten()
    }

    fn new_job(&mut self) -> NewJob {
        self.next_id += 1;
        NewJob {
            id: Id(uuid::Uuid::from_u64_pair(7, self.next_id)),
            stage: Stage::Noop,
            args: json!({}),
            lane: Lane::Batch,
            priority: 0,
            run_at: None,
            retry: RetryPolicy { max_attempts: MAX_ATTEMPTS, base_delay_ms: 10, max_delay_ms: 1_000 },
            project_id: None,
            subject_id: None,
            task: None,
            request_id: None,
        }
    }

    fn apply(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Enqueue => {
                let job = enqueue(self.new_job(), TenantId::DEFAULT, None, self.time());
                self.jobs.insert(job.id, job);
            }
            Step::Pass(ms) => self.now += ms * 1_000,
            Step::Lease(n, holder) => {
                let Some(job) = self.pick(n) else { return Ok(()) };
                let may = job.state == JobState::Ready && job.run_at <= self.time();
                let cause = Cause::Lease { node: holder.to_string(), lease_ms: 500 };
                if let Some(after) = self.change(&job, cause, may)? {
                    prop_assert!(!self.holders.contains_key(&job.id), "a second holder");
                    prop_assert_eq!(after.token, job.token + 1);
                    self.holders.insert(job.id, (holder, after.token));
                    self.given[holder].push((job.id, after.token));
                }
            }
            Step::Report(holder, n, report) => self.report(holder, n, report)?,
            Step::Renew(holder, n) => {
                let Some((job, token)) = self.lease_of(holder, n) else { return Ok(()) };
                let may = self.holders.get(&job.id) == Some(&(holder, token));
                self.change(&job, Cause::Renew { token, lease_ms: 500, progress: None }, may)?;
            }
            Step::Expire(n) => {
                let Some(job) = self.pick(n) else { return Ok(()) };
                let may = self.holders.contains_key(&job.id);
                if let Some(after) = self.change(&job, Cause::Expire, may)? {
                    prop_assert_eq!(after.attempts, job.attempts, "death of a node costs nothing");
                }
            }
            Step::NodeDied(n, alone) => {
                let Some(job) = self.pick(n) else { return Ok(()) };
                let may = self.holders.contains_key(&job.id);
                if let Some(after) = self.change(&job, Cause::NodeDied { alone }, may)? {
                    prop_assert_eq!(after.attempts, job.attempts, "death of a node costs nothing");
                    prop_assert_eq!(after.node_deaths, job.node_deaths + 1);
                    let lone = (job.lone_deaths + u16::from(alone)).min(MAX_LONE_DEATHS);
                    prop_assert_eq!(after.lone_deaths, lone);
                    prop_assert!(after.run_at <= self.time().plus_ms(i64::from(job.retry.max_delay_ms)));
                }
            }
            Step::Cancel(n) => {
                let Some(job) = self.pick(n) else { return Ok(()) };
                let event = JobEvent::Cancel { reason: "c".into() };
                self.change(&job, Cause::Reported { token: None, event }, !job.state.is_terminal())?;
            }
            Step::Requeue(n) => {
                let Some(job) = self.pick(n) else { return Ok(()) };
                let may = matches!(job.state, JobState::Dead | JobState::Cancelled);
                self.change(&job, Cause::Reported { token: None, event: JobEvent::Requeue }, may)?;
            }
            Step::Discard(n) => {
                let Some(job) = self.pick(n) else { return Ok(()) };
                let event = JobEvent::Discard { reason: "d".into() };
                self.change(&job, Cause::Reported { token: None, event }, job.state == JobState::Dead)?;
            }
        }
        Ok(())
    }

    fn lease_of(&self, holder: usize, n: usize) -> Option<(Job, u64)> {
        let leases = &self.given[holder];
        let (id, token) = (!leases.is_empty()).then(|| leases[n % leases.len()])?;
        Some((self.jobs[&id].clone(), token))
    }

    fn report(&mut self, holder: usize, n: usize, report: Report) -> Result<(), TestCaseError> {
        let Some((job, token)) = self.lease_of(holder, n) else { return Ok(()) };
        let holds = self.holders.get(&job.id) == Some(&(holder, token));
        let mut fans_out = false;
        let event = match report {
            Report::Succeed => JobEvent::Succeed { result: Value::Null },
            Report::FanOut(count) => {
                let children: Vec<_> = (0..count).map(|_| self.new_job()).collect();
                fans_out = holds && !children.is_empty();
                JobEvent::FanOut { children, checkpoint: Value::Null }
            }
            Report::Snooze(ms) => {
                JobEvent::Snooze { until: self.time().plus_ms(ms), checkpoint: None, why: None }
            }
            Report::Fail(kind) => JobEvent::Fail { kind, message: "m".into() },
            Report::Release => JobEvent::Release,
            Report::Continue => JobEvent::Continue,
            Report::Fenced => {
                let event = JobEvent::Fenced { token, message: "late".into() };
                let may = !holds && !job.state.is_terminal();
                if let Some(after) = self.change(&job, Cause::Reported { token: None, event }, may)? {
                    prop_assert_eq!((&after.lease, after.state), (&job.lease, job.state));
                    prop_assert!(after.attempts <= job.attempts + 1);
                }
                return Ok(());
            }
        };
        let predicted = match &event {
            JobEvent::Fail { kind, .. } => Some(dies_of(&job, *kind)),
            _ => None,
        };
        let cause = Cause::Reported { token: Some(token), event };
        if fans_out {
            self.fan_outs.insert((job.id, token));
        }
        if let (Some(after), Some(dies)) = (self.change(&job, cause, holds)?, predicted) {
            prop_assert_eq!(after.state == JobState::Dead, dies);
        }
        Ok(())
    }

    /// Applies a cause and all that follows, as a store does; `may` is what the books expect.
    fn change(&mut self, job: &Job, cause: Cause, may: bool) -> Result<Option<Job>, TestCaseError> {
        let result = transition(job, cause, self.time(), self.next_id);
        prop_assert!(!matches!(result, Err(Refused::Broken(_))), "{:?}", result);
        prop_assert_eq!(result.is_ok(), may, "{:?} of {:?}", result, job);
        let Ok(after) = result else { return Ok(None) };
        let changed = after.job.clone();
        let mut open = vec![(job.clone(), after)];
        while let Some((before, after)) = open.pop() {
            self.store(&before, &after, &mut open)?;
        }
        Ok(Some(changed))
    }

    fn store(
        &mut self,
        before: &Job,
        after: &Transition,
        open: &mut Vec<(Job, Transition)>,
    ) -> Result<(), TestCaseError> {
        let job = &after.job;
        self.jobs.insert(job.id, job.clone());
        if job.state != JobState::Leased {
            self.holders.remove(&job.id);
        }
        if before.state == JobState::Waiting && after.readied {
            *self.releases.entry((job.id, job.token)).or_default() += 1;
        }
        if before.state == JobState::Waiting && job.state == JobState::Cancelled {
            self.cut_short.insert((job.id, job.token));
        }
        for child in &after.children {
            self.jobs.insert(child.id, child.clone());
        }
        if after.ended
            && let Some(parent) = job.parent.and_then(|p| self.jobs.get(&p)).cloned()
            && parent.state == JobState::Waiting
        {
            let failed = job.state != JobState::Succeeded;
            let told = transition(&parent, Cause::ChildEnded { failed }, self.time(), 0);
            open.push((parent, told.map_err(|e| TestCaseError::fail(e.to_string()))?));
        }
        if after.cancel_children {
            let children: Vec<_> = self
                .jobs
                .values()
                .filter(|c| c.parent == Some(job.id) && !c.state.is_terminal())
                .cloned()
                .collect();
            for child in children {
                let event = JobEvent::Cancel { reason: "c".into() };
                let cancelled = transition(&child, Cause::Reported { token: None, event }, self.time(), 0);
                open.push((child, cancelled.map_err(|e| TestCaseError::fail(e.to_string()))?));
            }
        }
        Ok(())
    }

    fn check(&self, before: &BTreeMap<Id, Job>) -> Result<(), TestCaseError> {
        for job in self.jobs.values() {
            prop_assert!(job.attempts <= MAX_ATTEMPTS);
            prop_assert_eq!(job.lease.is_some(), self.holders.contains_key(&job.id), "{:?}", job);
            if let Some(was) = before.get(&job.id).filter(|was| was.state.is_terminal()) {
                let requeued = was.state != JobState::Succeeded && job.state == JobState::Ready;
                let discarded = was.state == JobState::Dead && job.state == JobState::Refused;
                prop_assert!(was == job || requeued || discarded, "an ended job changed: {:?}", was);
            }
            let unended = self.jobs.values().filter(|c| c.parent == Some(job.id) && !c.state.is_terminal());
            if job.state == JobState::Waiting {
                prop_assert_eq!(unended.count(), job.children_left as usize, "{:?}", job);
            } else {
                prop_assert_eq!(unended.count(), 0, "children of one that does not wait: {:?}", job);
            }
        }
        Ok(())
    }

    /// Each fan-out released its parent once, unless it waits still or was cancelled meanwhile.
    fn check_releases(&self) -> Result<(), TestCaseError> {
        for fan_out @ (parent, token) in &self.fan_outs {
            let job = &self.jobs[parent];
            let waits = job.token == *token && job.state == JobState::Waiting;
            let due = u32::from(!waits && !self.cut_short.contains(fan_out));
            prop_assert_eq!(self.releases.get(fan_out).copied().unwrap_or(0), due, "{:?}", job);
        }
        Ok(())
    }

    /// Lets everybody finish: nothing may be stuck.
    fn run_out(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..10_000 {
            let Some(job) =
                self.jobs.values().find(|j| !j.state.is_terminal() && j.state != JobState::Waiting)
            else {
                prop_assert!(self.jobs.values().all(|j| j.state.is_terminal()), "waits for nobody");
                return Ok(());
            };
            let job = job.clone();
            self.now = self.now.max(job.run_at.0);
            if job.state == JobState::Leased {
                let event = JobEvent::Succeed { result: Value::Null };
                self.change(&job, Cause::Reported { token: Some(job.token), event }, true)?;
            } else if let Some(after) =
                self.change(&job, Cause::Lease { node: "0".into(), lease_ms: 500 }, true)?
            {
                self.holders.insert(after.id, (0, after.token));
            }
        }
        Err(TestCaseError::fail("it never ends"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn random_histories(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::default();
        for step in steps {
            let before = world.jobs.clone();
            world.apply(step)?;
            world.check(&before)?;
        }
        world.check_releases()?;
        world.run_out()?;
    }
}
