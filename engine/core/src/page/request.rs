//! What is asked of a parse child and what it answers.
//!
//! The types live here so that the side that asks (commands, actors) and the side that answers (the
//! parse worker of `actors`) agree; the transport (`takeoff-engine`'s child pool) moves opaque bytes.

use serde::{Deserialize, Serialize};

use super::key::PageKey;
use super::weight::PageWeight;
use crate::found::Finding;
use crate::geom::{MAX_PAGE_PIXELS, PageSpace};

/// Limits a child holds itself to; a page or a file beyond one is refused with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParseLimits {
    /// Pages (or frames) of a document.
    pub max_pages: u32,
    /// Path segments of a page.
    pub max_segments: u64,
    /// Pixels of one picture.
    pub max_pixels: u64,
    /// Pixels of the image of a vector page; a larger page gets a lower resolution.
    pub max_page_pixels: u64,
    /// Longest side of a page, points. The format's own limit is 14,400 units; long plots exceed it,
    /// nonsense exceeds this: 1,000 inches.
    pub max_page_side_pt: u32,
    /// Bytes that one stream of a PDF may unpack to.
    pub max_stream_bytes: u64,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            max_pages: 5_000,
            max_segments: 2_000_000,
            max_pixels: 100_000_000,
            max_page_pixels: MAX_PAGE_PIXELS as u64,
            max_page_side_pt: 72_000,
            max_stream_bytes: 256 * 1024 * 1024,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileType {
    Pdf,
    Tiff,
    Png,
    Jpeg,
}

impl FileType {
    /// What the first bytes say, whatever the file is called. PDF readers accept up to 1,024 bytes
    /// of other content before the header.
    pub fn sniff(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if head.starts_with(b"\xff\xd8\xff") {
            return Some(Self::Jpeg);
        }
        if [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| head.starts_with(magic)) {
            return Some(Self::Tiff);
        }
        let window = &head[..head.len().min(1_024 + 5)];
        window.windows(5).any(|w| w == b"%PDF-").then_some(Self::Pdf)
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Tiff => "tiff",
            Self::Png => "png",
            Self::Jpeg => "jpeg",
        }
    }

    pub const fn mime(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Tiff => "image/tiff",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ParseRequest {
    /// Open the file, list its pages.
    Open { path: String, file_type: FileType, limits: ParseLimits },
    /// Parse and render pages of an opened file, in the order given; `index` counts from 0. One
    /// [`ParseReply::Page`] a page, or one [`ParseReply::Heavier`] where it turns out to take more than `memory_bytes`.
    /// Files are written to `out_dir`.
    Pages {
        path: String,
        file_type: FileType,
        indexes: Vec<u32>,
        out_dir: String,
        limits: ParseLimits,
        memory_bytes: u64,
    },
    /// The key of one page of an opened file; `index` counts from 0.
    Key { path: String, file_type: FileType, index: u32, limits: ParseLimits },
    /// What one page of an opened file will take of memory; `index` counts from 0.
    Weigh { path: String, file_type: FileType, index: u32, limits: ParseLimits },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ParseReply {
    Opened(Opened),
    Rejected(Rejected),
    /// Sent before the work on a page starts, so that a death is blamed on the right page.
    Starting {
        index: u32,
    },
    Page {
        index: u32,
        outcome: PageOutcome,
    },
    /// The page was walked and not drawn.
    Heavier {
        index: u32,
        weight: PageWeight,
    },
    /// `None` where the page cannot be had: whoever parses it is told why.
    Weight {
        weight: Option<PageWeight>,
    },
    /// `None` where the page has no key.
    Key {
        key: Option<PageKey>,
    },
    /// There was no room on the disk for a page's files. Says nothing of the page; the system's words.
    NoRoom {
        index: u32,
        why: String,
    },
}

/// The pages of a file, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    pub pages: Vec<PageHead>,
    pub findings: Vec<Finding>,
}

/// What is known of a page before it is parsed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PageHead {
    /// Page space the page will have, and its upright paper size in inches where it has one.
    Sized { space: PageSpace, inches: Option<(f64, f64)> },
    /// Nothing could be had of this page.
    Broken { reason: String },
}

/// Why a file is no plan set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    pub reason: RejectReason,
    /// One sentence for the person who uploaded it.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    Damaged,
    Empty,
    Password,
    Unsupported,
    /// A limit of [`ParseLimits`] forbids it.
    TooLarge,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PageOutcome {
    Parsed(ParsedPage),
    /// The page failed for good; the message names the limit or the damage.
    Failed {
        code: String,
        message: String,
    },
}

/// File names are relative to the request's `out_dir`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParsedPage {
    pub space: PageSpace,
    pub inches: Option<(f64, f64)>,
    /// Encoded [`crate::page::display::DisplayList`].
    pub list_file: String,
    pub image_file: String,
    pub thumbnail_file: String,
    /// Whether there are vectors to match on; otherwise a picture carries the page's content.
    pub is_vector: bool,
    pub path_count: u64,
    pub word_count: u64,
    pub findings: Vec<Finding>,
}
