use std::sync::Arc;

use crate::conformance::blobs::BlobSubject;
use crate::conformance::{HandClock, Subject};

async fn open() -> Subject {
    let clock = Arc::new(HandClock::default());
    let catalog = crate::mem::open(Arc::clone(&clock) as Arc<_>).expect("open");
    Subject { catalog, clock, keep: None }
}

async fn open_blobs() -> BlobSubject {
    BlobSubject { blobs: crate::mem::blobs().expect("open"), keep: None }
}

mod catalog {
    crate::catalog_conformance!(super::super::open);
}

mod blobs {
    crate::blob_conformance!(super::open_blobs);
}
