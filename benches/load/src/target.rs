//! What is put under load: nodes that run, one that is started, or several that share a database and a bucket.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use takeoff_benches::node::Server;
use takeoff_test_servers::{Durability, Postgres, S3Server};

use crate::cli::Cli;

/// Name of the bucket that nodes share.
const BUCKET: &str = "drawings";

pub(crate) struct Target {
    /// Of each node.
    addresses: Vec<String>,
    ids: Vec<u32>,
    // Started for this run, killed and forgotten at its end: nodes before what they store in.
    _own: Vec<Server>,
    stores: Option<Stores>,
}

/// What nodes share.
struct Stores {
    database: Postgres,
    url: String,
    bucket: S3Server,
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
        let stores = Stores::start(&program).await?;
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
            [Process { role: "database", id: s.database.id() }, Process { role: "bucket", id: s.bucket.id() }]
        });
        nodes.chain(stores).collect()
    }
}

impl Stores {
    async fn start(program: &Path) -> anyhow::Result<Self> {
        ensure!(Postgres::is_installed(), "PostgreSQL is not installed: `apt-get install postgresql`");
        ensure!(
            S3Server::is_installed(),
            "moto_server is not on the PATH: `. ops/scripts/test-servers` installs it and puts it there"
        );
        let start = || (Postgres::start(Durability::Full), S3Server::start());
        let (database, bucket) = tokio::task::spawn_blocking(start).await?;
        let made = reqwest::Client::new().put(format!("{}/{BUCKET}", bucket.endpoint())).send().await;
        made.and_then(reqwest::Response::error_for_status).context("the bucket cannot be made")?;
        let stores = Self { url: database.new_database(), database, bucket };
        stores.migrate(program.to_owned()).await?;
        Ok(stores)
    }

    async fn migrate(&self, program: PathBuf) -> anyhow::Result<()> {
        let migrated = tokio::process::Command::new(&program)
            .env_clear()
            .env("DATABASE_URL", &self.url)
            .arg("migrate")
            .stdin(Stdio::null())
            .output()
            .await
            .with_context(|| format!("{} does not start", program.display()))?;
        if !migrated.status.success() {
            bail!("the database cannot be migrated: {}", String::from_utf8_lossy(&migrated.stderr));
        }
        Ok(())
    }

    fn settings(&self, name: &str) -> Vec<(&'static str, String)> {
        vec![
            ("TAKEOFF_NODE_NAME", name.to_owned()),
            ("DATABASE_URL", self.url.clone()),
            ("MINIO_ENDPOINT", self.bucket.endpoint().to_owned()),
            ("MINIO_ACCESS_KEY", "load".to_owned()),
            ("MINIO_SECRET_KEY", "load-load".to_owned()),
            ("S3_BUCKET", BUCKET.to_owned()),
        ]
    }
}
