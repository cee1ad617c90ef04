//! What is put under load: nodes that run, one that is started, or several that share a database and a bucket.

use anyhow::{Context as _, ensure};
use takeoff_benches::node::Server;
use takeoff_benches::stores::Stores;

use crate::cli::Cli;

pub(crate) struct Target {
    /// Of each node.
    addresses: Vec<String>,
    ids: Vec<u32>,
    // Started for this run, killed and forgotten at its end: nodes before what they store in.
    _own: Vec<Server>,
    stores: Option<Stores>,
}

/// A process that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    /// `node`, `database` or `bucket`.
    pub(crate) role: &'static str,
    pub(crate) id: u32,
}

impl Target {
    /// # Errors
    /// Something is not installed, does not start, or there is not a process for each address.
    pub(crate) async fn of(cli: &Cli) -> anyhow::Result<Self> {
        if !cli.address.is_empty() {
            let (addresses, ids) = (cli.address.clone(), cli.pid.clone());
            ensure!(
                addresses.len() == ids.len(),
                "{} addresses and {} processes",
                addresses.len(),
                ids.len()
            );
            return Ok(Self { addresses, ids, _own: Vec::new(), stores: None });
        }
        let own = std::env::current_exe().context("the running program has no path")?;
        let program = cli.program.clone().unwrap_or_else(|| own.with_file_name("takeoff"));
        ensure!(program.is_file(), "{} is missing: it is what is put under load", program.display());
        let below = cli.folder.clone().unwrap_or_else(std::env::temp_dir);
        let Some(nodes) = cli.nodes else {
            // With default settings.
            let server = Server::start(&program, &below).await?;
            return Ok(Self::started(vec![server], None));
        };
        let stores = Stores::start().await?;
        let mut servers = Vec::new();
        for n in 1..=nodes {
            servers.push(Server::with(&program, &below, &stores.settings(&format!("load-{n}"))).await?);
        }
        Ok(Self::started(servers, Some(stores)))
    }

    fn started(servers: Vec<Server>, stores: Option<Stores>) -> Self {
        let addresses = servers.iter().map(|s| format!("http://{}", s.address())).collect();
        Self { addresses, ids: servers.iter().map(Server::id).collect(), _own: servers, stores }
    }

    /// URLs of the nodes.
    pub(crate) fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// The nodes' main processes, and those of what was started for them.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let nodes = self.ids.iter().map(|&id| Process { role: "node", id });
        let stores = self.stores.iter().flat_map(|s| {
            [Process { role: "database", id: s.database.id() }, Process { role: "bucket", id: s.bucket_id() }]
        });
        nodes.chain(stores).collect()
    }
}
