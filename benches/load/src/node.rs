//! The node under load.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

/// Longest until it listens, and how often its log is looked at.
const START: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

pub(crate) struct Node {
    address: String,
    id: u32,
    /// One that was started for this run: killed and forgotten at its end.
    own: Option<(Child, TempDir)>,
}

impl Node {
    pub(crate) fn running(address: &str, id: u32) -> Self {
        Self { address: address.to_owned(), id, own: None }
    }

    /// A node with default settings on a free port of the loopback interface, in a folder of its own.
    pub(crate) async fn start(program: Option<&Path>, below: Option<&Path>) -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("the running program has no path")?;
        let program = program.map_or_else(|| own.with_file_name("takeoff"), Path::to_path_buf);
        ensure!(program.is_file(), "{} is missing: it is what is put under load", program.display());
        let mut folder = tempfile::Builder::new();
        folder.prefix("takeoff-load-");
        let folder = below.map_or_else(|| folder.tempdir(), |below| folder.tempdir_in(below))?;
        let log = folder.path().join("log");
        let child = Command::new(&program)
            .env_clear()
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let mut node = Self { address: String::new(), id: child.id(), own: Some((child, folder)) };
        let mut tick = tokio::time::interval(LOOK);
        for _ in 0..START.as_millis() / LOOK.as_millis() {
            tick.tick().await;
            let said = std::fs::read_to_string(&log)?;
            if let Some((_, rest)) = said.lines().find_map(|l| l.split_once("listens on ")) {
                rest.trim().clone_into(&mut node.address);
                return Ok(node);
            }
            if let Some((child, _)) = &mut node.own
                && child.try_wait()?.is_some()
            {
                bail!("the node ended; it said:\n{said}");
            }
        }
        bail!("the node does not listen within {START:?}")
    }

    /// Its URL.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) const fn id(&self) -> u32 {
        self.id
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.own {
            // An error means that it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
