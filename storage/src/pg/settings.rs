//! How the database is reached.

use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

use crate::error::StoreError;

/// Longest that a connection may take to be made.
pub(super) const CONNECT: Duration = Duration::from_secs(5);

/// Sent data that the server's machine has not acknowledged for so long ends the connection.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// The server's own look at whether we are still there, in the settings of each session: idle seconds before it asks,
/// seconds between questions, and how many go unanswered. By its machine's settings it would be hours until a node that
/// the network has cut off is found to be gone, and its connections would be held for it; where the server has something
/// to say to it, a quarter of an hour, and with locks.
const GONE: (u64, u64, u64) = (5, 2, 3);

/// A transaction of ours never waits for us; one that does belongs to a process that hangs.
const IDLE_IN_TRANSACTION_MS: u64 = 10_000;

/// What a node knows of its database. The address holds a password: it is never shown.
#[derive(Clone)]
pub struct PgSettings {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or the same as `key=value` pairs.
    pub url: String,
    /// Connections that this node holds at most, the one for wakes not counted.
    pub connections: usize,
    /// Longest that one statement may take, milliseconds.
    pub statement_timeout_ms: u64,
    /// What its connections call themselves, up to 63 bytes: each run of a node by a name of its own, by which the
    /// others see that it has connections.
    pub session: String,
}

impl PgSettings {
    /// # Errors
    /// `Unusable` when the address is none, or asks for what this build does not have.
    pub(super) fn config(&self) -> Result<Config, StoreError> {
        // What the parser says may repeat part of the address, and so of the password.
        let wrong = || {
            StoreError::Unusable(
                "the database address is not understood; it must look like \
                 postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the password as %XX"
                    .to_owned(),
            )
        };
        let mut config: Config = self.url.parse().map_err(|_| wrong())?;
        if config.get_hosts().is_empty() || config.get_user().is_none() {
            return Err(wrong());
        }
        if config.get_ssl_mode() == SslMode::Require {
            let why = "the database address asks for TLS (sslmode=require), which is not built in; \
                       use sslmode=disable on a network that nobody listens to, or a TLS tunnel";
            return Err(StoreError::Unusable(why.to_owned()));
        }
        let given = config.get_options().unwrap_or_default().to_owned();
        config
            .ssl_mode(SslMode::Disable)
            .connect_timeout(CONNECT)
            .tcp_user_timeout(UNACKNOWLEDGED)
            .keepalives_idle(UNACKNOWLEDGED)
            .application_name(&self.session)
            // A node that lands on a replica could read the past and write nothing.
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .options(self.options(&given));
        Ok(config)
    }

    /// Settings of each session; those of the address come last and win.
    fn options(&self, given: &str) -> String {
        format!(
            "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={} \
             -c tcp_keepalives_idle={} -c tcp_keepalives_interval={} -c tcp_keepalives_count={} \
             -c tcp_user_timeout={} \
             -c synchronous_commit=on -c default_transaction_isolation=read\\ committed {given}",
            self.statement_timeout_ms,
            self.statement_timeout_ms / 2,
            IDLE_IN_TRANSACTION_MS,
            GONE.0,
            GONE.1,
            GONE.2,
            UNACKNOWLEDGED.as_millis()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Config, StoreError> {
        let settings = PgSettings {
            url: url.to_owned(),
            connections: 2,
            statement_timeout_ms: 3_000,
            session: "takeoff".to_owned(),
        };
        settings.config()
    }

    #[test]
    fn sessions_have_limits_and_the_address_has_the_last_word() {
        let config = of("postgres://u:p@h/d?options=-c%20work_mem%3D8MB").unwrap();
        let options = config.get_options().unwrap();
        assert!(options.contains("statement_timeout=3000") && options.contains("lock_timeout=1500"));
        assert!(options.contains("tcp_keepalives_idle=5") && options.contains("tcp_user_timeout=10000"));
        assert!(options.ends_with("-c work_mem=8MB"), "{options}");
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said_without_it() {
        for url in ["", "geheim", "http://u:geheim@h/d", "postgres://u:ge@heim@h:x/d", "postgres:///geheim"] {
            let Err(StoreError::Unusable(why)) = of(url) else { panic!("{url} is taken") };
            assert!(!why.contains("geheim") && !why.contains("heim@"), "{why}");
        }
        let Err(StoreError::Unusable(why)) = of("postgres://u:geheim@h/d?sslmode=require") else {
            panic!("TLS is taken")
        };
        assert!(why.contains("sslmode=require") && !why.contains("geheim"), "{why}");
    }
}
