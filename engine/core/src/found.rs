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
    /// A page's content ends before its end.
    pub const CONTENT_CUT_OFF: &str = "content_cut_off";
    /// Something that a page draws from is damaged.
    pub const CONTENT_DAMAGED: &str = "content_damaged";
    /// A picture file states its resolution twice, and the two are not the same: a length that a ratio gives is not
    /// sure on it.
    pub const RESOLUTION_CONTRADICTED: &str = "resolution_contradicted";

    /// Whether a page's content is known to be damaged: what is counted or measured on it may lack something,
    /// and no number of it may be shown without saying so.
    pub fn is_damage(&self) -> bool {
        [Self::CONTENT_CUT_OFF, Self::CONTENT_DAMAGED].contains(&self.code.as_str())
    }

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
