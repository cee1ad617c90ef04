//! Scale: notations, candidates found on a page, reconciliation.

mod record;

pub use record::{ScaleBox, ScaleCandidate, ScaleRecord};
