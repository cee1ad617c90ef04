//! The one table of settings: key, variables, meaning, unit, bounds, and where it lands.
//!
//! Everything else is derived from it: reading the file and the environment, refusing unknown keys,
//! the reference page and the origin report.

use takeoff_core::job::Stage;

use crate::node::{Environment, NodeConfig};
use crate::raw::Raw;

/// Puts a raw value into the configuration, or says what is wrong with it.
pub type Set = fn(&mut NodeConfig, &Raw) -> Result<(), String>;

/// One setting.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Dotted path in the file.
    pub key: &'static str,
    /// A name of the deployment document that means the same; every setting also has `TAKEOFF_<KEY>`.
    pub alias: Option<&'static str>,
    pub unit: &'static str,
    /// Values that it takes, for people: `1 to 256`, or the words that there are.
    pub bounds: &'static str,
    pub doc: &'static str,
    pub set: Set,
    /// The value as the reference and `config show` print it.
    pub show: fn(&NodeConfig) -> String,
}

impl Setting {
    /// `api.max_connections` -> `TAKEOFF_API_MAX_CONNECTIONS`.
    pub fn variable(&self) -> String {
        format!("TAKEOFF_{}", self.key.replace('.', "_").to_ascii_uppercase())
    }
}

macro_rules! integer {
    ($key:literal, $alias:expr, $unit:literal, $low:literal ..= $high:literal, $($field:ident).+ : $ty:ty, $doc:literal) => {
        Setting {
            key: $key,
            alias: $alias,
            unit: $unit,
            bounds: concat!($low, " to ", $high),
            doc: $doc,
            set: |c, raw| {
                c.$($field).+ = <$ty>::try_from(raw.integer($low, $high)?).map_err(|e| e.to_string())?;
                Ok(())
            },
            show: |c| c.$($field).+.to_string(),
        }
    };
}

const MIB: u64 = 1024 * 1024;

macro_rules! mebibytes {
    ($key:literal, $low:literal ..= $high:literal, $($field:ident).+ : $ty:ty, $doc:literal) => {
        Setting {
            key: $key,
            alias: None,
            unit: "MiB",
            bounds: concat!($low, " to ", $high),
            doc: $doc,
            set: |c, raw| {
                c.$($field).+ = <$ty>::try_from(raw.integer($low, $high)? * MIB).map_err(|e| e.to_string())?;
                Ok(())
            },
            show: |c| (c.$($field).+ as u64 / MIB).to_string(),
        }
    };
}

macro_rules! stage {
    ($slots:literal, $enabled:literal, $stage:expr, $what:literal) => {
        [
            Setting {
                key: $slots,
                alias: None,
                unit: "attempts",
                bounds: "1 to 256",
                doc: concat!("Attempts of ", $what, " that run at once on this node."),
                set: |c, raw| {
                    let slots = raw.integer(1, 256)? as usize;
                    c.stages.iter_mut().filter(|s| s.stage == $stage).for_each(|s| s.slots = slots);
                    Ok(())
                },
                show: |c| c.stage($stage).map_or(0, |s| s.slots).to_string(),
            },
            Setting {
                key: $enabled,
                alias: None,
                unit: "",
                bounds: "true, false",
                doc: concat!("Whether this node runs ", $what, "."),
                set: |c, raw| {
                    let on = raw.boolean()?;
                    c.stages.iter_mut().filter(|s| s.stage == $stage).for_each(|s| s.enabled = on);
                    Ok(())
                },
                show: |c| c.stage($stage).is_some_and(|s| s.enabled).to_string(),
            },
        ]
    };
}

/// Every setting, in the order of the reference.
pub fn settings() -> Vec<Setting> {
    let mut all = node();
    all.extend(crate::cluster::settings());
    all.extend(crate::links::settings());
    all.extend(crate::database::settings());
    all.extend(api());
    all.extend(callers());
    all.extend(waits_of_requests());
    all.extend(crate::admin::settings());
    all.extend(limits_and_jobs());
    all.extend(stage!("stages.ingest.slots", "stages.ingest.enabled", Stage::Ingest, "document ingestion"));
    all.extend(stage!(
        "stages.detect_scale.slots",
        "stages.detect_scale.enabled",
        Stage::DetectScale,
        "scale detection"
    ));
    all.extend(stage!(
        "stages.auto_count.slots",
        "stages.auto_count.enabled",
        Stage::AutoCount,
        "symbol counting"
    ));
    all.extend(stage!(
        "stages.run_assembly.slots",
        "stages.run_assembly.enabled",
        Stage::RunAssembly,
        "assembly pricing"
    ));
    all.extend(workers());
    all.extend(crate::schedule::settings());
    all.extend(crate::object_store::settings());
    all.extend(takeoff());
    all
}

fn node() -> Vec<Setting> {
    vec![
        Setting {
            key: "node.name",
            alias: None,
            unit: "",
            bounds: "1 to 64 characters",
            doc: "Name of the node in leases, logs and views; letters, digits, `-` and `_`.",
            set: |c, raw| {
                let name = raw.text()?;
                let fits = |ch: char| ch.is_ascii_alphanumeric() || ch == '-' || ch == '_';
                if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
                    return Err("must be 1 to 64 letters, digits, `-` or `_`".to_owned());
                }
                c.node = name;
                Ok(())
            },
            show: |c| c.node.clone(),
        },
        Setting {
            key: "node.environment",
            alias: Some("ENVIRONMENT"),
            unit: "",
            bounds: "development, staging, production",
            doc: "`development`, `staging` or `production`.",
            set: |c, raw| {
                c.environment = match raw.text()?.to_ascii_lowercase().as_str() {
                    "development" => Environment::Development,
                    "staging" => Environment::Staging,
                    "production" => Environment::Production,
                    _ => return Err("must be development, staging or production".to_owned()),
                };
                Ok(())
            },
            show: |c| c.environment.name().to_owned(),
        },
        Setting {
            key: "node.log_level",
            alias: Some("LOG_LEVEL"),
            unit: "",
            bounds: "trace, debug, info, warn, error",
            doc: "`trace`, `debug`, `info`, `warn` or `error`, in any case.",
            set: |c, raw| {
                let level = raw.text()?.to_ascii_lowercase();
                // The deployment's other tools say WARNING and CRITICAL.
                c.log_level = match level.as_str() {
                    "trace" | "debug" | "info" | "warn" | "error" => level,
                    "warning" => "warn".to_owned(),
                    "critical" => "error".to_owned(),
                    _ => return Err("must be trace, debug, info, warn or error".to_owned()),
                };
                Ok(())
            },
            show: |c| c.log_level.clone(),
        },
        Setting {
            key: "node.data_dir",
            alias: None,
            unit: "",
            bounds: "a path",
            doc: "Folder of the embedded catalogue and blobs; made when absent.",
            set: |c, raw| {
                let text = raw.text()?;
                if text.is_empty() {
                    return Err("must name a folder".to_owned());
                }
                c.data_dir = text.into();
                Ok(())
            },
            show: |c| c.data_dir.display().to_string(),
        },
    ]
}

fn api() -> Vec<Setting> {
    vec![
        Setting {
            key: "api.listen",
            alias: None,
            unit: "",
            bounds: "ADDRESS:PORT",
            doc: "Address and port of the gateway.",
            set: |c, raw| {
                c.api.listen = raw
                    .text()?
                    .parse()
                    .map_err(|_| "must be ADDRESS:PORT, such as 127.0.0.1:8000".to_owned())?;
                Ok(())
            },
            show: |c| c.api.listen.to_string(),
        },
        Setting {
            key: "api.public_url",
            alias: None,
            unit: "",
            bounds: "http:// or https://",
            doc: "Prefix of image and download addresses; empty takes the host that the request names.",
            set: |c, raw| {
                let url = raw.text()?;
                let url = url.trim_end_matches('/');
                if url.is_empty() {
                    c.api.public_url = None;
                } else if url.starts_with("http://") || url.starts_with("https://") {
                    c.api.public_url = Some(url.to_owned());
                } else {
                    return Err("must start with http:// or https://".to_owned());
                }
                Ok(())
            },
            show: |c| c.api.public_url.clone().unwrap_or_default(),
        },
    ]
}

fn callers() -> Vec<Setting> {
    vec![
        Setting {
            key: "api.allowed_hosts",
            alias: None,
            unit: "",
            bounds: "host names without port, or `*`",
            doc: "Names that clients may call a node by that listens on a loopback address, beside localhost, loopback \
                  addresses and the host of `api.public_url`; others get 403, so that no page of another site can use the \
                  API by a name that leads here. For a proxy on the same machine that passes the name on. \
                  Comma-separated in the environment.",
            set: |c, raw| {
                let hosts = raw.list()?;
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                let is_host = |host: &str| host == "*" || !host.is_empty() && host.chars().all(plain);
                if let Some(host) = hosts.iter().find(|host| !is_host(host)) {
                    return Err(format!("`{host}` is no host name (without http:// and port)"));
                }
                c.api.allowed_hosts = hosts;
                Ok(())
            },
            show: |c| c.api.allowed_hosts.join(","),
        },
        Setting {
            key: "api.cors_origins",
            alias: Some("CORS_ORIGINS"),
            unit: "",
            bounds: "origins or `*`",
            doc: "Origins whose pages may call the API; comma-separated in the environment.",
            set: |c, raw| {
                let origins = raw.list()?;
                for origin in &origins {
                    if origin != "*" && !origin.starts_with("http://") && !origin.starts_with("https://") {
                        return Err(format!("`{origin}` is no origin (http://HOST or https://HOST)"));
                    }
                }
                c.api.cors_origins = origins;
                Ok(())
            },
            show: |c| c.api.cors_origins.join(","),
        },
    ]
}

fn waits_of_requests() -> Vec<Setting> {
    vec![
        integer!("api.calculate_wait_ms", None, "ms", 100..=300_000, api.calculate_wait_ms: u64,
            "Longest that a calculate request waits for its job."),
        integer!("api.open_wait_ms", None, "ms", 100..=60_000, api.open_wait_ms: u64,
            "Longest first look at an upload before it is accepted and left to its job."),
        integer!("api.look_wait_ms", None, "ms", 100..=300_000, api.look_wait_ms: u64,
            "Longest that a look into a drawing within a request waits for its turn, and for memory; 503 past it."),
        integer!("api.request_timeout_ms", None, "ms", 1_000..=3_600_000, api.request_timeout_ms: u64,
            "Longest that a request may take, uploads excepted."),
        integer!("api.upload_timeout_ms", None, "ms", 1_000..=3_600_000, api.upload_timeout_ms: u64,
            "Longest that an upload may take."),
        integer!("api.head_timeout_ms", None, "ms", 100..=600_000, api.head_timeout_ms: u64,
            "Longest that a connection may take to the end of a request's headers, or be idle between two."),
        integer!("api.body_idle_ms", None, "ms", 100..=600_000, api.body_idle_ms: u64,
            "Longest that a client may send nothing while its request's body is awaited; 408 past it."),
        integer!("api.lame_duck_ms", None, "ms", 0..=300_000, api.lame_duck_ms: u64,
            "How long a node that is to stop still takes connections, with /ready at 503 and each connection closed after \
             its next answer, so that load balancers find out and no request meets a closed port; a second signal ends it. \
             Longer than a balancer takes to notice: its interval times the failures that it waits for."),
        integer!("api.max_connections", None, "connections", 1..=65_536, api.max_connections: usize,
            "Connections open at once; on more, only /health, /ready and /metrics are answered, the rest is 503."),
    ]
}

fn limits_and_jobs() -> Vec<Setting> {
    vec![
        mebibytes!("limits.upload_mib", 1..=10_240, limits.upload_bytes: u64, "Largest upload; 413 past it."),
        mebibytes!("limits.json_body_mib", 1..=64, limits.json_body_bytes: usize, "Largest JSON body."),
        integer!("limits.max_pages", None, "pages", 1..=5_000, limits.max_pages: u32,
            "Most pages of a document."),
        integer!("limits.max_segments", None, "segments", 1_000..=20_000_000, limits.max_segments: u64,
            "Most path segments of a page."),
        integer!("limits.max_pixels", None, "pixels", 1_000_000..=1_000_000_000, limits.max_pixels: u64,
            "Most pixels of a picture."),
        mebibytes!("limits.max_stream_mib", 1..=4_096, limits.max_stream_bytes: u64,
            "Most that one stream of a PDF may unpack to."),
        integer!("limits.uploads_at_once", None, "uploads", 1..=1_000, limits.uploads_at_once: usize,
            "Uploads received at once; more are told to come back."),
        integer!("jobs.lease_ms", None, "ms", 1_000..=600_000, jobs.lease_ms: u64,
            "How long a lease lasts unless it is renewed."),
        integer!("jobs.renew_ms", None, "ms", 100..=200_000, jobs.renew_ms: u64,
            "Interval of renewals; at most a third of the lease."),
        integer!("jobs.poll_ms", None, "ms", 10..=60_000, jobs.poll_ms: u64,
            "Interval of polls for work when no wake comes."),
        integer!("jobs.drain_ms", None, "ms", 0..=600_000, jobs.drain_ms: u64,
            "How long running attempts may finish when the node stops."),
        integer!("jobs.restart_limit", None, "restarts", 0..=1_000, jobs.restart_limit: u32,
            "Restarts of a stage's actors within the window before the node turns unready."),
        integer!("jobs.restart_window_ms", None, "ms", 1_000..=3_600_000, jobs.restart_window_ms: u64,
            "Window of the restart limit."),
        integer!("jobs.retention_ms", None, "ms", 60_000..=31_536_000_000, jobs.retention_ms: u64,
            "How long ended jobs and events are kept."),
        integer!("jobs.max_waiting", None, "jobs", 1..=10_000_000, jobs.max_waiting: u64,
            "Jobs of a stage that may be due and wait; on more, uploads and counts are told to come back with 503, and on twice as many no document hands out its pages."),
        integer!("jobs.session_deadline_ms", None, "ms", 1_000..=604_800_000, jobs.session_deadline_ms: u64,
            "Longest from a count session's start to its end, waiting included; then it is ended as failed."),
        integer!("jobs.count_session_ms", None, "ms", 100..=3_600_000, jobs.count_session_ms: u64,
            "Longest that a count session takes before it ends with what it has."),
    ]
}

fn workers() -> Vec<Setting> {
    vec![
        integer!("compute.threads", None, "threads", 1..=1_024, compute.threads: usize,
            "Threads of the CPU pool. Counts take all but one, which is kept for short work: give it one more than there are cores."),
        integer!("compute.queue_per_thread", None, "closures", 1..=1_024, compute.queue_per_thread: usize,
            "Work that may wait for each thread."),
        integer!("compute.health_ms", None, "ms", 100..=600_000, compute.health_ms: u64,
            "A pool that does not answer within this is unhealthy."),
        integer!("children.workers", None, "processes", 1..=256, children.workers: usize,
            "Parse workers at once."),
        mebibytes!("children.memory_mib", 128..=65_536, children.memory_bytes: u64,
            "Address space of a parse worker."),
        integer!("children.page_deadline_ms", None, "ms", 100..=600_000, children.page_deadline_ms: u64,
            "Longest that one page may take to parse and render."),
        integer!("children.open_deadline_ms", None, "ms", 100..=600_000, children.open_deadline_ms: u64,
            "Longest that opening a document may take in its job."),
        integer!("children.recycle_after", None, "requests", 1..=1_000_000, children.recycle_after: u32,
            "Requests after which a parse worker is replaced."),
        mebibytes!("memory.budget_mib", 128..=1_048_576, memory.budget_bytes: u64,
            "Memory that parsed, counted and looked-at pages may take together, by what each is thought to need; a \
             page that needs more runs alone."),
        integer!("page_cache.pages", None, "pages", 0..=1_000_000, page_cache.pages: usize,
            "Pages whose parse is kept in case they come again, give or take an hour's; 0 parses every page."),
        integer!("page_cache.retention_ms", None, "ms", 60_000..=31_536_000_000, page_cache.retention_ms: u64,
            "How long the parse of a page is kept that does not come again."),
    ]
}

fn takeoff() -> Vec<Setting> {
    vec![
        Setting {
            key: "count.threshold",
            alias: Some("AUTO_COUNT_DEFAULT_THRESHOLD"),
            unit: "confidence",
            bounds: "0 to 1",
            doc: "Confidence from which a detection is kept when the request names none.",
            set: |c, raw| {
                c.count.threshold = raw.number(0.0, 1.0)?;
                Ok(())
            },
            show: |c| c.count.threshold.to_string(),
        },
        integer!("count.max_detections", Some("AUTO_COUNT_MAX_DETECTIONS"), "detections", 1..=100_000,
            count.max_detections: u32, "Most detections that a session keeps."),
        Setting {
            key: "assembly.default_waste_percent",
            alias: Some("ASSEMBLY_DEFAULT_WASTE_PERCENT"),
            unit: "percent",
            bounds: "0 to 100",
            doc: "Default waste that a new assembly shows.",
            set: |c, raw| {
                c.default_waste_percent = raw.number(0.0, 100.0)?;
                Ok(())
            },
            show: |c| c.default_waste_percent.to_string(),
        },
        Setting {
            key: "review.auto_accept_threshold",
            alias: Some("REVIEW_AUTO_ACCEPT_DEFAULT_THRESHOLD"),
            unit: "confidence",
            bounds: "0.5 to 1",
            doc: "Confidence from which auto-accept takes a measurement when the request names none.",
            set: |c, raw| {
                c.auto_accept_threshold = raw.number(0.5, 1.0)?;
                Ok(())
            },
            show: |c| c.auto_accept_threshold.to_string(),
        },
        Setting {
            key: "review.keyboard_shortcuts",
            alias: Some("REVIEW_ENABLE_KEYBOARD_SHORTCUTS"),
            unit: "",
            bounds: "true, false",
            doc: "Whether clients should offer the review shortcuts.",
            set: |c, raw| {
                c.keyboard_shortcuts = raw.boolean()?;
                Ok(())
            },
            show: |c| c.keyboard_shortcuts.to_string(),
        },
    ]
}
