//! What every handler shares.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use takeoff_config::{ApiConfig, LimitSettings};
use takeoff_engine::handle::Handle;
use tokio::sync::Semaphore;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) handle: Handle,
    pub(crate) api: ApiConfig,
    pub(crate) limits: LimitSettings,
    pub(crate) prometheus: PrometheusHandle,
    /// Where we listen; names us to clients that do not say how they reached us.
    pub(crate) local_addr: SocketAddr,
    /// Uploads in progress; bounded because each holds a scratch file and a parse worker.
    pub(crate) uploads: Semaphore,
    /// Drawings that are looked into within their requests; bounded because each is unpacked in memory.
    pub(crate) looks: Semaphore,
    /// The OpenAPI document, encoded once.
    pub(crate) openapi: Bytes,
}

impl App {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
