//! Bytes to pages: vectors, text runs, layers, rasters.
//!
//! A page is parsed once into a [`display::DisplayList`]; every later question is answered from it.

pub mod display;
pub mod request;
