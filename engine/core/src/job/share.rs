//! How projects share a node's CPU: virtual time.
//!
//! Each project has a clock that CPU time moves on, the slower the more it weighs; whose clock is behind is
//! next (start-time fair queueing, Goyal, Vin and Cheng 1996; the floor is that of Linux's CFS). Each node keeps
//! clocks of its own and divides its own time: what all nodes divide by the same weights is divided by them.

use std::collections::BTreeMap;

use crate::model::Id;

/// Weight of a project that nobody gave one.
pub const DEFAULT_WEIGHT: u16 = 10;
pub const MAX_WEIGHT: u16 = 1_000;

/// Waiting time that one step of priority is worth within a lane and project, milliseconds. A job of low
/// priority ages by it, so that none starves.
pub const PRIORITY_STEP_MS: i64 = 60_000;

/// CPU time of a job that says it used none, microseconds: what the engine itself spends on it.
const LEAST_US: u64 = 100;

/// Accounts that are kept. Beyond it the half that had least is taken to be at the floor, which is then where the
/// last of that half stands.
const MAX_ACCOUNTS: usize = 1_024;

/// How far behind the floor a project of which nothing runs may stand, in jobs of the longest usual time. It may be
/// waiting for its turn and not idle, which nobody here can see; and while it waits the floor, which knows only
/// of those that run, passes it by about that much.
const LAG_JOBS: u64 = 4;

/// Longest charge for one job, microseconds; a day, so that no sum overflows.
const MOST_US: u64 = 86_400_000_000;

/// Where projects stand, for a lease. Times are virtual: microseconds of CPU of a project of default weight.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turns {
    /// Where a project stands that is not in `standings`: it has had nothing of late.
    pub floor: u64,
    /// How far one job moves such a project on.
    pub step: u64,
    /// In order of `project`, each once.
    pub standings: Vec<Standing>,
}

/// A project that stands ahead of the floor or weighs other than the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// `None`: the jobs of no project.
    pub project: Option<Id>,
    pub at: u64,
    /// How far one job is thought to move it on.
    pub step: u64,
}

impl Turns {
    /// Where a project stands and how far a job moves it on; a step is never 0.
    pub fn of(&self, project: Option<Id>) -> (u64, u64) {
        let (at, step) = match self.standings.binary_search_by_key(&project, |s| s.project) {
            Ok(found) => (self.standings[found].at, self.standings[found].step),
            Err(_) => (self.floor, self.step),
        };
        (at, step.max(1))
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Account {
    clock: u64,
    /// Jobs that run.
    running: u32,
    /// CPU time of a job, microseconds, as a moving average.
    usual_us: u64,
}

/// Clocks of the projects that had something of late; those that fell behind are forgotten, and start at the floor
/// when they come again.
#[derive(Debug, Default)]
pub struct Shares {
    accounts: BTreeMap<Option<Id>, Account>,
    weights: BTreeMap<Id, u16>,
    floor: u64,
    /// CPU time of any job, for projects not seen yet.
    usual_us: u64,
}

/// An eighth of what is new.
fn average(usual: u64, new: u64) -> u64 {
    if usual == 0 { new } else { usual - usual / 8 + new / 8 }
}

impl Shares {
    /// Weights other than the default one.
    pub fn weigh(&mut self, weights: impl IntoIterator<Item = (Id, u16)>) {
        self.weights = weights.into_iter().map(|(id, w)| (id, w.clamp(1, MAX_WEIGHT))).collect();
    }

    fn virtual_us(&self, project: Option<Id>, us: u64) -> u64 {
        let weight = project.and_then(|id| self.weights.get(&id)).copied().unwrap_or(DEFAULT_WEIGHT);
        (us * u64::from(DEFAULT_WEIGHT) / u64::from(weight)).max(1)
    }

    fn usual(&self, account: Option<&Account>) -> u64 {
        let known = account.map_or(0, |a| a.usual_us);
        if known == 0 { self.usual_us.max(LEAST_US) } else { known }
    }

    /// A job of the project starts.
    pub fn begun(&mut self, project: Option<Id>) {
        let (floor, least) = (self.floor, self.least());
        let account = self.accounts.entry(project).or_insert(Account { clock: floor, ..Account::default() });
        if account.running == 0 {
            // What it did not use while it had nothing to do is gone.
            account.clock = account.clock.max(least);
        }
        account.running += 1;
        self.raise_floor();
    }

    /// A job of the project has ended, in whatever way, after so much CPU time.
    pub fn ended(&mut self, project: Option<Id>, cpu_us: u64) {
        let cpu_us = cpu_us.clamp(LEAST_US, MOST_US);
        self.usual_us = average(self.usual_us, cpu_us);
        let charge = self.virtual_us(project, cpu_us);
        let account = self.accounts.entry(project).or_default();
        account.clock = account.clock.saturating_add(charge);
        account.running = account.running.saturating_sub(1);
        account.usual_us = average(account.usual_us, cpu_us);
        self.raise_floor();
        self.forget();
    }

    /// Those that stand where one stands that is not known.
    fn forget(&mut self) {
        let mut least = self.least();
        if self.accounts.len() > MAX_ACCOUNTS {
            // One job each, one after the other, never two at once: then nobody who runs raises the floor.
            let mut clocks: Vec<u64> = self.accounts.values().map(|a| a.clock).collect();
            let (_, middle, _) = clocks.select_nth_unstable(MAX_ACCOUNTS / 2);
            self.floor = self.floor.max(*middle);
            least = self.floor;
        }
        self.accounts.retain(|_, a| a.running > 0 || a.clock > least);
    }

    /// The least that a clock may be of which nothing runs.
    fn least(&self) -> u64 {
        let usual = self.accounts.iter().map(|(p, a)| self.virtual_us(*p, self.usual(Some(a))));
        self.floor.saturating_sub(usual.max().unwrap_or(0).saturating_mul(LAG_JOBS))
    }

    /// The least clock of those that run; never back.
    fn raise_floor(&mut self) {
        let active = self.accounts.values().filter(|a| a.running > 0).map(|a| a.clock);
        if let Some(least) = active.min() {
            self.floor = self.floor.max(least);
        }
    }

    /// Where the projects stand now, with what runs counted as if it took the usual time.
    pub fn turns(&self) -> Turns {
        let least = self.least();
        let standing = |project: Option<Id>, account: Option<&Account>| {
            let step = self.virtual_us(project, self.usual(account));
            let (clock, running) = account.map_or((self.floor, 0), |a| (a.clock, a.running));
            let clock = if running == 0 { clock.max(least) } else { clock };
            Standing { project, at: clock.saturating_add(step.saturating_mul(u64::from(running))), step }
        };
        let mut standings: Vec<Standing> =
            self.accounts.iter().map(|(project, account)| standing(*project, Some(account))).collect();
        let unseen = self.weights.keys().map(|id| Some(*id)).filter(|p| !self.accounts.contains_key(p));
        standings.extend(unseen.map(|project| standing(project, None)));
        standings.sort_unstable_by_key(|s| s.project);
        Turns { floor: self.floor, step: self.virtual_us(None, self.usual(None)), standings }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BinaryHeap;

    use super::*;

    fn project(n: u8) -> Option<Id> {
        Some(Id::from_bytes([n; 16]))
    }

    /// What a store does with one lane in which every project always has work.
    fn pick(turns: &Turns, ready: &[Option<Id>]) -> Option<Id> {
        *ready.iter().min_by_key(|p| (turns.of(**p).0, **p)).expect("somebody is ready")
    }

    struct Source {
        project: Option<Id>,
        weight: u16,
        /// CPU time of its jobs in turn, microseconds.
        costs: &'static [u64],
        taken: usize,
        used: u64,
    }

    fn source(n: u8, weight: u16, costs: &'static [u64]) -> Source {
        Source { project: project(n), weight, costs, taken: 0, used: 0 }
    }

    /// Runs all sources on `slots` for `until` microseconds of each; gives each one's part of the sum.
    fn simulate(sources: &mut [Source], slots: usize, until: u64) -> Vec<f64> {
        let mut shares = Shares::default();
        shares.weigh(sources.iter().filter_map(|s| Some((s.project?, s.weight))));
        let ready: Vec<_> = sources.iter().map(|s| s.project).collect();
        // Ends of what runs, the next one first.
        let mut running: BinaryHeap<(std::cmp::Reverse<u64>, usize, u64)> = BinaryHeap::new();
        let mut now = 0;
        while now < until {
            while running.len() < slots {
                let next = pick(&shares.turns(), &ready);
                let at = ready.iter().position(|p| *p == next).expect("it was ready");
                let source = &mut sources[at];
                let cost = source.costs[source.taken % source.costs.len()];
                source.taken += 1;
                shares.begun(next);
                running.push((std::cmp::Reverse(now + cost), at, cost));
            }
            let (ends, at, cost) = running.pop().expect("the slots are full");
            now = ends.0;
            sources[at].used += cost;
            shares.ended(sources[at].project, cost);
        }
        let sum: u64 = sources.iter().map(|s| s.used).sum();
        sources.iter().map(|s| s.used as f64 / sum as f64).collect()
    }

    /// Three unequal projects: long jobs, short jobs, jobs of all kinds.
    fn unequal(weights: [u16; 3]) -> [Source; 3] {
        [
            source(1, weights[0], &[2_000_000, 1_500_000]),
            source(2, weights[1], &[3_000, 8_000, 5_000]),
            source(3, weights[2], &[100_000, 1_000, 700_000, 20_000]),
        ]
    }

    #[test]
    fn unequal_projects_get_their_shares() {
        for slots in [1, 2, 4] {
            for weights in [[10, 10, 10], [10, 20, 50], [100, 10, 30]] {
                let got = simulate(&mut unequal(weights), slots, 600_000_000);
                let sum: f64 = weights.iter().map(|w| f64::from(*w)).sum();
                for (part, weight) in got.iter().zip(weights) {
                    // No project can use more than the slots that its long jobs leave; here all can.
                    let due = f64::from(weight) / sum;
                    assert!((part / due - 1.0).abs() < 0.1, "{slots} slots, {weights:?}: {got:?}");
                }
            }
        }
    }

    #[test]
    fn who_was_idle_starts_at_the_floor() {
        let mut shares = Shares::default();
        for _ in 0..100 {
            shares.begun(project(1));
            shares.ended(project(1), 1_000_000);
        }
        // One that comes now is next, once; a hundred seconds of idling are no credit.
        assert_eq!(pick(&shares.turns(), &[project(1), project(2)]), project(2));
        shares.begun(project(2));
        shares.ended(project(2), 1_500_000);
        assert_eq!(pick(&shares.turns(), &[project(1), project(2)]), project(1));
    }

    #[test]
    fn what_runs_counts_before_it_ends() {
        let mut shares = Shares::default();
        shares.begun(project(1));
        assert_eq!(pick(&shares.turns(), &[project(1), project(2)]), project(2));
    }

    #[test]
    fn projects_that_fell_behind_are_forgotten() {
        let mut shares = Shares::default();
        for n in 0..200 {
            shares.begun(project(n));
            shares.ended(project(n), 10);
        }
        for _ in 0..100 {
            shares.begun(project(250));
            shares.ended(project(250), 1_000_000);
        }
        assert!(shares.turns().standings.len() <= 1, "{:?}", shares.turns());
    }

    #[test]
    fn accounts_are_bounded_though_nobody_raises_the_floor() {
        let mut shares = Shares::default();
        for n in 0..20_000_u32 {
            let mut bytes = [1; 16];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            let project = Some(Id::from_bytes(bytes));
            shares.begun(project);
            shares.ended(project, u64::from(n % 7) * 1_000);
        }
        assert!(shares.turns().standings.len() <= MAX_ACCOUNTS);
    }

    #[test]
    fn a_named_project_is_found_and_no_step_is_nothing() {
        let standings = vec![
            Standing { project: None, at: 5, step: 0 },
            Standing { project: project(3), at: 9, step: 2 },
        ];
        let turns = Turns { floor: 4, step: 0, standings };
        assert_eq!((turns.of(None), turns.of(project(3)), turns.of(project(1))), ((5, 1), (9, 2), (4, 1)));
    }
}
