//! A node's configuration while it runs: read again, compared, guarded. And what the command says of files.

use std::path::Path;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use takeoff_tests::{Node, eventually, run};

const SOON: Duration = Duration::from_secs(30);
const TOKEN: &str = "an-operators-own-token";

struct Configured {
    node: Node,
    file: std::path::PathBuf,
    folder: tempfile::TempDir,
}

impl Configured {
    fn start(text: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("node.toml");
        std::fs::write(&file, text).unwrap();
        let node = Node::start_configured(&folder.path().join("data"), &file, settings);
        Self { node, file, folder }
    }

    fn write(&self, text: &str) {
        // Whole or not at all, as an editor that knows its trade does.
        let new = self.folder.path().join("new.toml");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }

    /// Value and origin of a setting in force.
    async fn in_force(&self, key: &str) -> (String, String) {
        let config = self.node.client().get("/admin/config").await.expect(200);
        let all = config["settings"].as_array().unwrap();
        let one = all.iter().find(|s| s["key"] == key).unwrap_or_else(|| panic!("{key} is missing"));
        (one["value"].as_str().unwrap().to_owned(), one["origin"].as_str().unwrap().to_owned())
    }

    async fn allowed(&self, origin: &str) -> bool {
        let request = self.node.client().request(Method::GET, "/projects").header("origin", origin);
        request.send().await.unwrap().headers().contains_key("access-control-allow-origin")
    }

    fn path(&self) -> &str {
        self.file.to_str().unwrap()
    }
}

const BEFORE: &str = "[node]\nlog_level = \"error\"\n[api]\ncors_origins = [\"https://old.example\"]\n";
const AFTER: &str = "[node]\nlog_level = \"debug\"\nname = \"other\"\n[api]\ncors_origins = [\"https://new.example\"]\n\
                     [count]\nthreshold = 0.91\n[limits]\nupload_mib = 1\n[stages.auto_count]\nslots = 5\n\
                     [jobs]\nlease_ms = 20000\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_reloaded_is_and_the_rest_is_named() {
    let mut c = Configured::start(BEFORE, &[]);
    assert!(c.allowed("https://old.example").await && !c.allowed("https://new.example").await);
    let project = c.node.client().project("p").await;
    c.write(AFTER);
    let said = c.node.client().post("/admin/reload", Value::Null).await.expect(200);
    let keys = |list: &str| -> Vec<String> {
        said[list].as_array().unwrap().iter().map(|c| c["key"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        keys("reloaded"),
        [
            "node.log_level",
            "api.cors_origins",
            "limits.upload_mib",
            "stages.auto_count.slots",
            "count.threshold"
        ]
    );
    assert_eq!(keys("needs_restart"), ["node.name", "jobs.lease_ms"]);
    assert!(said["needs_restart"][1]["why"].as_str().unwrap().contains("leases"), "{said}");
    assert!(!c.allowed("https://old.example").await && c.allowed("https://new.example").await);
    let bytes = vec![b'x'; 1_100_000];
    let refused = c.node.client().try_upload(&project, "a.pdf", bytes, "application/pdf").await.unwrap();
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE, "the new limit is in force");
    let file = c.path().to_owned();
    assert_eq!(c.in_force("count.threshold").await, ("0.91".to_owned(), file.clone()));
    assert_eq!(c.in_force("jobs.lease_ms").await, ("15000".to_owned(), "default".to_owned()));
    assert_eq!(c.in_force("api.listen").await.1, "flag --listen");
    let told = c.node.log().iter().any(|l| l.contains("\"level\":\"DEBUG\"") || l.contains("\"INFO\""));
    assert!(told, "lower levels are written now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_reloads_and_a_bad_file_changes_nothing() {
    let mut c = Configured::start(BEFORE, &[("TAKEOFF_COUNT_THRESHOLD", "0.7")]);
    c.write(AFTER);
    c.node.signal("HUP");
    eventually("the signal is heard", SOON, || async {
        (c.in_force("limits.upload_mib").await.0 == "1").then_some(())
    })
    .await;
    let held = c.in_force("count.threshold").await;
    assert_eq!(held, ("0.7".to_owned(), "environment TAKEOFF_COUNT_THRESHOLD".to_owned()));

    c.write("[count]\ntreshold = 0.5\n[jobs]\nrenew_ms = 14000\n[limits]\nupload_mib = 7\n");
    let refused = c.node.client().post("/admin/reload", Value::Null).await.expect(409);
    let detail = refused["detail"].as_str().unwrap();
    for part in ["the one in force stays", "count.treshold", "jobs.renew_ms", c.path()] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert_eq!(c.in_force("limits.upload_mib").await.0, "1");
    c.node.signal("HUP");
    let marker = "the configuration was not reloaded";
    let since = std::iter::from_fn(|| Some(c.node.log().iter().filter(|l| l.contains(marker)).count()));
    let mut heard = since;
    eventually("the signal is answered in the log", SOON, || {
        let twice = heard.next() == Some(2);
        async move { twice.then_some(()) }
    })
    .await;
    assert!(c.node.client().get("/projects").await.status.is_success(), "the node goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_api_has_a_token_of_its_own() {
    let c = Configured::start("", &[("TAKEOFF_ADMIN_TOKEN", TOKEN)]);
    let client = c.node.client();
    for path in ["/admin/config", "/admin/node", "/admin/jobs", "/admin/schedule", "/admin/pauses"] {
        assert_eq!(client.get(path).await.status, StatusCode::UNAUTHORIZED, "{path}");
        let answer = client.request(Method::GET, path).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    for path in ["/admin/reload", "/admin/pause", "/admin/dead-jobs/retry"] {
        assert_eq!(client.post(path, json!({})).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert!(client.get("/projects").await.status.is_success(), "it is the admin API's alone");
    let jobs = |token: Option<&str>| {
        let mut command = takeoff_tests::command();
        command
            .args(["jobs", "--url", c.node.address(), "list"])
            .envs(token.map(|t| ("TAKEOFF_ADMIN_TOKEN", t)));
        command.output().unwrap().status.code()
    };
    assert_eq!((jobs(Some(TOKEN)), jobs(None)), (Some(0), Some(1)));
    let open = Configured::start("", &[]);
    let far = open.node.client().request(Method::GET, "/admin/node").header("x-forwarded-for", "192.0.2.1");
    assert_eq!(far.send().await.unwrap().status(), StatusCode::FORBIDDEN, "a proxy speaks for somebody else");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn diff(a: &str, b: &str) -> (Option<i32>, String, String) {
    let out = run(&["config", "diff", a, b]);
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_and_a_file_and_a_node_are_compared() {
    let c = Configured::start(BEFORE, &[("LOG_LEVEL", "warn")]);
    let other = c.folder.path().join("other.toml");
    std::fs::write(&other, AFTER).unwrap();
    let other = other.to_str().unwrap();
    let (code, said, _) = diff(c.path(), other);
    assert_eq!(code, Some(1), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 7, "{said}");
    assert!(lines[2].starts_with("api.cors_origins: https://old.example -> https://new.example (a running"));
    assert!(said.contains("jobs.lease_ms: 15000 -> 20000 (needs a restart: "), "{said}");
    assert_eq!(diff(other, other), (Some(0), "nothing differs\n".to_owned(), String::new()));

    let (code, said, _) = diff(c.node.address(), other);
    assert_eq!(code, Some(1));
    let level = said.lines().find(|l| l.starts_with("node.log_level")).unwrap();
    assert!(
        level.contains("warn -> debug") && level.contains("environment LOG_LEVEL, which wins"),
        "{level}"
    );
    assert!(said.contains("node.data_dir") && said.contains("flag --data-dir"), "{said}");

    let bad = c.folder.path().join("bad.toml");
    std::fs::write(&bad, "[s3]\nsecret_key = \"geheim\"\n[count]\nthreshold = 7\n").unwrap();
    let (code, _, said) = diff(other, bad.to_str().unwrap());
    assert_eq!(code, Some(78));
    assert!(
        said.contains("count.threshold") && said.contains("bad.toml") && !said.contains("geheim"),
        "{said}"
    );
}

#[test]
fn a_file_is_checked_whole_and_shown_with_where_its_values_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = folder.path().join("node.toml");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let bad = file("[count]\nthreshold = 7\ntreshold = 1\n[jobs]\npoll_ms = \"soon\"\n");
    let out = run(&["config", "check", &bad]);
    let said = text(&out.stderr);
    assert_eq!((out.status.code(), said.lines().count()), (Some(78), 3), "{said}");
    assert!(said.lines().all(|l| l.contains(&bad)), "each with its file: {said}");
    let good = file("[count]\nthreshold = 0.7\n");
    assert_eq!(run(&["config", "check", &good]).status.code(), Some(0));
    let shown = text(&run(&["config", "show", "--origin", &good]).stdout);
    assert!(shown.contains(&format!("count.threshold = 0.7    # {good}\n")), "{shown}");
    assert!(shown.contains("jobs.lease_ms = 15000    # default\n"), "{shown}");
    assert!(!text(&run(&["config", "show", &good]).stdout).contains('#'));
    assert!(Path::new(&good).is_file());
}
