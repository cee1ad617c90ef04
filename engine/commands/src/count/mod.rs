//! Auto count: sessions, their detections, the measurements made of them.

mod candidates;
mod review;
mod scope;
mod start;
mod stored;
mod take;

pub use candidates::{Candidates, MAX_NEAR_MISSES};
pub use review::{Bulk, bulk_confirm, confirm, reject, set_threshold};
pub(crate) use scope::countable;
pub use scope::{BoxOnPage, MAX_SESSION_PAGES, StartScope, inside, meets};
pub use start::{MAX_SESSION_DETECTIONS, StartCount, start, without_provider};
pub use stored::{
    Completion, NewDetection, Next, PageResult, begun_batch, completed_batch, failed_batch, page_batch,
    revived_batch,
};
pub use take::{Taken, create_measurements, still_counted};
