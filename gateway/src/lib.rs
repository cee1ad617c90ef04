//! `takeoff-gateway`: the HTTP face of a node.
//!
//! A handler decodes, makes one read or one command, and encodes. Reads go to the catalogue through the
//! engine's handle, every write through a command; nothing here decides or commits. The word *task*
//! lives in [`wire`](self) alone: it is the API's name for a job.

mod call;
mod error;
mod exposition;
mod handlers;
mod incoming;
mod layers;
mod links;
mod openapi;
mod query;
mod reload;
mod reserve;
mod route;
mod server;
mod state;
mod wire;

pub use exposition::exposition;
pub use reload::Reload;
pub use server::{Bound, Gateway, GatewayError, Listening};
