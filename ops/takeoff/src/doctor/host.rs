//! The program itself, its parse workers and its port.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use takeoff_config::NodeConfig;
use takeoff_core::ENGINE_VERSION;
use takeoff_core::budget::Budget;
use takeoff_core::page::request::{FileType, ParseReply, ParseRequest};
use takeoff_engine::child::{CallLimits, ChildConfig, ChildPool, Flow, MEMORY_ARG};

use super::Finding;

const WORKER: &str = "parse-worker";
/// Longest that a first parse worker may take to answer.
const ANSWER_MS: u64 = 20_000;
/// Longest that whatever has the port may take to say what it is.
const PROBE: Duration = Duration::from_secs(3);

pub(super) fn program() -> Finding {
    let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    Finding::ok("program", format!("takeoff {ENGINE_VERSION}, {cpus} CPUs"))
}

/// Whether one starts and reads a picture, and whether its memory has a limit.
pub(super) async fn parse_worker(config: &NodeConfig) -> Vec<Finding> {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(e) => {
            let what = format!("the running program has no path: {e}");
            return vec![Finding::fail("parse worker", what, "start it by its path")];
        }
    };
    let answers = match read_picture(&program, config).await {
        Ok(()) => Finding::ok("parse worker", "it starts and reads a picture"),
        Err(e) => Finding::fail(
            "parse worker",
            e.to_string(),
            "raise children.memory_mib, or let the service start processes of its own program",
        ),
    };
    vec![answers, memory_limit(&program, config.children.memory_bytes)]
}

async fn read_picture(program: &std::path::Path, config: &NodeConfig) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path: PathBuf = folder.path().join("picture.png");
    image::GrayImage::new(8, 8).save(&path)?;
    let path =
        path.to_str().ok_or_else(|| anyhow::anyhow!("the temporary folder's name is no UTF-8"))?.to_owned();
    let request = ParseRequest::Open { path, file_type: FileType::Png, limits: config.limits.parse() };
    let pool = ChildPool::new(ChildConfig {
        program: program.to_path_buf(),
        args: vec![WORKER.to_owned()],
        workers: 1,
        memory_bytes: config.children.memory_bytes,
        recycle_after: 1,
        queue_ms: ANSWER_MS,
    });
    let mut opened = false;
    let mut on_reply = |bytes: &[u8]| match postcard::from_bytes::<ParseReply>(bytes) {
        Ok(ParseReply::Starting { .. }) => Flow::More,
        Ok(ParseReply::Opened(found)) => {
            opened = !found.pages.is_empty();
            Flow::Done
        }
        Ok(_) | Err(_) => Flow::Done,
    };
    let limits = CallLimits { reply_ms: ANSWER_MS, total_ms: ANSWER_MS };
    let called =
        pool.call(&postcard::to_allocvec(&request)?, limits, &Budget::unlimited(), &mut on_reply).await;
    pool.close().await;
    called?;
    anyhow::ensure!(opened, "it starts and does not read a picture");
    Ok(())
}

/// Asks for twice what it may have, and for a little.
fn memory_limit(program: &std::path::Path, limit: u64) -> Finding {
    let check = "parse worker memory";
    let asked = |bytes: u64| {
        let mut command = Command::new(program);
        command.args([WORKER, MEMORY_ARG, &limit.to_string(), "--ask-bytes", &bytes.to_string()]);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().ok().and_then(|status| status.code())
    };
    let mib = limit / (1024 * 1024);
    match (asked(limit.saturating_mul(2)), asked(1024 * 1024)) {
        (Some(1), Some(0)) => Finding::ok(check, format!("it gets no more than {mib} MiB")),
        (Some(0), _) => Finding::fail(
            check,
            format!(
                "the system grants twice the {mib} MiB of children.memory_mib: a hostile file may take all memory"
            ),
            "run the node where limits of the address space (RLIMIT_AS) hold, or limit it from outside",
        ),
        _ => Finding::fail(
            check,
            "the limit cannot be set",
            "raise the limit of the address space (ulimit -v)",
        ),
    }
}

pub(super) async fn port(config: &NodeConfig) -> Finding {
    let (check, addr) = ("port", config.api.listen);
    match tokio::net::TcpListener::bind(addr).await {
        Ok(_) => Finding::ok(check, format!("{addr} is free")),
        Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => match is_ours(addr.port()).await {
            Some(version) => {
                let what = format!("{addr} is taken by a takeoff {version} that runs");
                Finding::warn(check, what, "nothing, if that is the node that was meant")
            }
            None => Finding::fail(
                check,
                format!("{addr} is taken by another program"),
                "stop that, or set api.listen to another port",
            ),
        },
        Err(e) => Finding::fail(
            check,
            format!("{addr} cannot be listened at: {e}"),
            "set api.listen to an address of this machine, and to a port that this user may have",
        ),
    }
}

async fn is_ours(port: u16) -> Option<String> {
    let http = reqwest::Client::builder().timeout(PROBE).build().ok()?;
    let answer = http.get(format!("http://127.0.0.1:{port}/version")).send().await.ok()?;
    let json: serde_json::Value = answer.json().await.ok()?;
    (json["name"] == "takeoff").then(|| json["version"].as_str().unwrap_or("?").to_owned())
}
