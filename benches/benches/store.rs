//! Commits: batches of 1, 100 and 1,000 new records, each acknowledged before the next.

use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use takeoff_benches::durable::{batch_of, mem_catalog, sled_catalog};
use takeoff_storage::Catalog;
use tokio::runtime::Runtime;

fn store(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime starts");
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let backends: [(&str, Arc<dyn Catalog>); 2] = [
        ("mem", mem_catalog().expect("a store in memory opens")),
        ("sled", sled_catalog(folder.path()).expect("a store in a fresh folder opens")),
    ];
    let mut group = c.benchmark_group("store_commit");
    group.sample_size(20);
    for (name, catalog) in backends {
        for operations in [1, 100, 1_000] {
            group.throughput(Throughput::Elements(operations as u64));
            group.bench_function(BenchmarkId::new(name, operations), |b| {
                b.iter_batched(
                    || batch_of(operations),
                    |batch| runtime.block_on(catalog.commit(batch)).expect("the store takes a batch"),
                    BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, store);
criterion_main!(benches);
