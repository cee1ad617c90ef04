//! What every handler shares.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use takeoff_commands::reads::SuggestedPages;
use takeoff_config::NodeConfig;
use takeoff_engine::handle::Handle;
use tokio::sync::Semaphore;

use crate::query::QueryKeys;
use crate::reload::Reload;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) handle: Handle,
    /// Reads the configuration again, where somebody can.
    pub(crate) reload: OnceLock<Arc<dyn Reload>>,
    pub(crate) prometheus: PrometheusHandle,
    /// Where we listen; names us to clients that do not say how they reached us.
    pub(crate) local_addr: SocketAddr,
    /// Uploads in progress; bounded because each holds a scratch file and a parse worker.
    pub(crate) uploads: Semaphore,
    /// Drawings that are looked into within their requests; bounded because each is unpacked in memory.
    pub(crate) looks: Semaphore,
    /// What such looks found last.
    pub(crate) suggested: SuggestedPages,
    /// The OpenAPI document, encoded once.
    pub(crate) openapi: Bytes,
    pub(crate) queries: QueryKeys,
}

impl App {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// As it is in force now: to be asked for each time.
    pub(crate) fn config(&self) -> Arc<NodeConfig> {
        self.handle.config()
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
