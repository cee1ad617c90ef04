//! The gateway over real HTTP, with the real engine over the stores in memory.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

mod crowds;
mod files;
mod looks;
mod measuring;
mod notices;
mod operating;
mod patience;
mod pricing;
mod projects;
mod protocol;
mod support;
mod tasks;
mod uploads;
