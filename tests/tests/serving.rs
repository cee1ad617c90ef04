//! Starting, stopping and refusing to start.

use std::time::Duration;

use takeoff_tests::{Client, Node, eventually, run};

#[tokio::test(flavor = "multi_thread")]
async fn both_signals_drain_and_exit_0() {
    for signal in ["TERM", "INT"] {
        let data = tempfile::tempdir().unwrap();
        let node = Node::start(data.path());
        let health = node.client().get("//health").await.expect(200);
        assert_eq!(health["status"], "healthy");
        assert_eq!(health["version"], takeoff_core::ENGINE_VERSION);
        node.client().get("//ready").await.expect(200);
        let status = node.stop(signal, Duration::from_secs(30));
        assert_eq!(status.code(), Some(0), "after SIG{signal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_on_the_same_folder_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let _first = Node::start(data.path());
    let second = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data.path().to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(78));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("in use") || said.contains("another process"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_named_once() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    let ran = run(&["serve", "--listen", &address, "--data-dir", data.path().to_str().unwrap()]);
    assert_eq!(ran.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    assert_eq!(said.matches("os error").count(), 1, "{said}");
    // It found out before it opened its stores, of which others see it.
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "{said}");
}

#[test]
fn a_foreign_folder_is_refused_and_left_as_it_was() {
    let data = tempfile::tempdir().unwrap();
    let catalog = data.path().join("catalog");
    std::fs::create_dir_all(&catalog).unwrap();
    std::fs::write(catalog.join("accounts.db"), b"somebody else's").unwrap();
    let ran = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data.path().to_str().unwrap()]);
    assert_eq!(ran.status.code(), Some(78), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(std::fs::read(catalog.join("accounts.db")).unwrap(), b"somebody else's");
}

#[test]
fn wrong_usage_config_and_recipe_have_their_own_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    assert_eq!(run(&["serve", "--no-such-flag"]).status.code(), Some(2));
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    let config = file("node.toml", "[api]\nlisten = \"nowhere\"\nport = 8000\n");
    let refused = run(&["serve", "--config", &config]);
    assert_eq!(refused.status.code(), Some(78));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("api.listen") && said.contains("api.port"), "one problem is missing: {said}");
    let recipe = file("takeoff.toml", "[project]\nname = \"x\"\n");
    assert_eq!(run(&["run", &recipe]).status.code(), Some(65));
    assert_eq!(run(&["run", "/nowhere/takeoff.toml"]).status.code(), Some(65));
}

#[test]
fn secrets_of_refused_variables_are_not_shown() {
    let refused = std::process::Command::new(takeoff_tests::program())
        .args(["config", "check"])
        .env("DATABASE_URL", "mysql://user:geheim@db/takeoff")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(78));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("DATABASE_URL") && !said.contains("geheim"), "{said}");
}

/// What runs when the signal comes is finished or handed back, and the next node goes on with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_stopped_while_it_ingests_loses_nothing() {
    const PAGES: usize = 10;
    let data = tempfile::tempdir().unwrap();
    let (pdf, _) =
        takeoff_samples::sheets(11, PAGES as u32, takeoff_samples::Habit::named("blocks").unwrap());
    let one = ("TAKEOFF_CHILDREN_WORKERS", "1");
    let node = Node::start_with(data.path(), &[one]);
    let client = node.client();
    let project = client.project("Stopped").await;
    let uploaded = client.try_upload(&project, "set.pdf", pdf, "application/pdf").await.unwrap().expect(201);
    let document = uploaded["id"].as_str().unwrap().to_owned();

    // The first stop lets the attempts finish, the second gives them no time at all.
    let mut node = Some(node);
    let mut had = 0;
    for settings in [&[one, ("TAKEOFF_JOBS_DRAIN_MS", "0")][..], &[]] {
        let stopped = node.take().unwrap();
        let limit = Duration::from_secs(30);
        had = in_flight(&stopped.client(), &document, had).await;
        assert!(had < PAGES, "nothing was in flight any more");
        assert_eq!(stopped.stop("TERM", limit).code(), Some(0), "with {had} of {PAGES} pages done");
        node = Some(Node::start_with(data.path(), settings));
    }
    let client = node.as_ref().unwrap().client();
    let pages = client.pages_of(&document, PAGES).await;
    let numbers: Vec<u64> = pages.iter().map(|p| p["page_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=PAGES as u64).collect::<Vec<_>>());
    let tasks = client.get(&format!("/tasks/project/{project}")).await.expect(200);
    let ingest = tasks["tasks"].as_array().unwrap().iter().find(|t| t["task_type"] == "document_processing");
    let task = client.task(ingest.expect("the upload's task")["task_id"].as_str().unwrap()).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
}

/// Waits until one more page is ready than there `had` been and the next is being read; gives how many are.
async fn in_flight(client: &Client, document: &str, had: usize) -> usize {
    let path = format!("/documents/{document}/pages");
    eventually("an attempt is in flight", Duration::from_secs(60), || async {
        let pages = client.get(&path).await.expect(200)["pages"].as_array().unwrap().clone();
        let ready = pages.iter().filter(|p| p["status"] == "ready").count();
        let leased = client.get("/admin/node").await.expect(200)["queues"]["ingest"]["leased"].as_u64();
        (ready > had && leased > Some(0)).then_some(ready)
    })
    .await
}

/// Whoever takes more connections than the process may have files still leaves room for probes.
#[tokio::test(flavor = "multi_thread")]
async fn probes_are_answered_when_all_files_are_taken() {
    use tokio::io::AsyncWriteExt as _;
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_limited(data.path(), "--nofile=300:300");
    let address = node.address().trim_start_matches("http://").to_owned();
    let mut sitting = Vec::new();
    for _ in 0..400 {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nx-").await.unwrap();
        sitting.push(stream);
    }
    let client = node.client();
    for probe in ["//health", "//ready"] {
        client.get(probe).await.expect(200);
    }
    client.get("/projects").await.expect(503);
}
