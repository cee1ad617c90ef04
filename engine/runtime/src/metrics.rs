//! Every metric name, once. Alerts and dashboards use these and no others.

mod begin;

pub use begin::begin;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use takeoff_core::job::FailureKind;

// What the deployment's alerts and dashboards read.
pub const HTTP_REQUESTS: &str = "http_requests_total";
pub const HTTP_REQUEST_SECONDS: &str = "http_request_duration_seconds";
pub const HTTP_ACTIVE_CONNECTIONS: &str = "http_active_connections";
pub const PROCESS_START_TIME: &str = "process_start_time_seconds";
pub const AI_PROCESSING_SECONDS: &str = "ai_processing_duration_seconds";
pub const AI_ERRORS: &str = "ai_error_total";
pub const AI_MEASUREMENTS: &str = "ai_measurement_total";
pub const AI_OVERRIDDEN: &str = "ai_measurement_overridden_total";
pub const ASSEMBLY_ERRORS: &str = "assembly_calculation_errors_total";
pub const FORMULA_SECONDS: &str = "assembly_formula_evaluation_seconds";
pub const COUNT_TIMEOUTS: &str = "auto_count_session_timeouts_total";
pub const COUNT_PRECISION: &str = "auto_count_precision_ratio";
pub const QUEUE_LENGTH: &str = "takeoff_queue_length";
pub const TASKS: &str = "takeoff_tasks_total";
pub const NODES: &str = "takeoff_nodes";

// The engine's own.
pub const JOBS_READY: &str = "takeoff_jobs_ready";
pub const JOB_OLDEST_READY: &str = "takeoff_job_oldest_ready_seconds";
pub const JOBS_DEAD: &str = "takeoff_jobs_dead";
pub const LEASES: &str = "takeoff_leases";
pub const ATTEMPTS: &str = "takeoff_attempts_total";
pub const ATTEMPT_SECONDS: &str = "takeoff_attempt_seconds";
pub const ACTOR_RESTARTS: &str = "takeoff_actor_restarts_total";
pub const NODE_READY: &str = "takeoff_node_ready";
pub const COMPUTE_BUSY: &str = "takeoff_compute_busy";
pub const COMPUTE_QUEUED: &str = "takeoff_compute_queued";
pub const COMPUTE_PANICS: &str = "takeoff_compute_panics_total";
pub const PARSE_WORKERS: &str = "takeoff_parse_workers";
pub const PARSE_WORKER_DEATHS: &str = "takeoff_parse_worker_deaths_total";
pub const MEMORY_BUDGET: &str = "takeoff_memory_budget_bytes";
pub const MEMORY_TAKEN: &str = "takeoff_memory_taken_bytes";
pub const MEMORY_WAITING: &str = "takeoff_memory_waiting";
pub const MEMORY_REQUESTS: &str = "takeoff_memory_requests_total";
pub const ADMISSIONS_REFUSED: &str = "takeoff_admissions_refused_total";
pub const SCHEDULED_RUNS: &str = "takeoff_scheduled_runs_total";
pub const PAGE_CACHE: &str = "takeoff_page_cache_total";
pub const CLUSTER_MEMBERS: &str = "takeoff_cluster_members";
pub const CLUSTER_LINKS: &str = "takeoff_cluster_links";
pub const CLUSTER_FRAMES: &str = "takeoff_cluster_frames_total";
pub const CLUSTER_REFUSED: &str = "takeoff_cluster_links_refused_total";
pub const CLUSTER_ROUND_TRIP: &str = "takeoff_cluster_round_trip_seconds";
pub use takeoff_storage::metrics::BLOBS_DAMAGED as STORE_BLOBS_DAMAGED;
pub use takeoff_storage::metrics::COMMIT_SECONDS as STORE_COMMIT_SECONDS;

/// What a metric is in Prometheus' terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    /// A gauge in seconds.
    GaugeSeconds,
    /// A histogram of seconds.
    Seconds,
}

/// A metric that a running node exports, from its start on.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    pub meaning: &'static str,
}

const fn metric(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric { name, kind, labels, meaning }
}

/// Everything that a node exports.
pub const ALL: [Metric; 42] = [
    metric(
        HTTP_REQUESTS,
        Kind::Counter,
        &["method", "endpoint", "status"],
        "HTTP requests by method, endpoint and status",
    ),
    metric(HTTP_REQUEST_SECONDS, Kind::Seconds, &["endpoint"], "time to answer an HTTP request, by endpoint"),
    metric(HTTP_ACTIVE_CONNECTIONS, Kind::Gauge, &[], "open HTTP connections"),
    metric(PROCESS_START_TIME, Kind::GaugeSeconds, &[], "start of the process, seconds since 1970"),
    metric(AI_PROCESSING_SECONDS, Kind::Seconds, &[], "time of an attempt that reads a drawing"),
    metric(AI_ERRORS, Kind::Counter, &["error_type"], "attempts that failed, by kind of error"),
    metric(AI_MEASUREMENTS, Kind::Counter, &[], "measurements made from detections"),
    metric(
        AI_OVERRIDDEN,
        Kind::Counter,
        &[],
        "measurements made from detections whose geometry was replaced",
    ),
    metric(ASSEMBLY_ERRORS, Kind::Counter, &[], "assembly calculations with an error on a component"),
    metric(FORMULA_SECONDS, Kind::Seconds, &[], "time to evaluate the formulas of an assembly"),
    metric(COUNT_TIMEOUTS, Kind::Counter, &[], "count sessions that ran out of time"),
    metric(COUNT_PRECISION, Kind::Gauge, &[], "share of a session's reviewed detections that were confirmed"),
    metric(QUEUE_LENGTH, Kind::Gauge, &["queue"], "jobs due or delayed, by queue"),
    metric(TASKS, Kind::Counter, &["name", "state"], "tasks that ended, by name and state"),
    metric(NODES, Kind::Gauge, &[], "nodes that this node knows to be alive"),
    metric(JOBS_READY, Kind::Gauge, &["stage"], "jobs that are due, by stage"),
    metric(JOB_OLDEST_READY, Kind::GaugeSeconds, &["stage"], "age of the oldest due job, by stage"),
    metric(JOBS_DEAD, Kind::Gauge, &["stage"], "dead letters, by stage"),
    metric(LEASES, Kind::Gauge, &["stage"], "leases that this node holds, by stage"),
    metric(ATTEMPTS, Kind::Counter, &["stage", "outcome"], "attempts that ended, by stage and outcome"),
    metric(ATTEMPT_SECONDS, Kind::Seconds, &["stage"], "time of an attempt, by stage"),
    metric(ACTOR_RESTARTS, Kind::Counter, &["actor"], "actors started again after a crash, by actor"),
    metric(NODE_READY, Kind::Gauge, &[], "1 when the node is ready"),
    metric(COMPUTE_BUSY, Kind::Gauge, &[], "threads of the compute pool that work"),
    metric(COMPUTE_QUEUED, Kind::Gauge, &[], "work that waits for the compute pool"),
    metric(COMPUTE_PANICS, Kind::Counter, &[], "panics in work of the compute pool"),
    metric(PARSE_WORKERS, Kind::Gauge, &["state"], "parse workers, by state"),
    metric(PARSE_WORKER_DEATHS, Kind::Counter, &["cause"], "parse workers lost, by cause"),
    metric(MEMORY_BUDGET, Kind::Gauge, &[], "memory that work may take together, bytes"),
    metric(MEMORY_TAKEN, Kind::Gauge, &[], "memory that work has taken of the budget, bytes"),
    metric(MEMORY_WAITING, Kind::Gauge, &[], "attempts and requests that wait for memory"),
    metric(MEMORY_REQUESTS, Kind::Counter, &["outcome"], "times that memory was asked for, by outcome"),
    metric(ADMISSIONS_REFUSED, Kind::Counter, &["stage"], "work that was not taken because too much waits"),
    metric(SCHEDULED_RUNS, Kind::Counter, &["entry", "outcome"], "runs of the schedule that ended here"),
    metric(PAGE_CACHE, Kind::Counter, &["outcome"], "pages looked for in the page cache, by outcome"),
    metric(CLUSTER_MEMBERS, Kind::Gauge, &[], "nodes that are linked and answer, this one included"),
    metric(CLUSTER_LINKS, Kind::Gauge, &["state"], "links to other nodes, by state"),
    metric(
        CLUSTER_FRAMES,
        Kind::Counter,
        &["outcome"],
        "what nodes told each other, by what became of it here",
    ),
    metric(CLUSTER_REFUSED, Kind::Counter, &["reason"], "links that were not made, by reason"),
    metric(CLUSTER_ROUND_TRIP, Kind::Seconds, &[], "time from a heartbeat of a link to its answer"),
    metric(STORE_BLOBS_DAMAGED, Kind::Counter, &[], "blobs found not to be what was stored"),
    metric(STORE_COMMIT_SECONDS, Kind::Seconds, &[], "time of a durable commit"),
];

/// Tells the installed recorder what each name means. Does no harm when called twice.
pub fn describe() {
    for metric in ALL {
        let Metric { name, meaning, .. } = metric;
        match metric.kind {
            Kind::Counter => describe_counter!(name, meaning),
            Kind::Gauge => describe_gauge!(name, meaning),
            Kind::GaugeSeconds => describe_gauge!(name, Unit::Seconds, meaning),
            Kind::Seconds => describe_histogram!(name, Unit::Seconds, meaning),
        }
    }
}

/// The `error_type` and the `outcome` of an attempt that failed.
pub(crate) const fn failure(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Retry => "retry",
        FailureKind::Reject => "reject",
        FailureKind::Panic => "panic",
        FailureKind::Hang => "hang",
        FailureKind::Fenced => "fenced",
        FailureKind::ChildDeath => "child_death",
    }
}
