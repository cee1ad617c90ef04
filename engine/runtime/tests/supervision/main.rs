//! The supervision tree on a store in memory, with small stages that behave as each test wants.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

mod attempts;
mod checkpoints;
mod faults;
mod jobs;
mod memory;
mod node;
mod operating;
mod parts;
mod resizing;
mod schedule;
mod sharing;
mod support;
