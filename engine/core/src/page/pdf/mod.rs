//! PDF pages, read and rendered by hayro.

mod bounds;
mod coats;
mod cover;
mod cut;
mod fit;
mod ground;
mod held;
mod kept;
mod key;
mod layers;
mod names;
mod objects;
mod oddities;
mod opacity;
mod operands;
mod outline;
mod packed;
mod render;
mod sample;
mod shade;
mod sight;
mod spelling;
mod tally;
mod text;
mod through;
mod unpack;
mod unpack_codes;
mod uses;
mod veil;
mod walk;
mod weigh;
mod whole;

use std::io::Write;
use std::sync::Arc;

use hayro_interpret::{InterpreterSettings, TransformExt};
use hayro_syntax::object::ObjectIdentifier;
use hayro_syntax::page::Page;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf, PdfData};
use kurbo::Affine;
use rustc_hash::FxHashSet;

use render::Ink;
use unpack::ContentState;
use whole::Faulty;

use super::open::{FileBytes, PageFailure, ParseError, ParsedContent, rejected};
use super::request::{Opened, PageHead, ParseLimits, RejectReason, Rejected};
use crate::budget::Budget;
use crate::found::Finding;
use crate::geom::{ListRect, POINTS_PER_INCH, PageSpace};
use crate::page::display::{DisplayList, PageKind};
use crate::page::strokes;
use crate::page::weight::PageWeight;

/// Unpacked content that an open file keeps before it is opened anew. The reader never lets go of a
/// page's content stream by itself.
const REOPEN_BYTES: usize = 16 * 1024 * 1024;
/// A page's picture is traced at this resolution at most: finer is grain.
const FINEST_DPI: f64 = 300.0;
/// What pictures may take that the weight of a page did not foretell, bytes: of a few drawn here and there.
const UNFORETOLD_BYTES: u64 = 16 * 1024 * 1024;

/// An open PDF file.
pub(super) struct PdfFile {
    bytes: FileBytes,
    pdf: Pdf,
    /// Content streams that `pdf` holds unpacked.
    kept_bytes: usize,
    /// Streams known to unpack within the limit.
    checked_streams: FxHashSet<ObjectIdentifier>,
    /// Hashes of streams that pages share.
    known_streams: key::KnownStreams,
    /// Which streams are whole.
    known_states: whole::KnownStates,
    /// Damaged streams of objects: what any page draws may have been in them.
    faulty_objects: Vec<Faulty>,
    /// Where pages are drawn. Fresh memory for each costs as much as drawing on it.
    pixels: Vec<u8>,
    /// What a page may take of memory, bytes.
    granted: u64,
}

/// Lends shared bytes to the reader.
struct Shared(FileBytes);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

fn load(bytes: &FileBytes) -> Result<Pdf, LoadPdfError> {
    Pdf::new(PdfData::from(Arc::new(Shared(Arc::clone(bytes)))))
}

/// Size of a page, and the way from its user space to list space.
struct Geometry {
    space: PageSpace,
    inches: (f64, f64),
    to_list: Affine,
}

impl PdfFile {
    pub(super) fn open(bytes: FileBytes, limits: &ParseLimits) -> Result<(Self, Opened), Rejected> {
        let pdf = load(&bytes).map_err(refusal)?;
        let count = pdf.pages().len();
        if count == 0 {
            return Err(rejected(
                RejectReason::Empty,
                "The file has no pages that can be found: it is empty, damaged or cut off.",
            ));
        }
        if count > limits.max_pages as usize {
            return Err(rejected(
                RejectReason::TooLarge,
                format!("The file has {count} pages; the limit is {}.", limits.max_pages),
            ));
        }
        let pages = pdf
            .pages()
            .iter()
            .map(|page| match geometry(page, limits) {
                Ok(g) => PageHead::Sized { space: g.space, inches: Some(g.inches) },
                Err(failure) => PageHead::Broken { reason: failure.message },
            })
            .collect();
        let mut findings = oddities::of_file(&pdf, (*bytes).as_ref(), count);
        let faulty_objects = objects::faulty(&pdf, &*bytes);
        findings.extend(objects::finding(&faulty_objects));
        Ok((
            Self {
                bytes,
                pdf,
                kept_bytes: 0,
                checked_streams: FxHashSet::default(),
                known_streams: key::KnownStreams::default(),
                known_states: whole::KnownStates::default(),
                faulty_objects,
                pixels: Vec::new(),
                granted: u64::MAX,
            },
            Opened { pages, findings },
        ))
    }

    /// What the page's result depends on, beside the limits; `None` where that cannot be told.
    pub(super) fn content_key(&mut self, index: u32) -> Option<[u8; 32]> {
        if !self.faulty_objects.is_empty() {
            return None;
        }
        key::content_key(page_at(&self.pdf, index).ok()?, &mut self.known_streams)
    }

    /// What parsing the page will take, told by its objects.
    pub(super) fn weigh(&self, index: u32, limits: &ParseLimits) -> Result<PageWeight, PageFailure> {
        let page = page_at(&self.pdf, index)?;
        Ok(weigh::weigh(page, &geometry(page, limits)?, limits))
    }

    pub(super) fn grant(&mut self, bytes: u64) {
        self.granted = bytes;
    }

    pub(super) fn walk_page(
        &mut self,
        index: u32,
        limits: &ParseLimits,
        budget: &Budget,
    ) -> Result<ParsedContent, PageFailure> {
        let page = page_at(&self.pdf, index)?;
        let geometry = geometry(page, limits)?;
        // Before the content is touched: from here on, the reader unpacks it whole.
        let mut content = unpack::check_page(page, &mut self.checked_streams, limits)?;
        let known = &mut self.known_states;
        let faulty = whole::faulty_streams(page, &content, known, limits, budget)?;
        content.faulty.extend(faulty);
        content.faulty.extend(self.faulty_objects.iter().cloned());
        let walked = display_list(page, &geometry, &content, limits, budget);
        let kept = kept_bytes(page);
        self.let_go(kept);
        Ok(ParsedContent { list: walked?.0, inches: Some(geometry.inches) })
    }

    pub(super) fn parse_page(
        &mut self,
        index: u32,
        limits: &ParseLimits,
        budget: &Budget,
        image: &mut dyn Write,
        thumbnail: &mut dyn Write,
    ) -> Result<ParsedContent, ParseError> {
        let page = page_at(&self.pdf, index)?;
        let geometry = geometry(page, limits)?;
        // Before the content is touched: from here on, the reader unpacks it whole.
        let mut content = unpack::check_page(page, &mut self.checked_streams, limits)?;
        let known = &mut self.known_states;
        let faulty = whole::faulty_streams(page, &content, known, limits, budget)?;
        content.faulty.extend(faulty);
        content.faulty.extend(self.faulty_objects.iter().cloned());
        let walked = display_list(page, &geometry, &content, limits, budget);
        let granted = self.granted;
        let rendered = walked.map_err(ParseError::from).and_then(|(mut list, ink)| {
            let drawn_bytes = ink.pictures.bytes(list.kind == PageKind::Raster);
            if drawn_bytes > UNFORETOLD_BYTES {
                let weight = PageWeight { drawn_bytes, ..weigh::weigh(page, &geometry, limits) };
                if weight.likely_bytes() > granted {
                    return Err(ParseError::Heavier(weight));
                }
            }
            let pixels = &mut self.pixels;
            let blank = render::render(page, &geometry, ink, settings(), budget, pixels, (image, thumbnail))?;
            if blank && unpack::has_content(page) {
                list.findings.push(Finding::new(
                    "page_renders_empty",
                    "The page comes out empty although its content is not: it may be damaged, cut off or hidden.",
                ));
            }
            if list.kind == PageKind::Raster {
                let times = traced_at(&list);
                let (width, height, mut gray) =
                    render::gray(page, &geometry, times, settings(), budget, &mut self.pixels)?;
                strokes::add(&mut list, width, height, &mut gray, budget);
            }
            Ok(list)
        });
        let kept = kept_bytes(page);
        self.let_go(kept);
        Ok(ParsedContent { list: rendered?, inches: Some(geometry.inches) })
    }

    /// Accounts for a page's unpacked content; past the limit the file is opened anew, which frees it.
    fn let_go(&mut self, bytes: usize) {
        self.kept_bytes += bytes;
        if self.kept_bytes > REOPEN_BYTES
            && let Ok(fresh) = load(&self.bytes)
        {
            self.pdf = fresh;
            self.kept_bytes = 0;
        }
    }
}

fn page_at(pdf: &Pdf, index: u32) -> Result<&Page<'_>, PageFailure> {
    pdf.pages()
        .get(index as usize)
        .ok_or_else(|| PageFailure::new("no_such_page", "The file has no such page."))
}

/// Unpacked content that the reader holds for a page that was walked.
fn kept_bytes(page: &Page<'_>) -> usize {
    page.page_stream().map_or(0, <[u8]>::len)
}

fn refusal(error: LoadPdfError) -> Rejected {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => rejected(
            RejectReason::Password,
            "The file opens only with a password. Save a copy without one and upload that.",
        ),
        LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => {
            rejected(RejectReason::Unsupported, "The file is encrypted in a way that cannot be read.")
        }
        LoadPdfError::Decryption(DecryptionError::MissingIDEntry | DecryptionError::InvalidEncryption) => {
            rejected(RejectReason::Damaged, "The file's encryption is damaged.")
        }
        LoadPdfError::Invalid => {
            rejected(RejectReason::Damaged, "The file is damaged: it cannot be read as a PDF.")
        }
    }
}

/// Interpreter settings of both passes: what the page itself draws, and its annotations as shown.
fn settings() -> InterpreterSettings {
    InterpreterSettings::default()
}

fn geometry(page: &Page<'_>, limits: &ParseLimits) -> Result<Geometry, PageFailure> {
    let unit = oddities::user_unit(page).unwrap_or(1.0);
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width) * unit, f64::from(height) * unit);
    let max_side = f64::from(limits.max_page_side_pt);
    let too_large = width.max(height) > max_side;
    let space = PageSpace::of_points_within(width, height, limits.max_page_pixels as f64);
    let space = space.filter(|_| !too_large).ok_or_else(|| {
        PageFailure::new(
            "page_size",
            format!(
                "The page claims to be {:.0} x {:.0} inches; the limit is {:.0} inches a side.",
                width / POINTS_PER_INCH,
                height / POINTS_PER_INCH,
                max_side / POINTS_PER_INCH
            ),
        )
    })?;
    let to_list = Affine::scale(unit) * page.initial_transform(true).to_kurbo();
    Ok(Geometry { space, inches: (width / POINTS_PER_INCH, height / POINTS_PER_INCH), to_list })
}

/// The page's display list, and what it foretells of the rendering.
fn display_list(
    page: &Page<'_>,
    geometry: &Geometry,
    content: &ContentState,
    limits: &ParseLimits,
    budget: &Budget,
) -> Result<(DisplayList, Ink), PageFailure> {
    let walked = walk::walk(page, geometry.space, geometry.to_list, settings(), limits, budget)?;
    let mut list = walked.list;
    list.kind = kind(&list);
    list.findings.extend(oddities::of_page(page));
    list.findings.extend(layers::hidden_layers(page));
    list.findings.extend(content.finding());
    list.findings.extend(whole::finding(&content.faulty));
    if walked.unreadable_glyphs > 0 {
        list.findings.push(Finding::new(
            "text_without_unicode",
            format!(
                "{} of {} characters have no readable value in the file; text that holds them cannot be read.",
                walked.unreadable_glyphs, walked.glyphs
            ),
        ));
    }
    if walked.not_finite > 0 {
        list.findings.push(Finding::new(
            "coordinates_not_finite",
            format!(
                "{} drawing operations were left out: their coordinates are no numbers.",
                walked.not_finite
            ),
        ));
    }
    if !walked.all_looked_at {
        list.findings.push(Finding::new(
            "hidden_parts_kept",
            "The page holds more opaque areas or clips than are looked at: what lies under some of them may \
             be counted.",
        ));
    }
    if walked.unsure > 0 {
        list.findings.push(Finding::new(
            "visibility_unsure",
            format!(
                "Of {} parts of the page it cannot be told whether they show, or what they hide (soft masks, \
                 shadings, pictures with gaps, covers that are nearly opaque): what may be seen is taken for there.",
                walked.unsure
            ),
        ));
    }
    Ok((list, Ink { bytes: walked.ink_bytes, pictures: walked.kept, coloured: walked.coloured }))
}

/// How many times the page's resolution its picture has, as far as that helps tracing: finer than this is
/// grain.
fn traced_at(list: &DisplayList) -> f64 {
    let space = &list.space;
    let area = |b: &ListRect| f64::from(b.width()) * f64::from(b.height());
    let largest = list.images.iter().max_by(|p, q| area(&p.bounds).total_cmp(&area(&q.bounds)));
    let native = largest.map_or(1.0, |i| {
        let pixels = f64::from(i.width) * f64::from(i.height);
        (pixels / area(&i.bounds).max(f64::MIN_POSITIVE)).sqrt() / space.px_per_unit
    });
    let finest = FINEST_DPI / space.dpi.unwrap_or(FINEST_DPI);
    let pixels = f64::from(space.width_px) * f64::from(space.height_px);
    let largest = (strokes::MAX_TRACED_PIXELS as f64 / pixels).sqrt();
    native.min(finest).max(1.0).min(largest)
}

/// A page is a picture where pictures cover most of it and next to nothing is drawn over them. Text
/// does not count: scans carry a recognised text layer.
fn kind(list: &DisplayList) -> PageKind {
    const COVERED: f64 = 0.5;
    const FEW_PATHS: usize = 60;
    let per_unit = list.space.px_per_unit;
    let page = f64::from(list.space.width_px) * f64::from(list.space.height_px) / (per_unit * per_unit);
    let covered: f64 =
        list.images.iter().map(|i| f64::from(i.bounds.width()) * f64::from(i.bounds.height())).sum();
    if covered >= COVERED * page && list.paths.len() <= FEW_PATHS {
        PageKind::Raster
    } else {
        PageKind::Vector
    }
}

#[cfg(test)]
mod tests {
    use pdf_writer::{Content, Rect, Ref};

    use super::*;

    fn drawing(red: f32) -> FileBytes {
        let mut pdf = pdf_writer::Pdf::new();
        let (catalog, tree, page, content) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
        pdf.catalog(catalog).pages(tree);
        pdf.pages(tree).kids([page]).count(1);
        pdf.page(page).parent(tree).media_box(Rect::new(0.0, 0.0, 120.0, 200.0)).contents(content);
        let mut lines = Content::new();
        lines.set_stroke_rgb(red, 0.0, 0.0).set_line_width(3.0);
        lines.move_to(5.0, 5.0).line_to(110.0, 190.0).stroke();
        lines.rect(20.0, 20.0, 60.0, 150.0).stroke();
        pdf.stream(content, &lines.finish());
        Arc::new(pdf.finish())
    }

    /// The page image rendered with this much ink: colour type and pixels.
    fn rendered(bytes: FileBytes, ink_bytes: f64) -> (png::ColorType, Vec<u8>) {
        let limits = ParseLimits::default();
        let (file, _) = PdfFile::open(bytes, &limits).unwrap();
        let page = page_at(&file.pdf, 0).unwrap();
        let geometry = geometry(page, &limits).unwrap();
        let content = ContentState::default();
        let (_, ink) = display_list(page, &geometry, &content, &limits, &Budget::unlimited()).unwrap();
        let ink = Ink { bytes: ink_bytes, ..ink };
        let (mut image, mut small): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
        let (budget, mut pixels) = (Budget::unlimited(), vec![7; 1 << 20]);
        let blank =
            render::render(page, &geometry, ink, settings(), &budget, &mut pixels, (&mut image, &mut small))
                .unwrap();
        assert!(!blank);
        let mut reader = png::Decoder::new(std::io::Cursor::new(image)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.color_type, pixels)
    }

    #[test]
    fn bands_make_the_same_picture_as_one_go() {
        for (red, color) in [(0.0, png::ColorType::Grayscale), (1.0, png::ColorType::Rgb)] {
            let whole = rendered(drawing(red), 0.0);
            let banded = rendered(drawing(red), 1e15);
            assert_eq!((whole.0, banded.0), (color, color));
            assert!(whole.1 == banded.1, "the bands' pixels differ");
        }
    }
}
