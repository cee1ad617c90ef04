//! Connections: the pool, one's own, and what a failed one means.

use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Connection, Socket};

use super::settings::{Address, CONNECT};
use super::tls::{self, Encrypted};
use super::trouble::{Trouble, describe};
use crate::error::StoreError;

/// Longest wait for a free connection. Whoever waits longer stands in a queue that does not move.
const FREE: Duration = Duration::from_secs(10);

/// Longest that a first connection may take to be made and let in; who starts a node is told within ten seconds.
const LET_IN: Duration = Duration::from_secs(8);

pub(super) fn pool(address: Address, connections: usize) -> Result<Pool, StoreError> {
    // Whether a connection has ended is known without asking the server.
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(address.config, address.tls, recycling);
    Pool::builder(manager)
        .max_size(connections)
        .timeouts(Timeouts { wait: Some(FREE), create: Some(CONNECT), recycle: Some(CONNECT) })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|e| StoreError::Unusable(format!("the database connections cannot be set up: {e}")))
}

/// After one connection turned out to be gone: the idle ones are of the same server, and most likely gone, too.
pub(super) fn forget_idle(pool: &Pool) {
    pool.retain(|_, _| false);
}

/// A connection of the pool in use. One that is dropped before [`Session::done`] may be in the middle of a
/// transaction or of a slow statement: it is closed, not given back.
pub(super) struct Session(Option<Object>);

impl Session {
    pub(super) async fn open(pool: &Pool) -> Result<Self, Trouble> {
        match pool.get().await {
            Ok(object) => Ok(Self(Some(object))),
            Err(PoolError::Backend(e)) => Err(Trouble::Lost(describe(&e))),
            Err(PoolError::Timeout(_)) => {
                let why = format!("no connection to the database within {} s", FREE.as_secs());
                Err(Trouble::Store(StoreError::Unavailable(why)))
            }
            Err(e) => Err(Trouble::Lost(format!("no connection to the database: {e}"))),
        }
    }

    /// # Panics
    /// Never: it is empty only while it is dropped.
    pub(super) fn client(&self) -> &deadpool_postgres::ClientWrapper {
        self.0.as_ref().expect("it is taken out on the way to its end only")
    }

    /// Nothing is under way on it.
    pub(super) fn done(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// A connection outside of the pool; the second value has to be driven.
pub(super) async fn alone(address: &Address) -> Result<(Client, Connection<Socket, Encrypted>), StoreError> {
    let config = &address.config;
    match timeout(LET_IN, Box::pin(config.connect(address.tls.clone()))).await {
        Ok(Ok(connected)) => Ok(connected),
        Ok(Err(e)) => Err(explain(config, &e)),
        Err(_) => Err(unreachable(config, &format!("no answer within {} s", LET_IN.as_secs()))),
    }
}

/// Host and port, for people. Never the whole address: it holds the password.
pub(super) fn place(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "?".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("{host}:{port}")
}

fn unreachable(config: &Config, why: &str) -> StoreError {
    StoreError::Unavailable(format!("the database server at {} cannot be reached: {why}", place(config)))
}

/// Why a first connection failed, in the words of whoever has to put it right.
fn explain(config: &Config, e: &tokio_postgres::Error) -> StoreError {
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let wrong = |what: String| StoreError::Unusable(format!("{what} ({})", describe(e)));
    if let Some(why) = tls::refusal(e) {
        let place = place(config);
        return StoreError::Unusable(format!("the database server at {place} cannot be used: {why}"));
    }
    match e.code() {
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            wrong(format!("the database server at {} does not let user `{user}` in", place(config)))
        }
        Some(&SqlState::INVALID_CATALOG_NAME) => {
            wrong(format!("the database server at {} has no database `{database}`", place(config)))
        }
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            wrong(format!("user `{user}` may not use the database `{database}` at {}", place(config)))
        }
        _ => unreachable(config, &describe(e)),
    }
}
