//! Work that is done at times: when it is due, who may do it, what becomes of runs that were missed. Pure; the
//! engine applies it with commits that hold only while nobody else did.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cron::Cron;
use crate::model::{Entity, Id, Index, Kind, Timestamp};

/// What becomes of times at which nothing ran: no node lived, or a run took longer than its interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// However many were missed, one run makes up for them, at once.
    RunOnce,
    /// They are let go; the next run is at the next time.
    Skip,
}

/// When something is due. All nodes mean the same times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// At the whole multiples of an interval since 1970, milliseconds.
    Every(i64),
    /// At those of the calendar, in UTC.
    Cron(Cron),
}

impl Times {
    /// The first time after `now`.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Every(ms) => {
                let every_us = ms.max(&1).saturating_mul(1_000);
                Timestamp(now.0.div_euclid(every_us).saturating_add(1).saturating_mul(every_us))
            }
            Self::Cron(cron) => cron.next(now),
        }
    }

    /// Times from `at` up to `now`, beyond the first.
    fn missed_between(&self, at: Timestamp, now: Timestamp) -> u64 {
        match self {
            Self::Every(ms) => u64::try_from(now.ms_since(at) / ms.max(&1)).unwrap_or(0),
            Self::Cron(cron) => cron.times_between(at, now, MOST_MISSED),
        }
    }

    /// Whether something that is thought to be due at `at` is due at no such time: the times have changed since, or the
    /// clock.
    fn is_foreign(&self, at: Timestamp, now: Timestamp) -> bool {
        match self {
            Self::Every(ms) => at > self.next(now).plus_ms(*ms),
            Self::Cron(cron) => at > now && (at > cron.next(cron.next(now)) || !cron.is_time(at)),
        }
    }
}

/// Times of a calendar that are counted as missed at once, at most: ten weeks of minutes.
const MOST_MISSED: u64 = 100_000;

/// Work of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Stable: the record is found by it.
    pub name: &'static str,
    pub times: Times,
    pub missed: Missed,
    /// Longest that a run may take, milliseconds; then it is torn away. Nobody else runs it before that.
    pub longest_ms: i64,
}

/// Between the end of a run's time and its being given up for lost, milliseconds.
const GRACE_MS: i64 = 10_000;

/// A run that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub node: String,
    pub since: Timestamp,
    /// When it is lost if it has not ended: its node has died.
    pub until: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    Failed,
    /// It never came to its end: its node died.
    Lost,
}

/// A run that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    pub node: String,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub outcome: Outcome,
    /// What it did, or why it failed.
    pub result: Value,
}

/// Where an entry stands. One record for the whole store, whoever runs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    pub name: String,
    pub next_at: Timestamp,
    pub running: Option<Running>,
    pub last: Option<Ran>,
    /// Runs that began.
    pub runs: u64,
    /// Those of them that failed or were lost.
    pub failures: u64,
    /// Times that had no run of their own.
    pub missed: u64,
}

impl Schedule {
    /// The id of an entry's record: FNV-1a of its name.
    pub fn id_of(name: &str) -> Id {
        const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;
        let hash = name.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
        Id::from_bytes(hash.to_be_bytes())
    }
}

impl Entity for Schedule {
    const KIND: Kind = Kind::Schedule;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        Self::id_of(&self.name)
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        vec![(Index::All, Id::NIL)]
    }
}

/// What is to be done about an entry now.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nothing before this time.
    Wait(Timestamp),
    /// Store this, in place of what was there and nothing else; look again.
    Store(Schedule),
    /// Store this, in place of what was there and nothing else; who has stored it runs it.
    Run(Schedule),
}

impl Entry {
    /// What `node` is to do about the entry, which it does not run itself at this moment. A new entry with an interval is
    /// due at once, one of the calendar at its first time.
    pub fn decide(&self, stored: Option<&Schedule>, node: &str, now: Timestamp) -> Decision {
        let Some(stored) = stored else {
            return Decision::Store(Schedule {
                name: self.name.to_owned(),
                next_at: match self.times {
                    Times::Every(_) => now,
                    Times::Cron(_) => self.times.next(now),
                },
                running: None,
                last: None,
                runs: 0,
                failures: 0,
                missed: 0,
            });
        };
        let mut after = stored.clone();
        if let Some(running) = &stored.running {
            // What a node began and does not run was begun in an earlier life of it.
            if now < running.until && running.node != node {
                return Decision::Wait(running.until);
            }
            let lost = Ran {
                node: running.node.clone(),
                started_at: running.since,
                ended_at: now,
                outcome: Outcome::Lost,
                result: Value::Null,
            };
            (after.running, after.last) = (None, Some(lost));
            after.failures += 1;
            // The time that the lost run was for is a missed one.
            after.missed += 1;
            after.next_at = match self.missed {
                Missed::RunOnce => after.next_at.min(now),
                Missed::Skip => after.next_at,
            };
            return Decision::Store(after);
        }
        if self.times.is_foreign(stored.next_at, now) {
            after.next_at = self.times.next(now);
            return Decision::Store(after);
        }
        if now < stored.next_at {
            return Decision::Wait(stored.next_at);
        }
        let missed = self.times.missed_between(stored.next_at, now);
        after.missed += missed;
        after.next_at = self.times.next(now);
        if missed > 0 && self.missed == Missed::Skip {
            after.missed += 1;
            return Decision::Store(after);
        }
        let until = now.plus_ms(self.longest_ms.saturating_add(GRACE_MS));
        after.running = Some(Running { node: node.to_owned(), since: now, until });
        after.runs += 1;
        Decision::Run(after)
    }

    /// The record after a run of this node's has ended; `None` when the run is no longer the one that it knows.
    pub fn ended(
        stored: &Schedule,
        node: &str,
        since: Timestamp,
        now: Timestamp,
        (outcome, result): (Outcome, Value),
    ) -> Option<Schedule> {
        stored.running.as_ref().filter(|r| r.node == node && r.since == since)?;
        let mut after = stored.clone();
        after.running = None;
        after.failures += u64::from(outcome != Outcome::Done);
        let ran = Ran { node: node.to_owned(), started_at: since, ended_at: now, outcome, result };
        after.last = Some(ran);
        Some(after)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ENTRY: Entry =
        Entry { name: "sweep", times: Times::Every(60_000), missed: Missed::RunOnce, longest_ms: 5_000 };

    fn at(s: i64) -> Timestamp {
        Timestamp(s * 1_000_000)
    }

    fn run(entry: Entry, stored: &Schedule, now: Timestamp) -> Schedule {
        match entry.decide(Some(stored), "a", now) {
            Decision::Run(after) => after,
            other => panic!("{other:?}"),
        }
    }

    fn new(entry: Entry, now: Timestamp) -> Schedule {
        match entry.decide(None, "a", now) {
            Decision::Store(new) => new,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_entry_runs_at_its_times_and_not_between() {
        let begun = run(ENTRY, &new(ENTRY, at(70)), at(70));
        assert_eq!((begun.next_at, begun.runs, begun.missed), (at(120), 1, 0));
        let other = ENTRY.decide(Some(&begun), "b", at(71));
        assert_eq!(other, Decision::Wait(at(70 + 15)), "nobody else runs it meanwhile");
        let done = Entry::ended(&begun, "a", at(70), at(72), (Outcome::Done, json!({"swept": 1}))).unwrap();
        assert_eq!((done.running.is_none(), done.failures), (true, 0));
        assert_eq!(ENTRY.decide(Some(&done), "b", at(119)), Decision::Wait(at(120)));
        let again = run(ENTRY, &done, at(120));
        assert_eq!((again.next_at, again.runs, again.missed), (at(180), 2, 0));
    }

    #[test]
    fn missed_times_are_made_up_for_by_one_run_or_let_go() {
        let idle = Schedule { next_at: at(120), ..new(ENTRY, at(70)) };
        let late = run(ENTRY, &idle, at(425));
        assert_eq!((late.next_at, late.runs, late.missed), (at(480), 1, 5));
        let skips = Entry { missed: Missed::Skip, ..ENTRY };
        let Decision::Store(let_go) = skips.decide(Some(&idle), "a", at(425)) else { panic!("it ran") };
        assert_eq!((let_go.next_at, let_go.runs, let_go.missed), (at(480), 0, 6));
        let in_time = run(skips, &idle, at(130));
        assert_eq!(
            (in_time.next_at, in_time.missed),
            (at(180), 0),
            "late by less than an interval is not missed"
        );
    }

    #[test]
    fn a_run_whose_node_died_is_lost_and_made_up_for() {
        let begun = run(ENTRY, &new(ENTRY, at(70)), at(70));
        let Decision::Store(lost) = ENTRY.decide(Some(&begun), "b", at(85)) else { panic!("not lost") };
        let last = lost.last.clone().unwrap();
        assert_eq!(
            (last.outcome, last.node.as_str(), lost.failures, lost.missed),
            (Outcome::Lost, "a", 1, 1)
        );
        assert_eq!(run(ENTRY, &lost, at(85)).runs, 2);
        let Decision::Store(again) = ENTRY.decide(Some(&begun), "a", at(71)) else {
            panic!("it waits for itself")
        };
        assert_eq!(again.last.unwrap().outcome, Outcome::Lost, "a new life of the node knows at once");
        let late = Entry::ended(&lost, "a", at(70), at(86), (Outcome::Done, Value::Null));
        assert_eq!(late, None, "the lost run has nothing to say any more");
    }

    /// At 12:00 and 12:30 each day.
    fn at_noon(missed: Missed) -> Entry {
        Entry { times: Times::Cron("0,30 12 * * *".parse().unwrap()), missed, ..ENTRY }
    }

    const NOON: i64 = 12 * 3_600;

    #[test]
    fn an_entry_of_the_calendar_runs_at_its_times_and_not_at_the_start() {
        let entry = at_noon(Missed::RunOnce);
        let idle = new(entry, at(70));
        assert_eq!(idle.next_at, at(NOON));
        assert_eq!(entry.decide(Some(&idle), "a", at(NOON - 1)), Decision::Wait(at(NOON)));
        let begun = run(entry, &idle, at(NOON));
        assert_eq!((begun.next_at, begun.runs, begun.missed), (at(NOON + 1_800), 1, 0));
        assert!(
            matches!(entry.decide(Some(&begun), "b", at(NOON)), Decision::Wait(_)),
            "nobody else runs it"
        );
        let done = Entry::ended(&begun, "a", at(NOON), at(NOON + 1), (Outcome::Done, Value::Null)).unwrap();
        assert_eq!(entry.decide(Some(&done), "b", at(NOON + 1)), Decision::Wait(at(NOON + 1_800)));
    }

    #[test]
    fn missed_times_of_the_calendar_are_made_up_for_by_one_run_or_let_go() {
        let (once, skips) = (at_noon(Missed::RunOnce), at_noon(Missed::Skip));
        let idle = new(once, at(70));
        // The evening of the next day: 12:30 and the two of the day after had no run.
        let evening = at(86_400 + 20 * 3_600);
        let late = run(once, &idle, evening);
        assert_eq!((late.next_at, late.runs, late.missed), (at(2 * 86_400 + NOON), 1, 3));
        let Decision::Store(let_go) = skips.decide(Some(&idle), "a", evening) else { panic!("it ran") };
        assert_eq!((let_go.next_at, let_go.runs, let_go.missed), (at(2 * 86_400 + NOON), 0, 4));
        let in_time = run(skips, &idle, at(NOON + 1_799));
        assert_eq!(
            (in_time.next_at, in_time.missed),
            (at(NOON + 1_800), 0),
            "late by less than to the next time"
        );
    }

    #[test]
    fn other_times_hold_at_once() {
        let entry = at_noon(Missed::RunOnce);
        // Hourly until now, then of the calendar; of another calendar; and back.
        for next_at in [at(3_600), at(NOON + 60), at(9 * 86_400 + NOON)] {
            let stored = Schedule { next_at, ..new(ENTRY, at(70)) };
            let Decision::Store(moved) = entry.decide(Some(&stored), "a", at(80)) else { panic!("it stays") };
            assert_eq!(moved.next_at, at(NOON));
        }
        let noon = new(entry, at(70));
        let Decision::Store(near) = ENTRY.decide(Some(&noon), "a", at(80)) else {
            panic!("it waits for noon")
        };
        assert_eq!(near.next_at, at(120));
    }

    #[test]
    fn a_shorter_interval_holds_at_once() {
        let daily = Schedule { next_at: at(86_400), ..new(ENTRY, at(0)) };
        let Decision::Store(near) = ENTRY.decide(Some(&daily), "a", at(61)) else { panic!("it waits") };
        assert_eq!(near.next_at, at(120));
    }
}
