//! The real stages on a whole node in memory: what they leave behind when something is missing.

mod counting;
mod sessions;
mod shown;
mod support;
