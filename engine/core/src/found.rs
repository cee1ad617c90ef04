//! Bad input is data: an answer together with what was noticed on the way to it.

use serde::{Deserialize, Serialize};

/// Something a person should know about a result: what was withheld, skipped or only partly read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable machine-readable code, `snake_case`, e.g. `page_renders_empty`.
    pub code: String,
    /// One sentence for a person, saying what and where.
    pub message: String,
}

impl Finding {
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// A value and the findings that qualify it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found<T> {
    pub value: T,
    pub findings: Vec<Finding>,
}

impl<T> Found<T> {
    pub fn clean(value: T) -> Self {
        Self { value, findings: Vec::new() }
    }

    pub fn with(value: T, findings: Vec<Finding>) -> Self {
        Self { value, findings }
    }
}
