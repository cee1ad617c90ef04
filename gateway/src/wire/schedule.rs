//! Work that is done at times, as operators see it.

use serde::Serialize;
use serde_json::Value;
use takeoff_core::model::Timestamp;
use takeoff_core::schedule;
use takeoff_engine::operate;
use utoipa::ToSchema;

use super::scalar::{Stamp, aged};

/// A run that has begun and not ended.
#[derive(Debug, Serialize, ToSchema)]
struct Run {
    node: String,
    since: Stamp,
    age_ms: i64,
}

/// A run that is over.
#[derive(Debug, Serialize, ToSchema)]
struct LastRun {
    node: String,
    started_at: Stamp,
    ended_at: Stamp,
    /// Since its end.
    age_ms: i64,
    took_ms: i64,
    /// `done`, `failed`, or `lost` when its node died.
    outcome: &'static str,
    /// What it did, or why it failed.
    #[schema(value_type = Object)]
    result: Value,
}

/// An entry of the schedule. The nodes of a store share one.
#[derive(Debug, Serialize, ToSchema)]
struct Entry {
    name: &'static str,
    /// Its interval; times are the whole multiples since 1970. `null` for an entry with times of the calendar.
    every_ms: Option<i64>,
    /// Its times of the calendar, in UTC: minute, hour, day of the month, month, day of the week. `null` for an entry with
    /// an interval.
    cron: Option<String>,
    /// What becomes of times at which no node ran it: `run_once` makes up for them with one run, `skip` lets them go.
    missed_policy: &'static str,
    /// A run that takes longer is torn away.
    longest_ms: i64,
    next_at: Option<Stamp>,
    next_in_ms: Option<i64>,
    running: Option<Run>,
    last: Option<LastRun>,
    runs: u64,
    failures: u64,
    /// Times that had no run of their own.
    missed: u64,
}

/// The schedule, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Schedule {
    entries: Vec<Entry>,
}

impl Schedule {
    pub(crate) fn of(entries: Vec<operate::Scheduled>, now: Timestamp) -> Self {
        Self { entries: entries.into_iter().map(|entry| Entry::of(entry, now)).collect() }
    }
}

impl LastRun {
    fn of(ran: schedule::Ran, now: Timestamp) -> Self {
        Self {
            age_ms: aged(now, ran.ended_at),
            took_ms: ran.ended_at.ms_since(ran.started_at),
            node: ran.node,
            started_at: Stamp(ran.started_at),
            ended_at: Stamp(ran.ended_at),
            outcome: match ran.outcome {
                schedule::Outcome::Done => "done",
                schedule::Outcome::Failed => "failed",
                schedule::Outcome::Lost => "lost",
            },
            result: ran.result,
        }
    }
}

impl Entry {
    fn of(operate::Scheduled { entry, stands }: operate::Scheduled, now: Timestamp) -> Self {
        let schedule::Entry { name, times, missed, longest_ms } = entry;
        let (every_ms, cron) = match times {
            schedule::Times::Every(ms) => (Some(ms), None),
            schedule::Times::Cron(cron) => (None, Some(cron.to_string())),
        };
        let missed_policy = match missed {
            schedule::Missed::RunOnce => "run_once",
            schedule::Missed::Skip => "skip",
        };
        let (runs, failures, missed) = stands.as_ref().map_or((0, 0, 0), |s| (s.runs, s.failures, s.missed));
        let next = stands.as_ref().map(|s| s.next_at);
        let (running, last) = stands.map_or((None, None), |s| (s.running, s.last));
        let running =
            running.map(|r| Run { age_ms: aged(now, r.since), node: r.node, since: Stamp(r.since) });
        Self {
            name,
            every_ms,
            cron,
            missed_policy,
            longest_ms,
            next_at: next.map(Stamp),
            next_in_ms: next.map(|at| at.ms_since(now)),
            running,
            last: last.map(|ran| LastRun::of(ran, now)),
            runs,
            failures,
            missed,
        }
    }
}
