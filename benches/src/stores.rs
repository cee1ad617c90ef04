//! What the nodes of a cluster share: a PostgreSQL and a bucket, started for a run and gone with it.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use takeoff_storage::Catalog;
use takeoff_storage::pg::{self, PgSettings, migrate};
use takeoff_test_servers::{Durability, Postgres, S3Server};

/// Name of the bucket that nodes share.
const BUCKET: &str = "drawings";
/// Connections of each node, as by default.
const CONNECTIONS: usize = 10;
/// Longest that a statement may take, as by default, milliseconds.
const STATEMENT_MS: u64 = 15_000;

/// A PostgreSQL of its own that acknowledges nothing before it is on the disk, with one database that has the schema.
pub struct Database {
    server: Postgres,
    url: String,
}

impl Database {
    /// # Errors
    /// PostgreSQL is not installed, or the schema cannot be made.
    pub async fn start() -> anyhow::Result<Self> {
        ensure!(Postgres::is_installed(), "PostgreSQL is not installed: `apt-get install postgresql`");
        let start = || {
            let server = Postgres::start(Durability::Full);
            let url = server.new_database();
            (server, url)
        };
        let (server, url) = tokio::task::spawn_blocking(start).await?;
        let database = Self { server, url };
        migrate::forward(&database.settings("takeoff-benches"), false).await?;
        Ok(database)
    }

    fn settings(&self, session: &str) -> PgSettings {
        PgSettings {
            url: self.url.clone(),
            tls_ca: None,
            connections: CONNECTIONS,
            statement_timeout_ms: STATEMENT_MS,
            session: session.to_owned(),
        }
    }

    /// The catalogue as one node of this name has it, with connections of its own.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn catalog(&self, node: &str) -> anyhow::Result<Arc<dyn Catalog>> {
        Ok(pg::open(&self.settings(node)).await?)
    }

    /// Of the server's process, whose children serve the connections.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// What the server says of itself, for the report.
    pub fn version(&self) -> String {
        self.server.sql("postgres", "SHOW server_version")
    }
}

/// A database and a bucket.
pub struct Stores {
    pub database: Database,
    bucket: S3Server,
}

impl Stores {
    /// # Errors
    /// Something is not installed or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        ensure!(
            S3Server::is_installed(),
            "moto_server is not on the PATH: `. ops/scripts/test-servers` installs it and puts it there"
        );
        let bucket = tokio::task::spawn_blocking(S3Server::start).await?;
        let made = reqwest::Client::new().put(format!("{}/{BUCKET}", bucket.endpoint())).send().await;
        made.and_then(reqwest::Response::error_for_status).context("the bucket cannot be made")?;
        Ok(Self { database: Database::start().await?, bucket })
    }

    /// Of the process of the bucket's server.
    pub fn bucket_id(&self) -> u32 {
        self.bucket.id()
    }

    /// Environment of a node of this name.
    pub fn settings(&self, name: &str) -> Vec<(&'static str, String)> {
        vec![
            ("TAKEOFF_NODE_NAME", name.to_owned()),
            ("DATABASE_URL", self.database.url.clone()),
            ("MINIO_ENDPOINT", self.bucket.endpoint().to_owned()),
            ("MINIO_ACCESS_KEY", "load".to_owned()),
            ("MINIO_SECRET_KEY", "load-load".to_owned()),
            ("S3_BUCKET", BUCKET.to_owned()),
        ]
    }
}
