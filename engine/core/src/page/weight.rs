//! What a page will take of memory, told from its head and its streams before anything of it is parsed.
//!
//! The factors are measured: `cargo run --release -p takeoff-benches --example page_memory` compares the
//! estimate with the peak of a parse worker, page by page.

use serde::{Deserialize, Serialize};

const MIB: u64 = 1024 * 1024;

/// What a worker has mapped of the program's own file. The kernel chooses how much of it that is, all workers share it,
/// and it can be dropped at any time.
pub const PROGRAM_BYTES: u64 = 20 * MIB;
/// A worker that has opened a file: stacks, tables of objects, and the program.
const OPEN_BYTES: u64 = 4 * MIB + PROGRAM_BYTES;
/// What it takes besides for any page, however little that shows.
const ANY_PAGE_BYTES: u64 = 2 * MIB;
/// Pixels that are drawn at a time; larger pages are drawn in bands.
const BAND_PIXELS: u64 = 32 * MIB;
const BYTES_PER_PIXEL: u64 = 4;
/// What drawing takes beside the pixels, of their own bytes: an eighth.
const DRAWING_PART: u64 = 8;
/// What becomes of a byte of unpacked content while it is drawn. Past the bound it is drawn in bands.
const DRAWN_PER_CONTENT_BYTE: u64 = 20;
const MOST_DRAWN: u64 = 60 * MIB;
/// What becomes of it in any case: itself, segments, paths, the encoded list.
const KEPT_PER_CONTENT_BYTE: u64 = 5;
/// What becomes of a pixel of a picture within a page: its samples, and those that are drawn.
const PER_PICTURE_PIXEL: u64 = 5;
/// A picture page is looked at in grey and traced: brightness, ink, strokes.
const PER_TRACED_PIXEL: u64 = 4;

/// What a display list takes that is unpacked, indexed and searched: grids over the page, most of it for any page of a
/// large sheet; what becomes of a packed byte; and of a pixel where the list carries a picture.
const WORKED_BYTES: u64 = 64 * MIB;
const PER_PACKED_BYTE: u64 = 36;
const PER_SEARCHED_PIXEL: u64 = 3;

/// What is known of a page before it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PageWeight {
    /// Of the page's image, at the resolution that it will have.
    pub pixels: u64,
    /// What its content and the parts that it may draw unpack to, bytes.
    pub content_bytes: u64,
    /// Pixels of the largest picture that it may draw.
    pub picture_pixels: u64,
    /// Pixels that are traced; 0 where pictures are only a part of the page.
    pub traced_pixels: u64,
    /// What is kept of pictures while the page is drawn, beside the one that takes most, bytes. Known once the page was
    /// walked; 0 before.
    pub drawn_bytes: u64,
}

impl PageWeight {
    /// Most that a worker is likely to hold while it parses the page, bytes.
    pub fn likely_bytes(&self) -> u64 {
        let canvas = self.canvas_bytes();
        let drawn = self.content_bytes.saturating_mul(DRAWN_PER_CONTENT_BYTE).min(MOST_DRAWN);
        let kept = self.content_bytes.saturating_mul(KEPT_PER_CONTENT_BYTE);
        let pictures = self.picture_pixels.saturating_mul(PER_PICTURE_PIXEL);
        let traced = self.traced_pixels.saturating_mul(PER_TRACED_PIXEL);
        [canvas, canvas / DRAWING_PART, drawn, kept, pictures, traced, self.drawn_bytes]
            .into_iter()
            .fold(OPEN_BYTES + ANY_PAGE_BYTES, u64::saturating_add)
    }

    /// What a worker holds at the least, whatever it does: the pixels that are drawn at a time, the unpacked
    /// content, the brightness of what is traced, pictures that are known to be kept; bytes.
    pub fn least_bytes(&self) -> u64 {
        [self.content_bytes, self.traced_pixels, self.drawn_bytes]
            .into_iter()
            .fold(self.canvas_bytes(), u64::saturating_add)
    }

    fn canvas_bytes(&self) -> u64 {
        self.pixels.min(BAND_PIXELS) * BYTES_PER_PIXEL
    }
}

/// What opening a file, or looking at a page's objects without unpacking them for good, takes of memory, bytes.
pub const OPENING_BYTES: u64 = OPEN_BYTES;

/// What a stored display list takes while it is worked on: unpacked, indexed, searched. By its packed bytes, and the
/// pixels of the picture that it carries (see [`crate::model::Page::picture_pixels`]).
pub const fn worked_list_bytes(packed: u64, picture_pixels: u64) -> u64 {
    let of_picture = picture_pixels.saturating_mul(PER_SEARCHED_PIXEL);
    packed.saturating_mul(PER_PACKED_BYTE).saturating_add(of_picture).saturating_add(WORKED_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_of_anything_is_dearer_and_nothing_overflows() {
        let page = PageWeight { pixels: 28_350_000, content_bytes: 1_000_000, ..PageWeight::default() };
        let likely = page.likely_bytes();
        assert!(page.least_bytes() < likely && likely < 300 * MIB, "{likely}");
        for dearer in [
            PageWeight { pixels: 30_000_000, ..page },
            PageWeight { content_bytes: 2_000_000, ..page },
            PageWeight { picture_pixels: 1, ..page },
            PageWeight { traced_pixels: 1, ..page },
            PageWeight { drawn_bytes: 1, ..page },
        ] {
            assert!(dearer.likely_bytes() > likely, "{dearer:?}");
        }
        let most = PageWeight {
            pixels: u64::MAX,
            content_bytes: u64::MAX,
            picture_pixels: u64::MAX,
            drawn_bytes: u64::MAX,
            traced_pixels: u64::MAX,
        };
        assert_eq!((most.likely_bytes(), most.least_bytes()), (u64::MAX, u64::MAX));
    }
}
