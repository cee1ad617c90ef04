//! How much a page's streams unpack to, before anything unpacks them for good.
//!
//! The reader unpacks every stream whole, so a stream of a few hundred kilobytes can ask for gigabytes.
//! Deflate grows a stream at most 1,032 times, so only streams that could pass the limit are measured.
//! What hides behind other filters is left to the process's memory limit.

use std::io::Read;

use flate2::read::ZlibDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use hayro_syntax::Filter;
use hayro_syntax::content::ops::TypedInstruction;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, ObjectIdentifier, Stream};
use hayro_syntax::page::Page;
use rustc_hash::FxHashSet;

use crate::page::PageFailure;
use crate::page::request::ParseLimits;

/// Deflate's largest growth.
const DEFLATE_GROWTH: u64 = 1_032;
/// Resources of resources are looked into this deep.
const MAX_DEPTH: u32 = 16;
const CHUNK_BYTES: usize = 64 * 1024;

/// What a look at a page's content told.
pub(super) struct ContentState {
    /// A content stream ends before its packed data says it should, or is named and not there.
    pub(super) cut_off: bool,
}

/// Refuses the page if one of its streams, or its content streams together, unpack to more than
/// `limits.max_stream_bytes`. `known` holds streams that passed before.
pub(super) fn check_page(
    page: &Page<'_>,
    known: &mut FxHashSet<ObjectIdentifier>,
    limits: &ParseLimits,
) -> Result<ContentState, PageFailure> {
    let mut unpacked = 0;
    let streams = content_streams(page);
    let mut cut_off = streams.len() < named_streams(page);
    for stream in streams {
        let size = measure(&stream, limits.max_stream_bytes);
        unpacked += size.bytes;
        cut_off |= size.cut_off;
        if unpacked > limits.max_stream_bytes {
            return Err(too_large("The page's content", limits));
        }
    }
    check_resources(page.raw(), known, limits, 0)?;
    let resources = page.resources();
    for streams in [&resources.x_objects, &resources.patterns] {
        check_streams(streams, known, limits, 0)?;
    }
    Ok(ContentState { cut_off })
}

fn too_large(what: &str, limits: &ParseLimits) -> PageFailure {
    PageFailure::new(
        "stream_too_large",
        format!("{what} unpacks to more than {} bytes, the limit.", limits.max_stream_bytes),
    )
}

fn check_resources(
    owner: &Dict<'_>,
    known: &mut FxHashSet<ObjectIdentifier>,
    limits: &ParseLimits,
    depth: u32,
) -> Result<(), PageFailure> {
    let Some(resources) = owner.get::<Dict<'_>>(b"Resources") else {
        return Ok(());
    };
    for kind in [&b"XObject"[..], b"Pattern"] {
        if let Some(streams) = resources.get::<Dict<'_>>(kind) {
            check_streams(&streams, known, limits, depth)?;
        }
    }
    Ok(())
}

fn check_streams(
    streams: &Dict<'_>,
    known: &mut FxHashSet<ObjectIdentifier>,
    limits: &ParseLimits,
    depth: u32,
) -> Result<(), PageFailure> {
    if depth > MAX_DEPTH {
        return Ok(());
    }
    for (name, value) in streams.entries() {
        // Streams are always referred to; a pattern without a stream packs nothing.
        let MaybeRef::Ref(reference) = value else { continue };
        if !known.insert(reference.into()) {
            continue;
        }
        if let Some(stream) = streams.get::<Stream<'_>>(name) {
            check_stream(&stream, limits)?;
            check_resources(stream.dict(), known, limits, depth + 1)?;
        }
    }
    Ok(())
}

fn check_stream(stream: &Stream<'_>, limits: &ParseLimits) -> Result<(), PageFailure> {
    let dict = stream.dict();
    let masks = [&b"SMask"[..], b"Mask"].into_iter().filter_map(|key| dict.get::<Stream<'_>>(key));
    for stream in masks.chain([stream.clone()]) {
        if could_exceed(&stream, limits.max_stream_bytes)
            && measure(&stream, limits.max_stream_bytes).bytes > limits.max_stream_bytes
        {
            let what = match stream.dict().get::<Name<'_>>(b"Subtype") {
                Some(kind) if kind.as_ref() == b"Image" => "A picture on the page",
                _ => "A part of the page's content",
            };
            return Err(too_large(what, limits));
        }
    }
    Ok(())
}

/// Number of deflate filters that the stream starts with.
fn deflate_depth(stream: &Stream<'_>) -> usize {
    stream.filters().iter().take_while(|filter| **filter == Filter::FlateDecode).count()
}

fn could_exceed(stream: &Stream<'_>, limit: u64) -> bool {
    match deflate_depth(stream) {
        0 => false,
        1 => (stream.raw_data().len() as u64).saturating_mul(DEFLATE_GROWTH) > limit,
        _ => true,
    }
}

struct Size {
    /// Unpacked bytes, counted no further than just past the limit.
    bytes: u64,
    cut_off: bool,
}

fn measure(stream: &Stream<'_>, limit: u64) -> Size {
    let raw = stream.raw_data();
    match deflate_depth(stream) {
        0 => Size { bytes: raw.len() as u64, cut_off: false },
        1 => inflate(&raw, limit),
        depth => {
            let mut reader: Box<dyn Read + '_> = Box::new(&*raw);
            for _ in 0..depth {
                reader = Box::new(ZlibDecoder::new(reader));
            }
            // A stream that breaks off has no more bytes to give.
            let bytes = std::io::copy(&mut reader.take(limit + 1), &mut std::io::sink()).unwrap_or(0);
            Size { bytes, cut_off: false }
        }
    }
}

fn inflate(raw: &[u8], limit: u64) -> Size {
    // The body is inflated without zlib's frame: writers that leave the checksum out are common, and
    // nothing of the drawing is missing then.
    let has_head = |head: [u8; 2]| {
        head[0] & 0x0F == 8 && u16::from_be_bytes(head).is_multiple_of(31) && head[1] & 0x20 == 0
    };
    let mut body = match raw {
        [a, b, body @ ..] if has_head([*a, *b]) => body,
        _ => return Size { bytes: raw.len() as u64, cut_off: false },
    };
    let mut inflater = Decompress::new(false);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(body, &mut chunk, FlushDecompress::None);
        let consumed = usize::try_from(inflater.total_in() - before_in).unwrap_or(body.len());
        body = &body[consumed.min(body.len())..];
        let bytes = inflater.total_out();
        let stuck = consumed == 0 && bytes == before_out;
        match status {
            Ok(Status::StreamEnd) => return Size { bytes, cut_off: false },
            Ok(_) if bytes > limit => return Size { bytes, cut_off: false },
            Ok(_) if !stuck => {}
            Ok(_) | Err(_) => return Size { bytes, cut_off: true },
        }
    }
}

fn content_streams<'a>(page: &Page<'a>) -> Vec<Stream<'a>> {
    if let Some(stream) = page.raw().get::<Stream<'_>>(b"Contents") {
        return vec![stream];
    }
    page.raw().get::<Array<'_>>(b"Contents").map(|a| a.iter::<Stream<'_>>().collect()).unwrap_or_default()
}

/// How many content streams a page says that it has.
fn named_streams(page: &Page<'_>) -> usize {
    match page.raw().get::<Array<'_>>(b"Contents") {
        Some(all) => all.raw_iter().filter(|item| matches!(item, MaybeRef::Ref(_))).count(),
        None => usize::from(page.raw().get_ref(b"Contents").is_some()),
    }
}

/// Whether the page's content should leave a mark: it paints something, or it cannot be understood.
pub(super) fn has_content(page: &Page<'_>) -> bool {
    match page.page_stream() {
        None | Some([]) => content_streams(page).iter().any(|stream| !stream.raw_data().is_empty()),
        Some(bytes) => {
            let mut operations = page.typed_operations();
            let mut any = false;
            while let Some(operation) = operations.next() {
                any = true;
                if paints(&operation) {
                    return true;
                }
            }
            !any && bytes.iter().any(|b| !b.is_ascii_whitespace())
        }
    }
}

fn paints(operation: &TypedInstruction<'_, '_>) -> bool {
    use TypedInstruction as Op;
    matches!(
        operation,
        Op::StrokePath(_)
            | Op::CloseAndStrokePath(_)
            | Op::FillPathNonZero(_)
            | Op::FillPathNonZeroCompatibility(_)
            | Op::FillPathEvenOdd(_)
            | Op::FillAndStrokeNonZero(_)
            | Op::FillAndStrokeEvenOdd(_)
            | Op::CloseFillAndStrokeNonZero(_)
            | Op::CloseFillAndStrokeEvenOdd(_)
            | Op::ShowText(_)
            | Op::ShowTexts(_)
            | Op::NextLineAndShowText(_)
            | Op::ShowTextWithParameters(_)
            | Op::XObject(_)
            | Op::InlineImage(_)
            | Op::Shading(_)
    )
}
