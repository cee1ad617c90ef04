//! Logs and the metrics recorder of the process.

use metrics_exporter_prometheus::PrometheusHandle;
use takeoff_engine::clock::SystemClock;
use takeoff_storage::catalog::Clock as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// JSON lines on standard error, so that standard output stays the command's own.
pub(crate) fn log_json(level: &str) {
    let filter = EnvFilter::new(format!("{level},sled=warn,ractor=warn,hyper=warn,hayro=error"));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_span_events(FmtSpan::NONE)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .finish();
    // A second installation (tests in one process) keeps the first.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Installs the process's recorder, with the gateway's histogram buckets, and gives the handle that renders
/// `/metrics`.
pub(crate) fn metrics() -> anyhow::Result<PrometheusHandle> {
    let recorder = takeoff_gateway::exposition()?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|e| anyhow::anyhow!("{e}"))?;
    takeoff_engine::metrics::describe();
    takeoff_engine::metrics::begin(&takeoff_commands::jobs::TASK_TYPES);
    let start = SystemClock.now().0 as f64 / 1e6;
    metrics::gauge!(takeoff_engine::metrics::PROCESS_START_TIME).set(start);
    Ok(handle)
}
