//! What nodes tell each other. Messages are hints: without any of them everything still happens, later.

pub(crate) mod connect;
pub mod fabric;
mod hello;
pub(crate) mod links;
mod peers;
pub(crate) mod remote;
pub(crate) mod solo;
mod tls;
mod wire;
