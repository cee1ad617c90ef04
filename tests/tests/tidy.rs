//! Invariants of presence and absence: who may know what, and what may stand nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests live in the workspace").to_path_buf()
}

/// Crates in dependency order; each may know those of lower rank only, and nobody of its own rank.
const RANKS: [(&str, &str, u8); 14] = [
    ("engine/core", "takeoff-core", 0),
    ("cluster-config", "takeoff-config", 1),
    ("storage", "takeoff-storage", 2),
    ("engine/runtime", "takeoff-engine", 3),
    ("engine/commands", "takeoff-commands", 4),
    ("actors", "takeoff-actors", 5),
    ("gateway", "takeoff-gateway", 5),
    ("ops/takeoff", "takeoff", 6),
    ("samples/generator", "takeoff-samples", 0),
    ("tests/servers", "takeoff-test-servers", 0),
    ("tests", "takeoff-tests", 7),
    ("benches", "takeoff-benches", 7),
    ("benches/accuracy", "takeoff-accuracy", 8),
    ("benches/load", "takeoff-load", 8),
];

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    fs::read_to_string(&path).unwrap().parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn dependencies(folder: &str, tables: &[&str]) -> BTreeSet<String> {
    let manifest = manifest(folder);
    tables
        .iter()
        .filter_map(|t| manifest.get(*t).and_then(toml::Value::as_table))
        .flat_map(|t| t.keys().cloned())
        .collect()
}

#[test]
fn dependencies_run_one_way() {
    let rank: BTreeMap<&str, u8> = RANKS.iter().map(|(_, name, rank)| (*name, *rank)).collect();
    for (folder, name, own) in RANKS {
        for dependency in dependencies(folder, &["dependencies"]) {
            if let Some(theirs) = rank.get(dependency.as_str()) {
                assert!(*theirs < own, "{name} must not depend on {dependency}");
            }
        }
    }
    let members = manifest(".")["workspace"]["members"].as_array().unwrap().len();
    assert_eq!(members, RANKS.len(), "a crate is missing from this test");
}

/// What reads, draws and writes pages, at the versions of `PARSE_FORMAT` 8.
const PARSED_BY: [(&str, &str); 17] = [
    ("hayro", "0.9.0"),
    ("hayro-ccitt", "0.5.0"),
    ("hayro-cmap", "0.1.1"),
    ("hayro-font", "0.5.0"),
    ("hayro-interpret", "0.9.0"),
    ("hayro-jbig2", "0.4.0"),
    ("hayro-jpeg2000", "0.5.0"),
    ("hayro-postscript", "0.2.0"),
    ("hayro-syntax", "0.9.0"),
    ("kurbo", "0.13.1"),
    ("png", "0.18.1"),
    ("skrifa", "0.49.0"),
    ("tiff", "0.11.3"),
    ("vello_common", "0.3.0"),
    ("vello_cpu", "0.3.0"),
    ("zune-core", "0.5.3"),
    ("zune-jpeg", "0.5.15"),
];

#[test]
fn pages_are_parsed_again_when_what_parses_them_is_another() {
    assert_eq!(takeoff_core::page::PARSE_FORMAT, 8, "this table is of format 8");
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    for (name, version) in PARSED_BY {
        let is =
            |p: &&toml::Value| p["name"].as_str() == Some(name) && p["version"].as_str() == Some(version);
        assert!(
            packages.iter().any(|p| is(&p)),
            "{name} is no longer {version}: raise PARSE_FORMAT, and this table"
        );
    }
}

#[test]
fn core_is_pure() {
    let known = dependencies("engine/core", &["dependencies"]);
    for banned in ["tokio", "actix", "ractor", "rand", "sled", "memmap2", "tempfile", "metrics"] {
        assert!(!known.contains(banned), "core must not know {banned}");
    }
    for file in sources(&["engine/core/src"]) {
        let text = code_of(&file);
        for banned in
            ["std::fs", "std::net", "std::process", "Instant::now", "SystemTime", "now_v7", "thread::spawn"]
        {
            assert!(!text.contains(banned), "{} must not use {banned}", file.display());
        }
    }
}

/// A library that only one place may name, so that it can be replaced there. The benchmarks' own command
/// lines are the one exception: they are programs of their own.
#[test]
fn some_libraries_have_one_home() {
    for (library, homes) in [
        ("::sled::", &["storage/src/sled"][..]),
        ("tokio_postgres::", &["storage/src/pg"]),
        ("deadpool_postgres::", &["storage/src/pg"]),
        ("refinery::", &["storage/src/pg"]),
        ("use actix", &["engine/runtime/src/compute/actix.rs"]),
        ("::actix::", &["engine/runtime/src/compute/actix.rs"]),
        ("ractor::", &["engine/runtime/src/supervise", "engine/runtime/src/cluster"]),
        ("ractor_cluster::", &["engine/runtime/src/cluster"]),
        ("tokio_rustls::", &["engine/runtime/src/cluster", "storage/src/pg/tls.rs"]),
        ("hayro::", &["engine/core/src/page"]),
        ("hayro_", &["engine/core/src/page"]),
        ("axum::", &["gateway/src"]),
        (
            "clap::",
            &[
                "ops/takeoff/src",
                "benches/src/cli.rs",
                "benches/src/main.rs",
                "benches/accuracy/src/main.rs",
                "benches/load/src",
            ],
        ),
        ("criterion::", &["benches/benches"]),
    ] {
        for file in sources(&["engine", "actors", "storage", "cluster-config", "gateway", "ops", "benches"]) {
            let inside = homes.iter().any(|home| file.strip_prefix(root()).unwrap().starts_with(home));
            let names = names(&code_of(&file), library);
            assert!(inside || !names, "{} names {library}, whose home is {homes:?}", file.display());
        }
    }
}

/// Whether code names the library. `::x::` is the crate x; `our::x::` is a module of ours.
fn names(code: &str, library: &str) -> bool {
    let ours = |at: usize| {
        library.starts_with("::") && code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
    };
    code.match_indices(library).any(|(at, _)| !ours(at))
}

#[test]
fn only_the_engine_and_the_commands_commit() {
    for file in sources(&["actors/src", "gateway/src"]) {
        let text = code_of(&file);
        assert!(!text.contains(".commit("), "{} commits by itself", file.display());
    }
    for file in sources(&["actors/src"]) {
        let text = code_of(&file);
        for banned in ["tokio::spawn", "sleep("] {
            assert!(!text.contains(banned), "{} must not use {banned}", file.display());
        }
    }
}

#[test]
fn every_decision_has_a_number_of_its_own() {
    let mut numbers = BTreeSet::new();
    for entry in fs::read_dir(root().join("docs/adr")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let number: u32 = name.split('-').next().unwrap().parse().unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(numbers.insert(number), "{name}: its number is another's");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("# {number}. ")), "{name} begins with another number");
    }
    assert_eq!(numbers, (1..=numbers.len() as u32).collect(), "numbers are given in order");
}

#[test]
fn the_top_level_is_as_decided() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "engine",
        "actors",
        "gateway",
        "storage",
        "cluster-config",
        "ops",
        "benches",
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "docs",
        "tests",
        "fuzz",
        "console",
        "samples",
        "rust-toolchain.toml",
        "rustfmt.toml",
        "clippy.toml",
        "target",
    ];
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name.starts_with('.') || allowed.contains(&name.as_str()),
            "{name} does not belong at the top"
        );
    }
}

/// Largest file of the tree, and all of them together, bytes: what can be made again is not stored.
const LARGEST: u64 = 400_000;
const ALL: u64 = 16_000_000;

#[test]
fn what_tools_make_is_not_of_the_tree() {
    // Whoever owns the clone.
    let ask = ["-c", "safe.directory=*", "ls-files", "-z"];
    let listed = Command::new("git").args(ask).current_dir(root()).output().expect("git");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let files: Vec<&str> = listed.split('\0').filter(|f| !f.is_empty()).collect();
    let made = |part: &str| matches!(part, "target" | "node_modules" | "site-packages" | "__pycache__");
    let all: Vec<u64> = files
        .iter()
        .map(|file| {
            assert!(!file.split('/').any(made), "{file}");
            let size = fs::symlink_metadata(root().join(file)).map_or(0, |m| m.len());
            assert!(size <= LARGEST, "{file} has {size} bytes");
            size
        })
        .collect();
    let sum: u64 = all.iter().sum();
    assert!(files.len() > 100 && sum <= ALL, "{} files, {sum} bytes", files.len());
}

#[test]
fn files_stay_one_idea() {
    for file in sources(&[
        "engine",
        "actors",
        "storage",
        "cluster-config",
        "gateway",
        "ops",
        "samples",
        "tests",
        "benches",
    ]) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines; split it", file.display());
    }
}

#[test]
fn nothing_is_ignored_or_left_undone() {
    // Written apart so that this file does not find itself.
    let banned = [
        concat!("#[ign", "ore"),
        concat!("tod", "o!("),
        concat!("unimpl", "emented!("),
        concat!("FIX", "ME"),
    ];
    for file in sources(&[
        "engine",
        "actors",
        "storage",
        "cluster-config",
        "gateway",
        "ops",
        "samples",
        "tests",
        "benches",
    ]) {
        let text = fs::read_to_string(&file).unwrap();
        for word in banned {
            assert!(!text.contains(word), "{} holds {word}", file.display());
        }
    }
}

#[test]
fn printing_happens_in_the_output_module_only() {
    for file in sources(&[
        "engine",
        "actors",
        "storage",
        "cluster-config",
        "gateway",
        "ops/takeoff/src",
        "benches/src",
        "benches/benches",
    ]) {
        let inside = file.strip_prefix(root()).unwrap();
        let allowed = inside.starts_with("ops/takeoff/src/output.rs")
            || inside.starts_with("benches/src/output.rs")
            || inside.components().any(|c| c.as_os_str() == "examples" || c.as_os_str() == "bin");
        let text = code_of(&file);
        let prints = ["print!(", "println!(", "eprint!(", "eprintln!("].iter().any(|p| text.contains(p));
        assert!(allowed || !prints, "{} prints", file.display());
    }
}

/// Rust files below the given folders.
fn sources(folders: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|f| root().join(f)).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_none_or(|n| n != "target") {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no sources below {folders:?}");
    found.sort();
    found
}

/// A file's lines before its unit tests, without comments.
fn code_of(file: &Path) -> String {
    let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    if name == "tests.rs" || file.components().any(|c| c.as_os_str() == "tests") {
        return String::new();
    }
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}
