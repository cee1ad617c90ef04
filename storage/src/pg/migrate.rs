//! The schema of the database and its way forward, by refinery. Nothing is ever taken back: a database of a
//! newer version than this one is refused.

use refinery::{Migration, Runner};
use tokio::time::timeout;
use tokio_postgres::{Client, Row};

use super::connect;
use super::job_rows::column;
use super::query;
use super::settings::{Address, PgSettings};
use super::task::{self, Task};
use super::trouble::describe;
use crate::error::StoreError;

const HISTORY: &str = "takeoff_schema_history";

/// Every migration there is, in order. One that has been released is never changed.
pub(super) const MIGRATIONS: [(&str, &str); 2] = [
    ("V1__catalogue", include_str!("../../migrations/V1__catalogue.sql")),
    ("V2__nodes", include_str!("../../migrations/V2__nodes.sql")),
];

/// Two that migrate at once take turns by this lock of the database ("takeoff" in ASCII).
const TURN: i64 = 0x0074_616b_656f_6666;

/// A migration may rewrite a table; a statement of the catalogue's may not take nearly as long.
const MIGRATION_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3_600);

/// One migration, and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub version: i32,
    pub name: String,
    pub applied: bool,
}

fn migrations() -> Result<Vec<Migration>, StoreError> {
    let broken = |e| StoreError::Unusable(format!("a migration of this program is broken: {e}"));
    MIGRATIONS.iter().map(|(name, sql)| Migration::unapplied(name, sql).map_err(broken)).collect()
}

/// What the database says of itself.
struct State {
    /// Version, name and checksum of each migration that it has.
    applied: Vec<(i32, String, String)>,
    is_replica: bool,
}

async fn state(client: &Client) -> Result<State, StoreError> {
    let failed = |e: &tokio_postgres::Error| StoreError::Unavailable(describe(e));
    let row: Row = client.query_one(query::SCHEMA_STATE, &[]).await.map_err(|e| failed(&e))?;
    let (has_history, relations): (bool, Option<String>) = (column(&row, 0)?, column(&row, 2)?);
    let is_replica = column(&row, 3)?;
    if !has_history {
        return match relations {
            None => Ok(State { applied: Vec::new(), is_replica }),
            Some(relations) => {
                let schema: Option<String> = column(&row, 1)?;
                Err(StoreError::Unusable(format!(
                    "the database belongs to something else: its schema `{}` holds {relations} and no history \
                     of takeoff; give takeoff a database of its own",
                    schema.unwrap_or_default()
                )))
            }
        };
    }
    let rows = client.query(query::SCHEMA_APPLIED, &[]).await.map_err(|e| failed(&e))?;
    let applied = rows
        .iter()
        .map(|row| Ok((column(row, 0)?, column(row, 1)?, column(row, 2)?)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(State { applied, is_replica })
}

/// The steps of this program, as far as the database has gone.
fn steps(state: &State) -> Result<Vec<Step>, StoreError> {
    let ours = migrations()?;
    let newest = ours.last().map_or(0, Migration::version);
    if let Some((version, name, _)) = state.applied.iter().find(|(version, ..)| *version > newest) {
        return Err(StoreError::Unusable(format!(
            "the database has schema version {version} ({name}), this program knows up to {newest}: a newer \
             takeoff has migrated it, run that one"
        )));
    }
    for (version, name, checksum) in &state.applied {
        let known = ours.iter().find(|m| m.version() == *version);
        if known.is_none_or(|m| m.name() != name || m.checksum().to_string() != *checksum) {
            return Err(StoreError::Unusable(format!(
                "the database has another migration {version} ({name}) than this program: it is of another build"
            )));
        }
    }
    let applied = |m: &Migration| state.applied.iter().any(|(version, ..)| *version == m.version());
    let step = |m: &Migration| Step { version: m.version(), name: m.name().to_owned(), applied: applied(m) };
    Ok(ours.iter().map(step).collect())
}

/// Which migrations there are and which of them the database has.
///
/// # Errors
/// `Unusable` when the database is somebody else's, newer, or refuses the user; `Unavailable` when it cannot
/// be reached.
pub async fn status(settings: &PgSettings) -> Result<Vec<Step>, StoreError> {
    let address = settings.address()?;
    let (client, _driver) = open(&address).await?;
    steps(&state(&client).await?)
}

/// Takes the database to this program's version, and returns what was done. With `dry`, every migration is
/// run and taken back, in one transaction.
///
/// # Errors
/// As [`status`]; `Unavailable` with the server's words when a migration fails, of which nothing stays then.
pub async fn forward(settings: &PgSettings, dry: bool) -> Result<Vec<Step>, StoreError> {
    let address = PgSettings {
        statement_timeout_ms: u64::try_from(MIGRATION_TIMEOUT.as_millis()).unwrap_or(u64::MAX),
        ..settings.clone()
    }
    .address()?;
    let (mut client, _driver) = open(&address).await?;
    let turn = client.query_one("SELECT pg_advisory_lock($1)", &[&TURN]);
    timeout(MIGRATION_TIMEOUT, turn)
        .await
        .map_err(|_| StoreError::Unavailable("another migration does not end".to_owned()))?
        .map_err(|e| StoreError::Unavailable(describe(&e)))?;
    let open: Vec<Step> = steps(&state(&client).await?)?.into_iter().filter(|s| !s.applied).collect();
    if dry {
        try_out(&mut client, &open).await?;
    } else if !open.is_empty() {
        let mut runner = Runner::new(&migrations()?).set_grouped(true);
        runner.set_migration_table_name(HISTORY);
        // What refinery says names the migration; the server's words are behind it.
        runner.run_async(&mut client).await.map_err(|e| StoreError::Unavailable(chain(&e)))?;
    }
    Ok(open)
}

async fn try_out(client: &mut Client, open: &[Step]) -> Result<(), StoreError> {
    let failed = |e: &tokio_postgres::Error| StoreError::Unavailable(describe(e));
    let transaction = client.transaction().await.map_err(|e| failed(&e))?;
    for step in open {
        let sql = MIGRATIONS.iter().find(|(name, _)| name.starts_with(&format!("V{}__", step.version)));
        let sql = sql.map_or("", |(_, sql)| sql);
        transaction.batch_execute(sql).await.map_err(|e| {
            StoreError::Unavailable(format!(
                "migration {} ({}) fails: {}",
                step.version,
                step.name,
                describe(&e)
            ))
        })?;
    }
    transaction.rollback().await.map_err(|e| failed(&e))
}

/// Refuses a database that is not of exactly this program's version.
pub(super) async fn check(address: &Address) -> Result<(), StoreError> {
    let (client, _driver) = open(address).await?;
    let state = state(&client).await?;
    if state.is_replica {
        return Err(StoreError::Unusable("the database is a replica, which takes no writes".to_owned()));
    }
    let steps = steps(&state)?;
    let missing: Vec<String> =
        steps.iter().filter(|s| !s.applied).map(|s| format!("{} ({})", s.version, s.name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let what = if state.applied.is_empty() { "is empty" } else { "is of an older version" };
    Err(StoreError::Unusable(format!(
        "the database {what}: it lacks schema version {}; run `takeoff migrate` first",
        missing.join(", ")
    )))
}

async fn open(address: &Address) -> Result<(Client, Task), StoreError> {
    let (client, connection) = connect::alone(address).await?;
    let driver = task::start(async move {
        if let Err(e) = connection.await {
            tracing::debug!(error = describe(&e), "a connection has ended");
        }
    });
    Ok((client, driver))
}

fn chain(e: &refinery::Error) -> String {
    let mut text = e.to_string();
    let mut cause = std::error::Error::source(e);
    while let Some(inner) = cause {
        let said = inner.downcast_ref::<tokio_postgres::Error>().map_or_else(|| inner.to_string(), describe);
        text = format!("{text}: {said}");
        cause = inner.source();
    }
    text
}
