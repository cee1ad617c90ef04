//! TLS to the database: what the settings ask for is what is done, or the node does not start and says why.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use takeoff_engine::clock::Stopwatch;
use takeoff_storage::StoreError;
use takeoff_storage::pg::{PgSettings, probe};
use takeoff_test_servers::{Durability, Postgres};
use takeoff_tests::cluster::migrated;
use takeoff_tests::links::Authority;
use takeoff_tests::{Node, eventually, problems_of_config, program};

const READY: Duration = Duration::from_secs(30);
/// Longest until whoever starts a node is told that it cannot be.
const TOLD: Duration = Duration::from_secs(10);

fn settings(url: &str, mode: &str, tls_ca: Option<PathBuf>) -> PgSettings {
    PgSettings {
        url: format!("{url}{mode}"),
        tls_ca,
        connections: 4,
        statement_timeout_ms: 15_000,
        session: "takeoff test".to_owned(),
    }
}

fn encrypted(authority: &Authority, host: &str) -> Postgres {
    let (certificate, key) = authority.certificate(host);
    tokio::task::block_in_place(|| Postgres::start_encrypted(&certificate, &key))
}

fn refused(url: &str, more: &[(&str, &str)], data: &Path) -> String {
    let data = data.to_str().expect("a folder of text");
    // Built before, if it has to be.
    program();
    let since = Stopwatch::start();
    let settings = [&[("DATABASE_URL", url), ("TAKEOFF_NODE_DATA_DIR", data)], more].concat();
    let (code, said) = tokio::task::block_in_place(|| problems_of_config(&settings));
    assert_eq!(code, Some(78), "{said}");
    assert!(since.elapsed() < TOLD, "{:?}", since.elapsed());
    assert!(!said.contains("heim"), "the password is shown: {said}");
    said
}

/// Every connection of a node is encrypted, those too that it makes when the server was away, and it works as ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_reaches_its_database_by_tls() {
    let authority = Authority::new();
    let mut server = encrypted(&authority, "127.0.0.1");
    let url = migrated(&server).await;
    let ca = authority.file();
    let ca = ca.to_str().expect("a path of text");
    let data = tempfile::tempdir().expect("a temporary folder");
    let node = tokio::task::block_in_place(|| {
        Node::start_with(data.path(), &[("DATABASE_URL", &url), ("TAKEOFF_DATABASE_TLS_CA", ca)])
    });
    let client = node.client();
    client.project("Encrypted").await;
    all_encrypted(&server, &url);
    tokio::task::block_in_place(|| {
        server.stop("INT");
        server.resume();
    });
    eventually("it works again", READY, || async {
        let made = client.post("/projects", json!({"name": "Encrypted again"})).await;
        (made.status == 201).then_some(())
    })
    .await;
    all_encrypted(&server, &url);
}

/// Of the connections of nodes there are some, and none that is not.
fn all_encrypted(server: &Postgres, url: &str) {
    let sessions = "SELECT count(*) FILTER (WHERE s.ssl) || ' ' || count(*) FILTER (WHERE NOT s.ssl) \
                    FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                    WHERE a.application_name LIKE 'takeoff %' AND a.application_name <> 'takeoff test'";
    let database = url.rsplit('/').next().expect("a name");
    let seen = tokio::task::block_in_place(|| server.sql(database, sessions));
    let (under_tls, plain) = seen.split_once(' ').expect("two numbers");
    assert!(under_tls.parse::<u32>().expect("a number") >= 1, "{seen}");
    assert_eq!(plain, "0", "some are not encrypted");
}

/// Whom a node trusts is what its settings say.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_verified_as_far_as_the_settings_ask() {
    let (ours, other) = (Authority::new(), Authority::new());
    let here = encrypted(&ours, "127.0.0.1");
    let elsewhere = encrypted(&ours, "elsewhere.example");
    let (here, elsewhere) = (here.url("postgres"), elsewhere.url("postgres"));
    let untrusted = "its certificate is not trusted";
    let cases = [
        (&here, "?sslmode=verify-full", Some(&ours), None),
        (&here, "", Some(&ours), None),
        (&here, "?sslmode=verify-ca", Some(&ours), None),
        (&here, "?sslmode=require", Some(&ours), None),
        (&here, "?sslmode=require", None, None),
        (&here, "?sslmode=verify-full", Some(&other), Some(untrusted)),
        (&here, "", Some(&other), Some(untrusted)),
        (&here, "?sslmode=verify-ca", Some(&other), Some(untrusted)),
        (&here, "?sslmode=require", Some(&other), Some(untrusted)),
        (&elsewhere, "?sslmode=verify-full", Some(&ours), Some("elsewhere.example")),
        (&elsewhere, "?sslmode=verify-ca", Some(&ours), None),
        (&elsewhere, "?sslmode=require", None, None),
    ];
    for (url, mode, authority, refusal) in cases {
        let asked = probe(&settings(url, mode, authority.map(Authority::file))).await;
        match (asked, refusal) {
            (Ok(_), None) => {}
            (Err(StoreError::Unusable(why)), Some(says)) => assert!(why.contains(says), "{mode}: {why}"),
            (asked, _) => panic!("{mode}: {asked:?}, and not {refusal:?}"),
        }
    }
}

/// Who asks for TLS gets it or is told; never a connection that anybody can read.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_do_what_is_asked_is_refused() {
    let plain = tokio::task::block_in_place(|| Postgres::start(Durability::None));
    let data = tempfile::tempdir().expect("a temporary folder");
    let said = refused(&format!("{}?sslmode=require", plain.url("postgres")), &[], data.path());
    assert!(said.contains("does not offer TLS") && said.contains("sslmode"), "{said}");
    let said = refused(&format!("{}?sslmode=verify-full", plain.url("postgres")), &[], data.path());
    assert!(said.contains("database.tls_ca"), "{said}");
    let (ours, other) = (Authority::new(), Authority::new());
    let server = encrypted(&ours, "127.0.0.1");
    let ca = other.file();
    let ca = ca.to_str().expect("a path of text");
    let said = refused(&server.url("postgres"), &[("TAKEOFF_DATABASE_TLS_CA", ca)], data.path());
    assert!(said.contains("not trusted") && said.contains("database.tls_ca"), "{said}");
}
