//! `takeoff-storage`: the catalogue (records, jobs, leases, events) and the blobs, behind two traits.
//!
//! One conformance suite (feature `conformance`) runs on every backend. Nothing here knows public JSON.

pub mod archive;
pub mod blobs;
pub mod catalog;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod embedded;
pub mod entity;
pub mod error;
mod folder;
pub mod fs;
mod jitter;
mod kv;
pub mod mem;
pub mod metrics;
pub mod pg;
mod quiet;
pub mod register;
pub mod s3;
pub mod shared;
pub mod sled;

pub use blobs::{BlobInfo, BlobStore};
pub use catalog::{Batch, Catalog, Committed, Expect, Op, Record, Standing};
pub use entity::{Stored, get, get_many, list_all, list_page};
pub use error::StoreError;
