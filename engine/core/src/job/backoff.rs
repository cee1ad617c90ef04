//! How long a failed job rests.

use super::types::RetryPolicy;

/// Milliseconds until the next attempt after `attempts` failed ones: doubling from the policy's base to
/// its maximum, of which the upper half is random, so that jobs that failed together do not return
/// together.
pub(super) fn delay_ms(policy: RetryPolicy, attempts: u16, jitter: u64) -> i64 {
    let doublings = u32::from(attempts.saturating_sub(1)).min(32);
    let whole = (u64::from(policy.base_delay_ms) << doublings).min(u64::from(policy.max_delay_ms));
    let half = whole / 2;
    let delay = half + jitter % (whole - half + 1);
    // At most `max_delay_ms`, a u32.
    i64::try_from(delay).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: RetryPolicy = RetryPolicy { max_attempts: 4, base_delay_ms: 500, max_delay_ms: 60_000 };

    #[test]
    fn doubles_up_to_the_maximum() {
        let longest = |attempts| (0..2_000_u64).map(|j| delay_ms(POLICY, attempts, j * 31)).max();
        assert_eq!(longest(1), Some(500));
        assert_eq!(longest(2), Some(1_000));
        assert_eq!(delay_ms(POLICY, 20, 30_000), 60_000);
    }

    proptest! {
        #[test]
        fn lies_between_half_and_whole(base in 0_u32.., max in 0_u32.., attempts in 0_u16.., jitter: u64) {
            let policy = RetryPolicy { max_attempts: 3, base_delay_ms: base, max_delay_ms: max };
            let whole = (u128::from(base) << u32::from(attempts.saturating_sub(1)).min(32)).min(u128::from(max));
            let delay = u128::try_from(delay_ms(policy, attempts, jitter)).unwrap();
            prop_assert!(delay >= whole / 2 && delay <= whole);
        }
    }
}
