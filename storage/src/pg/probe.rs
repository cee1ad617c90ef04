//! What a database says of itself, without changing anything in it.

use takeoff_core::model::Timestamp;

use super::settings::PgSettings;
use super::trouble::describe;
use super::{connect, job_rows::column, query, task};
use crate::error::StoreError;

/// A database as it was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Such as `15.14`.
    pub server: String,
    pub clock: Timestamp,
    /// Of all connections that the server allows, those that are open.
    pub connections: (i64, i64),
    /// Why it takes no writes of ours, if it does not.
    pub unwritable: Option<String>,
    /// Name of the store that has its drawings, once it has any.
    pub drawings: Option<String>,
    /// Whether this user may have the table of jobs vacuumed.
    pub may_clear: bool,
}

/// Asks for all of it, and writes a row that is taken back.
///
/// # Errors
/// `Unusable` when the address is none or the server lets nobody in; `Unavailable` when it cannot be reached.
pub async fn probe(settings: &PgSettings) -> Result<Found, StoreError> {
    let (client, connection) = connect::alone(&settings.address()?).await?;
    // An error of the connection is one of what is asked on it.
    let _driver = task::start(async move { drop(connection.await) });
    let failed = |e: tokio_postgres::Error| StoreError::Unavailable(describe(&e));
    let row = client.query_one(query::PROBE, &[]).await.map_err(failed)?;
    client.batch_execute("BEGIN").await.map_err(failed)?;
    let written = client.execute(query::PING, &[]).await;
    client.batch_execute("ROLLBACK").await.map_err(failed)?;
    // A database without our tables has no drawings, and no table of jobs that is another user's.
    let drawings = match client.query(query::HAS_BLOBS, &[]).await {
        Ok(rows) if rows.first().is_some_and(|row| row.try_get(0).unwrap_or(false)) => {
            let rows = client.query(query::BLOB_STORE, &[]).await.map_err(failed)?;
            rows.first().map(|row| column(row, 0)).transpose()?
        }
        _ => None,
    };
    let size = client.query(query::JOBS_SIZE, &[]).await;
    let is_anothers = size.is_ok_and(|rows| rows.first().is_some_and(|row| !row.try_get(1).unwrap_or(true)));
    Ok(Found {
        drawings,
        may_clear: !is_anothers,
        server: column(&row, 0)?,
        connections: (column(&row, 1)?, column(&row, 2)?),
        unwritable: written.err().map(|e| describe(&e)),
        clock: clock(&client).await?,
    })
}

/// Asked for by itself, so that little time passes on the way.
async fn clock(client: &tokio_postgres::Client) -> Result<Timestamp, StoreError> {
    let failed = |e: tokio_postgres::Error| StoreError::Unavailable(describe(&e));
    let none: Option<i64> = None;
    let row = client.query_one(query::CLOCK, &[&none]).await.map_err(failed)?;
    Ok(Timestamp(column(&row, 0)?))
}
