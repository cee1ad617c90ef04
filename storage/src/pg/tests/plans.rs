//! How the server goes about the statements of every day, on a table of which it knows nothing yet.

use takeoff_core::model::{Kind, TenantId};

use super::{database, server};
use crate::catalog::{Batch, Catalog, NewRecord, Op};
use crate::conformance::{id, job};
use crate::pg::settings::PLANNED;
use crate::pg::{open, query};

/// More than fit into some pages, in a table that was never looked through.
const JOBS: u64 = 3_000;
/// Keys of one statement.
const GROUP: usize = 256;

/// Each goes from its keys to the rows by an index, though the table is thought to be empty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_are_found_by_their_keys() {
    let settings = database(server()).await;
    let node = open(&settings).await.unwrap();
    for first in (0..JOBS).step_by(500) {
        let mut batch = Batch::new(TenantId::DEFAULT);
        batch.jobs = (first..first + 500).map(job).collect();
        node.commit(batch).await.unwrap();
    }
    let name = settings.url.rsplit('/').next().unwrap();
    let sets: Vec<&str> = PLANNED.split("-c ").map(str::trim).filter(|set| !set.is_empty()).collect();
    let sets: String = sets.iter().map(|set| format!("SET {set}; ")).collect();
    let many = |values: &[&str]| {
        let columns: Vec<String> =
            values.iter().map(|v| format!("array_fill({v}, ARRAY[{GROUP}])")).collect();
        columns.join(", ")
    };
    let id = format!("'{}'::uuid", id(1));
    for (sql, arguments) in [
        (query::JOBS, many(&["1", &id])),
        (query::LOCK_JOBS, many(&["1", &id, "false"])),
        (
            query::LEASE_JOBS,
            many(&["1", &id, "1::bigint", "'a'::text", "1::bigint", "1::bigint", "0::real", "''::text"]),
        ),
    ] {
        let asked = format!("{sets}PREPARE q AS {sql}; EXPLAIN EXECUTE q ({arguments})");
        let plan = server().sql(name, &asked);
        assert!(plan.contains("jobs_pkey"), "{plan}");
        assert!(!plan.contains("Seq Scan on jobs") && !plan.contains("Hash Join"), "{plan}");
    }
}

/// A record is found by its whole key, though the table is thought to be empty: not among all of its kind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_found_by_their_keys() {
    let settings = database(server()).await;
    let node = open(&settings).await.unwrap();
    let mut batch = Batch::new(TenantId::DEFAULT);
    for n in 0..200 {
        batch.ops.push(Op::Put(NewRecord {
            kind: Kind::Page,
            id: id(n),
            format: 1,
            lists: Vec::new(),
            blobs: Vec::new(),
            body: b"{}".to_vec(),
        }));
    }
    node.commit(batch).await.unwrap();
    let asked: Vec<_> = [3, 5, 900].map(id).to_vec();
    for _ in 0..20 {
        let found = node.get_many(TenantId::DEFAULT, Kind::Page, &asked).await.unwrap();
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false]);
    }
    let name = settings.url.rsplit('/').next().unwrap();
    let sets: Vec<&str> = PLANNED.split("-c ").map(str::trim).filter(|set| !set.is_empty()).collect();
    let sets: String = sets.iter().map(|set| format!("SET {set}; ")).collect();
    let asked = format!(
        "{sets}PREPARE q AS {}; EXPLAIN EXECUTE q (1, 1::smallint, array_fill('{}'::uuid, ARRAY[3]))",
        query::GET_RECORDS,
        id(3)
    );
    let plan = server().sql(name, &asked);
    let whole_key = |line: &str| line.contains("Index Cond") && line.contains("(id = ");
    assert!(plan.lines().any(whole_key), "{plan}");
}
