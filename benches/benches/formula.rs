//! The compiled formulas of all templates over quantities that vary.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use takeoff_benches::inputs::{SEED, evaluate, formulas, quantities};

fn formula(c: &mut Criterion) {
    let formulas = formulas().expect("shipped formulas compile");
    let quantities = quantities(256, SEED);
    let mut group = c.benchmark_group("formula");
    group.throughput(Throughput::Elements((formulas.len() * quantities.len()) as u64));
    group.bench_function("evaluate", |b| b.iter(|| evaluate(black_box(&formulas), black_box(&quantities))));
    group.finish();
}

criterion_group!(benches, formula);
criterion_main!(benches);
