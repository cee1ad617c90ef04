//! The catalogue of many nodes, in PostgreSQL.
//!
//! A batch is one transaction, or its part of one: what arrives while a transaction is under way goes
//! together in the next (`writer`). A transaction locks everything that its batches touch in one order
//! (`lock`), decides in memory with the rules that hold for every backend (`change`, `settle`), and writes
//! the difference in statements of many rows (`store`). Leases are taken in batches with `SKIP LOCKED`
//! (`lease`). Time is the database's. Each query is a file in `queries/`, the schema is in `migrations/`.

mod catalog;
mod change;
mod clear;
mod connect;
mod job_rows;
mod lease;
mod listen;
mod lock;
pub mod migrate;
mod portable;
mod probe;
mod query;
mod reader;
mod reads;
mod register;
mod rows;
mod settings;
mod settle;
mod store;
mod task;
#[cfg(test)]
mod tests;
mod tls;
mod trouble;
mod writer;

pub use catalog::{PgCatalog, open};
pub use probe::{Found, probe};
pub use settings::PgSettings;
