//! What of a configuration a running node can take over, what differs between two, and where it is read again.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use crate::environment::Variables;
use crate::load::{Flags, Loaded, Problem, load};
use crate::node::NodeConfig;
use crate::settings::{Setting, settings};

/// Whether a setting takes effect while the node runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    Live,
    /// With the next start; why not before.
    Restart(&'static str),
}

/// Settings that are looked up each time that they are needed.
const LIVE: &[&str] = &[
    "node.log_level",
    "admin.token",
    "api.public_url",
    "api.allowed_hosts",
    "api.cors_origins",
    "api.calculate_wait_ms",
    "api.open_wait_ms",
    "api.look_wait_ms",
    "api.request_timeout_ms",
    "api.upload_timeout_ms",
    "api.head_timeout_ms",
    "api.body_idle_ms",
    "api.lame_duck_ms",
    "limits.upload_mib",
    "limits.json_body_mib",
    "jobs.max_waiting",
    "jobs.drain_ms",
    "stages.ingest.slots",
    "stages.detect_scale.slots",
    "stages.auto_count.slots",
    "stages.run_assembly.slots",
    "count.threshold",
    "count.max_detections",
    "assembly.default_waste_percent",
    "review.auto_accept_threshold",
    "review.keyboard_shortcuts",
];

/// The longest that begins a setting's key says why it waits for a start.
const RESTART: &[(&str, &str)] = &[
    ("node.", "the node is known by it and its stores were opened with it"),
    ("cluster.", "the other nodes know it as it joined them"),
    ("database.", "the connections are made with it at the start"),
    ("s3.", "the object store is opened with it at the start"),
    ("api.listen", "the socket is open"),
    ("api.max_connections", "the places were made at the start"),
    ("limits.", "pages that are being parsed, and those that were kept, went by it"),
    ("limits.uploads_at_once", "the places were made at the start"),
    ("jobs.", "leases that run and the schedule were made with it"),
    ("stages.", "the actors of a stage are started with the node"),
    ("compute.", "the threads were started with it"),
    ("children.", "the parse workers were started with it"),
    ("memory.", "work that runs was admitted by it"),
    ("page_cache.", "the stages were made with it"),
    ("schedule.", "the nodes of a store share one schedule, which was made with it"),
];

impl Setting {
    /// Whether a running node takes a change of it.
    pub fn reload(&self) -> Reload {
        if LIVE.contains(&self.key) {
            return Reload::Live;
        }
        let best =
            RESTART.iter().filter(|(start, _)| self.key.starts_with(start)).max_by_key(|(s, _)| s.len());
        Reload::Restart(best.map_or("it is read at the start", |(_, why)| why))
    }

    /// Whether both have it alike, what is never shown included.
    fn same(&self, a: &NodeConfig, b: &NodeConfig) -> bool {
        match self.key {
            "database.url" => a.database.url == b.database.url,
            "cluster.cookie" => a.cluster.links.cookie == b.cluster.links.cookie,
            "admin.token" => a.admin.token == b.admin.token,
            "s3.access_key" => a.object_store.access_key == b.object_store.access_key,
            "s3.secret_key" => a.object_store.secret_key == b.object_store.secret_key,
            _ => (self.show)(a) == (self.show)(b),
        }
    }
}

/// One setting that two configurations have differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub key: &'static str,
    /// As shown: secrets are not.
    pub from: String,
    pub to: String,
    pub reload: Reload,
}

/// Everything that differs, in the order of the reference.
pub fn changes(from: &NodeConfig, to: &NodeConfig) -> Vec<Change> {
    let differs = |s: &&Setting| !s.same(from, to);
    let change =
        |s: &Setting| Change { key: s.key, from: (s.show)(from), to: (s.show)(to), reload: s.reload() };
    settings().iter().filter(differs).map(change).collect()
}

/// `from` with what a running node takes over of `to`.
pub fn taken_over(from: &NodeConfig, to: &NodeConfig) -> NodeConfig {
    let mut new = from.clone();
    new.log_level.clone_from(&to.log_level);
    new.admin = to.admin.clone();
    let (listen, max_connections) = (new.api.listen, new.api.max_connections);
    new.api = to.api.clone();
    (new.api.listen, new.api.max_connections) = (listen, max_connections);
    new.limits.upload_bytes = to.limits.upload_bytes;
    new.limits.json_body_bytes = to.limits.json_body_bytes;
    new.jobs.max_waiting = to.jobs.max_waiting;
    new.jobs.drain_ms = to.jobs.drain_ms;
    for stage in &mut new.stages {
        if let Some(changed) = to.stage(stage.stage) {
            stage.slots = changed.slots;
        }
    }
    new.count = to.count.clone();
    new.default_waste_percent = to.default_waste_percent;
    new.auto_accept_threshold = to.auto_accept_threshold;
    new.keyboard_shortcuts = to.keyboard_shortcuts;
    new
}

/// The configuration in force, which may be replaced. All clones are one.
#[derive(Debug, Clone)]
pub struct Live(Arc<RwLock<Arc<NodeConfig>>>);

impl Live {
    pub fn new(config: Arc<NodeConfig>) -> Self {
        Self(Arc::new(RwLock::new(config)))
    }

    /// What is in force now; who keeps it does not see what comes later.
    pub fn now(&self) -> Arc<NodeConfig> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn replace(&self, config: NodeConfig) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }
}

/// Where a node's configuration came from, to read it again.
#[derive(Debug, Clone, Default)]
pub struct Source {
    pub file: Option<PathBuf>,
    /// Those of the process, which do not change while it runs.
    pub variables: Variables,
    pub flags: Flags,
}

impl Source {
    /// # Errors
    /// Every problem that there is.
    pub fn load(&self) -> Result<Loaded, Vec<Problem>> {
        load(self.file.as_deref(), &self.variables, &self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::Raw;

    /// Another value that the setting takes.
    fn other(setting: &Setting, config: &NodeConfig) -> NodeConfig {
        let shown = (setting.show)(config);
        let tries = [
            "7",
            "8",
            "200",
            "100000",
            "2000000",
            "0.7",
            "false",
            "true",
            "warn",
            "staging",
            "127.0.0.1:9",
            "http://h",
        ];
        let tries = tries.into_iter().chain([
            "postgres://u:p@h/d",
            "a-token-that-is-long",
            "worker",
            "2000",
            "a-cookie-that-is-long-enough-for-it",
            "0 3 * * *",
        ]);
        let found = tries.filter(|t| *t != shown).find_map(|t| {
            let mut new = config.clone();
            (setting.set)(&mut new, &Raw::Text(t.to_owned())).is_ok().then_some(new)
        });
        found.unwrap_or_else(|| panic!("no other value of {} is known here", setting.key))
    }

    #[test]
    fn exactly_what_is_said_to_be_live_is_taken_over() {
        let config = NodeConfig::solo("d");
        for setting in settings() {
            let changed = other(&setting, &config);
            let change = changes(&config, &changed);
            assert_eq!(change.iter().map(|c| c.key).collect::<Vec<_>>(), [setting.key]);
            let left = changes(&taken_over(&config, &changed), &changed);
            assert_eq!(left.is_empty(), setting.reload() == Reload::Live, "{}", setting.key);
        }
        assert!(LIVE.iter().all(|key| settings().iter().any(|s| s.key == *key)), "a key that is none");
    }

    #[test]
    fn a_secret_that_changed_is_told_and_not_shown() {
        let (mut a, mut b) = (NodeConfig::solo("d"), NodeConfig::solo("d"));
        let setting = settings().into_iter().find(|s| s.key == "s3.secret_key").unwrap();
        (setting.set)(&mut a, &Raw::Text("geheim".to_owned())).unwrap();
        (setting.set)(&mut b, &Raw::Text("geheimer".to_owned())).unwrap();
        let change = changes(&a, &b);
        assert_eq!((change.len(), change[0].key), (1, "s3.secret_key"));
        assert!(!format!("{change:?}").contains("geheim"));
    }
}
