//! A PDF page to its display list, its PNG and its thumbnail: all that a parse worker does with it.

use std::io::sink;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use takeoff_benches::inputs::{SEED, drawing, opened};
use takeoff_benches::sizes::Sizes;
use takeoff_core::budget::Budget;
use takeoff_core::page::request::ParseLimits;

fn render(c: &mut Criterion) {
    let mut group = c.benchmark_group("page_render");
    group.sample_size(10);
    for weight in Sizes::of_criterion().pages {
        let pdf = drawing(weight.paths, SEED).pdf;
        let (limits, budget) = (ParseLimits::default(), Budget::unlimited());
        group.throughput(Throughput::Elements(weight.paths as u64));
        group.bench_function(BenchmarkId::from_parameter(weight.paths), |b| {
            b.iter_batched(
                || opened(pdf.clone()).expect("a generated page is whole"),
                |mut file| {
                    file.parse_page(0, &limits, &budget, &mut sink(), &mut sink())
                        .expect("a generated page is whole")
                },
                criterion::BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, render);
criterion_main!(benches);
