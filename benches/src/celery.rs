//! The peer of durable jobs: Celery with Redis, installed here and started for a run.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use takeoff_engine::clock::Stopwatch;
use tempfile::TempDir;

use crate::node::cpu_seconds;

const INSTALL: &str = include_str!("../peers/install");
const APPLICATION: &str = include_str!("../peers/celery_noop.py");
/// Of Celery.
const VERSION: &str = "5.7.0";
/// Name of the application's module.
const MODULE: &str = "celery_noop";
/// Processes of the worker.
pub const PROCESSES: usize = 2;
/// Longest that a server may take to listen, and to end; how often that is looked for.
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);
/// Longest that a round of tasks may take.
const ROUND: Duration = Duration::from_secs(300);

/// Redis, a worker and a client, on free ports of loopback and in a folder of their own; killed when dropped.
pub struct Celery {
    // In the order in which they go: whoever speaks to Redis before it.
    client: Client,
    worker: Ended,
    redis: Ended,
    versions: String,
    _folder: TempDir,
}

struct Client {
    process: Ended,
    ask: ChildStdin,
    /// Lines that it answers.
    told: mpsc::Receiver<String>,
}

/// A process that does not outlive its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // A worker that is asked takes its processes with it. What has ended already is what an error means.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).stderr(Stdio::null()).status();
        if !until(STOP, || !matches!(self.0.try_wait(), Ok(None))) {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}

/// Looks every so often whether it is so, at most so long.
fn until(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let since = Stopwatch::start();
    // Nobody speaks here: it is a pause.
    let (_open, pause) = mpsc::channel::<()>();
    while !is_so() {
        if since.elapsed() > limit {
            return false;
        }
        let _ = pause.recv_timeout(LOOK);
    }
    true
}

impl Celery {
    /// Installs what is missing (Celery below `tools`, Redis by apt) and starts all of it.
    ///
    /// # Errors
    /// Something cannot be installed or does not start.
    pub fn start(tools: &Path, below: &Path) -> anyhow::Result<Self> {
        let installed = tools.join(format!("celery-{VERSION}"));
        install(&installed)?;
        let folder = tempfile::Builder::new().prefix("takeoff-celery-").tempdir_in(below)?;
        std::fs::write(folder.path().join(MODULE).with_extension("py"), APPLICATION)?;
        let (redis, address) = redis(folder.path())?;
        let python = installed.join("bin/python");
        let command = || {
            let mut command = Command::new(&python);
            command.current_dir(folder.path()).env("PEER_REDIS", &address);
            command
        };
        let worker = command()
            .args(["-m", "celery", "-A", MODULE, "worker", "--pool", "prefork", "--loglevel", "ERROR"])
            .args(["--concurrency", &PROCESSES.to_string()])
            // Talk among workers, of which there is one.
            .args(["--without-gossip", "--without-mingle", "--without-heartbeat"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("Celery's worker does not start")?;
        let worker = Ended(worker);
        let mut client = command()
            .arg(MODULE.to_owned() + ".py")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("Celery's client does not start")?;
        let (ask, told) = (client.stdin.take(), client.stdout.take());
        let process = Ended(client);
        let (ask, told) = (ask.context("it has an input")?, lines(told.context("it has an output")?));
        let client = Client { process, ask, told };
        let versions = versions(&python)?;
        Ok(Self { client, worker, redis, versions, _folder: folder })
    }

    /// Tasks a second, of so many that are enqueued one by one and awaited together.
    ///
    /// # Errors
    /// They do not end within five minutes, or the client has died.
    pub fn run(&mut self, tasks: u64) -> anyhow::Result<f64> {
        writeln!(self.client.ask, "{tasks}").context("Celery's client has ended")?;
        let answer = self.client.told.recv_timeout(ROUND).context("Celery's tasks do not end")?;
        let seconds: f64 =
            answer.trim().parse().with_context(|| format!("Celery's client says {answer:?}"))?;
        Ok(tasks as f64 / seconds)
    }

    /// CPU time that its client, worker and server have used so far, seconds.
    ///
    /// # Errors
    /// One of them has ended.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        [&self.client.process, &self.worker, &self.redis].into_iter().map(|p| cpu_seconds(p.0.id())).sum()
    }

    /// What is compared with.
    pub fn versions(&self) -> &str {
        &self.versions
    }
}

fn lines(output: ChildStdout) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody listens any more when the measuring has failed.
            let _ = tell.send(line);
        }
    });
    told
}

fn install(folder: &Path) -> anyhow::Result<()> {
    let mut shell = Command::new("sh");
    let ran =
        shell.args(["-c", INSTALL, "install"]).arg(folder).arg(VERSION).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&ran.stderr);
    ensure!(ran.status.success(), "Celery and Redis cannot be installed: {said}");
    Ok(())
}

/// Redis in memory only, and its address. It writes nothing to the disk, which is in its favour.
fn redis(folder: &Path) -> anyhow::Result<(Ended, String)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let child = Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
        ])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("redis-server does not start")?;
    let mut redis = Ended(child);
    let listens = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
    let over = until(START, || listens() || !matches!(redis.0.try_wait(), Ok(None)));
    ensure!(over && listens(), "redis-server does not listen");
    Ok((redis, format!("redis://127.0.0.1:{port}")))
}

fn versions(python: &Path) -> anyhow::Result<String> {
    let said = |command: &mut Command| {
        let ran = command.stdin(Stdio::null()).output()?;
        anyhow::Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned())
    };
    let celery = said(Command::new(python).args(["-m", "celery", "--version"]))?;
    let redis = said(Command::new("redis-server").arg("--version"))?;
    let version = redis.split_whitespace().find_map(|w| w.strip_prefix("v=")).unwrap_or("unknown");
    Ok(format!("Celery {celery}, Redis {version}"))
}
