//! `takeoff config`, and how commands load their configuration.

mod diff;

use std::path::Path;

use takeoff_config::environment::Variables;
use takeoff_config::{Flags, Loaded, NodeConfig, Source};

use crate::cli::{ConfigCommand, exit};
use crate::{node, output};

/// Loads, or prints every problem and gives the exit code.
pub(crate) fn load_or_complain(file: Option<&Path>, flags: &Flags) -> Result<Loaded, u8> {
    let source = Source {
        file: file.map(Path::to_path_buf),
        variables: Variables::of_process(),
        flags: flags.clone(),
    };
    loaded_or_complain(&source)
}

/// The same from a source that is kept.
pub(crate) fn loaded_or_complain(source: &Source) -> Result<Loaded, u8> {
    source.load().map_err(|problems| {
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
        ConfigCommand::Check { file, config } => {
            match load_or_complain(file.as_deref().or(config.as_deref()), &Flags::default()) {
                Ok(loaded) => checked(&loaded.config),
                Err(code) => code,
            }
        }
        ConfigCommand::Diff { a, b } => diff::main(a, b),
        ConfigCommand::Show { file, config, origin } => {
            match load_or_complain(file.as_deref().or(config.as_deref()), &Flags::default()) {
                Ok(loaded) => output::print(&show(&loaded, *origin)),
                Err(code) => code,
            }
        }
    }
}

/// The database's address has a grammar of its own. Files and servers are for `doctor`, on the node's own machine.
fn checked(config: &NodeConfig) -> u8 {
    match node::database(&config.database).map_or(Ok(()), |database| database.check()) {
        Ok(()) => output::print("the configuration is valid\n"),
        Err(e) => {
            output::complain(&format!("`database.url`: {}", e.cause()));
            exit::CONFIG
        }
    }
}

fn show(loaded: &Loaded, with_origin: bool) -> String {
    takeoff_config::settings()
        .iter()
        .map(|s| {
            if !with_origin {
                return format!("{} = {}\n", s.key, (s.show)(&loaded.config));
            }
            let origin = loaded.origins.get(s.key).map(ToString::to_string).unwrap_or_default();
            format!("{} = {}    # {origin}\n", s.key, (s.show)(&loaded.config))
        })
        .collect()
}
