//! Commands, flags and exit codes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::{archive, doctor, jobs, migrate, nodes, output, run, serve, settings};

/// Exit codes beside 0; 64 and up are those of `sysexits.h`.
pub(crate) mod exit {
    /// The work failed or is incomplete; the output says what.
    pub(crate) const FAILED: u8 = 1;
    /// The recipe is wrong.
    pub(crate) const DATA: u8 = 65;
    /// The configuration is wrong.
    pub(crate) const CONFIG: u8 = 78;
}

#[derive(Parser)]
#[command(
    name = "takeoff",
    version,
    about = "Turns construction drawings into quantities and money",
    after_help = "Exit codes: 0 done, 1 failed or incomplete, 2 wrong usage, 65 wrong recipe, 78 wrong configuration, \
                  130 and 143 stopped by Ctrl-C and SIGTERM."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Do a whole takeoff from a recipe: ingest, find scales, count, measure, price, report
    Run(RunArgs),
    /// Serve the HTTP API until SIGTERM or Ctrl-C, with storage in the data folder or in DATABASE_URL
    Serve(ServeArgs),
    /// Look at the jobs of a running node, put dead ones back, hold work back
    Jobs(jobs::JobsArgs),
    /// List the nodes that share a store: where they are, what they do, when they were last heard of
    Nodes(nodes::NodesArgs),
    /// Ask a node to finish or give back its work, leave, and end with exit code 0
    Drain(nodes::DrainArgs),
    /// Take the database of DATABASE_URL to the schema of this version; never back
    Migrate(MigrateArgs),
    /// Write everything that the stores of the settings hold to one file
    Backup(ArchiveArgs),
    /// Fill empty stores from a file that `takeoff backup` wrote, after it was verified; or only verify it
    Restore(RestoreArgs),
    /// Check, show or document the configuration
    Config {
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// Parse untrusted files for the engine that started this process
    #[command(hide = true)]
    ParseWorker {
        /// Address space, bytes
        #[arg(long)]
        memory_bytes: u64,
        /// Only ask for so many bytes, and say whether they are granted: exit code 0 or 1
        #[arg(long)]
        ask_bytes: Option<usize>,
    },
    /// Look for what keeps a node of these settings from working: stores, clocks, permissions, disk, parse workers
    Doctor(DoctorArgs),
}

#[derive(Args)]
pub(crate) struct RunArgs {
    /// The recipe, such as samples/school/takeoff.toml
    pub(crate) recipe: PathBuf,
    /// Write report.json, takeoff.csv and an annotated PNG of each page that was counted or measured on here, in place
    /// of an earlier run's
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the report as JSON only
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep the engine's data here instead of in a temporary folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Settings file; `takeoff config reference` documents it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ServeArgs {
    /// Address and port [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Folder of the catalogue and the blobs [default: takeoff-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
    /// Settings file; `takeoff config reference` documents it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct MigrateArgs {
    /// Say which migrations there are and which the database has; change nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) status: bool,
    /// Run what is missing and take it back
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Settings file; `takeoff config reference` documents it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ArchiveArgs {
    /// The archive: the one file that holds everything
    pub(crate) file: PathBuf,
    /// Folder of the catalogue and the blobs [default: takeoff-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
    /// Settings file; it, and DATABASE_URL and MINIO_ENDPOINT, say which stores are meant
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Settings file; without one the environment and the defaults are looked at
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of the catalogue and the blobs [default: takeoff-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
    /// Address and port [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Print the findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) archive: ArchiveArgs,
    /// Read all of the archive and compare it with its sums; change nothing
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Report every problem of the file and the environment; exit 78 when there is one
    Check {
        /// Settings file; without one the environment and the defaults are looked at
        file: Option<PathBuf>,
        /// The same, as other commands take it
        #[arg(long, value_name = "FILE", conflicts_with = "file")]
        config: Option<PathBuf>,
    },
    /// Print the settings in force
    Show {
        /// Settings file; without one the environment and the defaults are shown
        file: Option<PathBuf>,
        /// The same, as other commands take it
        #[arg(long, value_name = "FILE", conflicts_with = "file")]
        config: Option<PathBuf>,
        /// With where each comes from: a flag, the environment, the file or the default
        #[arg(long)]
        origin: bool,
    },
    /// Print what differs between two files, or a file and a running node (http://ADDRESS), and whether a running
    /// node takes it or needs a restart; exit 1 when something differs
    Diff {
        /// A settings file or http://ADDRESS of a running node
        a: String,
        /// Another one
        b: String,
    },
    /// Print the reference of all settings (docs/settings.md)
    Reference,
    /// Print a settings file with every default
    Example,
}

pub(crate) fn main() -> ExitCode {
    let command = Cli::parse().command;
    if matches!(command, Command::Run(_) | Command::Serve(_)) {
        crate::heap::settle();
    }
    let code = match command {
        Command::Run(args) => run::main(&args),
        Command::Serve(args) => serve::main(&args),
        Command::Jobs(args) => jobs::main(&args),
        Command::Nodes(args) => nodes::list(&args),
        Command::Drain(args) => nodes::drain(&args),
        Command::Migrate(args) => migrate::main(&args),
        Command::Backup(args) => archive::backup(&args),
        Command::Restore(args) => archive::restore(&args),
        Command::Config { what } => settings::main(&what),
        Command::ParseWorker { memory_bytes, ask_bytes } => parse_worker(memory_bytes, ask_bytes),
        Command::Doctor(args) => doctor::main(&args),
    };
    ExitCode::from(code)
}

fn parse_worker(memory_bytes: u64, ask_bytes: Option<usize>) -> u8 {
    use takeoff_engine::child::{WorkerLimits, serve};
    if let Some(bytes) = ask_bytes {
        return match (WorkerLimits { memory_bytes }).grants(bytes) {
            Ok(true) => 0,
            Ok(false) => exit::FAILED,
            Err(_) => exit::CONFIG,
        };
    }
    let mut worker = takeoff_actors::parse_worker::ParseWorker::of_a_process();
    let served = serve(WorkerLimits { memory_bytes }, &mut |request, reply| worker.handle(request, reply));
    match served {
        Ok(()) => 0,
        Err(e) => {
            output::complain(&format!("parse worker: {e}"));
            exit::FAILED
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn look(command: &clap::Command, path: &str) {
        let path = format!("{path} {}", command.get_name());
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty(), "{path} does not say what it does");
        for argument in command.get_arguments().filter(|a| !a.is_hide_set()) {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{path}: {} says nothing", argument.get_id());
            // The default is in the text that clap writes, or stands in ours.
            assert!(!help.contains("[default") || argument.get_default_values().is_empty(), "{path}: twice");
        }
        command.get_subcommands().for_each(|c| look(c, &path));
    }

    #[test]
    fn every_command_and_argument_says_what_it_is() {
        let command = Cli::command();
        command.clone().debug_assert();
        look(&command, "");
    }
}
