//! The configuration of a running node, read again: SIGHUP and the admin API.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use takeoff_config::{Change, Loaded, Origin, Problem, Reload as Takes, Source, changes};
use takeoff_engine::handle::Handle;
use takeoff_gateway::Reload;

use crate::telemetry::LogLevel;

/// What its lines of the log name as their target.
#[cfg(test)]
pub(crate) const MODULE: &str = module_path!();

pub(crate) struct Reloader {
    source: Source,
    handle: Handle,
    level: LogLevel,
    /// Of the settings in force. Held while they are read again, so that one is taken over after the other.
    origins: Mutex<BTreeMap<&'static str, Origin>>,
}

impl Reloader {
    pub(crate) fn new(
        source: Source,
        origins: BTreeMap<&'static str, Origin>,
        handle: Handle,
        level: LogLevel,
    ) -> Self {
        Self { source, handle, level, origins: Mutex::new(origins) }
    }

    fn take(&self, loaded: &Loaded, origins: &mut BTreeMap<&'static str, Origin>) -> Vec<Change> {
        let changes = changes(&self.handle.config(), &loaded.config);
        self.handle.reconfigure(&loaded.config);
        // Before what is said of it, which the new level may let through.
        self.level.set(&loaded.config.log_level);
        for change in &changes {
            let Change { key, from, to, reload } = change;
            match reload {
                Takes::Live => tracing::info!(key, from, to, "reloaded"),
                Takes::Restart(why) => tracing::warn!(key, from, to, why, "a change waits for a restart"),
            }
        }
        let waits = |key: &str| changes.iter().any(|c| c.key == key && c.reload != Takes::Live);
        for (key, origin) in loaded.origins.iter().filter(|(key, _)| !waits(key)) {
            origins.insert(key, origin.clone());
        }
        changes
    }
}

impl Reload for Reloader {
    fn reload(&self) -> Result<Vec<Change>, Vec<Problem>> {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        match self.source.load() {
            Ok(loaded) => {
                let changes = self.take(&loaded, &mut origins);
                tracing::info!(changes = changes.len(), "the configuration was read again");
                Ok(changes)
            }
            Err(problems) => {
                for problem in &problems {
                    tracing::error!(problem = %problem, "a setting is wrong");
                }
                tracing::error!("the configuration was not reloaded, the one in force stays so");
                Err(problems)
            }
        }
    }

    fn origins(&self) -> BTreeMap<&'static str, String> {
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.iter().map(|(key, origin)| (*key, origin.to_string())).collect()
    }
}
