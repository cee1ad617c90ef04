//! `takeoff-commands`: one function per write of the domain.
//!
//! A command loads what it needs, lets `takeoff-core` decide, makes one batch and commits it through the
//! engine's handle; when somebody else was faster it loads and decides again, a few times. Nothing here
//! knows HTTP or an actor. The stages use the batch builders of this crate (`*_batch`), which load and
//! decide the same way but leave the commit to the engine.

pub mod admin;
pub mod assemblies;
pub mod cached_pages;
mod check;
pub mod conditions;
pub mod count;
mod ctx;
pub mod documents;
mod error;
mod field;
mod figures;
pub mod jobs;
mod load;
pub mod measurements;
pub mod pages;
pub mod projects;
pub mod reads;
mod retry;
pub mod scale;
mod settle;
pub mod tasks;
pub mod templates;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

/// A future behind a pointer, on every command that another crate awaits: the compiler makes the code of an
/// `async fn` anew wherever it is awaited.
use async_recursion::async_recursion as erased;

pub use ctx::{Ctx, Desk};
pub use error::CommandError;
pub use field::Field;
