//! Picture files: every frame is a page at its own pixels, upright and square.

mod exif;
mod jpeg;
mod png;
mod resolution;
#[cfg(test)]
mod resolution_tests;
mod rows;
mod square;
mod stated;
mod tiff;
mod upright;

use std::io::Write;

use sha2::{Digest, Sha256};

use super::display::{DisplayList, ImagePlacement, PageKind};
use super::image_out::{ImageHead, RowFormat, write_images};
use super::open::{FileBytes, PageFailure, ParseError, ParsedContent, rejected};
use super::request::{FileType, Opened, PageHead, ParseLimits, RejectReason, Rejected};
use super::strokes;
use super::weight::PageWeight;
use crate::budget::Budget;
use crate::found::Finding;
use crate::geom::{ListRect, PageSpace};
pub(crate) use resolution::is_like_a_sheet;
use resolution::{Density, Judged};
use rows::{PageRows, Rows};
use square::Square;
use upright::Turn;

/// An open picture file.
pub(super) struct RasterFile {
    bytes: FileBytes,
    file_type: FileType,
    frames: Vec<Result<Frame, PageFailure>>,
    /// Hash of the file, once somebody asked.
    digest: Option<[u8; 32]>,
}

/// What the head of a frame says.
#[derive(Debug, Clone)]
struct Frame {
    /// Pixels of a stored row, and rows.
    stored: (u32, u32),
    turn: Turn,
    /// Pixels of the page: upright and square.
    width: u32,
    height: u32,
    format: RowFormat,
    dpi: Option<f64>,
    findings: Vec<Finding>,
}

impl Frame {
    /// A frame of `stored` pixels a row and rows, whose density is given along these. Refuses one beyond the limit
    /// before anything is decoded.
    fn new(
        stored: (u32, u32),
        format: RowFormat,
        density: Option<Density>,
        turn: Turn,
        limits: &ParseLimits,
    ) -> Result<Self, PageFailure> {
        let pixels = u64::from(stored.0) * u64::from(stored.1);
        if pixels == 0 {
            return Err(PageFailure::new("image_damaged", "The picture has no pixels."));
        }
        if pixels > limits.max_pixels {
            return Err(PageFailure::new(
                "image_too_large",
                format!(
                    "The picture has {} x {} pixels; the limit is {} pixels.",
                    stored.0, stored.1, limits.max_pixels
                ),
            ));
        }
        let upright = density.map(|density| density.turned(turn));
        let Judged { size: (width, height), dpi, mut findings } =
            resolution::judged(turn.pair(stored), upright, limits.max_pixels);
        if turn != Turn::UPRIGHT {
            let said = "The file says that its picture is stored turned or mirrored: it is shown upright.";
            findings.push(Finding::new("picture_turned", said));
        }
        Ok(Self { stored, turn, width, height, format, dpi, findings })
    }

    fn space(&self) -> PageSpace {
        PageSpace::of_raster(self.width, self.height, self.dpi)
    }

    fn inches(&self) -> Option<(f64, f64)> {
        self.dpi.map(|dpi| (f64::from(self.width) / dpi, f64::from(self.height) / dpi))
    }

    /// Pixels of the page.
    fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// What brings its pixels to square ones, where they are not.
    fn square(&self) -> Option<Square> {
        let (upright, page) = (self.turn.pair(self.stored), (self.width, self.height));
        (upright != page).then(|| Square::new(upright, page, self.format.channels()))
    }
}

impl RasterFile {
    pub(super) fn open(
        bytes: FileBytes,
        file_type: FileType,
        limits: &ParseLimits,
    ) -> Result<(Self, Opened), Rejected> {
        let data = (*bytes).as_ref();
        let frames = match file_type {
            FileType::Tiff => tiff::frames(data, limits)?,
            FileType::Jpeg => vec![single(jpeg::frame(data, limits))?],
            FileType::Png | FileType::Pdf => vec![single(png::frame(data, limits))?],
        };
        let pages = frames
            .iter()
            .map(|frame| match frame {
                Ok(frame) => PageHead::Sized { space: frame.space(), inches: frame.inches() },
                Err(failure) => PageHead::Broken { reason: failure.message.clone() },
            })
            .collect();
        Ok((Self { bytes, file_type, frames, digest: None }, Opened { pages, findings: Vec::new() }))
    }

    /// What the frame's result depends on, beside the limits: the whole file, which is mostly one picture.
    pub(super) fn content_key(&mut self, index: u32) -> [u8; 32] {
        let file = *self.digest.get_or_insert_with(|| Sha256::digest((*self.bytes).as_ref()).into());
        let mut hash = Sha256::new();
        hash.update(self.file_type.extension());
        hash.update(index.to_le_bytes());
        hash.update(file);
        hash.finalize().into()
    }

    /// What parsing the frame will take, told by its head.
    pub(super) fn weigh(&self, index: u32) -> Result<PageWeight, PageFailure> {
        let frame = self.frame(index)?;
        let pixels = frame.pixels();
        let stored = u64::from(frame.stored.0) * u64::from(frame.stored.1);
        let traced_pixels = if pixels <= strokes::MAX_TRACED_PIXELS { pixels } else { 0 };
        // Its rows go out as they are decoded; what is traced is more than that. Not so where all are needed at once,
        // or where the page has fewer.
        let held = if frame.turn.needs_all() { stored } else { stored.saturating_sub(pixels) };
        let picture_pixels = pixels - traced_pixels + held;
        Ok(PageWeight { picture_pixels, traced_pixels, ..PageWeight::default() })
    }

    pub(super) fn walk_page(&self, index: u32) -> Result<ParsedContent, PageFailure> {
        let frame = self.frame(index)?;
        let mut list = DisplayList::empty(frame.space(), PageKind::Raster);
        let bounds = ListRect { left: 0.0, top: 0.0, right: frame.width as f32, bottom: frame.height as f32 };
        list.images.push(ImagePlacement { width: frame.width, height: frame.height, bounds });
        list.findings.clone_from(&frame.findings);
        Ok(ParsedContent { list, inches: frame.inches() })
    }

    pub(super) fn parse_page(
        &self,
        index: u32,
        limits: &ParseLimits,
        budget: &Budget,
        image: &mut dyn Write,
        thumbnail: &mut dyn Write,
    ) -> Result<ParsedContent, ParseError> {
        let frame = self.frame(index)?;
        let mut content = self.walk_page(index)?;
        let data = (*self.bytes).as_ref();
        let head =
            ImageHead { width: frame.width, height: frame.height, format: frame.format, dpi: frame.dpi };
        let mut complete = true;
        let traced = frame.pixels() <= strokes::MAX_TRACED_PIXELS;
        let mut gray = Vec::with_capacity(if traced { frame.pixels() as usize } else { 0 });
        write_images::<ParseError>(head, image, thumbnail, |sink| {
            let gray = traced.then_some((&mut gray, frame.format));
            let mut rows = Rows::of(frame, PageRows { sink, gray }, budget);
            match self.file_type {
                FileType::Tiff => tiff::decode(data, index, limits, &mut rows)?,
                FileType::Jpeg => {
                    complete = jpeg::is_complete(data);
                    jpeg::decode(data, frame, &mut rows)?;
                }
                FileType::Png | FileType::Pdf => png::decode(data, limits, &mut rows)?,
            }
            rows.finish()
        })?;
        if !complete {
            content.list.findings.push(Finding::new(
                "image_cut_off",
                "The picture file has no end mark: its lower part may be missing.",
            ));
        }
        let list = &mut content.list;
        if traced {
            strokes::add(list, frame.width as usize, frame.height as usize, &mut gray, budget);
        } else {
            strokes::not_traced(list, &format!("it has more than {} pixels", strokes::MAX_TRACED_PIXELS));
        }
        Ok(content)
    }

    fn frame(&self, index: u32) -> Result<&Frame, PageFailure> {
        match self.frames.get(index as usize) {
            Some(frame) => frame.as_ref().map_err(Clone::clone),
            None => Err(PageFailure::new("no_such_page", "The file has no such frame.")),
        }
    }
}

/// The one frame of a file that cannot have more: without it there is no document.
fn single(frame: Result<Frame, PageFailure>) -> Result<Result<Frame, PageFailure>, Rejected> {
    frame.map(Ok).map_err(|failure| {
        let reason = match failure.code {
            "image_too_large" => RejectReason::TooLarge,
            "image_unsupported" => RejectReason::Unsupported,
            _ => RejectReason::Damaged,
        };
        rejected(reason, failure.message)
    })
}

/// What is wrong with a picture, in plain words: what decoders say of it names their own insides.
const CUT_OFF: &str = "the file ends before the picture does";
const GARBLED: &str = "its data is damaged";
const TOO_MUCH: &str = "it unpacks to more than the limit";

fn damaged(what: impl std::fmt::Display) -> PageFailure {
    PageFailure::new("image_damaged", format!("The picture cannot be read: {what}."))
}

fn unsupported(what: impl std::fmt::Display) -> PageFailure {
    PageFailure::new("image_unsupported", format!("This kind of picture cannot be read: {what}."))
}

/// A sample seen through `alpha` over white paper.
fn over_white(sample: u8, alpha: u8) -> u8 {
    let (sample, alpha) = (u32::from(sample), u32::from(alpha));
    ((sample * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}
