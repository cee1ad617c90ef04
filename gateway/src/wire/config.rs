//! A node's settings as operators see them.

use std::collections::BTreeMap;

use serde::Serialize;
use takeoff_config::{Change, NodeConfig, Reload};
use utoipa::ToSchema;

/// The settings in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Config {
    settings: Vec<Setting>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Setting {
    key: &'static str,
    /// As `takeoff config show` prints it; `(hidden)` for a secret that is set.
    value: String,
    unit: &'static str,
    /// `default`, a file, `environment NAME` or `flag NAME`.
    origin: String,
    /// Whether a running node takes a change of it.
    reloads: bool,
}

impl Config {
    pub(crate) fn of(config: &NodeConfig, origins: &BTreeMap<&'static str, String>) -> Self {
        let one = |s: &takeoff_config::Setting| Setting {
            key: s.key,
            value: (s.show)(config),
            unit: s.unit,
            origin: origins.get(s.key).cloned().unwrap_or_default(),
            reloads: s.reload() == Reload::Live,
        };
        Self { settings: takeoff_config::settings().iter().map(one).collect() }
    }
}

/// What a reload came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reloaded {
    reloaded: Vec<Changed>,
    /// As before, until the node is started anew.
    needs_restart: Vec<Changed>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Changed {
    key: &'static str,
    from: String,
    to: String,
    /// Why it waits for a restart.
    why: Option<&'static str>,
}

impl From<Vec<Change>> for Reloaded {
    fn from(changes: Vec<Change>) -> Self {
        let (mut reloaded, mut needs_restart) = (Vec::new(), Vec::new());
        for Change { key, from, to, reload } in changes {
            match reload {
                Reload::Live => reloaded.push(Changed { key, from, to, why: None }),
                Reload::Restart(why) => needs_restart.push(Changed { key, from, to, why: Some(why) }),
            }
        }
        Self { reloaded, needs_restart }
    }
}
