//! Documents: uploads and what ingestion makes of them.

mod again;
mod ingest;
mod lacking;
mod upload;

pub use again::{GivenUp, given_up_batch, original_whole_batch, read_again};
pub use ingest::{
    Finished, OpenedStep, begun_batch, failed_batch, failed_in_short_batch, failed_rest_batch, finish_batch,
    opened_batch, revived_batch, revived_pages_batch,
};
pub use lacking::lacking;
pub use upload::{StagedUpload, receive_upload};
