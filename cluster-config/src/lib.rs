//! `takeoff-config`: raw settings -> resolved with their origin -> validated [`NodeConfig`].
//!
//! Environment over file over default; every problem is reported at once, with path and origin;
//! unknown keys are refused.

mod admin;
mod cluster;
mod database;
pub mod environment;
mod links;
mod load;
mod node;
mod object_store;
mod raw;
mod reference;
mod reload;
mod schedule;
mod settings;

pub use admin::AdminConfig;
pub use cluster::{ClusterConfig, Roles};
pub use database::{DatabaseConfig, DatabaseUrl};
pub use links::{LinkConfig, TlsFiles};
pub use load::{Flags, Loaded, Origin, Problem, load};
pub use node::{
    ApiConfig, ChildSettings, ComputeSettings, CountDefaults, Environment, JobSettings, LimitSettings,
    NodeConfig, StageSettings,
};
pub use object_store::{ObjectStoreConfig, Secret};
pub use raw::Raw;
pub use reference::{example, reference};
pub use reload::{Change, Live, Reload, Source, changes, taken_over};
pub use schedule::ScheduleSettings;
pub use settings::{Set, Setting, settings};
