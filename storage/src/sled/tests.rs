use std::sync::Arc;

use crate::conformance::{HandClock, Subject};

async fn open() -> Subject {
    let folder = tempfile::tempdir().expect("folder");
    let clock = Arc::new(HandClock::default());
    let catalog = crate::sled::open(folder.path(), Arc::clone(&clock) as Arc<_>).expect("open");
    Subject { catalog, clock, keep: Some(Box::new(folder)) }
}

mod catalog {
    crate::catalog_conformance!(super::super::open);
}
