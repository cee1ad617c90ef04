//! Counting: the index of a page, and one exemplar looked for on it.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use takeoff_benches::inputs::{SEED, display_list, drawing, sought};
use takeoff_benches::sizes::Sizes;
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, Exemplar, PageIndex, find};

fn count(c: &mut Criterion) {
    let mut group = c.benchmark_group("count");
    group.sample_size(10);
    let (params, budget) = (CountParams::default(), Budget::unlimited());
    for weight in Sizes::of_criterion().pages {
        let page = drawing(weight.paths, SEED);
        let list = display_list(page.pdf).expect("a generated page is whole");
        let build = || PageIndex::build(&list, &budget).expect("an unlimited budget does not end");
        group.bench_function(BenchmarkId::new("index", weight.paths), |b| b.iter(build));
        let index = build();
        // The symbol that there is most of.
        let symbol = sought(&page.truth).into_iter().max_by_key(|s| s.true_count);
        let symbol = symbol.expect("a generated page has a legend");
        group.bench_function(BenchmarkId::new("find", weight.paths), |b| {
            b.iter(|| {
                let exemplar = Exemplar::cut(&index, symbol.area, &budget).expect("a legend's box is clean");
                find(&index, &exemplar, &params, &budget)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, count);
criterion_main!(benches);
