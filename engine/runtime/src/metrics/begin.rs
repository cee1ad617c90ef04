//! Series at zero from the start: a rate sees the first event only of a counter that was there before it,
//! and an alert on a name that does not exist yet says nothing.

use metrics::{counter, gauge, histogram};
use takeoff_core::job::{FailureKind, Stage};

use crate::cluster::connect::REFUSALS;
use crate::cluster::links::STATES;

use super::{
    ADMISSIONS_REFUSED, AI_ERRORS, AI_MEASUREMENTS, AI_OVERRIDDEN, AI_PROCESSING_SECONDS, ASSEMBLY_ERRORS,
    ATTEMPT_SECONDS, ATTEMPTS, CLUSTER_FRAMES, CLUSTER_LINKS, CLUSTER_MEMBERS, CLUSTER_REFUSED,
    CLUSTER_ROUND_TRIP, COMPUTE_BUSY, COMPUTE_PANICS, COMPUTE_QUEUED, COUNT_PRECISION, COUNT_TIMEOUTS,
    FORMULA_SECONDS, HTTP_ACTIVE_CONNECTIONS, HTTP_REQUEST_SECONDS, HTTP_REQUESTS, JOB_OLDEST_READY,
    JOBS_DEAD, JOBS_READY, LEASES, MEMORY_BUDGET, MEMORY_REQUESTS, MEMORY_TAKEN, MEMORY_WAITING, NODE_READY,
    NODES, PAGE_CACHE, PARSE_WORKER_DEATHS, PARSE_WORKERS, QUEUE_LENGTH, SCHEDULED_RUNS, STORE_BLOBS_DAMAGED,
    STORE_COMMIT_SECONDS, TASKS, failure,
};

/// Ends of an attempt that are no failure.
const ENDS: [&str; 7] = ["succeeded", "refused", "fanned_out", "snoozed", "released", "lost", "cancelled"];

/// Ends that are.
const FAILURES: [FailureKind; 6] = [
    FailureKind::Retry,
    FailureKind::Reject,
    FailureKind::Panic,
    FailureKind::Hang,
    FailureKind::Fenced,
    FailureKind::ChildDeath,
];

/// States in which a task ends.
const TASK_ENDS: [&str; 3] = ["succeeded", "failed", "cancelled"];

/// Why a parse worker is lost.
const DEATHS: [&str; 4] = ["crash", "deadline", "memory", "nonsense"];

/// What a look into the page cache ends with.
const LOOKS: [&str; 4] = ["hit", "miss", "no_key", "damaged"];

/// Work of the schedule, and what a run of it ends with.
const ENTRIES: [&str; 6] =
    ["blob_sweep", "lease_rescue", "page_cache", "retention", "session_deadlines", "statistics"];
const RUNS: [&str; 2] = ["done", "failed"];

/// What a request for memory ends with.
const ASKED: [&str; 4] = ["granted", "alone", "postponed", "refused"];

/// What becomes of what is told to a node or by it.
const TOLD: [&str; 4] = ["sent", "received", "dropped", "unread"];

/// What a scrape finds at the latest after the first one.
const SCRAPED: [(&str, &str); 3] = [("method", "GET"), ("endpoint", "/metrics"), ("status", "200")];

/// Puts every series whose labels are known beforehand into the installed recorder, for the start of a
/// process. `tasks` are the names of the tasks that clients see. Actors appear when they start.
pub fn begin(tasks: &[&'static str]) {
    for name in
        [AI_MEASUREMENTS, AI_OVERRIDDEN, ASSEMBLY_ERRORS, COUNT_TIMEOUTS, COMPUTE_PANICS, STORE_BLOBS_DAMAGED]
    {
        counter!(name).increment(0);
    }
    for name in [
        HTTP_ACTIVE_CONNECTIONS,
        NODES,
        NODE_READY,
        COMPUTE_BUSY,
        COMPUTE_QUEUED,
        MEMORY_BUDGET,
        MEMORY_TAKEN,
        MEMORY_WAITING,
    ] {
        gauge!(name).set(0.0);
    }
    // Nothing was reviewed yet: no share, and none that is below a threshold.
    gauge!(COUNT_PRECISION).set(f64::NAN);
    gauge!(CLUSTER_MEMBERS).set(1.0);
    for name in [AI_PROCESSING_SECONDS, CLUSTER_ROUND_TRIP, FORMULA_SECONDS, STORE_COMMIT_SECONDS] {
        let _ = histogram!(name);
    }
    counter!(HTTP_REQUESTS, &SCRAPED).increment(0);
    let _ = histogram!(HTTP_REQUEST_SECONDS, &SCRAPED[1..2]);
    for kind in FAILURES {
        counter!(AI_ERRORS, "error_type" => failure(kind)).increment(0);
    }
    for cause in DEATHS {
        counter!(PARSE_WORKER_DEATHS, "cause" => cause).increment(0);
    }
    for (entry, outcome) in ENTRIES.into_iter().flat_map(|entry| RUNS.map(|outcome| (entry, outcome))) {
        counter!(SCHEDULED_RUNS, "entry" => entry, "outcome" => outcome).increment(0);
    }
    for outcome in ASKED {
        counter!(MEMORY_REQUESTS, "outcome" => outcome).increment(0);
    }
    for state in STATES {
        gauge!(CLUSTER_LINKS, "state" => state).set(0.0);
    }
    for outcome in TOLD {
        counter!(CLUSTER_FRAMES, "outcome" => outcome).increment(0);
    }
    for reason in REFUSALS {
        counter!(CLUSTER_REFUSED, "reason" => reason).increment(0);
    }
    for outcome in LOOKS {
        counter!(PAGE_CACHE, "outcome" => outcome).increment(0);
    }
    for state in ["busy", "idle"] {
        gauge!(PARSE_WORKERS, "state" => state).set(0.0);
    }
    for (name, state) in tasks.iter().flat_map(|name| TASK_ENDS.map(|state| (*name, state))) {
        counter!(TASKS, "name" => name, "state" => state).increment(0);
    }
    Stage::ALL.into_iter().for_each(stage);
}

fn stage(stage: Stage) {
    let stage = stage.name();
    gauge!(QUEUE_LENGTH, "queue" => stage).set(0.0);
    for name in [JOBS_READY, JOB_OLDEST_READY, JOBS_DEAD, LEASES] {
        gauge!(name, "stage" => stage).set(0.0);
    }
    counter!(ADMISSIONS_REFUSED, "stage" => stage).increment(0);
    for outcome in ENDS.into_iter().chain(FAILURES.map(failure)) {
        counter!(ATTEMPTS, "stage" => stage, "outcome" => outcome).increment(0);
    }
    let _ = histogram!(ATTEMPT_SECONDS, "stage" => stage);
}
