//! A node from its configuration: stores, stages, engine.

use std::sync::Arc;

use anyhow::Context as _;
use takeoff_commands::Ctx;
use takeoff_config::NodeConfig;
use takeoff_core::model::IdSource as _;
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_engine::handle::{EngineParts, Handle};
use takeoff_storage::embedded::Embedded;
use takeoff_storage::s3::S3Settings;

/// Opens the embedded stores and starts the engine on them.
pub(crate) async fn start(config: NodeConfig) -> anyhow::Result<Handle> {
    let clock = Arc::new(SystemClock);
    let Embedded { catalog, blobs } = open(&config, clock.clone()).await?;
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
    .await?;
    takeoff_commands::templates::seed(&Ctx::new(&handle, handle.tenant(), None)).await?;
    Ok(handle)
}

/// The stores in the data folder, the blobs in a bucket where the settings name one.
async fn open(config: &NodeConfig, clock: Arc<SystemClock>) -> anyhow::Result<Embedded> {
    let bucket = &config.object_store;
    let opened = match &bucket.endpoint {
        None => takeoff_storage::embedded::open(&config.data_dir, clock),
        Some(endpoint) => {
            let settings = S3Settings {
                endpoint: endpoint.clone(),
                region: bucket.region.clone(),
                bucket: bucket.bucket.clone(),
                access_key: bucket.access_key.reveal().to_owned(),
                secret_key: bucket.secret_key.reveal().to_owned(),
                path_style: bucket.path_style,
            };
            let name = SystemIds.next().to_string();
            takeoff_storage::embedded::open_with_bucket(&config.data_dir, clock, &settings, &name).await
        }
    };
    opened.with_context(|| format!("the data folder {} cannot be opened", config.data_dir.display()))
}

/// The runtime that a command runs on.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("takeoff").build()
}
