//! The statements against the schema.

use super::Server;
use super::migrate;
use crate::pg::query;
use crate::pg::run_sql;

/// Each is one that the server understands, and the list in the code is the folder.
#[tokio::test]
async fn every_statement_prepares() {
    let settings = Server::shared().new_database().await;
    for (name, sql) in query::ALL {
        let types = if name.starts_with("jobs_") { typed(name) } else { "" };
        let sql = format!("PREPARE q{types} AS {sql}; DEALLOCATE q");
        run_sql(&settings, &sql).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pg/queries");
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, query::ALL.len(), "a statement is in the folder and not in the code");
    let steps = migrate::status(&settings).await.unwrap();
    assert!(steps.iter().all(|s| s.applied));
}

fn typed(name: &str) -> &'static str {
    if name == "jobs_page" {
        "(integer, uuid, uuid, boolean, smallint[], smallint, text, bigint, bigint)"
    } else {
        "(integer, uuid, uuid, boolean, smallint[], smallint, text)"
    }
}
