//! What surrounds every handler.

mod admin;
mod cors;
mod fallback;
mod host;
mod ignored;
mod observe;
mod request_id;
mod sound;

pub(crate) use admin::{ADMIN, admin};
pub(crate) use cors::cors;
pub(crate) use fallback::{crowded, deadline, method_not_allowed, not_found, on_panic};
pub(crate) use host::host;
pub(crate) use ignored::{Ignored, ignored};
pub(crate) use observe::observe;
pub(crate) use request_id::RequestId;
pub(crate) use sound::sound;
