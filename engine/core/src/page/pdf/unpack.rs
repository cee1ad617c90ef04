//! How much a page's streams unpack to, before anything unpacks them for good.
//!
//! The reader unpacks every stream whole, so a stream of a few hundred kilobytes can ask for gigabytes.
//! Deflate grows a stream at most 1,032 times, so only streams that could pass the limit are measured.
//! What hides behind other filters is left to the process's memory limit.

use hayro_syntax::Filter;
use hayro_syntax::content::ops::TypedInstruction;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, ObjectIdentifier, Stream};
use hayro_syntax::page::Page;
use rustc_hash::FxHashSet;

use super::fit;
use super::names::Names;
use super::packed::{self, Damage};
use super::whole::{Fault, Faulty, Kind, is_predicted};
use crate::found::Finding;
use crate::page::PageFailure;
use crate::page::request::ParseLimits;

/// Deflate's largest growth.
const DEFLATE_GROWTH: u64 = 1_032;
/// Resources of resources are looked into this deep.
const MAX_DEPTH: u32 = 16;

/// What a look at a page's content told.
#[derive(Debug, Default)]
pub(super) struct ContentState {
    /// A content stream ends before its packed data says it should, or is named and not there.
    pub(super) cut_off: bool,
    /// Objects that end so.
    pub(super) cut_objects: Vec<u32>,
    /// What is damaged in another way.
    pub(super) faulty: Vec<Faulty>,
    /// What of its resources the content may use.
    pub(super) names: Names,
}

impl ContentState {
    pub(super) fn finding(&self) -> Option<Finding> {
        let objects: Vec<String> = self.cut_objects.iter().map(u32::to_string).collect();
        let place =
            if objects.is_empty() { String::new() } else { format!(" (object {})", objects.join(", ")) };
        self.cut_off.then(|| {
            Finding::new(
                Finding::CONTENT_CUT_OFF,
                format!(
                    "The page's content{place} breaks off before its end: part of the drawing may be missing."
                ),
            )
        })
    }
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
    let mut state = ContentState { cut_off: streams.len() < named_streams(page), ..ContentState::default() };
    for stream in streams {
        if is_predicted(&stream) {
            state.names = Names::all();
        }
        let size = packed::examine(&stream, limits.max_stream_bytes, &mut |piece| {
            state.names.read(piece);
            true
        });
        state.names.close();
        if let Some(lack) = fit::lack_of_stream(&stream) {
            state.faulty.push(Faulty::new(Kind::Content, stream.obj_id(), Fault::Unfit(lack)));
        }
        unpacked += size.bytes;
        match size.damage {
            Some(Damage::CutOff) => {
                state.cut_off = true;
                state.cut_objects.push(stream.obj_id().obj_number);
            }
            Some(damage) => {
                let fault = Fault::Damaged(damage);
                state.faulty.push(Faulty::new(Kind::Content, stream.obj_id(), fault));
            }
            None => {}
        }
        if unpacked > limits.max_stream_bytes {
            return Err(too_large("The page's content", limits));
        }
    }
    check_resources(page.raw(), known, limits, 0)?;
    let resources = page.resources();
    for streams in [&resources.x_objects, &resources.patterns] {
        check_streams(streams, known, limits, 0)?;
    }
    Ok(state)
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
            && measure(&stream, limits.max_stream_bytes) > limits.max_stream_bytes
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

/// Unpacked bytes, counted no further than just past the limit.
pub(super) fn measure(stream: &Stream<'_>, limit: u64) -> u64 {
    packed::examine(stream, limit, &mut |_| true).bytes
}

pub(super) fn content_streams<'a>(page: &Page<'a>) -> Vec<Stream<'a>> {
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
