//! An opened drawing file: its pages' sizes, and the parse of each page on demand.

use std::io::{self, Write};
use std::sync::Arc;

use super::display::DisplayList;
use super::key::PageKey;
use super::pdf::PdfFile;
use super::raster::RasterFile;
use super::request::{FileType, Opened, PageHead, ParseLimits, RejectReason, Rejected};
use super::weight::PageWeight;
use crate::budget::Budget;

/// The bytes of a file: a vector, or a read-only mapping.
pub trait Bytes: AsRef<[u8]> + Send + Sync {
    /// What was read so far need not stay in memory, if it can be read again. Said while the whole of a file is read, of
    /// which else all would be held.
    fn let_go(&self) {}
}

impl Bytes for Vec<u8> {}

/// The bytes of a file, kept for as long as it is open.
pub type FileBytes = Arc<dyn Bytes>;

/// Why a page of an accepted file has no content to give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PageFailure {
    /// Stable code, `snake_case`.
    pub code: &'static str,
    /// One sentence for a person, naming the limit or the damage.
    pub message: String,
}

impl PageFailure {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Why [`OpenedFile::parse_page`] gave no page.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The page's own fault: it fails again however often it is tried.
    #[error(transparent)]
    Page(#[from] PageFailure),
    /// The page was walked and not drawn: it takes more memory than was granted (see [`OpenedFile::grant`]).
    #[error("the page takes more memory than was granted: {} bytes", .0.likely_bytes())]
    Heavier(PageWeight),
    /// The caller's sink refused the bytes of an image.
    #[error("the page image cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// A parsed page; its image and thumbnail went to the caller's sinks.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedContent {
    pub list: DisplayList,
    /// Upright paper size, where the file states one.
    pub inches: Option<(f64, f64)>,
}

/// A file that was recognised and whose pages are known by number and size.
pub struct OpenedFile {
    opened: Opened,
    source: Source,
}

enum Source {
    Pdf(PdfFile),
    Raster(RasterFile),
}

/// Reads the file's structure, not the content of its pages.
pub fn open(bytes: FileBytes, file_type: FileType, limits: &ParseLimits) -> Result<OpenedFile, Rejected> {
    let (source, opened) = match file_type {
        FileType::Pdf => {
            let (file, opened) = PdfFile::open(bytes, limits)?;
            (Source::Pdf(file), opened)
        }
        FileType::Tiff | FileType::Png | FileType::Jpeg => {
            let (file, opened) = RasterFile::open(bytes, file_type, limits)?;
            (Source::Raster(file), opened)
        }
    };
    Ok(OpenedFile { opened, source })
}

pub(super) fn rejected(reason: RejectReason, message: impl Into<String>) -> Rejected {
    Rejected { reason, message: message.into() }
}

impl OpenedFile {
    /// Heads of all pages, in order, and what was noticed of the file as a whole.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The key of what [`OpenedFile::parse_page`] gives for a page under these limits, without parsing it.
    /// `None` where there is no telling: a page that cannot be had, an encrypted file, odd objects.
    pub fn page_key(&mut self, index: u32, limits: &ParseLimits) -> Option<PageKey> {
        self.check_head(index).ok()?;
        let content = match &mut self.source {
            Source::Pdf(file) => file.content_key(index)?,
            Source::Raster(file) => file.content_key(index),
        };
        PageKey::of(content, limits)
    }

    /// What [`OpenedFile::parse_page`] will take of memory, told without parsing anything.
    ///
    /// # Errors
    /// As that of the page itself.
    pub fn weigh_page(&self, index: u32, limits: &ParseLimits) -> Result<PageWeight, PageFailure> {
        self.check_head(index)?;
        match &self.source {
            Source::Pdf(file) => file.weigh(index, limits),
            Source::Raster(file) => file.weigh(index),
        }
    }

    /// What each page may take of memory from now on, bytes; without a word, any. [`OpenedFile::parse_page`] ends with
    /// [`ParseError::Heavier`] where a page turns out to take more than that, which its weight could not tell: how often
    /// and how large it draws its pictures shows when it is walked.
    pub fn grant(&mut self, bytes: u64) {
        if let Source::Pdf(file) = &mut self.source {
            file.grant(bytes);
        }
    }

    /// The display list of a page (`index` counts from 0) without its image.
    pub fn walk_page(
        &mut self,
        index: u32,
        limits: &ParseLimits,
        budget: &Budget,
    ) -> Result<ParsedContent, PageFailure> {
        self.check_head(index)?;
        match &mut self.source {
            Source::Pdf(file) => file.walk_page(index, limits, budget),
            Source::Raster(file) => file.walk_page(index),
        }
    }

    /// The display list of a page; its image goes to `image` as a PNG of the page space's size, its
    /// thumbnail (longest edge [`super::THUMBNAIL_EDGE_PX`]) to `thumbnail` as a PNG.
    pub fn parse_page(
        &mut self,
        index: u32,
        limits: &ParseLimits,
        budget: &Budget,
        image: &mut dyn Write,
        thumbnail: &mut dyn Write,
    ) -> Result<ParsedContent, ParseError> {
        self.check_head(index)?;
        match &mut self.source {
            Source::Pdf(file) => file.parse_page(index, limits, budget, image, thumbnail),
            Source::Raster(file) => file.parse_page(index, limits, budget, image, thumbnail),
        }
    }

    fn check_head(&self, index: u32) -> Result<(), PageFailure> {
        match self.opened.pages.get(index as usize) {
            Some(PageHead::Sized { .. }) => Ok(()),
            Some(PageHead::Broken { reason }) => Err(PageFailure::new("page_unreadable", reason.clone())),
            None => Err(PageFailure::new(
                "no_such_page",
                format!("The file has {} pages, not {}.", self.opened.pages.len(), u64::from(index) + 1),
            )),
        }
    }
}
