//! `takeoff`: construction drawings to quantities and money.

mod admin;
mod archive;
mod cli;
mod doctor;
mod heap;
mod jobs;
mod migrate;
mod node;
mod nodes;
mod output;
mod recipe;
mod reloading;
mod run;
mod serve;
mod settings;
mod telemetry;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
