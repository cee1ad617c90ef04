//! The real binary, as a process that is measured from outside.

mod api;
mod family;
mod load;
mod server;

pub(crate) use api::Api;
pub(crate) use family::PeakWatch;
pub use family::{children, cpu_seconds, exact_cpu_seconds, own_cpu_seconds};
pub(crate) use load::drive;
pub use server::Server;
