//! A sum over all rows, so that one that is lost or has become an older one is noticed.

use std::hash::Hasher as _;

use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::SUM_KEY;

/// The sum of the hashes of rows, in whatever order they come. It guards against accidents and not against somebody
/// who makes rows to fit: of 128 bits a lost row leaves all as they were once in 10^38 times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RowSum(u128);

impl RowSum {
    /// With this row; the row that keeps the sum is in none.
    pub(crate) fn with(self, key: &[u8], value: &[u8]) -> Self {
        if key == SUM_KEY { self } else { Self(self.0.wrapping_add(hash(key, value))) }
    }

    pub(crate) fn without(self, key: &[u8], value: &[u8]) -> Self {
        if key == SUM_KEY { self } else { Self(self.0.wrapping_sub(hash(key, value))) }
    }

    pub(crate) const fn bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// `None` when it is no sum.
    pub(crate) fn read(row: &[u8]) -> Option<Self> {
        Some(Self(u128::from_be_bytes(row.try_into().ok()?)))
    }
}

/// Keyed with zeros: the same in each version, and every row is hashed on its way in and on its way out.
fn hash(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write(&(key.len() as u64).to_be_bytes());
    hasher.write(key);
    hasher.write(value);
    u128::from(hasher.finish128())
}

/// The sum as format 3 kept it, of hashes that took longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RowSum3(u128);

impl RowSum3 {
    pub(crate) fn with(self, key: &[u8], value: &[u8]) -> Self {
        if key == SUM_KEY { self } else { Self(self.0.wrapping_add(hash_3(key, value))) }
    }

    #[cfg(test)]
    pub(crate) const fn bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// `None` when it is no sum.
    pub(crate) fn read(row: &[u8]) -> Option<Self> {
        Some(Self(u128::from_be_bytes(row.try_into().ok()?)))
    }
}

fn hash_3(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = Sha256::new();
    hasher.update((key.len() as u64).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    let digest: [u8; 32] = hasher.finalize().into();
    digest.first_chunk::<16>().map_or(0, |half| u128::from_be_bytes(*half))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in folders does not change with a version of the library.
    #[test]
    fn sums_are_the_same_for_ever() {
        let sum = RowSum::default().with(b"key", b"value");
        assert_eq!(sum.bytes(), GOLDEN);
        let sum = RowSum3::default().with(b"key", b"value");
        assert_eq!(sum.bytes(), GOLDEN_3);
    }

    const GOLDEN: [u8; 16] = [33, 59, 59, 147, 118, 89, 116, 96, 133, 241, 242, 122, 180, 47, 209, 15];
    const GOLDEN_3: [u8; 16] = [3, 140, 246, 49, 9, 163, 225, 213, 219, 161, 206, 0, 51, 137, 134, 117];

    #[test]
    fn a_sum_is_of_rows_and_not_of_their_order() {
        let (a, b) = ((b"a".as_slice(), b"1".as_slice()), (b"b".as_slice(), b"2".as_slice()));
        let both = RowSum::default().with(a.0, a.1).with(b.0, b.1);
        assert_eq!(both, RowSum::default().with(b.0, b.1).with(a.0, a.1));
        assert_eq!(both.without(b.0, b.1), RowSum::default().with(a.0, a.1));
        assert_ne!(both, RowSum::default().with(a.0, b.1).with(b.0, a.1), "values are of their keys");
        assert_ne!(RowSum::default().with(b"ab", b"c"), RowSum::default().with(b"a", b"bc"));
        assert_ne!(both, both.with(a.0, a.1), "a row twice is not the row once");
        assert_eq!(both.with(SUM_KEY, b"3"), both);
        assert_eq!(RowSum::read(&both.bytes()), Some(both));
        assert_eq!(RowSum::read(b"short"), None);
    }
}
