//! Benchmarks; none is in place yet.
