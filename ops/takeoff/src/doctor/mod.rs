//! `takeoff doctor`: what keeps a node of these settings from working, found before it does, with advice. Changes
//! nothing, and may be run beside a node that runs.

mod folder;
mod host;
mod links;
mod stores;

use serde::Serialize;
use takeoff_config::environment::Variables;
use takeoff_config::{Flags, NodeConfig, Source};

use crate::cli::{DoctorArgs, exit};
use crate::{node, output};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Ok,
    Warn,
    Fail,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// What one check came to.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    status: Status,
    detail: String,
    /// What to do; empty when there is nothing.
    advice: String,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, detail: detail.into(), advice: String::new() }
    }

    fn warn(check: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, status: Status::Warn, detail: detail.into(), advice: advice.into() }
    }

    fn fail(check: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, status: Status::Fail, detail: detail.into(), advice: advice.into() }
    }
}

/// Exit code 0 without a FAIL, 1 with one, 78 when the configuration itself is wrong.
pub(crate) fn main(args: &DoctorArgs) -> u8 {
    let flags = Flags { listen: args.listen.clone(), data_dir: args.data_dir.clone() };
    let source = Source { file: args.config.clone(), variables: Variables::of_process(), flags };
    let (findings, code) = match source.load() {
        Err(problems) => {
            let finding = |p: &takeoff_config::Problem| {
                Finding::fail("configuration", p.to_string(), "docs/settings.md says what it takes")
            };
            (problems.iter().map(finding).collect::<Vec<_>>(), exit::CONFIG)
        }
        Ok(loaded) => {
            let from = args.config.as_ref().map_or("the environment", |_| "the file");
            let mut findings = vec![Finding::ok("configuration", format!("{from} is understood"))];
            findings.extend(examine(&loaded.config, &source));
            let failed = findings.iter().any(|f| f.status == Status::Fail);
            (findings, if failed { exit::FAILED } else { 0 })
        }
    };
    let printed = output::print(&told(&findings, args.json));
    if printed == 0 { code } else { printed }
}

fn examine(config: &NodeConfig, source: &Source) -> Vec<Finding> {
    let runtime = match node::runtime() {
        Ok(runtime) => runtime,
        Err(e) => {
            return vec![Finding::fail("program", format!("no threads: {e}"), "raise the process limit")];
        }
    };
    let mut findings = vec![host::program()];
    findings.extend(folder::secrets(config, source));
    findings.extend(folder::data(config));
    findings.extend(folder::disk(config));
    findings.extend(links::all(&config.cluster.links));
    findings.extend(runtime.block_on(stores::all(config)));
    findings.extend(runtime.block_on(host::parse_worker(config)));
    findings.push(runtime.block_on(host::port(config)));
    findings
}

fn told(findings: &[Finding], json: bool) -> String {
    if json {
        let all = serde_json::json!({ "findings": findings });
        return format!("{all}\n");
    }
    let line = |f: &Finding| {
        let advice = if f.advice.is_empty() { String::new() } else { format!("\n      {}", f.advice) };
        format!("{:<5} {}: {}{advice}\n", f.status.name(), f.check, f.detail)
    };
    findings.iter().map(line).collect()
}
