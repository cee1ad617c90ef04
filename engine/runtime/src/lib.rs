//! `takeoff-engine`: knows leases, not drawings.
//!
//! A [`handle::Handle`] submits, watches, observes and drains; [`stage::Stage`]s do the work and return
//! [`stage::Effects`]; only the engine commits them, under the lease's fencing token.

pub mod child;
pub mod clock;
pub mod cluster;
pub mod compute;
pub mod controls;
pub mod error;
mod gate;
pub mod handle;
mod maintain;
pub mod memory;
pub mod metrics;
mod node;
mod noop;
mod observe;
pub mod open_files;
pub mod operate;
pub mod presence;
mod progress;
mod running;
pub mod stage;
mod supervise;
mod task;
mod watchers;

/// A future behind a pointer, on what other crates await: the compiler makes the code of an `async fn` anew
/// wherever it is awaited.
use async_recursion::async_recursion as erased;

pub use noop::NoopStage;
