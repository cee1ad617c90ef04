//! `takeoff doctor` finds what keeps a node from working before it does, and changes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use takeoff_test_servers::{Durability, Postgres};
use takeoff_tests::{Bucket, Node, command};

/// What it found, by check.
struct Examined {
    code: Option<i32>,
    findings: Vec<Value>,
    said: String,
}

impl Examined {
    fn of(check: &str, findings: &[Value]) -> Value {
        findings.iter().find(|f| f["check"] == check).cloned().unwrap_or(Value::Null)
    }

    /// `FAIL`, `WARN` or `OK`; nothing when it was not looked at.
    fn status(&self, check: &str) -> String {
        Self::of(check, &self.findings)["status"].as_str().unwrap_or_default().to_owned()
    }

    fn text(&self, check: &str) -> String {
        let found = Self::of(check, &self.findings);
        format!("{} | {}", found["detail"].as_str().unwrap_or(""), found["advice"].as_str().unwrap_or(""))
    }
}

fn examined(args: &[&str], settings: &[(&str, &str)]) -> Examined {
    let out = command().arg("doctor").arg("--json").args(args).envs(settings.iter().copied()).output();
    let out = out.expect("the binary runs");
    let said = String::from_utf8_lossy(&[out.stdout.as_slice(), out.stderr.as_slice()].concat()).into_owned();
    let json: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {said}"));
    let findings = json["findings"].as_array().expect("a list").clone();
    Examined { code: out.status.code(), findings, said }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

const ANY_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];

#[test]
fn a_machine_that_is_well_is_told_so_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new");
    let found = examined(&[&ANY_PORT[..], &["--data-dir", text(&data)]].concat(), &[]);
    assert_eq!(found.code, Some(0), "{}", found.said);
    for check in ["configuration", "program", "data folder", "parse worker", "parse worker memory", "port"] {
        assert_eq!(found.status(check), "OK", "{check}: {}", found.said);
    }
    assert!(found.findings.iter().all(|f| f["status"] != "FAIL"));
    assert!(!data.exists(), "it makes nothing");
    let out = command().args(["doctor", "--data-dir", text(&data)]).args(ANY_PORT).output().unwrap();
    let lines = String::from_utf8(out.stdout).unwrap();
    assert!(lines.lines().any(|l| l.starts_with("OK    parse worker: ")), "{lines}");
}

#[test]
fn what_is_wrong_with_a_folder_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("thesis.tex"), "not ours").unwrap();
    let found = examined(&[&ANY_PORT[..], &["--data-dir", text(&foreign)]].concat(), &[]);
    assert_eq!((found.code, found.status("data folder").as_str()), (Some(1), "FAIL"), "{}", found.said);
    assert!(found.text("data folder").contains("no FORMAT file"), "{}", found.said);
    assert_eq!(fs::read_dir(&foreign).unwrap().count(), 1, "it leaves nothing behind");

    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let found = examined(&[&ANY_PORT[..], &["--data-dir", text(&open)]].concat(), &[]);
    assert_eq!((found.code, found.status("data folder permissions").as_str()), (Some(1), "FAIL"));
    assert!(found.text("data folder permissions").contains("chmod 700"), "{}", found.said);

    let file = folder.path().join("node.toml");
    fs::write(&file, "[admin]\ntoken = \"a-token-of-twenty-chars\"\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let new = folder.path().join("new");
    let args = [&ANY_PORT[..], &["--data-dir", text(&new), "--config", text(&file)]].concat();
    let found = examined(&args, &[]);
    assert_eq!((found.code, found.status("settings file").as_str()), (Some(1), "FAIL"), "{}", found.said);
    assert!(!found.said.contains("a-token-of-twenty-chars"), "no secret is said");
}

#[test]
fn all_that_is_wrong_with_the_settings_is_said_at_once() {
    let settings = [("TAKEOFF_JOBS_LEASE_MS", "soon"), ("TAKEOFF_NODE_ENVIRONMENT", "moon")];
    let found = examined(&ANY_PORT, &settings);
    assert_eq!(found.code, Some(78), "{}", found.said);
    let wrong = found.findings.iter().filter(|f| f["status"] == "FAIL").count();
    assert!(wrong == 2 && found.said.contains("jobs.lease_ms") && found.said.contains("node.environment"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_may_be_asked_beside_a_node_that_runs() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let address = node.client().url("").replace("http://", "");
    let listen = address.split('/').next().unwrap();
    let found = examined(&["--listen", listen, "--data-dir", text(data.path())], &[]);
    assert_eq!((found.code, found.status("port").as_str()), (Some(0), "WARN"), "{}", found.said);
    assert!(found.text("port").contains("taken by a takeoff"), "{}", found.said);
    let mode = fs::metadata(data.path().join("catalog")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "what a node makes is its own");
    node.client().project("Still").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_and_buckets_are_tried() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let args = [&ANY_PORT[..], &["--data-dir", text(&data)]].concat();
    let server = Postgres::start(Durability::None);
    let (url, bucket) = (server.new_database(), Bucket::start().await);
    let mut settings = bucket.settings().to_vec();
    settings.push(("DATABASE_URL", &url));

    let found = examined(&args, &settings);
    assert_eq!((found.code, found.status("database schema").as_str()), (Some(1), "FAIL"), "{}", found.said);
    assert!(found.text("database schema").contains("takeoff migrate"), "{}", found.said);
    assert_eq!(found.status("database vacuum"), "", "there is no table yet: {}", found.said);
    let migrated = command().arg("migrate").envs(settings.iter().copied()).status().unwrap();
    assert!(migrated.success());
    let found = examined(&args, &settings);
    assert_eq!(found.code, Some(0), "{}", found.said);
    for check in ["database", "database writable", "database schema", "database clock", "object store"] {
        assert_eq!(found.status(check), "OK", "{check}: {}", found.said);
    }
    assert!(!data.exists(), "it makes nothing");

    // Once it has drawings, another bucket is not the database's, be it empty: no node starts beside it.
    let node = Node::start_with(&data, &settings);
    let client = node.client();
    let project = client.project("Drawn").await;
    let sheet = takeoff_samples::set_of(1, 50, 3);
    client.try_upload(&project, "set.pdf", sheet, "application/pdf").await.unwrap().expect(201);
    node.stop("TERM", std::time::Duration::from_secs(60));
    assert_eq!(examined(&args, &settings).code, Some(0));
    let astray = Bucket::start().await;
    let mut elsewhere = astray.settings().to_vec();
    elsewhere.push(("DATABASE_URL", &url));
    let found = examined(&args, &elsewhere);
    assert_eq!(
        (found.code, found.status("object store owner").as_str()),
        (Some(1), "FAIL"),
        "{}",
        found.said
    );
    let refused = command().arg("serve").args(&args).envs(elsewhere.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(78), "{said}");
    assert!(said.contains("is no store's and this catalogue has drawings"), "{said}");

    // Nor is none.
    let found = examined(&args, &[("DATABASE_URL", url.as_str())]);
    assert_eq!((found.code, found.status("object store").as_str()), (Some(1), "FAIL"), "{}", found.said);
    assert!(found.text("object store").contains("the bucket of"), "{}", found.said);

    // Somebody else's name, and a server that is not there.
    let away = "postgres://nobody:hush-hush@127.0.0.1:9/takeoff";
    let found = examined(&args, &[("DATABASE_URL", away)]);
    assert_eq!((found.code, found.status("database").as_str()), (Some(1), "FAIL"), "{}", found.said);
    assert!(found.text("database").contains("server runs") && !found.said.contains("hush-hush"));
    let wrong: Vec<_> = settings
        .iter()
        .map(|(k, v)| (*k, if *k == "MINIO_ENDPOINT" { "http://127.0.0.1:9" } else { v }))
        .collect();
    let found = examined(&args, &wrong);
    assert_eq!((found.code, found.status("object store").as_str()), (Some(1), "FAIL"), "{}", found.said);
}

#[test]
fn the_files_of_links_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (data, cookie) = (path("data"), path("cookie"));
    let args = [&ANY_PORT[..], &["--data-dir", text(&data)]].concat();
    assert_eq!(examined(&args, &[]).status("links"), "OK", "none is fine");
    let linked = |more: &[(&str, &str)]| {
        let links =
            [("TAKEOFF_CLUSTER_LISTEN", "127.0.0.1:0"), ("TAKEOFF_CLUSTER_COOKIE_FILE", text(&cookie))];
        examined(&args, &[&links[..], more].concat())
    };
    let found = linked(&[]);
    assert_eq!((found.code, found.status("links cookie").as_str()), (Some(1), "FAIL"), "{}", found.said);
    assert!(found.text("links cookie").contains("cookie_file"), "{}", found.said);
    fs::write(&cookie, "short").unwrap();
    assert_eq!(linked(&[]).status("links cookie"), "FAIL");
    fs::write(&cookie, "0123456789abcdef0123456789abcdef\n").unwrap();
    fs::set_permissions(&cookie, fs::Permissions::from_mode(0o644)).unwrap();
    let found = linked(&[]);
    assert_eq!((found.status("links cookie").as_str(), found.status("links TLS").as_str()), ("FAIL", "WARN"));
    assert!(!found.said.contains("0123456789abcdef"), "no secret is said");
    fs::set_permissions(&cookie, fs::Permissions::from_mode(0o600)).unwrap();
    let (ca, other) = (path("ca.pem"), path("other.pem"));
    fs::write(&ca, "no certificate").unwrap();
    let tls = [
        ("TAKEOFF_CLUSTER_TLS_CA", text(&ca)),
        ("TAKEOFF_CLUSTER_TLS_CERT", text(&other)),
        ("TAKEOFF_CLUSTER_TLS_KEY", text(&other)),
    ];
    let found = linked(&tls);
    assert_eq!((found.status("links cookie").as_str(), found.status("links TLS").as_str()), ("OK", "FAIL"));
    assert!(found.text("links TLS").contains("ca.pem"), "{}", found.said);
}
