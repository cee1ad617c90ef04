//! Migrations, and databases that are not to be worked with.

use takeoff_test_servers::PASSWORD;
use tokio::time::{Duration, timeout};

use super::{database, server, settings};
use crate::error::StoreError;
use crate::pg::{PgSettings, migrate, open};

/// Longest that a node may take to say that its database is none.
const CLEAR_WITHIN: Duration = Duration::from_secs(10);

async fn refusal(settings: &PgSettings) -> StoreError {
    let refused = timeout(CLEAR_WITHIN, open(settings)).await.expect("it is said in time");
    let Err(e) = refused else { panic!("opened") };
    assert!(!format!("{e} {e:?}").contains(&PASSWORD[..8]), "the password is in: {e:?}");
    e
}

async fn unusable(settings: &PgSettings) -> String {
    match refusal(settings).await {
        StoreError::Unusable(why) => why,
        other => panic!("another error: {other:?}"),
    }
}

fn name(settings: &PgSettings) -> &str {
    settings.url.rsplit('/').next().expect("an address ends in a name")
}

/// Tables of the schema.
fn tables(settings: &PgSettings) -> String {
    server().sql(name(settings), "SELECT string_agg(relname, ' ') FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_database_is_migrated_by_command_only() {
    let settings = settings(server().new_database());
    let why = unusable(&settings).await;
    assert!(why.contains("is empty") && why.contains("takeoff migrate"), "{why}");
    assert!(migrate::status(&settings).await.unwrap().iter().all(|s| !s.applied));
    let tried = migrate::forward(&settings, true).await.unwrap();
    assert_eq!(tried.iter().map(|s| s.version).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(tables(&settings), "", "a trial leaves nothing");
    let done = migrate::forward(&settings, false).await.unwrap();
    assert_eq!(done, tried);
    assert!(migrate::status(&settings).await.unwrap().iter().all(|s| s.applied));
    assert_eq!(migrate::forward(&settings, false).await.unwrap(), []);
    open(&settings).await.map(drop).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_migrate_at_once_take_turns() {
    let settings = settings(server().new_database());
    let (a, b) = futures::join!(migrate::forward(&settings, false), migrate::forward(&settings, false));
    let done: usize = a.unwrap().len() + b.unwrap().len();
    assert_eq!(done, 2);
    open(&settings).await.map(drop).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_and_other_schemas_are_refused() {
    let settings = database(server()).await;
    let row = "INSERT INTO takeoff_schema_history (version, name, applied_on, checksum) \
               VALUES (99, 'of_the_future', '2030-01-01T00:00:00Z', '1')";
    server().sql(name(&settings), row);
    let why = unusable(&settings).await;
    assert!(why.contains("version 99 (of_the_future)") && why.contains("newer"), "{why}");
    let before = tables(&settings);
    assert!(matches!(migrate::forward(&settings, false).await, Err(StoreError::Unusable(_))));
    assert_eq!(tables(&settings), before);
    let other = "DELETE FROM takeoff_schema_history WHERE version = 99; \
                 UPDATE takeoff_schema_history SET checksum = '1'";
    server().sql(name(&settings), other);
    let why = unusable(&settings).await;
    assert!(why.contains("another build"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_database_is_left_as_it_is() {
    let settings = settings(server().new_database());
    server().sql(name(&settings), "CREATE TABLE accounts (id integer)");
    let why = unusable(&settings).await;
    assert!(why.contains("accounts") && why.contains("a database of its own"), "{why}");
    for dry in [true, false] {
        assert!(matches!(migrate::forward(&settings, dry).await, Err(StoreError::Unusable(_))));
    }
    assert_eq!(tables(&settings), "accounts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_let_in_is_told_why() {
    let right = server().url("nowhere");
    let why = unusable(&settings(right.clone())).await;
    assert!(why.contains("has no database `nowhere`"), "{why}");
    let why = unusable(&settings(right.replace("a%20secret", "another"))).await;
    assert!(why.contains("does not let user `takeoff` in"), "{why}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    // A server that takes connections and says nothing, and then none at all.
    let silent = right.replace(&format!(":{}/", server().port()), &format!(":{port}/"));
    let silent = settings(silent);
    let said = refusal(&silent).await.to_string();
    assert!(said.contains("cannot be reached") && said.contains(&port.to_string()), "{said}");
    drop(taken);
    let said = refusal(&silent).await.to_string();
    assert!(said.contains("cannot be reached") && said.contains(&port.to_string()), "{said}");
}
