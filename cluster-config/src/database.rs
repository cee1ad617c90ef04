//! Where the catalogue is when it is not in the data folder: a PostgreSQL database.

use std::fmt;
use std::path::PathBuf;

use crate::links::{path, shown};
use crate::settings::Setting;

/// The address of a database. It holds a password and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The address with its password, for whoever connects.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

const HIDDEN: &str = "(hidden)";

#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseConfig {
    /// `None` keeps the catalogue in the data folder.
    pub url: Option<DatabaseUrl>,
    /// Authorities that may have signed the server's certificate.
    pub tls_ca: Option<PathBuf>,
    /// Connections of this node, the one for wakes not counted.
    pub connections: usize,
    /// Longest that one statement may take.
    pub statement_timeout_ms: u64,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: None, tls_ca: None, connections: 10, statement_timeout_ms: 15_000 }
    }
}

/// Only what tells an address from something else; the rest is said when it is used.
fn url(text: &str) -> Result<Option<DatabaseUrl>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Some(DatabaseUrl(text.to_owned())));
    }
    // It may hold a password, so it is not quoted.
    Err("must look like postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned())
}

pub(crate) fn settings() -> Vec<Setting> {
    vec![
        Setting {
            key: "database.url",
            alias: Some("DATABASE_URL"),
            unit: "",
            bounds: "postgres:// or postgresql://",
            doc: "PostgreSQL database of the catalogue, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, never shown; \
                  empty keeps the catalogue in the data folder. With `?sslmode=require` connections are encrypted, with \
                  `verify-ca` and `verify-full` the server has to show a certificate as `database.tls_ca` says; without, \
                  and with `prefer`, they are not.",
            set: |c, raw| {
                c.database.url = url(&raw.text()?)?;
                Ok(())
            },
            show: |c| c.database.url.as_ref().map_or("", |_| HIDDEN).to_owned(),
        },
        Setting {
            key: "database.tls_ca",
            alias: None,
            unit: "",
            bounds: "a path",
            doc: "Certificates (PEM) of the authorities that may have signed the database server's. With it connections are \
                  encrypted and the server's certificate is verified, for the host of the address, too, unless the address \
                  has another `sslmode`.",
            set: |c, raw| {
                c.database.tls_ca = path(&raw.text()?);
                Ok(())
            },
            show: |c| shown(&c.database.tls_ca),
        },
        Setting {
            key: "database.connections",
            alias: None,
            unit: "connections",
            bounds: "4 to 1000",
            doc: "Connections to the database that this node holds at most, one for wakes not counted.",
            set: |c, raw| {
                c.database.connections = raw.integer(4, 1_000)? as usize;
                Ok(())
            },
            show: |c| c.database.connections.to_string(),
        },
        Setting {
            key: "database.statement_timeout_ms",
            alias: None,
            unit: "ms",
            bounds: "100 to 30000",
            doc: "Longest that one statement of the database may take.",
            set: |c, raw| {
                c.database.statement_timeout_ms = raw.integer(100, 30_000)?;
                Ok(())
            },
            show: |c| c.database.statement_timeout_ms.to_string(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NodeConfig, Raw};

    #[test]
    fn an_address_is_kept_and_not_shown() {
        let mut config = NodeConfig::solo("d");
        let all = settings();
        let setting = all.iter().find(|s| s.alias == Some("DATABASE_URL")).unwrap();
        let given = "postgresql://u:geheim@h/d";
        (setting.set)(&mut config, &Raw::Text(given.to_owned())).unwrap();
        assert_eq!(config.database.url.as_ref().map(DatabaseUrl::reveal), Some(given));
        assert!(!format!("{config:?} {}", (setting.show)(&config)).contains("geheim"));
        (setting.set)(&mut config, &Raw::Text(" ".to_owned())).unwrap();
        assert_eq!(config.database.url, None);
    }

    #[test]
    fn what_is_no_address_is_refused_without_it() {
        for wrong in ["geheim", "mysql://u:geheim@h/d", "sqlite:///geheim", "host=h password=geheim"] {
            assert!(!url(wrong).unwrap_err().contains("geheim"), "{wrong}");
        }
    }
}
