//! Bytes to pages: generated files with known truth, limits, and the drawings of the corpus.

mod corpus;
mod counted;
mod damage;
mod faint;
mod grounds;
mod hidden;
mod key;
mod limits;
mod pdf;
mod raster;
mod resolution;
mod structure;
mod support;
mod text;
mod turned;
mod variants;
