//! What tells pages apart that would parse differently.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::display::DISPLAY_FORMAT;
use super::request::ParseLimits;

/// Format number of the parse: raise it whenever [`super::OpenedFile::parse_page`] gives something else
/// than before for some page, be it the display list, a picture or a finding. That includes new versions
/// of the readers, the renderer and the encoders (a test holds their versions), the trace, and the parse
/// worker's own step limit. Pages that were parsed under another number are parsed again.
pub const PARSE_FORMAT: u16 = 8;

/// Equal keys mean equal results of [`super::OpenedFile::parse_page`]. Different keys mean nothing: the
/// same page written in another way may have another key.
///
/// A SHA-256, as the content comes from people who may want two pages to be taken for one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PageKey(pub [u8; 32]);

impl std::fmt::Debug for PageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl PageKey {
    /// Of what a page holds (`content`, which says the file's type too), under these limits.
    pub(super) fn of(content: [u8; 32], limits: &ParseLimits) -> Option<Self> {
        let limits = postcard::to_allocvec(limits).ok()?;
        let mut hash = Sha256::new();
        hash.update(b"takeoff page");
        hash.update(PARSE_FORMAT.to_le_bytes());
        hash.update(DISPLAY_FORMAT.to_le_bytes());
        hash.update(content);
        hash.update(limits);
        Some(Self(hash.finalize().into()))
    }
}
