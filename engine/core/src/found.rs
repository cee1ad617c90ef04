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

    /// A picture file states a resolution, and it is not believed: one that no scan has, that makes what no drawing is,
    /// that programs write which know none, that makes no sheet where another makes one.
    pub const RESOLUTION_UNEVEN_NOT_TAKEN: &str = "resolution_uneven_not_taken";
    pub const RESOLUTION_ABSURD: &str = "resolution_absurd";
    pub const RESOLUTION_OF_SCREENS: &str = "resolution_of_screens";
    pub const RESOLUTION_OF_NO_SHEET: &str = "resolution_of_no_sheet";

    /// Whether it says that a picture's file states a resolution which is not believed.
    pub fn is_of_disbelieved_resolution(&self) -> bool {
        [
            Self::RESOLUTION_UNEVEN_NOT_TAKEN,
            Self::RESOLUTION_ABSURD,
            Self::RESOLUTION_OF_SCREENS,
            Self::RESOLUTION_OF_NO_SHEET,
        ]
        .contains(&self.code.as_str())
    }

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
