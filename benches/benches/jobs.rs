//! Durable jobs that do nothing, through the whole engine on sled: enqueued, leased, completed.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use takeoff_benches::durable::{end, noop_node, run_jobs};
use takeoff_benches::sizes::Sizes;
use tokio::runtime::Runtime;

fn jobs(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime starts");
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let node = runtime.block_on(noop_node(folder.path())).expect("a node starts in a fresh folder");
    let callers = Sizes::of_criterion().job_callers;
    // An iteration is some rounds of all callers.
    let jobs = 8 * callers as u64;
    let mut group = c.benchmark_group("jobs");
    group.sample_size(10).measurement_time(Duration::from_secs(10)).throughput(Throughput::Elements(jobs));
    group.bench_function("durable_noop", |b| {
        b.iter(|| runtime.block_on(run_jobs(&node, jobs, callers)).expect("every job succeeds"));
    });
    group.finish();
    runtime.block_on(end(node)).expect("the node drains");
}

criterion_group!(benches, jobs);
criterion_main!(benches);
