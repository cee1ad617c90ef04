//! What a page may draw, counted without drawing it.

use hayro_syntax::object::{Dict, MaybeRef, Name, ObjectIdentifier, Stream};
use hayro_syntax::page::Page;
use rustc_hash::FxHashSet;

use super::{Geometry, unpack};
use crate::page::request::ParseLimits;
use crate::page::strokes::MAX_TRACED_PIXELS;
use crate::page::weight::PageWeight;

/// Resources of resources are looked into this deep.
const MAX_DEPTH: u32 = 8;
/// Parts that are looked at; a page of more has content to match.
const MAX_PARTS: usize = 10_000;
/// A page whose own content is longer draws more than a picture page does.
const PICTURE_PAGE_BYTES: u64 = 512 * 1024;

/// Streams that were met, and what they come to.
struct Weighed<'l> {
    limits: &'l ParseLimits,
    met: FxHashSet<ObjectIdentifier>,
    weight: PageWeight,
}

pub(super) fn weigh(page: &Page<'_>, geometry: &Geometry, limits: &ParseLimits) -> PageWeight {
    let space = geometry.space;
    let mut weighed = Weighed { limits, met: FxHashSet::default(), weight: PageWeight::default() };
    weighed.weight.pixels = u64::from(space.width_px) * u64::from(space.height_px);
    for stream in unpack::content_streams(page) {
        weighed.content(&stream);
    }
    let own = weighed.weight.content_bytes;
    let resources = page.resources();
    for parts in [&resources.x_objects, &resources.patterns] {
        weighed.parts(parts, 0);
    }
    let mut weight = weighed.weight;
    if own <= PICTURE_PAGE_BYTES {
        weight.traced_pixels = weight.picture_pixels.min(MAX_TRACED_PIXELS);
    }
    weight
}

impl Weighed<'_> {
    fn content(&mut self, stream: &Stream<'_>) {
        let left = self.limits.max_stream_bytes.saturating_sub(self.weight.content_bytes);
        // Past the limit the page is refused, so it is not looked at any further.
        self.weight.content_bytes += unpack::measure(stream, left).min(left);
    }

    fn parts(&mut self, parts: &Dict<'_>, depth: u32) {
        for (name, value) in parts.entries() {
            let MaybeRef::Ref(reference) = value else { continue };
            if self.met.len() >= MAX_PARTS || !self.met.insert(reference.into()) {
                continue;
            }
            let Some(stream) = parts.get::<Stream<'_>>(name) else { continue };
            let dict = stream.dict();
            let is_picture = dict.get::<Name<'_>>(b"Subtype").is_some_and(|kind| kind.as_ref() == b"Image");
            if is_picture {
                let side = |key: &[u8]| dict.get::<u32>(key).map_or(0, u64::from);
                let pixels = side(b"Width").saturating_mul(side(b"Height"));
                self.weight.picture_pixels = self.weight.picture_pixels.max(pixels);
                continue;
            }
            self.content(&stream);
            if depth < MAX_DEPTH
                && let Some(resources) = dict.get::<Dict<'_>>(b"Resources")
            {
                for kind in [&b"XObject"[..], b"Pattern"] {
                    if let Some(inner) = resources.get::<Dict<'_>>(kind) {
                        self.parts(&inner, depth + 1);
                    }
                }
            }
        }
    }
}
