//! A store and its nodes. What the store decides is decided by the real state machine; what a holder does is what
//! the engine's attempts do (`supervise/settle.rs`, `running.rs`).

use std::rc::Rc;

use serde_json::Value;
use takeoff_core::job::{
    Cause, FailureKind, Job, JobEvent, JobState, Lane, NewJob, Refused, RetryPolicy, Stage, Transition,
    enqueue, transition,
};
use takeoff_core::model::{Id, TenantId, Timestamp};

use crate::rules::{Fence, LEASE, LostAnswer, Rescue, Setup};

pub(crate) const TICK_MS: i64 = 1_000;

/// What is sent to the store about a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Succeed,
    Fail,
    /// It was found to be poison.
    Reject,
    Release,
    FanOut,
    Part,
    /// That a commit was fenced off.
    Tell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) job: usize,
    pub(crate) token: u64,
    pub(crate) what: What,
    /// Parts that the sender had found; its precondition.
    pub(crate) parts: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    Working,
    Sent(What),
}

/// A request to renew that is under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Renewal {
    /// Since it was asked for.
    pub(crate) age: u8,
    /// What the store has answered; under way to the node.
    pub(crate) answer: Option<bool>,
}

/// A lease in the hands of a node. Ages are in ticks of the node's own clock.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) job: usize,
    pub(crate) token: u64,
    /// Since the newest confirmation of the lease was asked for.
    pub(crate) age: u8,
    pub(crate) renewal: Option<Renewal>,
    pub(crate) doing: Doing,
    /// What it sent is under way.
    pub(crate) in_flight: bool,
    /// What it sent may have been applied.
    pub(crate) unsure: bool,
    pub(crate) parts: u8,
    pub(crate) fans_out: bool,
    pub(crate) poison: bool,
    /// The node's clock has lost a tick.
    pub(crate) slow: bool,
}

/// What must be true of a job, kept apart from it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    pub(crate) effects: u8,
    pub(crate) parts: u8,
    pub(crate) fan_outs: u8,
    pub(crate) fan_ins: u8,
    /// Attempts that it may have been charged for.
    pub(crate) cost: u8,
    /// Tokens under which an attempt's own end was stored.
    pub(crate) ended: Vec<u64>,
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) setup: &'static Setup,
    /// The store's clock, ticks.
    pub(crate) now: i64,
    pub(crate) jobs: Vec<Rc<Job>>,
    pub(crate) books: Vec<Rc<Book>>,
    pub(crate) nodes: Vec<Option<Attempt>>,
    /// A message whose sender has given up on it, or is dead. It may yet arrive.
    pub(crate) stray: Option<Message>,
    pub(crate) jumps_left: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Applied,
    Conflict,
    Fenced,
    State,
}

fn id(n: usize) -> Id {
    Id::from_bytes((n as u128 + 1).to_be_bytes())
}

fn new_job(n: usize, setup: &Setup) -> NewJob {
    NewJob {
        id: id(n),
        stage: Stage::Noop,
        args: Value::Null,
        lane: Lane::Batch,
        priority: 0,
        run_at: None,
        retry: RetryPolicy { max_attempts: setup.max_attempts, base_delay_ms: 2_000, max_delay_ms: 2_000 },
        project_id: None,
        subject_id: None,
        task: None,
        request_id: None,
    }
}

impl World {
    pub(crate) fn new(setup: &'static Setup) -> Self {
        let jobs: Vec<Rc<Job>> = (0..setup.jobs)
            .map(|n| Rc::new(enqueue(new_job(n, setup), TenantId::DEFAULT, None, Timestamp(0))))
            .collect();
        Self {
            setup,
            now: 0,
            books: vec![Rc::default(); jobs.len()],
            jobs,
            nodes: vec![None; setup.nodes],
            stray: None,
            jumps_left: setup.jumps,
        }
    }

    pub(crate) fn time(&self) -> Timestamp {
        Timestamp(0).plus_ms(self.now * TICK_MS)
    }

    fn book(&mut self, job: usize) -> &mut Book {
        Rc::make_mut(&mut self.books[job])
    }

    fn decide(&self, job: usize, cause: Cause) -> Result<Result<Transition, Refused>, String> {
        // The least rest, which is a tick.
        match transition(&self.jobs[job], cause, self.time(), 0) {
            Err(broken @ Refused::Broken(_)) => Err(broken.to_string()),
            decided => Ok(decided),
        }
    }

    fn must(&mut self, job: usize, cause: Cause) -> Result<(), String> {
        let after = self.decide(job, cause)?.map_err(|e| format!("refused to its own store: {e}"))?;
        self.settle(job, after)
    }

    /// Stores a transition and all that follows from it, as a catalogue does.
    fn settle(&mut self, job: usize, after: Transition) -> Result<(), String> {
        if self.jobs[job].state == JobState::Waiting && after.readied {
            self.book(job).fan_ins += 1;
        }
        self.jobs[job] = Rc::new(after.job);
        for child in after.children {
            self.jobs.push(Rc::new(child));
            self.books.push(Rc::default());
        }
        if after.ended
            && let Some(parent) = self.jobs.iter().position(|p| Some(p.id) == self.jobs[job].parent)
            && self.jobs[parent].state == JobState::Waiting
        {
            let failed = self.jobs[job].state != JobState::Succeeded;
            self.must(parent, Cause::ChildEnded { failed })?;
        }
        if after.cancel_children {
            let parent = Some(self.jobs[job].id);
            let of_it: Vec<usize> = (0..self.jobs.len())
                .filter(|n| self.jobs[*n].parent == parent && !self.jobs[*n].state.is_terminal())
                .collect();
            for child in of_it {
                self.cancel(child)?;
            }
        }
        Ok(())
    }

    pub(crate) fn cancel(&mut self, job: usize) -> Result<(), String> {
        let event = JobEvent::Cancel { reason: String::new() };
        self.must(job, Cause::Reported { token: None, event })
    }

    pub(crate) fn lease(&mut self, node: usize, job: usize) -> Result<(), String> {
        let cause = Cause::Lease { node: node.to_string(), lease_ms: i64::from(LEASE) * TICK_MS };
        self.must(job, cause)?;
        let leased = &self.jobs[job];
        self.nodes[node] = Some(Attempt {
            job,
            token: leased.token,
            age: 0,
            renewal: None,
            doing: Doing::Working,
            in_flight: false,
            unsure: false,
            parts: self.books[job].parts,
            fans_out: self.setup.fans_out && job == 0 && leased.checkpoint.is_none(),
            poison: leased.poison().is_some(),
            slow: false,
        });
        Ok(())
    }

    /// Whether a rescuer takes the job's lease for one that has run out.
    pub(crate) fn has_run_out(&self, job: usize) -> bool {
        let ahead = if self.setup.rules.store_time { 0 } else { i64::from(self.setup.ahead) };
        let now = self.time().plus_ms(ahead * TICK_MS);
        self.jobs[job].lease.as_ref().is_some_and(|lease| lease.until <= now)
    }

    pub(crate) fn rescue(&mut self, job: usize) -> Result<(), String> {
        let token = Some(self.jobs[job].token);
        let deaths = self.jobs[job].lone_deaths;
        match self.setup.rules.rescue {
            Rescue::Expire => self.must(job, Cause::Expire),
            Rescue::NodeDied => {
                self.must(job, Cause::NodeDied { alone: true })?;
                let counted = self.jobs[job].lone_deaths;
                let most = takeoff_core::job::MAX_LONE_DEATHS;
                if counted != (deaths + 1).min(most) {
                    return Err("a death of the node of a lone job was not counted".to_owned());
                }
                Ok(())
            }
            Rescue::AsFailure => {
                let event = JobEvent::Fail { kind: FailureKind::Hang, message: String::new() };
                self.must(job, Cause::Reported { token, event })
            }
            Rescue::Nobody => Ok(()),
        }
    }

    /// A renewal reaches the store.
    pub(crate) fn renewal_arrives(&mut self, node: usize) -> Result<(), String> {
        let Some(attempt) = &self.nodes[node] else { return Ok(()) };
        let (job, held) = (attempt.job, attempt.token);
        let newest = self.jobs[job].lease.as_ref().map(|l| l.token);
        let token = match newest {
            Some(newest) if !self.setup.rules.renewal_has_token => newest,
            _ => held,
        };
        let lease_ms = i64::from(LEASE) * TICK_MS;
        let renewed = match self.decide(job, Cause::Renew { token, lease_ms, progress: None })? {
            Ok(after) => {
                self.settle(job, after)?;
                true
            }
            Err(_) => false,
        };
        if let Some(Attempt { renewal: Some(renewal), .. }) = &mut self.nodes[node] {
            renewal.answer = Some(renewed);
        }
        Ok(())
    }

    /// Its answer reaches the node.
    pub(crate) fn renewal_answered(&mut self, node: usize) {
        let Some(attempt) = &mut self.nodes[node] else { return };
        match attempt.renewal.take() {
            Some(Renewal { age, answer: Some(true) }) => {
                attempt.age = if self.setup.rules.trust_since_asked { age } else { 0 };
            }
            // Told that its lease is lost.
            Some(Renewal { answer: Some(false), .. }) => self.nodes[node] = None,
            _ => {}
        }
    }

    fn event(&self, message: Message) -> JobEvent {
        let fail = |kind| JobEvent::Fail { kind, message: String::new() };
        match message.what {
            What::Succeed => JobEvent::Succeed { result: Value::Null },
            What::Fail => fail(FailureKind::Retry),
            What::Reject => fail(FailureKind::Reject),
            What::Release => JobEvent::Release,
            What::FanOut => {
                let children = vec![new_job(self.jobs.len(), self.setup)];
                JobEvent::FanOut { children, checkpoint: Value::Bool(true) }
            }
            What::Part => JobEvent::Continue,
            What::Tell => JobEvent::Fenced { token: message.token, message: String::new() },
        }
    }

    /// What the world sees of a commit.
    fn takes_effect(&mut self, message: Message) -> Result<(), String> {
        let book = self.book(message.job);
        match message.what {
            What::Succeed => book.effects += 1,
            What::Fail | What::Reject => book.cost += 1,
            What::FanOut => book.fan_outs += 1,
            What::Part => book.parts += 1,
            What::Release | What::Tell => {}
        }
        let twice = book.effects > 1 || book.fan_outs > 1;
        if twice || self.books[message.job].parts > self.setup.parts {
            return Err(format!("job {}: {:?} took effect twice", message.job, message.what));
        }
        Ok(())
    }

    fn commit(&mut self, message: Message) -> Result<Answer, String> {
        let Message { job, token, what, parts } = message;
        let fence = self.setup.rules.fence;
        if what == What::Part && self.books[job].parts != parts {
            return Ok(Answer::Conflict);
        }
        let before = self.jobs[job].attempts;
        let newest = self.jobs[job].lease.as_ref().map(|l| l.token);
        let shown = if fence == Fence::Token { token } else { newest.unwrap_or(token) };
        let shown = (what != What::Tell).then_some(shown);
        match self.decide(job, Cause::Reported { token: shown, event: self.event(message) })? {
            Ok(after) => {
                if what == What::Tell && after.job.attempts > before {
                    if self.books[job].ended.contains(&token) {
                        return Err(format!("job {job}: the lost answer to a commit cost it an attempt"));
                    }
                    self.book(job).cost += 1;
                } else if what != What::Tell && newest != Some(token) && fence != Fence::None {
                    return Err(format!(
                        "job {job}: {what:?} under lease {token} was applied, and the newest is {newest:?}"
                    ));
                }
                self.takes_effect(message)?;
                if !matches!(what, What::Tell | What::Part) {
                    self.book(job).ended.push(token);
                }
                self.settle(job, after)?;
                Ok(Answer::Applied)
            }
            Err(refused) => {
                if fence == Fence::None {
                    self.takes_effect(message)?;
                }
                Ok(if matches!(refused, Refused::Fenced { .. }) { Answer::Fenced } else { Answer::State })
            }
        }
    }

    /// Whether the job is as the message would have left it; as the engine looks at it.
    fn is_applied(&self, message: Message) -> bool {
        let job = &self.jobs[message.job];
        let looks = self.setup.rules.lost_answer;
        if looks == LostAnswer::Believes {
            return false;
        }
        if message.what == What::FanOut && looks == LostAnswer::LooksForChildren {
            // Each fan-out has children of its own.
            return self.books[message.job].ended.contains(&message.token);
        }
        let ours = job.token == message.token && job.lease.is_none();
        ours && match message.what {
            What::Succeed => job.state == JobState::Succeeded,
            What::FanOut => matches!(job.state, JobState::Waiting | JobState::Ready),
            What::Fail | What::Reject => job.failures.last().is_some_and(|f| f.token == job.token),
            _ => job.state == JobState::Ready,
        }
    }

    pub(crate) fn message(&self, node: usize) -> Option<Message> {
        let Attempt { job, token, doing, parts, .. } = self.nodes[node].as_ref()?;
        let Doing::Sent(what) = *doing else { return None };
        Some(Message { job: *job, token: *token, what, parts: *parts })
    }

    /// What a node sent reaches the store, which answers or is not heard.
    pub(crate) fn arrives(&mut self, node: usize, answered: bool) -> Result<(), String> {
        let Some(message) = self.message(node) else { return Ok(()) };
        let answer = self.commit(message)?;
        let applied = self.is_applied(message);
        let found = self.books[message.job].parts;
        let Some(attempt) = &mut self.nodes[node] else { return Ok(()) };
        attempt.in_flight = false;
        if !answered {
            attempt.unsure = true;
            return Ok(());
        }
        let unsure = std::mem::take(&mut attempt.unsure);
        match (message.what, answer) {
            (What::Part, Answer::Applied | Answer::Conflict) => {
                attempt.parts = found;
                attempt.doing = Doing::Working;
            }
            (What::Tell | What::Release, _) | (_, Answer::Applied) => self.nodes[node] = None,
            (_, Answer::Fenced | Answer::State) if unsure && applied => self.nodes[node] = None,
            (_, Answer::Fenced) => {
                attempt.doing = Doing::Sent(What::Tell);
                attempt.in_flight = true;
            }
            (_, Answer::State | Answer::Conflict) => self.nodes[node] = None,
        }
        Ok(())
    }

    pub(crate) fn stray_arrives(&mut self) -> Result<(), String> {
        let Some(message) = self.stray.take() else { return Ok(()) };
        self.commit(message).map(drop)
    }

    /// The attempt is gone; what it sent last is not.
    pub(crate) fn drop_attempt(&mut self, node: usize) {
        let message = self.message(node);
        let in_flight = self.nodes[node].take().is_some_and(|a| a.in_flight);
        if in_flight && self.stray.is_none() {
            self.stray = message;
        }
    }
}
