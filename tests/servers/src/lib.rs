//! Servers that tests start for themselves and that end with them.

mod postgres;

pub use postgres::{Durability, PASSWORD, Postgres};
