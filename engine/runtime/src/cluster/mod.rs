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

/// Reads the files that TLS between nodes needs, as a node does when it starts; whether there are any.
///
/// # Errors
/// What is wrong with which file.
pub fn check_tls(files: &takeoff_config::TlsFiles) -> Result<bool, String> {
    tls::Tls::open(files).map(|tls| tls.is_some())
}
