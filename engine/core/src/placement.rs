//! Which node should run a piece of work, from load and capacity alone.
//!
//! Rendezvous hashing: every node scores every key, the highest score wins, so that a node that
//! leaves moves only its own keys. Nothing is sent from here.

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeLoad {
    pub name: String,
    /// Slots of the stage in question that are free now.
    pub free_slots: u32,
}

/// The node that prefers `key`, among those with a free slot; `None` when no node has one.
pub fn prefer<'a>(key: &[u8], nodes: &'a [NodeLoad]) -> Option<&'a str> {
    nodes
        .iter()
        .filter(|node| node.free_slots > 0)
        .max_by_key(|node| (score(key, &node.name), std::cmp::Reverse(&node.name)))
        .map(|node| node.name.as_str())
}

/// FNV-1a over key and name: stable across versions and platforms, which a std hasher is not.
fn score(key: &[u8], name: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in key.iter().chain(name.as_bytes()) {
        hash ^= u64::from(*byte);
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
    }
    // FNV's high bits are weak for short inputs; one multiply-shift round spreads them.
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(names: &[&str]) -> Vec<NodeLoad> {
        names.iter().map(|n| NodeLoad { name: (*n).to_owned(), free_slots: 1 }).collect()
    }

    #[test]
    fn a_leaving_node_moves_only_its_own_keys() {
        let three = nodes(&["a", "b", "c"]);
        let two = nodes(&["a", "b"]);
        for key in 0..500_u32 {
            let key = key.to_be_bytes();
            let before = prefer(&key, &three).unwrap();
            if before != "c" {
                assert_eq!(Some(before), prefer(&key, &two));
            }
        }
    }

    #[test]
    fn a_full_node_is_passed_over() {
        let mut all = nodes(&["a", "b"]);
        all[0].free_slots = 0;
        assert_eq!(prefer(b"x", &all), Some("b"));
        all[1].free_slots = 0;
        assert_eq!(prefer(b"x", &all), None);
    }
}
