//! `takeoff serve`: the engine behind the gateway, until a signal.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use takeoff_config::environment::Variables;
use takeoff_config::{Flags, Loaded, Source};
use takeoff_engine::handle::Handle;
use takeoff_engine::presence::Leave;
use takeoff_gateway::{Gateway, Reload as _};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{ServeArgs, exit};
use crate::reloading::Reloader;
use crate::telemetry::LogLevel;
use crate::{node, output, settings, telemetry};

pub(crate) fn main(args: &ServeArgs) -> u8 {
    let flags = Flags { listen: args.listen.clone(), data_dir: args.data_dir.clone() };
    let source = Source { file: args.config.clone(), variables: Variables::of_process(), flags };
    let loaded = match settings::loaded_or_complain(&source) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let level = telemetry::log_json(&loaded.config.log_level);
    let served =
        node::runtime().map_err(anyhow::Error::from).and_then(|rt| rt.block_on(serve(source, loaded, level)));
    match served {
        Ok(()) => 0,
        Err(e) => {
            let why = format!("{e:#}");
            // A person reads a sentence, whatever collects logs an event; both at once is once too often.
            if std::io::stderr().is_terminal() {
                output::complain(&why);
            } else {
                tracing::error!(error = why, "the node stopped");
            }
            let of_config = e.is::<node::NoStores>() || e.is::<node::NameTaken>() || e.is::<node::NoLinks>();
            if of_config { exit::CONFIG } else { exit::FAILED }
        }
    }
}

async fn serve(source: Source, loaded: Loaded, level: LogLevel) -> anyhow::Result<()> {
    let Loaded { config, origins } = loaded;
    let metrics = telemetry::metrics()?;
    // Signals are caught before anything starts, so that none is lost in between.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let listening = Gateway::bind(&config).await?;
    let handle = node::start(config.clone()).await?;
    let reloader = Arc::new(Reloader::new(source, origins, handle.clone(), level));
    let gateway = listening.before(handle.clone(), metrics)?.reloaded_by(reloader.clone());
    let address = gateway.local_addr();
    let environment = config.environment.name();
    tracing::info!(%address, version = takeoff_core::ENGINE_VERSION, environment, "listening");
    output::note(&format!("takeoff {} listens on http://{address}", takeoff_core::ENGINE_VERSION));
    handle.set_address(config.api.public_url.clone().unwrap_or_else(|| format!("http://{address}")));
    let replaced = AtomicBool::new(false);
    let stop = async {
        let leave = loop {
            tokio::select! {
                _ = terminate.recv() => break None,
                _ = interrupt.recv() => break None,
                why = handle.leave() => break Some(why),
                // What is wrong with it is in the log; the node goes on.
                _ = hangup.recv() => drop(reloader.reload()),
            }
        };
        if leave == Some(Leave::Replaced) {
            replaced.store(true, Ordering::Relaxed);
        } else {
            tokio::select! {
                () = until_noticed(&handle, leave.is_some()) => {}
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        tracing::info!("stopping: requests and attempts may finish");
    };
    let cut_off = gateway.serve(stop).await;
    if cut_off > 0 {
        tracing::warn!(cut_off, "connections were cut off");
    }
    let report = handle.drain(handle.config().jobs.drain_ms).await;
    tracing::info!(?report, "drained");
    if replaced.load(Ordering::Relaxed) {
        let name = &config.node;
        return Err(node::NameTaken(format!("another node has taken the name `{name}`, `node.name`")).into());
    }
    Ok(())
}

/// The node is unready and answers requests: until whoever sends it some has had time to find out, and where it was
/// asked to drain until it has no more work, so that whoever asked sees that it drains.
async fn until_noticed(handle: &Handle, asked: bool) {
    handle.stop_leasing();
    let config = handle.config();
    tracing::info!(
        asked,
        lame_duck_ms = config.api.lame_duck_ms,
        "the node is to stop, and says that it is not ready"
    );
    let idle = async {
        if asked {
            handle.quiesce(config.jobs.drain_ms).await;
        }
    };
    tokio::join!(tokio::time::sleep(Duration::from_millis(config.api.lame_duck_ms)), idle);
}
