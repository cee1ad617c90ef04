//! Assemblies and their components. Every change leaves the priced numbers right; a locked assembly
//! refuses every change but the unlock.

mod calculate;
mod components;
mod recipe;

pub use calculate::{Priced, calculate, priced_batch};
pub use components::{
    ComponentPatch, Line, NewComponent, add_component, delete_component, reorder_components, update_component,
};
pub use recipe::{AssemblyPatch, NewAssembly, create, delete, lock, unlock, update};
