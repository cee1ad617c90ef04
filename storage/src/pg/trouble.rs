//! What can go wrong on the way to the database, by what can be done about it.

use std::error::Error as _;

use deadpool_postgres::Pool;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::connect::forget_idle;
use crate::error::StoreError;

#[derive(Debug)]
pub(super) enum Trouble {
    /// Somebody else was at it at the same time; nothing was stored, and deciding again can help.
    Again(String),
    /// The connection is gone, before anything could have been stored.
    Lost(String),
    /// For the caller.
    Store(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}

impl From<Error> for Trouble {
    fn from(e: Error) -> Self {
        if is_gone(&e) {
            return Self::Lost(describe(&e));
        }
        match e.code() {
            Some(
                &SqlState::T_R_SERIALIZATION_FAILURE
                | &SqlState::T_R_DEADLOCK_DETECTED
                | &SqlState::UNIQUE_VIOLATION
                | &SqlState::LOCK_NOT_AVAILABLE,
            ) => Self::Again(describe(&e)),
            _ => Self::Store(StoreError::Unavailable(describe(&e))),
        }
    }
}

impl Trouble {
    /// Before another try: connections that are likely to be lost as well are not taken for it.
    pub(super) fn forget_lost(&self, pool: &Pool) {
        if matches!(self, Self::Lost(_)) {
            forget_idle(pool);
        }
    }

    /// As an answer: whether it was stored is not known, or it was not.
    pub(super) fn into_store(self) -> StoreError {
        match self {
            Self::Again(why) | Self::Lost(why) => StoreError::Unavailable(why),
            Self::Store(e) => e,
        }
    }

    /// A commit was sent before it: nobody knows what became of it, so nothing may be repeated.
    pub(super) fn once_sent(self) -> Self {
        match self {
            Self::Lost(why) => Self::Store(StoreError::Unavailable(format!(
                "{why}; whether the last write was stored is not known"
            ))),
            other => other,
        }
    }
}

/// Whether the server or the way to it is gone, as opposed to an answer that says no.
pub(super) fn is_gone(e: &Error) -> bool {
    let shut_down = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    e.is_closed()
        || e.code().is_some_and(|c| shut_down.contains(c))
        || e.source().is_some_and(|s| s.is::<std::io::Error>())
}

/// A sentence without the values of any row: the server's detail may hold them.
pub(super) fn describe(e: &Error) -> String {
    if let Some(db) = e.as_db_error() {
        return format!("the database says: {} (SQLSTATE {})", db.message(), db.code().code());
    }
    let mut text = format!("the connection to the database failed: {e}");
    let mut cause = e.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
