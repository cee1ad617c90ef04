//! Everything that a node's stores hold, as one file that any backend can be filled from.
//!
//! The file begins with a line that names it. Frames follow: a byte that says what it is, the length (8 bytes,
//! big-endian), the content, and the SHA-256 of the content. First comes a header (JSON), then rows of the catalogue
//! as of one moment (JSON, a batch a frame), then each blob (tenant, hash, bytes), and at the end the manifest (JSON)
//! with how much there is of each and the SHA-256 of all that is before it. What is cut, damaged, of a newer format,
//! or goes on behind its manifest is told before anything is made of it.

mod backup;
mod frame;
mod restore;
pub(crate) mod row;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use takeoff_core::model::{BlobHash, TenantId, Timestamp};

pub use backup::backup;
pub use restore::{Verified, restore, verify};
pub use row::{RecordRow, Row};

/// Raised when an older version could not read what this one writes.
const FORMAT: u32 = 1;
const FIRST_LINE: &[u8; 16] = b"takeoff archive\n";

/// A blob as the catalogue knows it.
type Key = (TenantId, BlobHash);

/// What an archive is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    /// Engine version that wrote it.
    pub engine: String,
    /// Microseconds since 1970.
    pub made_at: Timestamp,
}

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// Rows of the catalogue by what they are.
    pub rows: BTreeMap<String, u64>,
    pub blobs: u64,
    pub blob_bytes: u64,
    /// Of every byte before the manifest, hexadecimal.
    pub sha256: String,
}

impl Manifest {
    fn count(&mut self, rows: &[Row]) {
        for row in rows {
            let name = match row {
                Row::Blob { .. } => "blobs",
                Row::Record(_) => "records",
                Row::Claim { .. } => "claims",
                Row::EventCount { .. } => "event_counts",
                Row::Event { .. } => "events",
                Row::Job(_) => "jobs",
            };
            *self.rows.entry(name.to_owned()).or_default() += 1;
        }
    }
}
