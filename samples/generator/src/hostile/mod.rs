//! Files made to hurt a reader: small on disk, large, slow or endless when read.
//!
//! They are written as a stream, so that writing them takes no memory to speak of.

mod encrypted;
mod pictures;
mod raw_pdf;
mod shapes;
mod structure;
mod zeros;

use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What has to stop a file: the limit without which it does its harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopper {
    /// A deadline: reading it never ends, or takes hours.
    Time,
    /// A limit of memory: it unfolds to gigabytes.
    Memory,
    /// A check of the page's size before any pixel is made.
    PageSize,
    /// A cap on pixels of a picture, before it is decoded.
    Pixels,
    /// A cap on pages or frames.
    Pages,
    /// A cap on path segments of a page.
    Segments,
    /// A depth limit of the reader, or its own stack in a process of its own.
    Depth,
    /// Nothing but a check that the file can be opened: it must be refused with a clear word.
    Opening,
    /// Nothing: the file is readable in part, and what is missing must be said.
    Nothing,
}

macro_rules! hostile {
    ($($(#[$doc:meta])* $kind:ident $name:literal $extension:literal $stopper:ident $write:path;)*) => {
        /// A kind of hostile file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Hostile { $($(#[$doc])* $kind,)* }

        impl Hostile {
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// File name extension, without a dot.
            pub fn extension(self) -> &'static str {
                match self { $(Self::$kind => $extension,)* }
            }

            pub fn stopper(self) -> Stopper {
                match self { $(Self::$kind => Stopper::$stopper,)* }
            }

            /// Writes the file, in order and without seeking.
            pub fn write_to(self, out: &mut dyn Write) -> io::Result<()> {
                match self { $(Self::$kind => $write(out),)* }
            }
        }
    };
}

hostile! {
    /// Eight levels of forms, each drawn ten times by the one above: 10^8 draws.
    FormBomb "form-bomb" "pdf" Time shapes::form_bomb;
    /// A form that draws itself.
    RecursiveForm "recursive-form" "pdf" Depth shapes::recursive_form;
    /// Two forms that draw each other.
    MutualForms "mutual-forms" "pdf" Depth shapes::mutual_forms;
    /// 2 GiB of white space in a content stream of 2 MB.
    FlateBomb "flate-bomb" "pdf" Memory shapes::flate_bomb;
    /// The same, deflated twice: a few kilobytes.
    NestedFlateBomb "nested-flate-bomb" "pdf" Memory shapes::nested_flate_bomb;
    /// 2 GiB behind two filters, the second of which no reader measures beforehand: 32 KB.
    RunLengthBomb "run-length-bomb" "pdf" Memory shapes::run_length_bomb;
    /// Long lines with a dash of a thousandth of a point.
    MicroDashes "micro-dashes" "pdf" Time shapes::micro_dashes;
    /// Three million short segments on one page.
    ManySegments "many-segments" "pdf" Segments shapes::many_segments;
    /// Operators inside ten thousand saved states.
    DeepStates "deep-states" "pdf" Nothing shapes::deep_states;
    /// A page of 20 million points a side.
    GiantMediaBox "giant-media-box" "pdf" PageSize shapes::giant_media_box;
    /// The largest page the format allows without a user unit, 14,400 points: 30,000 pixels at 150 dpi.
    HugePage "huge-page" "pdf" PageSize shapes::huge_page;
    /// A page of no height.
    FlatPage "flat-page" "pdf" PageSize shapes::flat_page;
    /// A picture of 30,000 x 30,000 pixels on an ordinary page.
    HugeImage "huge-image" "pdf" Memory shapes::huge_image;
    /// A content stream cut in the middle of its compressed bytes.
    TruncatedStream "truncated-stream" "pdf" Nothing structure::truncated_stream;
    /// 50,000 pages.
    ManyPages "many-pages" "pdf" Pages structure::many_pages;
    /// One page below 100,000 nested nodes of the page tree.
    DeepPageTree "deep-page-tree" "pdf" Depth structure::deep_page_tree;
    /// A page tree that holds itself.
    PageTreeLoop "page-tree-loop" "pdf" Depth structure::page_tree_loop;
    /// A cross-reference table whose predecessor is itself.
    XrefLoop "xref-loop" "pdf" Nothing structure::xref_loop;
    /// 200,000 nested arrays in a page's dictionary.
    DeepArrays "deep-arrays" "pdf" Depth structure::deep_arrays;
    /// A page tree that claims a billion pages and has one.
    FalseCount "false-count" "pdf" Nothing structure::false_count;
    /// No byte at all.
    Empty "empty" "pdf" Opening structure::empty;
    /// The first half of a sound file.
    Truncated "truncated" "pdf" Nothing structure::truncated;
    /// A header and nothing of use behind it.
    HeaderOnly "header-only" "pdf" Opening structure::header_only;
    /// Text that calls itself a PDF by name alone.
    NotPdf "not-a-pdf" "pdf" Opening structure::not_pdf;
    /// RC4 of 40 bits behind the user password `school`.
    Password "password" "pdf" Opening encrypted::password;
    /// 65,000 x 65,000 pixels in half a megabyte.
    HugePng "huge-png" "png" Pixels pictures::huge_png;
    /// A PNG cut in its pixels.
    TruncatedPng "truncated-png" "png" Nothing pictures::truncated_png;
    /// 100,000 frames of eight pixels.
    ManyFrames "many-frames" "tiff" Pages pictures::many_frames;
    /// A directory whose successor is itself.
    FrameLoop "frame-loop" "tiff" Pages pictures::frame_loop;
    /// A TIFF that claims 60,000 x 60,000 pixels and holds eight.
    HugeTiff "huge-tiff" "tiff" Pixels pictures::huge_tiff;
    /// A JPEG that claims 65,000 x 65,000 pixels and holds hundreds.
    HugeJpeg "huge-jpeg" "jpg" Pixels pictures::huge_jpeg;
}

impl Hostile {
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Writes the file at `path`.
    pub fn write(self, path: &Path) -> io::Result<()> {
        let mut out = BufWriter::new(std::fs::File::create(path)?);
        self.write_to(&mut out)?;
        out.flush()
    }
}
