use serde::{Deserialize, Serialize};

use super::{BlobHash, Entity, Id, Index, Kind, Timestamp};
use crate::found::Finding;
use crate::geom::PageSpace;
use crate::page::PageKey;

/// A blob and its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedBlob {
    pub hash: BlobHash,
    pub size: u64,
}

/// What the parse of a page gave, kept under the page's key, so that the same page in another document of
/// the same tenant is not parsed again. Nothing refers to it; it may go at any time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CachedPage {
    pub key: PageKey,
    pub space: PageSpace,
    /// Upright paper size in inches, where the file states one.
    pub inches: Option<(f64, f64)>,
    /// Encoded display list.
    pub list: CachedBlob,
    pub image: CachedBlob,
    pub thumbnail: CachedBlob,
    pub is_vector: bool,
    pub path_count: u64,
    pub word_count: u64,
    pub findings: Vec<Finding>,
    /// When it was last needed, to a day.
    pub used_at: Timestamp,
}

impl CachedPage {
    /// The record of a key. Keys that share it take it from each other.
    pub fn id_of(key: PageKey) -> Id {
        let mut id = [0; 16];
        id.copy_from_slice(&key.0[..16]);
        Id::from_bytes(id)
    }

    pub const fn parts(&self) -> [CachedBlob; 3] {
        [self.list, self.image, self.thumbnail]
    }
}

impl Entity for CachedPage {
    const KIND: Kind = Kind::CachedPage;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        Self::id_of(self.key)
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        vec![(Index::All, Id::NIL)]
    }

    fn blobs(&self) -> Vec<BlobHash> {
        self.parts().map(|part| part.hash).to_vec()
    }
}
