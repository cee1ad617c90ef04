//! The database and the object store: reached, written to, of the right version, and what time they have.

use takeoff_config::NodeConfig;
use takeoff_core::model::{IdSource as _, Timestamp};
use takeoff_engine::clock::{Stopwatch, SystemClock, SystemIds};
use takeoff_storage::StoreError;
use takeoff_storage::catalog::Clock as _;
use takeoff_storage::pg::{self, PgSettings, migrate};
use takeoff_storage::s3::{self, S3Settings};
use takeoff_storage::shared;

use super::Finding;
use crate::node;

/// Clocks that differ by more than this make ages and times in views misleading; by more than the other, signed
/// requests are refused and leases look expired.
const ODD_MS: i64 = 2_000;
const WRONG_MS: i64 = 60_000;

pub(super) async fn all(config: &NodeConfig) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut drawings = None;
    match node::database(&config.database) {
        Some(settings) => findings.extend(database(&settings, &mut drawings).await),
        None => findings.push(Finding::ok("database", "none: the catalogue is in the data folder")),
    }
    match node::bucket(&config.object_store) {
        Some(settings) => findings.extend(bucket(&settings, drawings.as_deref()).await),
        None => findings.push(match drawings.filter(|store| shared::is_bucket(store)) {
            Some(store) => Finding::fail(
                "object store",
                format!("none is named, and the database's drawings are in the bucket of {store}"),
                "name the bucket that the other nodes have: `s3.endpoint`, `s3.bucket` and its keys",
            ),
            None => Finding::ok("object store", "none: drawings are in the data folder"),
        }),
    }
    findings
}

/// `drawings` becomes the name of the store that has the database's drawings.
async fn database(settings: &PgSettings, drawings: &mut Option<String>) -> Vec<Finding> {
    let watch = Stopwatch::start();
    let found = match pg::probe(settings).await {
        Ok(found) => found,
        Err(e) => {
            let advice = if matches!(e, StoreError::Unusable(_)) {
                "look at the user, the password, the name of the database and the sslmode in DATABASE_URL"
            } else {
                "look whether the server runs, and whether this machine reaches it"
            };
            return vec![Finding::fail("database", e.cause(), advice)];
        }
    };
    let detail = format!("PostgreSQL {} answers within {} ms", found.server, watch.elapsed_ms().round());
    let mut findings = vec![Finding::ok("database", detail)];
    findings.push(schema(settings).await);
    findings.push(match &found.unwritable {
        None => Finding::ok("database writable", "a row was written and taken back"),
        Some(why) => Finding::fail(
            "database writable",
            format!("it takes no writes: {why}"),
            "migrate it first; name the primary and not a replica; let the user write",
        ),
    });
    drawings.clone_from(&found.drawings);
    if !found.may_clear {
        findings.push(Finding::warn(
            "database vacuum",
            "the table of jobs is another user's, and only its owner can vacuum it",
            "let the user of DATABASE_URL own the tables, or work slows down under load until the server vacuums",
        ));
    }
    let (open, most) = found.connections;
    let wanted = i64::try_from(settings.connections).unwrap_or(i64::MAX).saturating_add(1);
    findings.push(if open.saturating_add(wanted) > most {
        let what = format!("{open} of {most} are open and this node may want {wanted} more");
        Finding::warn("database connections", what, "raise max_connections or lower database.connections")
    } else {
        Finding::ok("database connections", format!("{open} of {most} are open"))
    });
    findings.push(clock("database clock", "the database", found.clock));
    findings
}

async fn schema(settings: &PgSettings) -> Finding {
    let check = "database schema";
    match migrate::status(settings).await {
        Ok(steps) => {
            let missing: Vec<String> =
                steps.iter().filter(|s| !s.applied).map(|s| format!("{} ({})", s.version, s.name)).collect();
            let newest = steps.last().map_or(0, |s| s.version);
            if missing.is_empty() {
                Finding::ok(check, format!("version {newest}, as this program needs it"))
            } else {
                let what = format!("it lacks version {}", missing.join(", "));
                Finding::fail(check, what, "run `takeoff migrate`")
            }
        }
        Err(e) => Finding::fail(
            check,
            e.cause(),
            "run the takeoff that the database was migrated by, or name another",
        ),
    }
}

async fn bucket(settings: &S3Settings, drawings: Option<&str>) -> Vec<Finding> {
    let check = "object store";
    let scratch = match tempfile::tempdir() {
        Ok(scratch) => scratch,
        Err(e) => {
            return vec![Finding::fail(check, format!("no temporary folder: {e}"), "make room in /tmp")];
        }
    };
    let watch = Stopwatch::start();
    let name = SystemIds.next().to_string();
    match s3::probe(settings, &scratch.path().join("scratch"), &name).await {
        Ok(found) => {
            let took = watch.elapsed_ms().round();
            let detail = format!(
                "the bucket {} took an object, gave it back and deleted it within {took} ms",
                settings.bucket
            );
            let mut findings = vec![Finding::ok(check, detail)];
            if let Some(wanted) = drawings.filter(|wanted| found.owner.as_deref() != Some(wanted)) {
                let whose = found.owner.as_deref().unwrap_or("nobody");
                findings.push(Finding::fail(
                    "object store owner",
                    format!(
                        "the bucket {} is of {whose}, and the database's drawings are in {wanted}",
                        settings.bucket
                    ),
                    "name the bucket that the other nodes have",
                ));
            }
            match found.clock {
                Some(at) => findings.push(clock("object store clock", "the object store", at)),
                None => findings.push(Finding::warn(
                    "object store clock",
                    "it does not say what time it has",
                    "compare its clock with this machine's by hand",
                )),
            }
            findings
        }
        Err(e) => {
            let advice = "look at the address, the keys and the bucket's name; the keys have to allow to list, read, \
                          write and delete";
            vec![Finding::fail(check, e.cause(), advice)]
        }
    }
}

fn clock(check: &'static str, whose: &str, theirs: Timestamp) -> Finding {
    // Rounded: an object store may tell whole seconds only, and an answer takes a while.
    let differs_ms = SystemClock.now().ms_since(theirs);
    let way = if differs_ms >= 0 { "behind" } else { "ahead of" };
    let detail = format!("{whose} is {} ms {way} this machine, the way there included", differs_ms.abs());
    let advice = "let NTP set the clocks of both machines";
    match differs_ms.abs() {
        ms if ms >= WRONG_MS => Finding::fail(check, detail, advice),
        ms if ms >= ODD_MS => Finding::warn(check, detail, advice),
        _ => Finding::ok(check, detail),
    }
}
