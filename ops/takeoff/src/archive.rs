//! `takeoff backup` and `takeoff restore`: everything that the stores hold, as one file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use takeoff_config::{Flags, NodeConfig};
use takeoff_core::model::IdSource as _;
use takeoff_engine::clock::{SystemClock, SystemIds};
use takeoff_storage::archive::{self, Manifest, Verified};
use takeoff_storage::catalog::Clock as _;
use takeoff_storage::embedded::Embedded;

use crate::cli::{ArchiveArgs, RestoreArgs, exit};
use crate::{node, output, settings};

/// Behind the folder's name while it is filled, or the name of what is filled within it.
const RESTORING: &str = ".restoring";
/// What makes a data folder of a folder.
const FORMAT: &str = "FORMAT";
/// What a new volume holds.
const OF_A_VOLUME: [&str; 1] = ["lost+found"];

pub(crate) fn backup(args: &ArchiveArgs) -> u8 {
    ended(args, async |config| {
        let manifest = back_up(&config, &args.file).await?;
        Ok(told(&format!("{} is written", args.file.display()), &manifest))
    })
}

pub(crate) fn restore(args: &RestoreArgs) -> u8 {
    ended(&args.archive, async |config| {
        let file = &args.archive.file;
        // A file that is not there is no fault of a store.
        std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let verified = archive::verify(file).await?;
        if args.verify {
            return Ok(told(&format!("{} is whole", file.display()), &verified.manifest));
        }
        let into = if config.database.url.is_some() {
            let stores = node::open_stores(&config).await?;
            archive::restore(&verified, &*stores.catalog, &*stores.blobs).await?;
            "the database is filled".to_owned()
        } else {
            into_folder(&config, &verified).await?;
            format!("{} is filled", config.data_dir.display())
        };
        Ok(told(&into, &verified.manifest))
    })
}

fn ended(args: &ArchiveArgs, work: impl AsyncFnOnce(NodeConfig) -> anyhow::Result<String>) -> u8 {
    let flags = Flags { listen: None, data_dir: args.data_dir.clone() };
    let loaded = match settings::load_or_complain(args.config.as_deref(), &flags) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let done = node::runtime().map_err(anyhow::Error::from).and_then(|rt| rt.block_on(work(loaded.config)));
    match done {
        Ok(text) => output::print(&text),
        Err(e) => {
            output::complain(&format!("{e:#}"));
            if e.is::<node::NoStores>() { exit::CONFIG } else { exit::FAILED }
        }
    }
}

fn told(what: &str, manifest: &Manifest) -> String {
    let rows: Vec<String> =
        manifest.rows.iter().map(|(name, n)| format!("{n} {}", name.replace('_', " "))).collect();
    let rows = if rows.is_empty() { "nothing".to_owned() } else { rows.join(", ") };
    format!("{what}: {rows}; {} files of {} bytes in all\n", manifest.blobs, manifest.blob_bytes)
}

async fn back_up(config: &NodeConfig, file: &Path) -> anyhow::Result<Manifest> {
    let shared = config.database.url.is_some() && config.object_store.endpoint.is_some();
    // Beside a database and a bucket the data folder holds nothing: nodes may go on using theirs.
    let own = if shared { Some(tempfile::tempdir().context("no temporary folder")?) } else { None };
    let mut config = config.clone();
    match &own {
        Some(own) => config.data_dir = own.path().join("data"),
        None => ensure!(
            config.data_dir.join(FORMAT).is_file(),
            "{} is no data folder: there is nothing to back up",
            config.data_dir.display()
        ),
    }
    let Embedded { catalog, blobs } = node::open_stores(&config).await.context(
        "the data folder cannot be opened to be backed up. If a node runs in it: stop the node, back up, and start it \
         again (with a database and a bucket, backups are made while nodes run)",
    )?;
    Ok(archive::backup(&*catalog, &*blobs, file, SystemClock.now(), None).await?)
}

/// Where an archive is restored to before its entries take their places: within the folder if that is there, since a
/// volume cannot be replaced and its parent may be somebody else's; beside it if not.
fn filled_at(folder: &Path) -> PathBuf {
    if folder.is_dir() { folder.join(RESTORING) } else { beside(folder) }
}

fn beside(folder: &Path) -> PathBuf {
    // As the kernel names it: without the slash at its end.
    let mut beside = folder.components().collect::<PathBuf>().into_os_string();
    beside.push(RESTORING);
    PathBuf::from(beside)
}

/// What a restore into this folder left that did not come to its end, if one did.
pub(crate) fn unfinished(folder: &Path) -> Option<PathBuf> {
    [folder.join(RESTORING), beside(folder)].into_iter().find(|left| left.is_dir())
}

/// What to do about it.
pub(crate) fn to_finish(left: &Path) -> String {
    format!("run `takeoff restore FILE` again, which begins anew, or remove {}", left.display())
}

/// Nothing is in the folder, but for what an earlier restore was about to move to its place there.
fn is_to_be_filled(folder: &Path) -> anyhow::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => bail!("{} cannot be read: {e}", folder.display()),
    };
    let goes_on = folder.join(RESTORING).is_dir() && !folder.join(FORMAT).exists();
    for entry in entries {
        let name = entry.with_context(|| format!("{} cannot be read", folder.display()))?.file_name();
        ensure!(
            goes_on || OF_A_VOLUME.iter().any(|known| name == *known),
            "{} is not empty: an archive is restored into a new or empty folder only",
            folder.display()
        );
    }
    Ok(())
}

/// Fills a folder within or beside the one that is meant. Then its entries take their places, that which makes a data
/// folder of them last: there is a whole one or none.
async fn into_folder(config: &NodeConfig, verified: &Verified) -> anyhow::Result<()> {
    let folder = &config.data_dir;
    is_to_be_filled(folder)?;
    let beside = filled_at(folder);
    let mut config = config.clone();
    config.data_dir.clone_from(&beside);
    // What an earlier restore left, which was not finished. A bucket goes on knowing its store by that name.
    let name = std::fs::read_to_string(beside.join("objects/OWNER"));
    let name = name.unwrap_or_else(|_| SystemIds.next().to_string());
    if beside.exists() {
        std::fs::remove_dir_all(&beside)
            .with_context(|| format!("{} cannot be removed", beside.display()))?;
    }
    let filled = async {
        let stores = node::open_stores_as(&config, name.trim()).await?;
        archive::restore(verified, &*stores.catalog, &*stores.blobs).await?;
        anyhow::Ok(())
    };
    if let Err(e) = filled.await {
        // With a bucket the next restore needs the name that is in it.
        if config.object_store.endpoint.is_none() {
            // The failure is what matters.
            let _ = std::fs::remove_dir_all(&beside);
        }
        return Err(e);
    }
    if beside.starts_with(folder) {
        move_in(&beside, folder).with_context(|| format!("{} cannot be filled", folder.display()))
    } else {
        std::fs::rename(&beside, folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sync(parent).with_context(|| format!("{} cannot be synced", parent.display()))
    }
}

/// Every entry of a filled folder goes into the one above, the format last. What an earlier restore has moved gives way.
fn move_in(filled: &Path, folder: &Path) -> std::io::Result<()> {
    let mut names: Vec<OsString> =
        std::fs::read_dir(filled)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>()?;
    names.sort_by_key(|name| name == FORMAT);
    for name in names {
        let to = folder.join(&name);
        match std::fs::symlink_metadata(&to) {
            Ok(there) if there.is_dir() => std::fs::remove_dir_all(&to)?,
            Ok(_) => std::fs::remove_file(&to)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        if name == FORMAT {
            // All else is in its place for good before this says so.
            sync(folder)?;
        }
        std::fs::rename(filled.join(&name), &to)?;
    }
    sync(folder)?;
    std::fs::remove_dir(filled)?;
    sync(folder)
}

fn sync(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}
