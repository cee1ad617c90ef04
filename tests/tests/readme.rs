//! The README's walk over HTTP, run as it stands.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use takeoff_samples::SetTruth;
use takeoff_tests::Node;

/// Where the README says the node listens.
const ADDRESS: &str = "http://127.0.0.1:8000";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The one block of shell commands that begins with the API's address.
fn walk() -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1).map(|b| b.split("\n```").next().unwrap().to_owned());
    let mut walks = blocks.filter(|b| b.starts_with("api="));
    let walk = walks.next().expect("the README has a walk over HTTP");
    assert!(walks.next().is_none(), "two walks");
    walk
}

/// Runs commands in bash, where every failure ends them; gives what they print.
fn bash(commands: &str) -> String {
    let mut shell = Command::new("bash")
        .args(["-euo", "pipefail", "-s"])
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash is there");
    let mut input = shell.stdin.take().unwrap();
    input.write_all(commands.as_bytes()).unwrap();
    drop(input);
    let ended = shell.wait_with_output().unwrap();
    let (said, error) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{:?}\n{said}\n{error}", ended.status);
    said
}

#[test]
fn the_walk_over_http_ends_with_the_true_count_and_its_price() {
    for tool in ["curl", "jq"] {
        let there = Command::new(tool).arg("--version").stdout(Stdio::null()).status().is_ok();
        assert!(there, "{tool} is missing; ops/scripts/test installs it");
    }
    let truth: SetTruth =
        serde_json::from_slice(&std::fs::read(root().join("samples/school/truth.json")).unwrap()).unwrap();
    let page = &truth.documents[0].pages[3];
    let symbols = &page.symbols["receptacle_duplex"];
    let counted = symbols.iter().filter(|s| s.counts()).count();
    let samples = symbols.iter().filter(|s| s.in_legend).count();
    assert!(counted > 20 && samples > 0, "{counted}, {samples}");

    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let commands = walk();
    assert_eq!(commands.matches(ADDRESS).count(), 1, "the address is named once");
    let said = bash(&commands.replace(ADDRESS, node.address()));
    let answers: Vec<Value> =
        said.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect();
    let has = |key: &str| {
        let mut found = answers.iter().filter(|a| !a[key].is_null());
        found.next().unwrap_or_else(|| panic!("no {key} in\n{said}"))
    };
    assert_eq!(has("calibrated")["scale_value"], 18.75, "{said}");
    assert_eq!(has("scale_calibrated")["scale_calibrated"], true, "{said}");
    assert_eq!(has("in_legend_count")["in_legend_count"], samples, "{said}");
    assert_eq!(has("confirmed_count")["confirmed_count"], counted, "{said}");
    let left_out = has("confirmed_count")["notes"].as_str().expect("it says what it left out");
    assert!(left_out.contains("in a legend"), "{left_out}");
    assert_eq!(has("measurements_created")["measurements_created"], counted, "{said}");
    let cents = counted as u64 * 685;
    let price = format!("{}.{:02}", cents / 100, cents % 100);
    assert_eq!(has("extended_cost")["extended_cost"], *price, "{said}");
    assert_eq!(has("total_with_markup")["total_with_markup"], *price, "{said}");
}
