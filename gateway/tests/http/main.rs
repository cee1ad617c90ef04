//! The gateway over real HTTP, with the real engine over the stores in memory.

mod files;
mod measuring;
mod pricing;
mod projects;
mod protocol;
mod support;
mod tasks;
mod uploads;
