//! The data folder, its disk, and who may read what.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use takeoff_config::{NodeConfig, Origin, Source};

use super::Finding;
use crate::archive;

const GIB: u64 = 1024 * 1024 * 1024;
/// Free bytes below which a node soon stops taking uploads, and below which somebody should look.
const LITTLE: u64 = GIB / 2;
const SOME: u64 = 5 * GIB;
/// Free inodes; each blob is a file.
const FEW_INODES: u64 = 1_000;
const SOME_INODES: u64 = 50_000;

/// Settings that nobody else should read.
const SECRETS: [&str; 5] =
    ["database.url", "s3.access_key", "s3.secret_key", "admin.token", "cluster.cookie"];

/// Whether others may read a settings file that holds a secret.
pub(super) fn secrets(config: &NodeConfig, source: &Source) -> Option<Finding> {
    let file = source.file.as_ref()?;
    let loaded = source.load().ok()?;
    let shown =
        |key: &str| takeoff_config::settings().iter().any(|s| s.key == key && !(s.show)(config).is_empty());
    let held: Vec<&str> = SECRETS
        .into_iter()
        .filter(|key| shown(key) && matches!(loaded.origins.get(key), Some(Origin::File(_))))
        .collect();
    let check = "settings file";
    if held.is_empty() {
        return Some(Finding::ok(check, "it holds no secret"));
    }
    let mode = std::fs::metadata(file).map(|m| m.mode() & 0o777).unwrap_or(0);
    let what = format!("{} holds {} and has mode {mode:03o}", file.display(), held.join(", "));
    let advice = format!("chmod 600 {}, or give secrets by the environment", file.display());
    Some(if mode & 0o007 != 0 {
        Finding::fail(check, format!("{what}: everybody may read it"), advice)
    } else if mode & 0o070 != 0 {
        Finding::warn(check, format!("{what}: its group may read it"), advice)
    } else {
        Finding::ok(check, what)
    })
}

/// The nearest folder that is there.
fn existing(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    absolute.ancestors().find(|f| f.is_dir()).unwrap_or(Path::new("/")).to_path_buf()
}

pub(super) fn data(config: &NodeConfig) -> Vec<Finding> {
    let mut findings = folder(config);
    if config.database.url.is_none()
        && let Some(left) = archive::unfinished(&config.data_dir)
    {
        let (what, to_do) = (format!("{} was not finished", left.display()), archive::to_finish(&left));
        findings.push(if config.data_dir.join("FORMAT").is_file() {
            Finding::warn("restore", what, to_do)
        } else {
            Finding::fail("restore", format!("{what}: no node starts in the folder it was for"), to_do)
        });
    }
    findings
}

fn folder(config: &NodeConfig) -> Vec<Finding> {
    let (check, folder) = ("data folder", &config.data_dir);
    let shown = folder.display();
    let meta = match std::fs::metadata(folder) {
        Ok(meta) => meta,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let parent = existing(folder);
            return vec![match writable(&parent) {
                Ok(()) => Finding::ok(check, format!("{shown} is not there yet and can be made")),
                Err(e) => Finding::fail(
                    check,
                    format!("{shown} is not there and {} takes no files: {e}", parent.display()),
                    "make it and give it to the user that runs the node, or set node.data_dir",
                ),
            }];
        }
        Err(e) => {
            let advice = "give the folders above it to the user that runs the node";
            return vec![Finding::fail(check, format!("{shown} cannot be looked at: {e}"), advice)];
        }
    };
    let mut findings = vec![contents(check, folder)];
    findings.push(match writable(folder) {
        Ok(()) => Finding::ok("data folder writable", "files can be made in it"),
        Err(e) => Finding::fail(
            "data folder writable",
            format!("{shown} takes no files: {e}"),
            "chown it to the user that runs the node; look whether its disk is mounted read-only",
        ),
    });
    findings.push(permissions(folder, &meta));
    findings
}

fn contents(check: &'static str, folder: &Path) -> Finding {
    let shown = folder.display();
    match std::fs::read_to_string(folder.join("FORMAT")) {
        Ok(text) => Finding::ok(check, format!("{shown} is {}", text.lines().next().unwrap_or_default())),
        Err(_) if is_empty(folder) => Finding::ok(check, format!("{shown} is empty")),
        Err(_) => Finding::fail(
            check,
            format!("{shown} holds something and no FORMAT file: a node does not touch it"),
            "name another folder, or put the FORMAT file back if it was removed",
        ),
    }
}

fn is_empty(folder: &Path) -> bool {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.into_iter().all(|name| name == "lost+found" || name == "LOCK")
}

/// A file without a name where the system has such, so that nothing is left however this ends.
fn writable(folder: &Path) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(b"doctor")?;
    file.sync_all()
}

fn permissions(folder: &Path, meta: &Metadata) -> Finding {
    let (check, shown, mode) = ("data folder permissions", folder.display(), meta.mode() & 0o777);
    let own = rustix::process::geteuid().as_raw();
    if meta.uid() != own && own != 0 {
        let what = format!("{shown} belongs to user {} and this is user {own}", meta.uid());
        return Finding::warn(check, what, "run the node as the user that the folder belongs to");
    }
    if mode & 0o002 != 0 {
        let what = format!("{shown} has mode {mode:03o}: everybody may change what is in it");
        return Finding::fail(check, what, format!("chmod 700 {shown}"));
    }
    if mode & 0o007 != 0 {
        let what =
            format!("{shown} has mode {mode:03o}: everybody on this machine may read drawings and prices");
        return Finding::warn(check, what, format!("chmod 700 {shown}"));
    }
    Finding::ok(check, format!("mode {mode:03o}"))
}

pub(super) fn disk(config: &NodeConfig) -> Vec<Finding> {
    let at = existing(&config.data_dir);
    let found = match rustix::fs::statvfs(&at) {
        Ok(found) => found,
        Err(e) => {
            let what = format!("the disk of {} says nothing: {e}", at.display());
            return vec![Finding::warn("disk", what, "look at it with df")];
        }
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let mib = free / (1024 * 1024);
    let detail = format!("{mib} MiB free at {}", at.display());
    let advice = "make room, or move the data folder to a larger disk";
    let upload = config.limits.upload_bytes.saturating_mul(2);
    let space = if free < LITTLE {
        Finding::fail("disk", detail, advice)
    } else if free < SOME || free < upload {
        Finding::warn("disk", format!("{detail}: little for uploads of up to {} MiB", upload >> 21), advice)
    } else {
        Finding::ok("disk", detail)
    };
    let (inodes, all) = (found.f_favail, found.f_files);
    let detail = format!("{inodes} of {all} free");
    let advice = "each drawing, picture and page is a file: use a file system with more inodes, or a bucket";
    let names = if all == 0 {
        Finding::ok("inodes", "this file system has no fixed number")
    } else if inodes < FEW_INODES {
        Finding::fail("inodes", detail, advice)
    } else if inodes < SOME_INODES {
        Finding::warn("inodes", detail, advice)
    } else {
        Finding::ok("inodes", detail)
    };
    vec![space, names]
}
