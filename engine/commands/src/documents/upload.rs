//! Taking an upload in.

use std::path::PathBuf;

use takeoff_core::model::{Document, Id};

use crate::{CommandError, Ctx};

/// A file that was received whole, in the scratch folder of the blob store. The command takes it over
/// and removes it whatever happens.
#[derive(Debug, Clone, PartialEq)]
pub struct StagedUpload {
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// As the client named it; `unknown` where it gave no name.
    pub original_filename: String,
}

/// Stores the file, looks into it for at most `api.open_wait_ms` and enqueues its ingestion.
///
/// The type is what the first bytes say. A file that is damaged, empty, password-protected or no plan is
/// `Invalid` with the reason; one that cannot be opened in time is taken and ends in `error` later.
pub async fn receive_upload(
    _ctx: &Ctx<'_>,
    _project_id: Id,
    _upload: StagedUpload,
) -> Result<Document, CommandError> {
    todo!()
}
