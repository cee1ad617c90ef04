//! The nouns of the domain, one file each. Stored as versioned bodies; never SQL, never the API's JSON.

mod assembly;
mod autocount;
mod cached_page;
mod condition;
mod control;
mod document;
mod ids;
mod measurement;
mod page;
mod project;
mod record;
mod searched;
mod template;

pub use assembly::{Assembly, Component, ComponentType, PricedFor};
pub use autocount::{
    ApartCounts, CountProgress, CountScope, CountSession, Detection, DetectionStatus, KeptCandidates,
    LeftOut, Lettering, OtherSize, PageBox, SessionStatus, ShortCount,
};
pub use cached_page::{CachedBlob, CachedPage};
pub use condition::{Condition, MeasurementType};
pub use control::{Control, Pause, Scope};
pub use document::{Document, DocumentStatus};
pub use ids::{BlobHash, Id, IdSource, TenantId, Timestamp};
pub use measurement::{GeometryType, Measurement};
pub use page::{Page, PageBlobs, PageScale, PageStatus};
pub use project::{Project, ProjectStatus};
pub use record::{Entity, Index, Kind};
pub use searched::{Beyond, SearchedSheet, SearchedSheets, beyond, beyond_match_line, leads_back};
pub use template::{AssemblyTemplate, ComponentDefinition};
