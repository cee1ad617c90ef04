//! What nodes tell each other. Messages are hints: without any of them everything still happens, later.

pub mod fabric;
pub(crate) mod solo;
