//! The supervision tree on a store in memory, with small stages that behave as each test wants.

mod attempts;
mod faults;
mod jobs;
mod node;
mod support;
