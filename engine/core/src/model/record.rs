//! What the store needs to know of a noun: its kind, its id, the lists it appears in, the blobs it
//! refers to. Everything else of it is a versioned body.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{BlobHash, Id};

/// Kinds of records. The number is stored: never reuse or change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum Kind {
    Project = 1,
    Document = 2,
    Page = 3,
    Condition = 4,
    Measurement = 5,
    Assembly = 6,
    Template = 7,
    CountSession = 8,
    Detection = 9,
    Control = 10,
    CachedPage = 11,
    Schedule = 12,
}

impl Kind {
    pub const ALL: [Self; 12] = [
        Self::Project,
        Self::Document,
        Self::Page,
        Self::Condition,
        Self::Measurement,
        Self::Assembly,
        Self::Template,
        Self::CountSession,
        Self::Detection,
        Self::Control,
        Self::CachedPage,
        Self::Schedule,
    ];

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.code() == code)
    }
}

/// Name of a list that a record appears in: "the `kind`s of this parent". The number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum Index {
    /// All of a kind in the tenant; parent is [`Id::NIL`].
    All = 0,
    ByProject = 1,
    ByDocument = 2,
    ByPage = 3,
    ByCondition = 4,
    BySession = 5,
    /// A component's id to the assembly that holds it; parent is the component's id.
    ByComponent = 6,
    /// The detection that a measurement was made of; at most one.
    ByMeasurement = 7,
}

/// A noun that is stored as a record.
pub trait Entity: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    const KIND: Kind;
    /// Format number of the body.
    const FORMAT: u16;

    fn id(&self) -> Id;

    /// The lists it appears in, with the parent in each. Lists are ordered by id, which is creation order.
    fn lists(&self) -> Vec<(Index, Id)>;

    /// Blobs it refers to; the commit that stores it keeps them alive.
    fn blobs(&self) -> Vec<BlobHash> {
        Vec::new()
    }
}
