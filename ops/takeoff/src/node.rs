//! A node from its configuration: stores, stages, engine.

use std::sync::Arc;

use anyhow::Context as _;
use takeoff_commands::Ctx;
use takeoff_config::{DatabaseConfig, NodeConfig, ObjectStoreConfig};
use takeoff_core::model::IdSource as _;
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::error::EngineError;
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_storage::StoreError;
use takeoff_storage::embedded::Embedded;
use takeoff_storage::pg::PgSettings;
use takeoff_storage::s3::S3Settings;

use crate::archive;

/// The stores of the settings cannot be worked with: somebody has to change one of the two.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoStores(String);

/// Another node has the name of this one, before it started or since.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NameTaken(pub(crate) String);

/// What the settings say of links to other nodes cannot be done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoLinks(String);

/// Opens the stores of the settings and starts the engine on them.
///
/// An error where the data folder is to come from a restore that was not finished: an empty store in its place would
/// look like the loss of everything.
pub(crate) async fn start(config: NodeConfig) -> anyhow::Result<Handle> {
    if let Some(left) = archive::unfinished(&config.data_dir).filter(|_| config.database.url.is_none()) {
        let (folder, to_do) = (config.data_dir.display(), archive::to_finish(&left));
        if !config.data_dir.join("FORMAT").is_file() {
            let why = format!("a restore into the data folder {folder} was not finished: {to_do}");
            return Err(NoStores(why).into());
        }
        tracing::warn!(left = %left.display(), "a restore was not finished: {to_do}");
    }
    let clock = Arc::new(SystemClock);
    let Embedded { catalog, blobs } = open(&config, clock.clone(), &SystemIds.next().to_string()).await?;
    let program = std::env::current_exe().context("the running program has no path")?;
    let config = Arc::new(config);
    let handle = Handle::start(EngineParts {
        stages: takeoff_actors::stages(&config),
        config,
        catalog,
        blobs,
        clock,
        ids: Arc::new(SystemIds),
        child_program: program,
        child_args: vec!["parse-worker".to_owned()],
    })
    .await
    .map_err(|e| match e {
        EngineError::NameTaken { .. } => anyhow::Error::from(NameTaken(e.to_string())),
        EngineError::Links(_) => anyhow::Error::from(NoLinks(e.to_string())),
        other => other.into(),
    })?;
    takeoff_commands::templates::seed(&Ctx::new(&handle, handle.tenant(), None)).await?;
    Ok(handle)
}

/// The stores of the settings, without anything that works on them.
pub(crate) async fn open_stores(config: &NodeConfig) -> anyhow::Result<Embedded> {
    open_stores_as(config, &SystemIds.next().to_string()).await
}

/// The same with the name that a new store of blobs is to have.
pub(crate) async fn open_stores_as(config: &NodeConfig, name: &str) -> anyhow::Result<Embedded> {
    open(config, Arc::new(SystemClock), name).await
}

/// The catalogue in a database and the blobs in a bucket where the settings name them, all else in the data folder.
async fn open(config: &NodeConfig, clock: Arc<SystemClock>, name: &str) -> anyhow::Result<Embedded> {
    let folder = &config.data_dir;
    let bucket = bucket(&config.object_store);
    if let Some(database) = database(&config.database) {
        let database = PgSettings { session: format!("takeoff {name}"), ..database };
        let opened = takeoff_storage::shared::open(folder, &database, bucket.as_ref(), name).await;
        let why =
            |e: StoreError| NoStores(format!("the stores of the settings cannot be used: {}", e.cause()));
        return Ok(opened.map_err(why)?);
    }
    let opened = match bucket {
        None => takeoff_storage::embedded::open(folder, clock),
        Some(bucket) => takeoff_storage::embedded::open_with_bucket(folder, clock, &bucket, name).await,
    };
    opened.map_err(|e| {
        let why = format!("the data folder {} cannot be opened: {e}", folder.display());
        match e {
            StoreError::Unusable(_) => NoStores(why).into(),
            _ => anyhow::Error::msg(why),
        }
    })
}

/// How the bucket is reached, if there is one.
pub(crate) fn bucket(config: &ObjectStoreConfig) -> Option<S3Settings> {
    Some(S3Settings {
        endpoint: config.endpoint.clone()?,
        region: config.region.clone(),
        bucket: config.bucket.clone(),
        access_key: config.access_key.reveal().to_owned(),
        secret_key: config.secret_key.reveal().to_owned(),
        path_style: config.path_style,
    })
}

/// How the database is reached, if there is one.
pub(crate) fn database(config: &DatabaseConfig) -> Option<PgSettings> {
    let url = config.url.as_ref()?.reveal().to_owned();
    let DatabaseConfig { connections, statement_timeout_ms, .. } = *config;
    let tls_ca = config.tls_ca.clone();
    Some(PgSettings { url, tls_ca, connections, statement_timeout_ms, session: "takeoff".to_owned() })
}

/// The runtime that a command runs on.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("takeoff").build()
}
