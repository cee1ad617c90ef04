//! `takeoff`: construction drawings to quantities and money.

mod cli;
mod jobs;
mod migrate;
mod node;
mod nodes;
mod output;
mod recipe;
mod run;
mod serve;
mod settings;
mod telemetry;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
