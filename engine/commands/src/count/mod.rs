//! Auto count: sessions, their detections, the measurements made of them.

mod review;
mod start;
mod stored;
mod take;

pub use review::{bulk_confirm, confirm, reject};
pub use start::{MAX_SESSION_DETECTIONS, MAX_SESSION_PAGES, StartCount, start, without_provider};
pub use stored::{CountResult, NewDetection, begun_batch, failed_batch, stored_batch};
pub use take::{Taken, create_measurements};
