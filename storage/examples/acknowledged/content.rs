//! What the program writes, and a test of it expects to find.

use takeoff_core::model::{Id, Timestamp};
use takeoff_storage::catalog::Clock;

/// Every so many-th body is more than sled's log takes as a whole.
pub(crate) const LARGE: u64 = 11;
const LARGE_BYTES: usize = 200_000;

/// Time is none of what is tested.
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000_000)
    }
}

pub(crate) fn record_id(record: u64) -> Id {
    Id(uuid::Uuid::from_u64_pair(record, 0x8000_0000_0000_0000))
}

/// What a record holds after a round; its first eight bytes are the round's number.
pub(crate) fn body(record: u64, round: u64) -> Vec<u8> {
    let len = if (record + round).is_multiple_of(LARGE) { LARGE_BYTES } else { 3_000 };
    let mut state = record.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ round;
    let mut bytes = round.to_be_bytes().to_vec();
    bytes.extend((0..len).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    }));
    bytes
}
