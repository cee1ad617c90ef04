//! Hostile files end in a defined state, in bounded time and memory, and leave the node unharmed.

mod deliver;
mod ends;
mod heavy;
mod limits;
mod node;
mod settings;
