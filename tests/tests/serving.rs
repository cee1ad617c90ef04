//! Starting, stopping and refusing to start.

use std::time::Duration;

use takeoff_tests::{Node, run};

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
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("in use") || said.contains("another process"), "{said}");
}

#[test]
fn a_foreign_folder_is_refused_and_left_as_it_was() {
    let data = tempfile::tempdir().unwrap();
    let catalog = data.path().join("catalog");
    std::fs::create_dir_all(&catalog).unwrap();
    std::fs::write(catalog.join("accounts.db"), b"somebody else's").unwrap();
    let ran = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data.path().to_str().unwrap()]);
    assert_eq!(ran.status.code(), Some(1), "{}", String::from_utf8_lossy(&ran.stderr));
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
fn variables_of_features_that_are_not_there_are_refused() {
    let refused = std::process::Command::new(takeoff_tests::program())
        .args(["config", "check"])
        .env("DATABASE_URL", "postgres://user:geheim@db/takeoff")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(78));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("DATABASE_URL") && !said.contains("geheim"), "{said}");
}
