//! Bytes to pages: vectors, text runs, layers, rasters.
//!
//! A page is parsed once into a [`display::DisplayList`]; every later question is answered from it.
//! Files are given as bytes; who maps or reads them, and who holds the process to its memory, is the
//! parse worker's affair.

mod crop;
pub(crate) mod curve;
pub mod display;
mod image_out;
mod key;
mod open;
mod pdf;
pub mod picture;
mod raster;
pub mod request;
mod strokes;
mod weight;

pub use crop::{CropArea, CropError, MAX_CROP_SIDE_PX, crop};
pub use image_out::THUMBNAIL_EDGE_PX;
pub use key::{PARSE_FORMAT, PageKey};
pub use open::{Bytes, FileBytes, OpenedFile, PageFailure, ParseError, ParsedContent, open};
pub(crate) use raster::is_like_a_sheet;
pub use weight::{OPENING_BYTES, PROGRAM_BYTES, PageWeight, worked_list_bytes};
