//! The binary under test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use takeoff_config::environment::Variables;

/// Path of the `takeoff` binary of this build. Builds it first, which is a matter of moments when it is
/// up to date, so that no test runs an old one.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().expect("a test has a path");
        // target/PROFILE/deps/test-HASH
        let profile = test.parent().and_then(Path::parent).expect("tests run from a target folder");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--workspace", "--all-targets"]);
        if profile.file_name().is_some_and(|n| n == "release") {
            build.arg("--release");
        }
        // Cargo describes a test's own package to it. Build scripts of dependencies that read the same of theirs would
        // find it changed, and all that hangs on them would be built anew.
        let of_package = |name: &str| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|p| name.starts_with(p))
                || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"].contains(&name)
        };
        for name in Variables::of_process().0.keys().filter(|n| of_package(n)) {
            build.env_remove(name);
        }
        let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
        assert!(built.success(), "the binary does not build");
        profile.join("takeoff")
    })
}

/// A command line of the binary without variables that configure it from outside.
pub fn command() -> Command {
    without_settings(Command::new(program()))
}

/// Another program with its first arguments, which is to start the binary.
pub(crate) fn command_through(starter: &[&str]) -> Command {
    let mut command = Command::new(starter[0]);
    command.args(&starter[1..]);
    without_settings(command)
}

fn without_settings(mut command: Command) -> Command {
    let ours = |name: &str| {
        ["TAKEOFF_", "AUTO_COUNT_", "ASSEMBLY_", "REVIEW_", "MINIO_", "S3_"]
            .iter()
            .any(|p| name.starts_with(p))
            || ["DATABASE_URL", "SECRET_KEY", "LOG_LEVEL", "ENVIRONMENT", "CORS_ORIGINS"].contains(&name)
    };
    for name in Variables::of_process().0.keys().filter(|n| ours(n)) {
        command.env_remove(name);
    }
    command
}

/// Runs the binary to its end with its standard output going to a file.
pub fn run_into(args: &[&str], out: std::fs::File) -> Output {
    command().args(args).stdout(out).output().expect("the binary runs")
}

/// Runs the binary to its end.
pub fn run(args: &[&str]) -> Output {
    command().args(args).output().expect("the binary runs")
}

/// Exit code and standard error of `takeoff serve` with these variables, which must refuse to start.
pub fn problems_of_config(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut refused = command();
    refused.args(["serve", "--listen", "127.0.0.1:0"]).envs(variables.iter().copied());
    // Should it start after all, it finds no folder and ends.
    if !variables.iter().any(|(name, _)| *name == "TAKEOFF_NODE_DATA_DIR") {
        refused.args(["--data-dir", "/proc/nowhere"]);
    }
    let ended = refused.output().expect("the binary runs");
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}
