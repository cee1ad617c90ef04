//! Nodes that share a database and a bucket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use takeoff_storage::pg::{PgSettings, migrate};
use takeoff_test_servers::{Durability, Postgres};

use crate::{Bucket, Node, problems_of_config};

/// A new database with its schema.
pub async fn migrated(server: &Postgres) -> String {
    let url = server.new_database();
    let settings = PgSettings {
        url: url.clone(),
        tls_ca: None,
        connections: 4,
        statement_timeout_ms: 15_000,
        session: "takeoff test".to_owned(),
    };
    migrate::forward(&settings, false).await.expect("the schema is made");
    url
}

/// Lease of the nodes here.
pub const LEASE: Duration = Duration::from_secs(4);

/// What nodes share.
pub struct Shared {
    pub server: Postgres,
    url: String,
    bucket: Bucket,
    folder: tempfile::TempDir,
}

impl Shared {
    pub async fn open() -> Self {
        Self::open_to(None).await
    }

    /// With a database that callers of this network reach.
    pub async fn open_to(network: Option<&str>) -> Self {
        let server = Postgres::start_open_to(Durability::None, network);
        let url = migrated(&server).await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { server, url, bucket: Bucket::start().await, folder }
    }

    /// Address of the database at another port of this machine.
    pub fn database_at(&self, port: u16) -> String {
        self.database_on("127.0.0.1", port)
    }

    /// Address of the database on another way to it.
    pub fn database_on(&self, host: &str, port: u16) -> String {
        let own = format!("@127.0.0.1:{}/", self.server.port());
        assert_eq!(self.url.matches(&own).count(), 1, "host and port are in the address once");
        self.url.replace(&own, &format!("@{host}:{port}/"))
    }

    /// `HOST:PORT` of the bucket's server.
    pub fn bucket_address(&self) -> &str {
        self.bucket.address()
    }

    /// The data folder of a node.
    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Environment of a node.
    pub fn settings<'a>(&'a self, name: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut settings = self.bucket.settings().to_vec();
        settings.extend([
            ("DATABASE_URL", self.url.as_str()),
            ("TAKEOFF_NODE_NAME", name),
            ("TAKEOFF_JOBS_LEASE_MS", "4000"),
            ("TAKEOFF_JOBS_RENEW_MS", "1000"),
        ]);
        settings.extend(more);
        settings
    }

    /// Starts the node of this name, with more settings.
    pub fn node(&self, name: &str, more: &[(&str, &str)]) -> Node {
        tokio::task::block_in_place(|| Node::start_with(&self.data(name), &self.settings(name, more)))
    }

    /// What `takeoff serve` says when it must not start.
    pub fn refused(&self, name: &str, data: &Path, more: &[(&str, &str)]) -> (Option<i32>, String) {
        let mut settings = self.settings(name, more);
        let data = data.to_str().expect("a folder of text");
        settings.push(("TAKEOFF_NODE_DATA_DIR", data));
        tokio::task::block_in_place(|| problems_of_config(&settings))
    }

    /// Asks the database.
    pub fn sql(&self, sql: &str) -> String {
        let database = self.url.rsplit('/').next().expect("a name");
        tokio::task::block_in_place(|| self.server.sql(database, sql))
    }
}
