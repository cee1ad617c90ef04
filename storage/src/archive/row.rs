//! What a catalogue holds, in a form that is no backend's.

use serde::{Deserialize, Serialize};
use takeoff_core::job::Job;
use takeoff_core::model::{BlobHash, Id, Index, Kind, TenantId, Timestamp};

use crate::error::StoreError;

/// One row of a catalogue. Lists, references and the queue follow from it. The form is stored in archives: a change
/// of it is a new format number of the archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Row {
    /// The blob store holds these bytes.
    Blob {
        tenant: TenantId,
        hash: BlobHash,
        size: u64,
    },
    Record(Box<RecordRow>),
    Claim {
        tenant: TenantId,
        claim: String,
        owner: Id,
    },
    /// Number of a project's newest event, which may have been pruned.
    EventCount {
        tenant: TenantId,
        project: Id,
        newest: u64,
    },
    Event {
        tenant: TenantId,
        project: Id,
        seq: u64,
        at: Timestamp,
        name: String,
        payload: String,
    },
    Job(Box<Job>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRow {
    pub tenant: TenantId,
    pub kind: Kind,
    pub id: Id,
    pub version: u64,
    /// Engine version that wrote it.
    pub engine: String,
    pub format: u16,
    pub lists: Vec<(Index, Id)>,
    pub blobs: Vec<BlobHash>,
    /// JSON.
    pub body: String,
}

impl Row {
    /// Bytes that it takes, more or less.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Record(record) => 200 + record.body.len() + 64 * record.blobs.len(),
            Self::Event { payload, .. } => 200 + payload.len(),
            // Arguments, results and failures are bounded elsewhere; few are long.
            Self::Job(_) => 1_000,
            Self::Blob { .. } | Self::Claim { .. } | Self::EventCount { .. } => 200,
        }
    }
}

/// Rows that travel together: at most so many, and bytes.
const TOGETHER: usize = 1_000;
const TOGETHER_BYTES: usize = 1024 * 1024;

/// Rows on their way out of a catalogue, a batch at a time.
#[derive(Default)]
pub(crate) struct Outbox {
    rows: Vec<Row>,
    bytes: usize,
}

impl Outbox {
    /// With this row; the batch that it fills.
    pub(crate) fn push(&mut self, row: Row) -> Option<Vec<Row>> {
        self.bytes += row.weight();
        self.rows.push(row);
        (self.rows.len() >= TOGETHER || self.bytes >= TOGETHER_BYTES).then(|| self.take())
    }

    pub(crate) fn take(&mut self) -> Vec<Row> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }
}

/// Text that a row holds as bytes.
pub(crate) fn utf8(what: impl FnOnce() -> String, bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|e| StoreError::Damaged { what: what(), why: e.to_string() })
}

/// Nobody takes the rows any more.
pub(crate) fn unwanted() -> StoreError {
    StoreError::Unavailable("nobody takes the rows of the export".to_owned())
}

pub(crate) fn not_empty(what: &str) -> StoreError {
    StoreError::Unusable(format!("{what} is not empty: an archive is restored into an empty store only"))
}
