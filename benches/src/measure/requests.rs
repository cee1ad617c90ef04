//! Requests per second and latencies of one route, beside the cheapest route of the same server.

use serde_json::json;

use super::Bench;
use crate::inputs::school_plans;
use crate::node::{Api, Server, cpu_seconds, drive};
use crate::report::Measure;
use crate::stats::quantile;

const PEER: &str = "/version";
/// Pages of the document that is asked for: those of the school set.
const PAGES: usize = 8;

const HOW: &str = "GET /api/v1/documents/{id} of the school set's plans from `takeoff serve` with default \
    settings (JSON access log to a file), over keep-alive connections on the loopback interface; each connection \
    asks again as soon as it has read an answer. Client and node share the machine. Beside it, in turns: GET \
    /version of the same node by the same client, which reads no store.";
const HOW_LATENCY: &str = "From writing a request until its answer is read, under that load: most of it is waiting \
    for a core. A sample is a round's percentile.";
const HOW_ALONE: &str =
    "The same over a single connection, so that nothing waits. A sample is a round's percentile.";
const HOW_CPU: &str = "CPU time of the node for a request, under that load.";

/// Latencies, milliseconds, by round.
#[derive(Default)]
struct Percentiles {
    p50: Vec<f64>,
    p90: Vec<f64>,
    p99: Vec<f64>,
}

impl Percentiles {
    fn add(&mut self, ascending_ms: &[f64]) {
        self.p50.push(quantile(ascending_ms, 0.5));
        self.p90.push(quantile(ascending_ms, 0.9));
        self.p99.push(quantile(ascending_ms, 0.99));
    }
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let server = Server::start(&bench.program, &bench.folder).await?;
    let api = Api::new(server.address())?;
    let document = api.upload(&api.project().await?, school_plans()?).await?;
    for page in api.ready(&document, PAGES).await? {
        api.scale_detected(&page).await?;
    }
    let path = format!("/api/v1/documents/{document}");
    let (mut documents, mut versions, mut cpu_us) = (Vec::new(), Vec::new(), Vec::new());
    let (mut loaded, mut alone) = (Percentiles::default(), Percentiles::default());
    for _ in 0..sizes.request_rounds {
        let peer = drive(server.address(), PEER, sizes.connections, sizes.request_time).await?;
        versions.push(peer.per_second);
        let before = cpu_seconds(server.id())?;
        let load = drive(server.address(), &path, sizes.connections, sizes.request_time).await?;
        let spent_s = cpu_seconds(server.id())? - before;
        cpu_us.push(spent_s * 1e6 / load.latencies_ms.len() as f64);
        documents.push(load.per_second);
        loaded.add(&load.latencies_ms);
        alone.add(&drive(server.address(), &path, 1, sizes.request_time / 3).await?.latencies_ms);
    }
    let inputs = json!({"connections": sizes.connections, "pages_of_the_document": PAGES});
    let measure = |id: &str, title: String, unit, samples, how| {
        anyhow::Ok(Measure::new(id, title, unit, samples)?.inputs(inputs.clone()).how(how))
    };
    let under = |p: u32| format!("request latency, {} connections, p{p}", sizes.connections);
    let single = |p: u32| format!("request latency, one connection, p{p}");
    Ok(vec![
        measure("requests", "GET /api/v1/documents/{id}".to_owned(), "1/s", documents, HOW)?.beside(
            "GET /version",
            "1/s",
            versions,
        ),
        measure("request_cpu", "CPU of the node for a request".to_owned(), "us", cpu_us, HOW_CPU)?,
        measure("request_p50", under(50), "ms", loaded.p50, HOW_LATENCY)?,
        measure("request_p90", under(90), "ms", loaded.p90, HOW_LATENCY)?,
        measure("request_p99", under(99), "ms", loaded.p99, HOW_LATENCY)?,
        measure("request_alone_p50", single(50), "ms", alone.p50, HOW_ALONE)?,
        measure("request_alone_p90", single(90), "ms", alone.p90, HOW_ALONE)?,
        measure("request_alone_p99", single(99), "ms", alone.p99, HOW_ALONE)?,
    ])
}
