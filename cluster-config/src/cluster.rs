//! What a node is among others.

use crate::links::LinkConfig;
use crate::settings::Setting;

/// What a node does. Each has all of them by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// It serves the whole API; without it only probes, metrics and the admin routes.
    pub gateway: bool,
    /// It leases jobs.
    pub worker: bool,
    /// It does what is done for the whole store: rescue of leases, retention, sweeps.
    pub maintenance: bool,
}

impl Roles {
    pub const ALL: Self = Self { gateway: true, worker: true, maintenance: true };

    /// The names of those it has.
    pub fn names(self) -> Vec<&'static str> {
        let all = [("gateway", self.gateway), ("worker", self.worker), ("maintenance", self.maintenance)];
        all.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect()
    }

    fn parse(names: &[String]) -> Result<Self, String> {
        let mut roles = Self { gateway: false, worker: false, maintenance: false };
        for name in names {
            match name.as_str() {
                "gateway" => roles.gateway = true,
                "worker" => roles.worker = true,
                "maintenance" => roles.maintenance = true,
                other => return Err(format!("`{other}` is no role (gateway, worker, maintenance)")),
            }
        }
        if names.is_empty() {
            return Err("must name at least one of gateway, worker and maintenance".to_owned());
        }
        Ok(roles)
    }
}

/// How nodes hear of each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConfig {
    pub heartbeat_ms: u64,
    /// A node that was not heard of for so long is thought to be dead.
    pub silent_ms: u64,
    pub links: LinkConfig,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self { heartbeat_ms: 500, silent_ms: 5_000, links: LinkConfig::default() }
    }
}

impl ClusterConfig {
    /// What does not go together, by setting.
    pub(crate) fn conflicts(&self) -> Option<(&'static str, String)> {
        (self.heartbeat_ms.saturating_mul(4) > self.silent_ms).then(|| {
            let Self { heartbeat_ms, silent_ms, .. } = self;
            let why = format!(
                "{heartbeat_ms} ms is more than a quarter of `cluster.silent_ms` ({silent_ms} ms), so that a few slow \
                 heartbeats would be taken for a death"
            );
            ("cluster.heartbeat_ms", why)
        })
    }
}

pub(crate) fn settings() -> Vec<Setting> {
    vec![
        Setting {
            key: "cluster.roles",
            alias: None,
            unit: "",
            bounds: "gateway, worker, maintenance",
            doc: "What this node does: `gateway` (the whole API), `worker` (leases jobs), `maintenance` (rescue of \
                  leases, retention, sweeps); comma-separated in the environment. One node at least needs each.",
            set: |c, raw| {
                c.roles = Roles::parse(&raw.list()?)?;
                Ok(())
            },
            show: |c| c.roles.names().join(","),
        },
        Setting {
            key: "cluster.heartbeat_ms",
            alias: None,
            unit: "ms",
            bounds: "50 to 5000",
            doc: "Interval of this node's signs of life in the catalogue.",
            set: |c, raw| {
                c.cluster.heartbeat_ms = raw.integer(50, 5_000)?;
                Ok(())
            },
            show: |c| c.cluster.heartbeat_ms.to_string(),
        },
        Setting {
            key: "cluster.silent_ms",
            alias: None,
            unit: "ms",
            bounds: "500 to 7000",
            doc: "A node that was not heard of for so long is thought to be dead, and another may have its name.",
            set: |c, raw| {
                c.cluster.silent_ms = raw.integer(500, 7_000)?;
                Ok(())
            },
            show: |c| c.cluster.silent_ms.to_string(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NodeConfig, Raw};

    #[test]
    fn roles_are_named() {
        let mut config = NodeConfig::solo("d");
        assert_eq!(config.roles, Roles::ALL);
        let all = settings();
        let setting = &all[0];
        (setting.set)(&mut config, &Raw::Text("worker, maintenance".to_owned())).unwrap();
        assert_eq!(config.roles, Roles { gateway: false, worker: true, maintenance: true });
        assert_eq!((setting.show)(&config), "worker,maintenance");
        for (wrong, why) in [("", "at least one"), ("worker,boss", "`boss` is no role")] {
            let said = (setting.set)(&mut config, &Raw::Text(wrong.to_owned())).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn heartbeats_are_more_than_one_for_a_death() {
        assert_eq!(ClusterConfig::default().conflicts(), None);
        let slow = ClusterConfig { heartbeat_ms: 2_000, silent_ms: 7_000, ..Default::default() };
        assert!(slow.conflicts().is_some_and(|(_, why)| why.contains("7000 ms")));
    }
}
