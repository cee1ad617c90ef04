//! How retries are spread.

use takeoff_core::job::Job;

/// Spreads retries by what the job is, not by chance: ids are random already, and the token makes each
/// attempt's number another one. (The finaliser of splitmix64.)
pub(crate) fn jitter(job: &Job) -> u64 {
    let (high, low) = job.id.0.as_u64_pair();
    let mut x = high ^ low ^ job.token.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
