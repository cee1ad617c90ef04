//! Servers that tests start for themselves and that end with them.

mod postgres;
mod s3;

pub use postgres::{Durability, PASSWORD, Postgres};
pub use s3::S3Server;
