//! Chance from a seed, the same on every machine: only whole numbers come out of the generator.

use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn int(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).unsigned_abs() + 1;
        low + (self.0.next_u64() % span) as i64
    }

    /// A multiple of 1/64 from `low` up to `high`.
    pub(crate) fn real(&mut self, low: f64, high: f64) -> f64 {
        let steps = ((high - low) * 64.0) as i64;
        low + self.int(0, steps.max(0)) as f64 / 64.0
    }

    pub(crate) fn chance(&mut self, percent: i64) -> bool {
        self.int(1, 100) <= percent
    }

    /// One of `items`, which aren't empty.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.int(0, items.len() as i64 - 1) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_throws_the_same() {
        let throw = |seed| {
            let mut dice = Dice::new(seed);
            (0..50).map(|_| dice.int(1, 6)).collect::<Vec<_>>()
        };
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
        assert!(throw(7).iter().all(|v| (1..=6).contains(v)));
    }
}
