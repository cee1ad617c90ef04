//! The validated configuration of one node. Units are in the names.

use std::net::SocketAddr;
use std::path::PathBuf;

use takeoff_core::page::request::ParseLimits;

use crate::admin::AdminConfig;
use crate::cluster::{ClusterConfig, Roles};
use crate::database::DatabaseConfig;
use crate::object_store::ObjectStoreConfig;
use crate::schedule::ScheduleSettings;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    Development,
    Staging,
    Production,
}

impl Environment {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct NodeConfig {
    /// Name of the node in leases, logs and views.
    pub node: String,
    pub roles: Roles,
    pub cluster: ClusterConfig,
    pub environment: Environment,
    pub log_level: String,
    /// Folder of the embedded stores.
    pub data_dir: PathBuf,
    pub database: DatabaseConfig,
    pub object_store: ObjectStoreConfig,
    pub api: ApiConfig,
    pub admin: AdminConfig,
    pub limits: LimitSettings,
    pub jobs: JobSettings,
    /// In order of `takeoff_core::job::Stage::ALL`.
    pub stages: Vec<StageSettings>,
    pub compute: ComputeSettings,
    pub children: ChildSettings,
    pub memory: MemorySettings,
    pub schedule: ScheduleSettings,
    pub page_cache: PageCacheSettings,
    pub count: CountDefaults,
    /// Default waste of a new assembly, percent.
    pub default_waste_percent: f64,
    /// Confidence from which auto-accept takes a measurement by default.
    pub auto_accept_threshold: f64,
    /// Whether clients should offer the review shortcuts.
    pub keyboard_shortcuts: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ApiConfig {
    pub listen: SocketAddr,
    /// Prefix of image and download URLs; `None` takes the request's own host.
    pub public_url: Option<String>,
    /// Names that clients may call a node by that listens on a loopback address, beside those of its machine and the host
    /// of `public_url`; `*` is any.
    pub allowed_hosts: Vec<String>,
    pub cors_origins: Vec<String>,
    /// Longest that a `calculate` request waits for its job.
    pub calculate_wait_ms: u64,
    /// Longest that an upload's first look may take before the answer is 201 and the rest is a job's.
    pub open_wait_ms: u64,
    /// Longest that a look into a drawing within a request waits for its turn, and again for memory.
    pub look_wait_ms: u64,
    pub request_timeout_ms: u64,
    pub upload_timeout_ms: u64,
    /// From a connection's start, or the end of its last request, to the end of its next headers.
    pub head_timeout_ms: u64,
    /// Longest that a client may send nothing of a body that is awaited.
    pub body_idle_ms: u64,
    /// From the moment that a node is to stop to the end of its listener. Until then it answers as before, says that it is
    /// not ready, and closes each connection after its next answer.
    pub lame_duck_ms: u64,
    pub max_connections: usize,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            public_url: None,
            allowed_hosts: Vec::new(),
            cors_origins: vec!["http://localhost:5173".to_owned(), "http://localhost:3000".to_owned()],
            calculate_wait_ms: 20_000,
            open_wait_ms: 5_000,
            look_wait_ms: 10_000,
            request_timeout_ms: 300_000,
            upload_timeout_ms: 600_000,
            head_timeout_ms: 10_000,
            body_idle_ms: 30_000,
            lame_duck_ms: 0,
            max_connections: 2_048,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct LimitSettings {
    pub upload_bytes: u64,
    pub json_body_bytes: usize,
    pub max_pages: u32,
    pub max_segments: u64,
    pub max_pixels: u64,
    pub max_stream_bytes: u64,
    /// Uploads in progress at once.
    pub uploads_at_once: usize,
}

impl LimitSettings {
    /// What a parse child holds itself to.
    pub fn parse(&self) -> ParseLimits {
        ParseLimits {
            max_pages: self.max_pages,
            max_segments: self.max_segments,
            max_pixels: self.max_pixels,
            max_stream_bytes: self.max_stream_bytes,
            ..ParseLimits::default()
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct JobSettings {
    pub lease_ms: u64,
    /// Interval of renewals; at most a third of the lease.
    pub renew_ms: u64,
    /// Poll for work when no wake comes.
    pub poll_ms: u64,
    pub drain_ms: u64,
    /// Restarts of a stage's actors within `restart_window_ms` before the node turns unready.
    pub restart_limit: u32,
    pub restart_window_ms: u64,
    /// How long ended jobs and events are kept.
    pub retention_ms: u64,
    /// Jobs of a stage that may be due and wait; more work for it is told to come back, and from twice as many on jobs
    /// that would hand out parts of their work wait.
    pub max_waiting: u64,
    /// Longest from a count session's start to its end, its wait for a turn included; then it ends as failed.
    pub session_deadline_ms: u64,
    /// Longest that a count session may take before it ends with what it has.
    pub count_session_ms: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StageSettings {
    pub stage: takeoff_core::job::Stage,
    pub enabled: bool,
    /// Attempts of the stage at once on this node.
    pub slots: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ComputeSettings {
    pub threads: usize,
    /// Work that may wait per thread.
    pub queue_per_thread: usize,
    /// A closure that is not answered within this makes the pool unhealthy.
    pub health_ms: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ChildSettings {
    pub workers: usize,
    pub memory_bytes: u64,
    pub page_deadline_ms: u64,
    pub open_deadline_ms: u64,
    pub recycle_after: u32,
}

/// What work may hold together.
#[derive(Debug, Clone, PartialEq)]
pub struct MemorySettings {
    pub budget_bytes: u64,
}

/// Results of pages that are kept in case the pages come again.
#[derive(Debug, Clone, PartialEq)]
pub struct PageCacheSettings {
    /// Most that are kept; 0 keeps none and looks for none.
    pub pages: usize,
    /// How long one is kept that nobody needed.
    pub retention_ms: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CountDefaults {
    pub threshold: f64,
    pub max_detections: u32,
}

impl NodeConfig {
    /// Defaults of an embedded node with its data in `data_dir`.
    pub fn solo(data_dir: impl Into<PathBuf>) -> Self {
        use takeoff_core::job::Stage;
        let slots = |stage| match stage {
            Stage::Ingest | Stage::DetectScale | Stage::AutoCount => 2,
            Stage::RunAssembly => 4,
            Stage::Noop => 64,
        };
        Self {
            node: "solo".to_owned(),
            roles: Roles::ALL,
            cluster: ClusterConfig::default(),
            environment: Environment::Development,
            log_level: "info".to_owned(),
            data_dir: data_dir.into(),
            database: DatabaseConfig::default(),
            object_store: ObjectStoreConfig::default(),
            api: ApiConfig::default(),
            admin: AdminConfig::default(),
            limits: LimitSettings {
                upload_bytes: 500 * 1024 * 1024,
                json_body_bytes: 4 * 1024 * 1024,
                max_pages: 5_000,
                max_segments: 2_000_000,
                max_pixels: 100_000_000,
                max_stream_bytes: 256 * 1024 * 1024,
                uploads_at_once: 10,
            },
            jobs: JobSettings {
                lease_ms: 15_000,
                renew_ms: 4_000,
                poll_ms: 1_000,
                drain_ms: 20_000,
                restart_limit: 10,
                restart_window_ms: 60_000,
                retention_ms: 7 * 24 * 3_600_000,
                max_waiting: 10_000,
                session_deadline_ms: 3_600_000,
                count_session_ms: 120_000,
            },
            stages: Stage::ALL
                .into_iter()
                .map(|stage| StageSettings { stage, enabled: true, slots: slots(stage) })
                .collect(),
            compute: ComputeSettings { threads: 3, queue_per_thread: 16, health_ms: 10_000 },
            children: ChildSettings {
                workers: 2,
                memory_bytes: 768 * 1024 * 1024,
                page_deadline_ms: 30_000,
                open_deadline_ms: 30_000,
                recycle_after: 200,
            },
            memory: MemorySettings { budget_bytes: 1024 * 1024 * 1024 },
            schedule: ScheduleSettings::default(),
            page_cache: PageCacheSettings { pages: 100_000, retention_ms: 90 * 24 * 3_600_000 },
            count: CountDefaults { threshold: 0.80, max_detections: 500 },
            default_waste_percent: 5.0,
            auto_accept_threshold: 0.90,
            keyboard_shortcuts: true,
        }
    }

    /// Settings of one stage.
    pub fn stage(&self, stage: takeoff_core::job::Stage) -> Option<&StageSettings> {
        self.stages.iter().find(|s| s.stage == stage)
    }
}
