//! What can happen in a world, and what must be true of it.

use std::cmp::Reverse;

use smallvec::SmallVec;
use takeoff_core::job::JobState;

use crate::rules::{Fence, LEASE};
use crate::search::{Model, Move};
use crate::world::{Attempt, Doing, Renewal, TICK_MS, What, World};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// A tick passes.
    Pass,
    /// It passes, and the clock of this node does not move.
    PassUnseenBy(usize),
    /// The store's clock jumps.
    Jump(i64),
    Lease {
        node: usize,
        job: usize,
    },
    /// The attempt has come so far and sends a commit.
    Send(usize, What),
    SendAgain(usize),
    Answered(usize),
    /// The commit arrived, its answer did not.
    AnswerLost(usize),
    AskToRenew(usize),
    /// The store has renewed the lease, or found that it is gone.
    RenewalArrives(usize),
    RenewalAnswered(usize),
    /// It cannot trust its lease any more.
    GivesUp(usize),
    /// The process dies, and starts again under its name.
    Crash(usize),
    StrayArrives,
    Rescue(usize),
    Cancel(usize),
}

type Moves = Vec<Move<World>>;

impl World {
    fn add(&self, moves: &mut Moves, step: Step, is_fault: bool) {
        let mut to = self.clone();
        let done = to.take(step);
        moves.push(Move { step, to: done.map(|()| to), is_fault });
    }

    fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Pass => self.pass(None),
            Step::PassUnseenBy(node) => self.pass(Some(node)),
            Step::Jump(ticks) => {
                self.now += ticks;
                self.jumps_left -= 1;
            }
            Step::Lease { node, job } => self.lease(node, job)?,
            Step::Send(node, what) => {
                if let Some(attempt) = &mut self.nodes[node] {
                    (attempt.doing, attempt.in_flight, attempt.renewal) = (Doing::Sent(what), true, None);
                }
            }
            Step::SendAgain(node) => {
                let message = self.message(node);
                if let Some(attempt) = &mut self.nodes[node] {
                    if attempt.in_flight {
                        self.stray = message;
                    }
                    (attempt.in_flight, attempt.unsure) = (true, true);
                }
            }
            Step::Answered(node) => self.arrives(node, true)?,
            Step::AnswerLost(node) => self.arrives(node, false)?,
            Step::AskToRenew(node) => {
                if let Some(attempt) = &mut self.nodes[node] {
                    attempt.renewal = Some(Renewal { age: 0, answer: None });
                }
            }
            Step::RenewalArrives(node) => self.renewal_arrives(node)?,
            Step::RenewalAnswered(node) => self.renewal_answered(node),
            Step::GivesUp(node) | Step::Crash(node) => self.drop_attempt(node),
            Step::StrayArrives => self.stray_arrives()?,
            Step::Rescue(job) => self.rescue(job)?,
            Step::Cancel(job) => self.cancel(job)?,
        }
        Ok(())
    }

    fn pass(&mut self, unseen_by: Option<usize>) {
        self.now += 1;
        for (node, attempt) in self.nodes.iter_mut().enumerate() {
            let Some(attempt) = attempt else { continue };
            if Some(node) == unseen_by {
                attempt.slow = true;
                continue;
            }
            // Older than a lease is as old as can be told.
            attempt.age = (attempt.age + 1).min(LEASE);
            if let Some(renewal) = &mut attempt.renewal {
                renewal.age = (renewal.age + 1).min(LEASE);
            }
        }
    }

    fn moves_of(&self, node: usize, attempt: &Attempt, moves: &mut Moves) {
        let setup = self.setup;
        let trusted = attempt.age < setup.rules.trust;
        match attempt.doing {
            Doing::Working if attempt.poison => self.add(moves, Step::Send(node, What::Reject), false),
            Doing::Working => {
                let on = match () {
                    () if attempt.parts < setup.parts => What::Part,
                    () if attempt.fans_out => What::FanOut,
                    () => What::Succeed,
                };
                self.add(moves, Step::Send(node, on), false);
                if setup.failures {
                    self.add(moves, Step::Send(node, What::Fail), true);
                    self.add(moves, Step::Send(node, What::Release), true);
                }
                if setup.renewals {
                    let step = match attempt.renewal {
                        None => Step::AskToRenew(node),
                        Some(Renewal { answer: None, .. }) => Step::RenewalArrives(node),
                        Some(_) => Step::RenewalAnswered(node),
                    };
                    self.add(moves, step, false);
                }
            }
            Doing::Sent(_) => {
                if attempt.in_flight {
                    self.add(moves, Step::Answered(node), false);
                    if setup.answers_lost {
                        self.add(moves, Step::AnswerLost(node), true);
                    }
                }
                if !attempt.in_flight || setup.answers_lost && self.stray.is_none() {
                    self.add(moves, Step::SendAgain(node), attempt.in_flight);
                }
            }
        }
        if !trusted {
            self.add(moves, Step::GivesUp(node), false);
        }
        if setup.crashes {
            self.add(moves, Step::Crash(node), true);
        }
        if setup.slow_clocks && !attempt.slow {
            self.add(moves, Step::PassUnseenBy(node), true);
        }
    }

    /// Attempts of a job that work and believe that they may.
    fn sure_of(&self, job: usize) -> usize {
        let sure = |a: &&Attempt| a.job == job && a.doing == Doing::Working && a.age < self.setup.rules.trust;
        self.nodes.iter().flatten().filter(sure).count()
    }

    /// Tokens of a job that somebody may still use, the newest first.
    fn tokens(&self, job: usize) -> Vec<u64> {
        let held = self.nodes.iter().flatten().filter(|a| a.job == job).map(|a| a.token);
        let stray = self.stray.iter().filter(|m| m.job == job).map(|m| m.token);
        let mut all: Vec<u64> = held.chain(stray).chain([self.jobs[job].token]).collect();
        all.sort_unstable_by_key(|token| Reverse(*token));
        all.dedup();
        all
    }

    /// Ticks until then, at least `from`.
    fn ticks(&self, at: takeoff_core::model::Timestamp, from: i64) -> u8 {
        let ms = at.ms_since(self.time());
        let ticks = (ms + TICK_MS - 1).div_euclid(TICK_MS).max(from) - from;
        u8::try_from(ticks).expect("times are near")
    }

    fn key_of_job(&self, n: usize, tokens: &[u64], key: &mut Vec<u8>) {
        let (job, book) = (&self.jobs[n], &self.books[n]);
        let until =
            job.lease.as_ref().map_or(u8::MAX, |l| self.ticks(l.until, -1 - i64::from(self.setup.ahead)));
        let run_at = if job.state == JobState::Ready { self.ticks(job.run_at, 0) } else { 0 };
        // Times are told apart by whether there were two in a row, see `node_died`.
        let deaths = u8::try_from(job.node_deaths.min(2)).unwrap_or(2);
        let lone = u8::try_from(job.lone_deaths).unwrap_or(u8::MAX);
        let attempts = u8::try_from(job.attempts).unwrap_or(u8::MAX);
        key.extend([
            job.state as u8,
            run_at,
            until,
            attempts,
            deaths,
            lone,
            u8::from(job.checkpoint.is_some()),
        ]);
        key.extend([book.effects, book.parts, book.fan_outs, book.fan_ins, book.cost.min(9)]);
        for token in tokens {
            let failed = job.failures.iter().any(|f| f.token == *token);
            key.push(u8::from(failed) | u8::from(book.ended.contains(token)) << 1);
        }
        key.push(u8::MAX);
    }
}

fn rank(tokens: &[Vec<u64>], job: usize, token: u64) -> u8 {
    let place = tokens[job].iter().position(|t| *t == token);
    u8::try_from(place.unwrap_or(usize::from(u8::MAX))).unwrap_or(u8::MAX)
}

fn key_of_attempt(tokens: &[Vec<u64>], attempt: &Attempt) -> [u8; 7] {
    let doing = match attempt.doing {
        Doing::Working => 0,
        Doing::Sent(what) => 1 + what as u8,
    };
    let flags = [attempt.in_flight, attempt.unsure, attempt.fans_out, attempt.poison, attempt.slow];
    let flags = flags.iter().fold(0, |all, flag| all << 1 | u8::from(*flag));
    let answer = |answer: Option<bool>| answer.map_or(0, |yes| 1 + u8::from(yes));
    [
        u8::try_from(attempt.job).unwrap_or(u8::MAX),
        rank(tokens, attempt.job, attempt.token),
        attempt.age,
        attempt.renewal.map_or(u8::MAX, |r| r.age << 2 | answer(r.answer)),
        doing,
        flags,
        attempt.parts,
    ]
}

impl Model for World {
    type Step = Step;

    /// Times and tokens count by their distance only. Nodes are alike, unless their clocks are not.
    fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(64);
        key.push(self.jumps_left);
        let tokens: Vec<Vec<u64>> = (0..self.jobs.len()).map(|n| self.tokens(n)).collect();
        for (n, tokens) in tokens.iter().enumerate() {
            self.key_of_job(n, tokens, &mut key);
        }
        let held = |a: &Option<Attempt>| a.as_ref().map_or([u8::MAX; 7], |a| key_of_attempt(&tokens, a));
        let mut nodes: SmallVec<[[u8; 7]; 4]> = self.nodes.iter().map(held).collect();
        nodes.sort_unstable();
        key.extend(nodes.into_iter().flatten());
        if let Some(m) = self.stray {
            let rank = rank(&tokens, m.job, m.token);
            key.extend([m.what as u8, u8::try_from(m.job).unwrap_or(u8::MAX), rank, m.parts]);
        }
        key
    }

    fn moves(&self) -> Moves {
        let mut moves = Vec::new();
        for (node, attempt) in self.nodes.iter().enumerate() {
            if let Some(attempt) = attempt {
                self.moves_of(node, attempt, &mut moves);
                continue;
            }
            for (job, its) in self.jobs.iter().enumerate() {
                if its.state == JobState::Ready && its.run_at <= self.time() {
                    self.add(&mut moves, Step::Lease { node, job }, false);
                }
            }
        }
        for (job, its) in self.jobs.iter().enumerate() {
            if self.has_run_out(job) {
                self.add(&mut moves, Step::Rescue(job), false);
            }
            if self.setup.cancels && !its.state.is_terminal() {
                self.add(&mut moves, Step::Cancel(job), true);
            }
        }
        if self.stray.is_some() {
            self.add(&mut moves, Step::StrayArrives, true);
        }
        if self.jumps_left > 0 {
            for ticks in [-2, i64::from(LEASE)] {
                self.add(&mut moves, Step::Jump(ticks), true);
            }
        }
        self.add(&mut moves, Step::Pass, false);
        moves
    }

    fn broken(&self) -> Option<String> {
        let rules = &self.setup.rules;
        for (n, (job, book)) in self.jobs.iter().zip(&self.books).enumerate() {
            let done = u8::from(job.state == JobState::Succeeded);
            if rules.fence != Fence::None && book.effects != done {
                return Some(format!("job {n} is {:?} with {} effects", job.state, book.effects));
            }
            if u16::from(book.cost).min(self.setup.max_attempts) != job.attempts {
                return Some(format!(
                    "job {n}: {} attempts were counted, {} cost one",
                    job.attempts, book.cost
                ));
            }
            let waits = u8::from(job.state == JobState::Waiting);
            let cut_short = u8::from(job.state == JobState::Cancelled);
            if book.fan_ins + waits + cut_short < book.fan_outs || book.fan_ins > book.fan_outs {
                return Some(format!("job {n}: {} fan-ins of {} fan-outs", book.fan_ins, book.fan_outs));
            }
            // Where the store's clock jumps, or somebody cancels, the fence alone must do.
            let steady = self.setup.jumps == 0 && !self.setup.cancels && rules.fence != Fence::None;
            if steady && self.sure_of(n) > 1 {
                return Some(format!("job {n}: two nodes work on it, each sure of its lease"));
            }
        }
        None
    }

    fn is_end(&self) -> bool {
        self.jobs.iter().all(|job| job.state.is_terminal())
    }
}
