//! What commands and batch builders work with.

use takeoff_core::model::{Id, IdSource, TenantId, Timestamp};
use takeoff_engine::handle::Handle;
use takeoff_storage::Catalog;

/// A request's view of the engine. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    pub handle: &'a Handle,
    pub tenant: TenantId,
    /// Carried into the jobs that the command enqueues.
    pub request_id: Option<&'a str>,
}

impl<'a> Ctx<'a> {
    pub fn new(handle: &'a Handle, tenant: TenantId, request_id: Option<&'a str>) -> Self {
        Self { handle, tenant, request_id }
    }

    /// The same for a batch builder, at the present time.
    pub fn desk(&self) -> Desk<'_> {
        Desk { catalog: self.handle.catalog(), ids: self, tenant: self.tenant, now: self.handle.now() }
    }
}

impl IdSource for Ctx<'_> {
    fn next(&self) -> Id {
        self.handle.next_id()
    }
}

/// What a decision may use: the catalogue for reading, ids for new records, the time. A stage makes one
/// from its tools, a command from its handle.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    pub catalog: &'a dyn Catalog,
    pub ids: &'a dyn IdSource,
    pub tenant: TenantId,
    pub now: Timestamp,
}
