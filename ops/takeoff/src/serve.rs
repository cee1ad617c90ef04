//! `takeoff serve`: the engine behind the gateway, until a signal.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};

use takeoff_config::{Flags, NodeConfig};
use takeoff_engine::presence::Leave;
use takeoff_gateway::Gateway;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{ServeArgs, exit};
use crate::{node, output, settings, telemetry};

pub(crate) fn main(args: &ServeArgs) -> u8 {
    let flags = Flags { listen: args.listen.clone(), data_dir: args.data_dir.clone() };
    let loaded = match settings::load_or_complain(args.config.as_deref(), &flags) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    telemetry::log_json(&loaded.config.log_level);
    let served =
        node::runtime().map_err(anyhow::Error::from).and_then(|rt| rt.block_on(serve(loaded.config)));
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
            let of_config = e.is::<node::NoDatabase>() || e.is::<node::NameTaken>();
            if of_config { exit::CONFIG } else { exit::FAILED }
        }
    }
}

async fn serve(config: NodeConfig) -> anyhow::Result<()> {
    let metrics = telemetry::metrics()?;
    let drain_ms = config.jobs.drain_ms;
    // Signals are caught before anything starts, so that none is lost in between.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let handle = node::start(config.clone()).await?;
    let gateway = Gateway::bind(&config, handle.clone(), metrics).await?;
    let address = gateway.local_addr();
    let environment = config.environment.name();
    tracing::info!(%address, version = takeoff_core::ENGINE_VERSION, environment, "listening");
    output::note(&format!("takeoff {} listens on http://{address}", takeoff_core::ENGINE_VERSION));
    handle.set_address(config.api.public_url.clone().unwrap_or_else(|| format!("http://{address}")));
    let replaced = AtomicBool::new(false);
    let stop = async {
        let leave = tokio::select! {
            _ = terminate.recv() => None,
            _ = interrupt.recv() => None,
            why = handle.leave() => Some(why),
        };
        match leave {
            None => {}
            // Requests are answered as long as there is work, so that whoever sends them sees that the node drains.
            Some(Leave::Drain) => {
                tracing::info!("asked to drain");
                tokio::select! {
                    () = handle.quiesce(drain_ms) => {}
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            Some(Leave::Replaced) => replaced.store(true, Ordering::Relaxed),
        }
        tracing::info!("stopping: requests and attempts may finish");
    };
    let cut_off = gateway.serve(stop).await;
    if cut_off > 0 {
        tracing::warn!(cut_off, "connections were cut off");
    }
    let report = handle.drain(drain_ms).await;
    tracing::info!(?report, "drained");
    if replaced.load(Ordering::Relaxed) {
        let name = &config.node;
        return Err(node::NameTaken(format!("another node has taken the name `{name}`, `node.name`")).into());
    }
    Ok(())
}
