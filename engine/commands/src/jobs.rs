//! Arguments of the stages: written by commands, read by the stages.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use takeoff_core::model::Id;

// Tasks as clients name them.
pub const DOCUMENT_PROCESSING: &str = "document_processing";
pub const OCR_PROCESSING: &str = "ocr_processing";
pub const SCALE_DETECTION: &str = "scale_detection";
pub const AUTO_COUNT: &str = "auto_count";

/// Every name of a task.
pub const TASK_TYPES: [&str; 4] = [DOCUMENT_PROCESSING, OCR_PROCESSING, SCALE_DETECTION, AUTO_COUNT];

/// Version of the argument format; a job that waits through an upgrade is read by the version it says.
const ARGS_VERSION: u16 = 1;

/// Arguments that are not what this version reads: the job is rejected, never guessed at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgsError {
    #[error("the job's arguments have version {found}, this engine reads {ARGS_VERSION}")]
    Version { found: u16 },
    #[error("the job's arguments cannot be read: {0}")]
    Unreadable(String),
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    v: u16,
    args: T,
}

/// Arguments as a job stores them.
pub fn encode<T: Serialize>(args: &T) -> Value {
    serde_json::to_value(Envelope { v: ARGS_VERSION, args }).expect("arguments have string keys only")
}

pub fn decode<T: DeserializeOwned>(stored: &Value) -> Result<T, ArgsError> {
    let unreadable = |e: serde_json::Error| ArgsError::Unreadable(e.to_string());
    let envelope: Envelope<Value> = serde_json::from_value(stored.clone()).map_err(unreadable)?;
    if envelope.v != ARGS_VERSION {
        return Err(ArgsError::Version { found: envelope.v });
    }
    serde_json::from_value(envelope.args).map_err(unreadable)
}

/// A page by its record and its place in the file, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRef {
    pub page_id: Id,
    pub index: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum IngestArgs {
    /// Open a document, write its page records, hand its pages out.
    Document { document_id: Id },
    /// Parse and store some pages of an opened document.
    Pages { document_id: Id, pages: Vec<PageRef> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectScaleArgs {
    pub page_id: Id,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AutoCountArgs {
    /// The whole session.
    Session { session_id: Id },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAssemblyArgs {
    pub assembly_id: Id,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_back_as_they_went_in() {
        let args =
            IngestArgs::Pages { document_id: Id::NIL, pages: vec![PageRef { page_id: Id::NIL, index: 3 }] };
        assert_eq!(decode::<IngestArgs>(&encode(&args)), Ok(args));
    }

    #[test]
    fn another_version_and_nonsense_are_refused() {
        let later = serde_json::json!({"v": 2, "args": {"page_id": Id::NIL}});
        assert_eq!(decode::<DetectScaleArgs>(&later), Err(ArgsError::Version { found: 2 }));
        assert!(matches!(decode::<DetectScaleArgs>(&Value::Null), Err(ArgsError::Unreadable(_))));
        assert!(matches!(decode::<DetectScaleArgs>(&encode(&1)), Err(ArgsError::Unreadable(_))));
    }
}
