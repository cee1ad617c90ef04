use std::sync::{Arc, OnceLock};
use std::time::Duration;

use takeoff_test_servers::{Durability, Postgres};

use super::PgSettings;
use super::catalog::open_by_clock;
use super::migrate;
use crate::conformance::{HandClock, Subject};

mod clearing;
mod outages;
mod plans;
mod previous;
mod queries;
mod reading;
mod schema;
mod sharing;

/// Longest that anything awaited may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The server that the tests of this program share. It ends with the program.
fn server() -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    SHARED.get_or_init(|| Postgres::start(Durability::None))
}

fn settings(url: String) -> PgSettings {
    PgSettings {
        url,
        tls_ca: None,
        connections: 6,
        statement_timeout_ms: 15_000,
        session: "takeoff test".to_owned(),
    }
}

/// A new database of this version.
async fn database(server: &Postgres) -> PgSettings {
    let settings = settings(server.new_database());
    migrate::forward(&settings, false).await.expect("the schema is made");
    settings
}

async fn subject(settings: &PgSettings) -> Subject {
    let clock = Arc::new(HandClock::default());
    let catalog = open_by_clock(settings, Arc::clone(&clock) as Arc<_>).await.expect("open");
    Subject { catalog, clock, keep: None }
}

async fn open() -> Subject {
    subject(&database(server()).await).await
}

mod catalog {
    crate::catalog_conformance!(super::super::open);
}

/// Asks until it gives something.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asked = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        loop {
            tick.tick().await;
            if let Some(found) = ask().await {
                return found;
            }
        }
    };
    tokio::time::timeout(LIMIT, asked).await.unwrap_or_else(|_| panic!("{what}: not within {LIMIT:?}"))
}
