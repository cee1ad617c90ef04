//! Every metric name, once. Alerts and dashboards use these and no others.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

// What the deployment's alerts and dashboards read.
pub const HTTP_REQUESTS: &str = "http_requests_total";
pub const HTTP_REQUEST_SECONDS: &str = "http_request_duration_seconds";
pub const HTTP_ACTIVE_CONNECTIONS: &str = "http_active_connections";
pub const PROCESS_START_TIME: &str = "process_start_time_seconds";
pub const AI_PROCESSING_SECONDS: &str = "ai_processing_duration_seconds";
pub const AI_ERRORS: &str = "ai_error_total";
pub const AI_MEASUREMENTS: &str = "ai_measurement_total";
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
pub use takeoff_storage::metrics::COMMIT_SECONDS as STORE_COMMIT_SECONDS;

/// Tells the installed recorder what each name means. Does no harm when called twice.
pub fn describe() {
    describe_counter!(HTTP_REQUESTS, "HTTP requests by method, endpoint and status");
    describe_histogram!(HTTP_REQUEST_SECONDS, Unit::Seconds, "time to answer an HTTP request, by endpoint");
    describe_gauge!(HTTP_ACTIVE_CONNECTIONS, "open HTTP connections");
    describe_gauge!(PROCESS_START_TIME, Unit::Seconds, "start of the process, seconds since 1970");
    describe_histogram!(AI_PROCESSING_SECONDS, Unit::Seconds, "time of an attempt that reads a drawing");
    describe_counter!(AI_ERRORS, "attempts that failed, by kind of error");
    describe_counter!(AI_MEASUREMENTS, "measurements made from detections");
    describe_counter!(ASSEMBLY_ERRORS, "assembly calculations with an error on a component");
    describe_histogram!(FORMULA_SECONDS, Unit::Seconds, "time to evaluate the formulas of an assembly");
    describe_counter!(COUNT_TIMEOUTS, "count sessions that ran out of time");
    describe_gauge!(COUNT_PRECISION, "share of reviewed detections that were confirmed");
    describe_gauge!(QUEUE_LENGTH, "jobs due or delayed, by queue");
    describe_counter!(TASKS, "tasks that ended, by name and state");
    describe_gauge!(NODES, "nodes that this node knows to be alive");
    describe_gauge!(JOBS_READY, "jobs that are due, by stage");
    describe_gauge!(JOB_OLDEST_READY, Unit::Seconds, "age of the oldest due job, by stage");
    describe_gauge!(JOBS_DEAD, "dead letters, by stage");
    describe_gauge!(LEASES, "leases that this node holds, by stage");
    describe_counter!(ATTEMPTS, "attempts that ended, by stage and outcome");
    describe_histogram!(ATTEMPT_SECONDS, Unit::Seconds, "time of an attempt, by stage");
    describe_counter!(ACTOR_RESTARTS, "actors started again after a crash, by actor");
    describe_gauge!(NODE_READY, "1 when the node is ready");
    describe_gauge!(COMPUTE_BUSY, "threads of the compute pool that work");
    describe_gauge!(COMPUTE_QUEUED, "work that waits for the compute pool");
    describe_counter!(COMPUTE_PANICS, "panics in work of the compute pool");
    describe_gauge!(PARSE_WORKERS, "parse workers, by state");
    describe_counter!(PARSE_WORKER_DEATHS, "parse workers lost, by cause");
    describe_histogram!(STORE_COMMIT_SECONDS, Unit::Seconds, "time of a durable commit");
}
