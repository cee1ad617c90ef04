//! The statements against the schema.

use super::{database, server};
use crate::pg::query;

/// Each is one that the server understands, and the list in the code is the folder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_prepares() {
    let settings = database(server()).await;
    let name_of = settings.url.rsplit('/').next().unwrap();
    for (name, sql) in query::ALL {
        server().sql(name_of, &format!("PREPARE q{} AS {sql}", types(name)));
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pg/queries");
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, query::ALL.len(), "a statement is in the folder and not in the code");
}

/// Some are given with the types of what they are asked for.
fn types(name: &str) -> &'static str {
    match name {
        "jobs_page" => "(integer, uuid, uuid, boolean, smallint[], smallint, text, bigint, bigint)",
        "jobs_total" => "(integer, uuid, uuid, boolean, smallint[], smallint, text)",
        _ => "",
    }
}
