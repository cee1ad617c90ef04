//! The verdict on a run: what must be true of its end and of its history.

use std::collections::{BTreeMap, BTreeSet};

use takeoff_core::job::{FailureKind, Job, JobState};
use takeoff_core::model::{Id, Kind};
use takeoff_storage::catalog::JobQuery;

use crate::fate::short;
use crate::history::{Fact, History, Said, Suffered};
use crate::stage::{EFFECTS, MAX_ATTEMPTS, PARTS, TENANT, body};
use crate::store::World;

/// How often each effect happened, by job.
type Effects = BTreeMap<(u64, String), u64>;

struct Verdict<'w> {
    history: &'w History,
    jobs: BTreeMap<Id, Job>,
    effects: Effects,
    ends: BTreeMap<Id, usize>,
    wrong: Vec<String>,
}

/// What is wrong, and how many jobs there were.
pub(crate) async fn check(world: &World) -> (Vec<String>, usize) {
    let query = JobQuery { limit: 1_000, ..JobQuery::default() };
    let jobs = world.now(world.store.jobs(TENANT, query)).expect("the store itself is well").jobs;
    let events = world.now(world.store.events(TENANT, EFFECTS, 0, 10_000)).expect("the store itself is well");
    let mut effects = Effects::new();
    for event in events {
        let job = event.payload["job"].as_u64().unwrap();
        let name =
            event.payload["part"].as_u64().map_or(event.name.clone(), |n| format!("{} {n}", event.name));
        *effects.entry((job, name)).or_default() += 1;
    }
    let owners: BTreeMap<Id, String> = jobs
        .iter()
        .filter_map(|job| {
            Some((job.id, world.now(world.store.get(TENANT, Kind::Document, job.id)).unwrap()?))
        })
        .map(|(id, record)| (id, body(&record)["state"].as_str().unwrap().to_owned()))
        .collect();
    let history = world.history.lock().unwrap();
    let mut verdict = Verdict {
        history: &history,
        jobs: jobs.into_iter().map(|job| (job.id, job)).collect(),
        effects,
        ends: history.ends(),
        wrong: Vec::new(),
    };
    verdict.nothing_is_lost();
    for job in verdict.jobs.clone().values() {
        verdict.it_has_ended(job);
        verdict.its_effects_happened_once(job);
        verdict.its_history_is_one_of_leases(job);
        verdict.it_paid_for_its_own_failures_only(job);
        verdict.its_children_ended_first(job);
        if let Some(owner) = owners.get(&job.id) {
            verdict.its_owner_knows(job, owner);
        }
    }
    let count = verdict.jobs.len();
    (verdict.wrong, count)
}

impl Verdict<'_> {
    fn wrong(&mut self, job: &Job, what: impl std::fmt::Display) {
        self.wrong.push(format!("job {}: {what}", short(job.id)));
    }

    fn times(&self, job: &Job, effect: &str) -> u64 {
        let id = u64::try_from(short(job.id)).unwrap();
        self.effects.get(&(id, effect.to_owned())).copied().unwrap_or(0)
    }

    fn nothing_is_lost(&mut self) {
        let lost = self.history.acknowledged.iter().filter(|id| !self.jobs.contains_key(id));
        let lost: Vec<String> =
            lost.map(|id| format!("job {}: it was acknowledged and is not there", short(*id))).collect();
        self.wrong.extend(lost);
        for id in &self.history.cancelled {
            if self.jobs.get(id).is_some_and(|job| !job.state.is_terminal()) {
                self.wrong.push(format!("job {}: it was cancelled and lives on", short(*id)));
            }
        }
    }

    fn it_has_ended(&mut self, job: &Job) {
        if !job.state.is_terminal() {
            self.wrong(job, format!("it is stuck: {:?}, lease {:?}", job.state, job.lease));
        }
        let needs_cause = matches!(job.state, JobState::Dead | JobState::Cancelled | JobState::Refused);
        if needs_cause && job.error.as_deref().unwrap_or_default().is_empty() {
            self.wrong(job, format!("it is {:?} without a cause", job.state));
        }
        if job.state == JobState::Dead {
            let last = job.failures.last().map(|f| f.kind);
            let gave_up =
                job.attempts >= MAX_ATTEMPTS || job.child_deaths >= 3 || last == Some(FailureKind::Reject);
            if !gave_up {
                self.wrong(job, format!("it died early, of {last:?} after {} attempts", job.attempts));
            }
        }
    }

    fn its_effects_happened_once(&mut self, job: &Job) {
        let due = |is: bool| u64::from(is);
        let done = due(job.state == JobState::Succeeded);
        let refused = due(job.state == JobState::Refused);
        let fans_out = due(job.checkpoint.is_some() && job.args["children"].is_u64());
        for (effect, due) in [("done", done), ("refused", refused), ("fan_out", fans_out)] {
            let times = self.times(job, effect);
            if times != due {
                self.wrong(job, format!("it is {:?}, and `{effect}` happened {times} times", job.state));
            }
        }
        for part in 0..PARTS {
            let times = self.times(job, &format!("part {part}"));
            let all = job.state == JobState::Succeeded && job.args["in_parts"] == true;
            if times > 1 || all && times == 0 {
                self.wrong(job, format!("part {part} of it happened {times} times"));
            }
        }
        if job.args["follow"] == true {
            let id = u64::try_from(short(job.id)).unwrap();
            let following = self.jobs.values().filter(|j| j.args["of"] == id).count() as u64;
            if following != done {
                self.wrong(job, format!("it is {:?}, and {following} jobs follow it", job.state));
            }
        }
    }

    /// Tokens rise by one, and only the newest lease's holder is heard, to whose end there is nothing to add.
    fn its_history_is_one_of_leases(&mut self, job: &Job) {
        let mut newest = 0;
        let mut over = BTreeSet::new();
        let mut found = Vec::new();
        for (_, fact) in self.history.of_job(job.id) {
            match fact {
                Fact::Leased { token, .. } => {
                    if *token != newest + 1 {
                        found.push(format!("after lease {newest} came {token}"));
                    }
                    newest = *token;
                }
                Fact::Said { token: Some(token), said, .. } => {
                    if *token != newest {
                        found.push(format!(
                            "{said:?} under lease {token} was stored, and the newest is {newest}"
                        ));
                    }
                    if over.contains(token) {
                        found.push(format!("{said:?} was stored after the end of lease {token}"));
                    }
                    if said.ends_attempt() {
                        over.insert(*token);
                    }
                }
                Fact::Said { .. } | Fact::Ended { .. } | Fact::Suffered { .. } => {}
            }
        }
        for what in found {
            self.wrong(job, what);
        }
    }

    fn it_paid_for_its_own_failures_only(&mut self, job: &Job) {
        let mut paid = BTreeSet::new();
        let mut ended = BTreeSet::new();
        let mut suffered = BTreeSet::new();
        let mut found = Vec::new();
        for (_, fact) in self.history.of_job(job.id) {
            match fact {
                Fact::Suffered { token, what, .. } => drop(suffered.insert((*token, *what as u8))),
                Fact::Said { token: Some(token), said, .. } => {
                    if let Said::Fail(kind, message) = said {
                        paid.insert(*token);
                        let of_stage = match kind {
                            FailureKind::Panic => Some(Suffered::Panic),
                            FailureKind::Reject => Some(Suffered::Reject),
                            FailureKind::ChildDeath => Some(Suffered::ChildDeath),
                            _ => None,
                        };
                        if of_stage.is_some_and(|what| !suffered.contains(&(*token, what as u8))) {
                            found.push(format!(
                                "{kind:?} under lease {token} ({message}) was not the stage's doing"
                            ));
                        }
                    }
                    if said.ends_attempt() {
                        ended.insert(*token);
                    }
                }
                Fact::Said { said: Said::Fenced(token), .. } if !paid.contains(token) => {
                    if ended.contains(token) {
                        found.push(format!("it paid for lease {token}, whose end was stored"));
                    }
                    paid.insert(*token);
                }
                _ => {}
            }
        }
        let due = u16::try_from(paid.len()).unwrap().min(MAX_ATTEMPTS);
        if job.attempts != due {
            found.push(format!("{} attempts were counted, {due} failed: {paid:?}", job.attempts));
        }
        for what in found {
            self.wrong(job, what);
        }
    }

    /// A fan-in: the first lease after a fan-out is given when the last child has ended, and not before.
    fn its_children_ended_first(&mut self, job: &Job) {
        let mut waits_for: Vec<Id> = Vec::new();
        let mut found = Vec::new();
        for (at, fact) in self.history.of_job(job.id) {
            match fact {
                Fact::Said { said: Said::FanOut(children), .. } => waits_for.clone_from(children),
                Fact::Leased { token, .. } => {
                    let early =
                        waits_for.iter().filter(|c| self.ends.get(c).is_none_or(|end| *end > at)).count();
                    if early > 0 {
                        found.push(format!(
                            "lease {token} was given before {early} of its children had ended"
                        ));
                    }
                    waits_for.clear();
                }
                _ => {}
            }
        }
        let of_it = self.jobs.values().filter(|c| c.parent == Some(job.id)).count();
        if u32::try_from(of_it).unwrap() != job.children_total {
            found.push(format!("it has {of_it} children, and counts {}", job.children_total));
        }
        for what in found {
            self.wrong(job, what);
        }
    }

    fn its_owner_knows(&mut self, job: &Job, owner: &str) {
        let due = match job.state {
            JobState::Succeeded => "done",
            JobState::Refused => "refused",
            JobState::Dead | JobState::Cancelled => "failed",
            _ => return,
        };
        if owner != due {
            self.wrong(job, format!("it is {:?}, and its owner is `{owner}`", job.state));
        }
    }
}
