//! How the database is reached.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::tls::{Mode, Tls};
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

/// How statements are planned, in the settings of each session. Each of them goes from keys to rows by an index, many
/// at a time. What the server knows of a new or a quickly grown table is how it was when it was last looked through, a
/// minute ago or longer: by that it reads and hashes all of a table of jobs that is thought to be empty, for each
/// statement anew, and goes on doing so by a plan that it has kept. Where there is no index for what is asked (a backup),
/// it reads the whole table all the same; such a plan looks dear, and nothing is to be compiled for it.
pub(super) const PLANNED: &str =
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off";

/// What a node knows of its database. The address holds a password: it is never shown.
#[derive(Clone)]
pub struct PgSettings {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or the same as `key=value` pairs. Its `sslmode` says whether
    /// connections are encrypted.
    pub url: String,
    /// Certificates (PEM) of the authorities that may have signed the server's. With it connections are encrypted, and
    /// the server is verified as under `verify-full` unless the address has an `sslmode`.
    pub tls_ca: Option<PathBuf>,
    /// Connections that this node holds at most, the one for wakes not counted.
    pub connections: usize,
    /// Longest that one statement may take, milliseconds.
    pub statement_timeout_ms: u64,
    /// What its connections call themselves, up to 63 bytes: each run of a node by a name of its own, by which the
    /// others see that it has connections.
    pub session: String,
}

/// Where the database is, and how connections to it are made.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) tls: Tls,
}

impl PgSettings {
    /// # Errors
    /// `Unusable` when the address is none that can be tried. Nobody is asked.
    pub fn check(&self) -> Result<(), StoreError> {
        self.address().map(drop)
    }

    /// # Errors
    /// `Unusable` when the address is none, or what it says of TLS cannot be done.
    pub(super) fn address(&self) -> Result<Address, StoreError> {
        // What the parser says may repeat part of the address, and so of the password.
        let wrong = || {
            StoreError::Unusable(
                "the database address is not understood; it must look like \
                 postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the password as %XX"
                    .to_owned(),
            )
        };
        let (url, mode) = without_sslmode(&self.url)?;
        let mut config: Config = url.parse().map_err(|_| wrong())?;
        if config.get_hosts().is_empty() || config.get_user().is_none() {
            return Err(wrong());
        }
        // What a password holds beyond an `@` or a `/` would be taken for the host or the database, and be shown.
        let has_rest = |text: &str| text.contains(['@', '/']);
        let of_hosts =
            config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if has_rest(name)));
        if url.contains("://") && (of_hosts || config.get_dbname().is_some_and(has_rest)) {
            return Err(wrong());
        }
        let mode = match (mode, config.get_ssl_mode(), &self.tls_ca) {
            (Some(Mode::Off), _, Some(_)) => {
                let why = "`database.tls_ca` is set, and the database address says that there is to be no TLS \
                           (sslmode); take one of them away";
                return Err(StoreError::Unusable(why.to_owned()));
            }
            (Some(mode), ..) => mode,
            (None, SslMode::Require, _) => Mode::Require,
            (None, _, Some(_)) => Mode::VerifyFull,
            (None, _, None) => Mode::Off,
        };
        let tls = Tls::open(mode, self.tls_ca.as_deref())?;
        let given = config.get_options().unwrap_or_default().to_owned();
        config
            .ssl_mode(if mode == Mode::Off { SslMode::Disable } else { SslMode::Require })
            .connect_timeout(CONNECT)
            .tcp_user_timeout(UNACKNOWLEDGED)
            .keepalives_idle(UNACKNOWLEDGED)
            .application_name(&self.session)
            // A node that lands on a replica could read the past and write nothing.
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .options(self.options(&given));
        Ok(Address { config, tls })
    }

    /// Settings of each session; those of the address come last and win.
    fn options(&self, given: &str) -> String {
        format!(
            "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={} \
             -c tcp_keepalives_idle={} -c tcp_keepalives_interval={} -c tcp_keepalives_count={} \
             -c tcp_user_timeout={} \
             -c synchronous_commit=on -c default_transaction_isolation=read\\ committed {PLANNED} {given}",
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

/// An address without its `sslmode`, and that: the parser does not know all of them.
fn without_sslmode(url: &str) -> Result<(String, Option<Mode>), StoreError> {
    // User and password end at the first `@`, as the parser has it.
    let after = url.find('@').map_or(0, |at| at + 1);
    let Some(query) = url[after..].find('?').map(|at| after + at).filter(|_| url.contains("://")) else {
        return Ok((url.to_owned(), None));
    };
    let (mut mode, mut kept) = (None, Vec::new());
    for pair in url[query + 1..].split('&') {
        match pair.split_once('=') {
            Some(("sslmode", name)) => {
                mode = Some(Mode::named(name).ok_or_else(|| {
                    let why = "the database address has an `sslmode` that is not known: there are disable, \
                               prefer, require, verify-ca and verify-full";
                    StoreError::Unusable(why.to_owned())
                })?);
            }
            Some(("sslrootcert", _)) => {
                let why = "the database address has an `sslrootcert`; set `database.tls_ca` instead";
                return Err(StoreError::Unusable(why.to_owned()));
            }
            _ => kept.push(pair),
        }
    }
    let rest = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Ok((format!("{}{rest}", &url[..query]), mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Config, StoreError> {
        with(url, None).map(|address| address.config)
    }

    fn with(url: &str, ca: Option<&str>) -> Result<Address, StoreError> {
        let settings = PgSettings {
            url: url.to_owned(),
            tls_ca: ca.map(PathBuf::from),
            connections: 2,
            statement_timeout_ms: 3_000,
            session: "takeoff".to_owned(),
        };
        settings.address()
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
        for url in [
            "",
            "geheim",
            "http://u:geheim@h/d",
            "postgres://u:ge@heim@h:x/d",
            "postgres:///geheim",
            "postgres://u:ge@heim@h/d",
            "postgres://u:p@heim/1@h/d",
        ] {
            let Err(StoreError::Unusable(why)) = of(url) else { panic!("{url} is taken") };
            assert!(!why.contains("heim"), "{why}");
        }
    }

    #[test]
    fn tls_is_what_the_address_asks_for() {
        let mode = |of: &str| {
            let config = self::of(&format!("postgres://u:p?x@h/d{of}")).unwrap();
            assert_eq!(config.get_hosts().len(), 1);
            config.get_ssl_mode()
        };
        for off in ["", "?sslmode=disable", "?sslmode=prefer&options=-c%20work_mem%3D8MB"] {
            assert_eq!(mode(off), SslMode::Disable, "{off}");
        }
        assert_eq!(mode("?options=-c%20work_mem%3D8MB&sslmode=require"), SslMode::Require);
        let pairs = of("host=h user=u password=p dbname=d sslmode=require").unwrap();
        assert_eq!(pairs.get_ssl_mode(), SslMode::Require);
    }

    #[test]
    fn what_cannot_be_verified_is_refused() {
        let cases = [
            ("?sslmode=verify-full", None, "database.tls_ca"),
            ("?sslmode=verify-ca", None, "database.tls_ca"),
            ("?sslmode=disable", Some("/nowhere/ca.pem"), "take one of them away"),
            ("?sslmode=verify-full", Some("/nowhere/ca.pem"), "/nowhere/ca.pem"),
            ("", Some("/nowhere/ca.pem"), "/nowhere/ca.pem"),
            ("?sslmode=verify_full", None, "verify-full"),
            ("?sslrootcert=/ca.pem", None, "database.tls_ca"),
        ];
        for (query, ca, says) in cases {
            let Err(StoreError::Unusable(why)) = with(&format!("postgres://u:geheim@h/d{query}"), ca) else {
                panic!("{query} is taken")
            };
            assert!(why.contains(says) && !why.contains("geheim"), "{why}");
        }
    }
}
