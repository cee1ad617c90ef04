//! `takeoff config`, and how commands load their configuration.

use std::path::Path;

use takeoff_config::environment::Variables;
use takeoff_config::{Flags, Loaded, load};

use crate::cli::{ConfigCommand, exit};
use crate::output;

/// Loads, or prints every problem and gives the exit code.
pub(crate) fn load_or_complain(file: Option<&Path>, flags: &Flags) -> Result<Loaded, u8> {
    load(file, &Variables::of_process(), flags).map_err(|problems| {
        for problem in problems {
            output::complain(&problem.to_string());
        }
        exit::CONFIG
    })
}

pub(crate) fn main(what: &ConfigCommand) -> u8 {
    match what {
        ConfigCommand::Reference => output::print(&takeoff_config::reference()),
        ConfigCommand::Example => output::print(&takeoff_config::example()),
        ConfigCommand::Check { file } => match load_or_complain(file.as_deref(), &Flags::default()) {
            Ok(_) => output::print("the configuration is valid\n"),
            Err(code) => code,
        },
        ConfigCommand::Show { file } => match load_or_complain(file.as_deref(), &Flags::default()) {
            Ok(loaded) => output::print(&show(&loaded)),
            Err(code) => code,
        },
    }
}

fn show(loaded: &Loaded) -> String {
    takeoff_config::settings()
        .iter()
        .map(|s| {
            let origin = loaded.origins.get(s.key).map(ToString::to_string).unwrap_or_default();
            format!("{} = {}    # {origin}\n", s.key, (s.show)(&loaded.config))
        })
        .collect()
}
