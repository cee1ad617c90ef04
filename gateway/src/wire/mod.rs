//! The public JSON: one file a noun. Field names and words here are the API's, also where ours differ.

pub(crate) mod assembly;
pub(crate) mod assembly_write;
pub(crate) mod autocount;
pub(crate) mod condition;
pub(crate) mod config;
pub(crate) mod document;
pub(crate) mod formula;
pub(crate) mod job;
pub(crate) mod measurement;
pub(crate) mod node;
pub(crate) mod nodes;
pub(crate) mod page;
pub(crate) mod pause;
pub(crate) mod project;
pub(crate) mod scalar;
pub(crate) mod scale;
pub(crate) mod schedule;
pub(crate) mod sheet;
pub(crate) mod symbols;
pub(crate) mod task;
pub(crate) mod validate;

#[cfg(test)]
mod tests;
