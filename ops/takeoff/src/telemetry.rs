//! Logs and the metrics recorder of the process.

use metrics_exporter_prometheus::PrometheusHandle;
use takeoff_engine::clock::SystemClock;
use takeoff_storage::catalog::Clock as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::{Registry, reload};

/// JSON lines on standard error, so that standard output stays the command's own. `level` is one that the
/// configuration takes.
pub(crate) fn log_json(level: &str) -> LogLevel {
    let (filter, handle) = reload::Layer::new(filter(level));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_span_events(FmtSpan::NONE)
        .with_writer(std::io::stderr);
    // A second installation (tests in one process) keeps the first.
    let _ = tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(lines.with_filter(filter)),
    );
    LogLevel(handle)
}

/// From which level on lines are written; may be changed while the process runs.
pub(crate) struct LogLevel(reload::Handle<Targets, Registry>);

impl LogLevel {
    /// `level` is one that the configuration takes.
    pub(crate) fn set(&self, level: &str) {
        if let Err(e) = self.0.reload(filter(level)) {
            tracing::error!(error = %e, "the log level was not changed");
        }
    }
}

fn filter(level: &str) -> Targets {
    let own = level.parse().unwrap_or(LevelFilter::INFO);
    // Libraries say at `info` what is their own affair.
    Targets::new()
        .with_default(own)
        .with_targets(["sled", "ractor", "hyper"].map(|library| (library, LevelFilter::WARN.min(own))))
        .with_target("hayro", LevelFilter::ERROR.min(own))
        // What its sessions come to, the links say themselves.
        .with_target("ractor_cluster", LevelFilter::ERROR.min(own))
        // Whoever has the configuration read again learns what came of it, whatever else is kept silent.
        .with_target(RELOADING, LevelFilter::INFO.max(own))
}

/// The module that says what came of reading the configuration again.
const RELOADING: &str = "takeoff::reloading";

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

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_reload_is_told_at_every_level() {
        for (level, more) in [("error", false), ("warn", false), ("info", false), ("debug", true)] {
            let filter = filter(level);
            assert!(filter.would_enable(RELOADING, &Level::INFO), "{level}");
            assert_eq!(filter.would_enable(RELOADING, &Level::DEBUG), more, "{level}");
        }
        assert!(!filter("warn").would_enable("takeoff::serve", &Level::INFO));
        assert_eq!(RELOADING, crate::reloading::MODULE);
    }
}
