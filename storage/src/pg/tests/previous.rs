//! The statements of the previous migration level on the schema of this one: while nodes are replaced one after the
//! other, those that are still of the earlier version work on a database that is migrated already.
//!
//! `previous/` holds the statements as they were when the newest migration was written. Whoever writes another puts those
//! of before in their place: the test does not pass otherwise.

use std::collections::BTreeMap;
use std::error::Error;

use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::{database, server, settings};
use crate::pg::{PgSettings, connect, migrate, task};

/// The level of `previous/`.
const LEVEL: usize = 1;

/// They say what migrations and which server there are.
const OF_THE_SCHEMA: [&str; 3] = ["probe", "schema_applied", "schema_state"];

/// Some are given with the types of what they are asked for.
fn types(name: &str) -> Vec<Type> {
    let asked = [Type::INT4, Type::UUID, Type::UUID, Type::BOOL, Type::INT2_ARRAY, Type::INT2, Type::TEXT];
    match name {
        "jobs_page" => [&asked[..], &[Type::INT8, Type::INT8]].concat(),
        "jobs_total" => asked.to_vec(),
        _ => Vec::new(),
    }
}

fn statements() -> BTreeMap<String, String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pg/previous");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let statement = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    files.map(statement).collect()
}

/// What is made comes first, what is taken away last.
fn turn(name: &str) -> u8 {
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    match name {
        _ if begins(&["insert_", "put_", "bind_", "import_"]) => 0,
        _ if begins(&["update_", "move_", "lease_"]) => 2,
        _ if begins(&["delete_", "prune_", "forget_"]) => 3,
        _ => 1,
    }
}

/// One of a type, the same for all statements: what one puts another finds.
fn value(kind: &Type) -> Box<dyn ToSql + Sync> {
    let id = Uuid::from_u128(7);
    match *kind {
        Type::BOOL => Box::new(true),
        Type::BOOL_ARRAY => Box::new(vec![true]),
        Type::INT2 => Box::new(1_i16),
        Type::INT2_ARRAY => Box::new(vec![1_i16]),
        Type::INT4 => Box::new(1_i32),
        Type::INT4_ARRAY => Box::new(vec![1_i32]),
        Type::INT8 => Box::new(1_i64),
        Type::INT8_ARRAY => Box::new(vec![1_i64]),
        Type::FLOAT4 => Box::new(1_f32),
        Type::FLOAT4_ARRAY => Box::new(vec![1_f32]),
        Type::TEXT => Box::new("one"),
        Type::TEXT_ARRAY => Box::new(vec!["one"]),
        Type::UUID => Box::new(id),
        Type::UUID_ARRAY => Box::new(vec![id]),
        Type::BYTEA => Box::new(vec![1_u8]),
        Type::BYTEA_ARRAY => Box::new(vec![vec![1_u8]]),
        _ => panic!("{kind} has no value here: give it one"),
    }
}

/// As it came over the line.
#[derive(Debug, PartialEq)]
struct Raw(Option<Vec<u8>>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw.to_vec())))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Names and types: what a statement is given, and what it answers.
type Shape = (Vec<Type>, Vec<(String, Type)>);

fn shape(statement: &Statement) -> Shape {
    let columns = statement.columns().iter().map(|c| (c.name().to_owned(), c.type_().clone()));
    (statement.params().to_vec(), columns.collect())
}

/// What a statement is, and what it said.
struct Told {
    name: String,
    shape: Shape,
    rows: Result<Vec<Vec<Raw>>, String>,
}

/// Each statement with its values, in turn.
async fn life(client: &Client) -> Vec<Told> {
    let mut all: Vec<(String, String)> = statements().into_iter().collect();
    all.sort_by_key(|(name, _)| (turn(name), name.clone()));
    let mut life = Vec::new();
    for (name, sql) in all {
        let prepared = client.prepare_typed(&sql, &types(&name)).await;
        let statement = prepared.unwrap_or_else(|e| panic!("{name} is not understood: {e:?}"));
        let values: Vec<_> = statement.params().iter().map(value).collect();
        let given: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value).collect();
        let said = client.query(&statement, &given).await;
        let rows = said.map(|rows| {
            let row = |row: &tokio_postgres::Row| (0..row.len()).map(|at| row.get::<_, Raw>(at)).collect();
            rows.iter().map(row).collect()
        });
        let rows = rows.map_err(|e| e.as_db_error().map_or_else(|| e.to_string(), ToString::to_string));
        life.push(Told { name, shape: shape(&statement), rows });
    }
    life
}

async fn client(settings: &PgSettings) -> (Client, task::Task) {
    let (client, connection) = connect::alone(&settings.address().unwrap()).await.unwrap();
    (client, task::start(async move { _ = connection.await }))
}

/// Records, lists, claims, blobs, events and jobs are put, found, changed and taken away by the earlier statements as
/// they are on the schema that they were written for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_earlier_statements_mean_on_this_schema_what_they_meant() {
    assert_eq!(LEVEL + 1, migrate::MIGRATIONS.len(), "`previous/` is not of the level before the newest");
    let (before, now) = (settings(server().new_database()), database(server()).await);
    let (earlier, _driver) = client(&before).await;
    for (_, sql) in &migrate::MIGRATIONS[..LEVEL] {
        earlier.batch_execute(sql).await.unwrap();
    }
    // What refinery keeps, for the statements that ask it.
    let history = "CREATE TABLE takeoff_schema_history (version int, name varchar, applied_on varchar, checksum varchar)";
    earlier.batch_execute(history).await.unwrap();
    let (later, _driver) = client(&now).await;
    let (then, now) = (life(&earlier).await, life(&later).await);
    let (mut found, mut refused) = (0, Vec::new());
    for (then, now) in then.into_iter().zip(now) {
        let name = now.name;
        assert_eq!(then.shape, now.shape, "{name} is given or answers something else");
        if OF_THE_SCHEMA.contains(&name.as_str()) {
            continue;
        }
        found += usize::from(now.rows.as_ref().is_ok_and(|rows| !rows.is_empty()));
        refused.extend(now.rows.as_ref().err().map(|why| format!("{name}: {why}")));
        assert_eq!(then.rows, now.rows, "{name}");
    }
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(found > 20, "what is put is not found: {found} statements have an answer");
}
