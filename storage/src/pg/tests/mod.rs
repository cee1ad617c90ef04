use std::sync::Arc;

use crate::conformance::server::Server;
use crate::conformance::{HandClock, Subject};
use crate::pg::{PgSettings, migrate, open_by_clock};

mod queries;

pub(super) async fn subject(settings: &PgSettings) -> Subject {
    let clock = Arc::new(HandClock::default());
    let catalog = open_by_clock(settings, Arc::clone(&clock) as Arc<_>).await.expect("open");
    Subject { catalog, clock, keep: None }
}

async fn open() -> Subject {
    subject(&Server::shared().new_database().await).await
}

mod catalog {
    crate::catalog_conformance!(super::super::open);
}
