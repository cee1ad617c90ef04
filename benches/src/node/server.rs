//! `takeoff serve` in a folder of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;

/// Longest that a node may take until it listens, and how often its log is looked at.
const START: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// A node on a free port of the loopback interface with default settings; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: String,
    log: PathBuf,
    _folder: TempDir,
}

impl Server {
    /// Starts `program` with its data in a fresh folder below `below`, and returns when it listens. An error where it
    /// does not start, ends, or does not listen within a minute; it holds what the node said.
    pub async fn start(program: &Path, below: &Path) -> anyhow::Result<Self> {
        Self::with(program, below, &[]).await
    }

    /// As [`Self::start`], with settings by the environment.
    pub async fn with(program: &Path, below: &Path, settings: &[(&str, String)]) -> anyhow::Result<Self> {
        Self::launch(Command::new(program), below, settings).await
    }

    /// As [`Self::with`], on this core alone, and so are its children.
    pub async fn on_core(
        core: usize,
        program: &Path,
        below: &Path,
        settings: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        // It becomes the node.
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &core.to_string()]).arg(program);
        Self::launch(command, below, settings).await
    }

    async fn launch(mut command: Command, below: &Path, settings: &[(&str, String)]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("takeoff-bench-").tempdir_in(below)?;
        let log = folder.path().join("log");
        let program = command.get_program().to_owned();
        let child = command
            // Settings of whoever measures are no part of what is measured.
            .env_clear()
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("{} does not start", program.to_string_lossy()))?;
        let mut server = Self { child, address: String::new(), log, _folder: folder };
        server.address = server.find_address().await?;
        Ok(server)
    }

    async fn find_address(&mut self) -> anyhow::Result<String> {
        let mut looks = START.as_millis() / LOOK.as_millis();
        let mut tick = tokio::time::interval(LOOK);
        loop {
            tick.tick().await;
            let log = std::fs::read_to_string(&self.log)?;
            let said = log.lines().find_map(|l| l.split_once("listens on http://"));
            if let Some((_, address)) = said {
                return Ok(address.trim().to_owned());
            }
            looks = looks.saturating_sub(1);
            if looks == 0 || self.child.try_wait()?.is_some() {
                bail!("the node does not listen; it said:\n{log}");
            }
        }
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The data goes with it, so nothing is lost; an error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
