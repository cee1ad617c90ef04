//! What the end-to-end tests stand on: the real binary, in a folder of its own, on a free port.

mod client;
mod corpus;
mod node;
mod program;

pub use client::{Answer, Client};
pub use corpus::{corpus, required};
pub use node::Node;
pub use program::{program, run};

use std::future::Future;
use std::time::Duration;

/// Polls until `ask` gives something, at most `limit`; panics with `what` after that.
pub async fn eventually<T, F, Fut>(what: &str, limit: Duration, mut ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let asked = async {
        let mut tick = tokio::time::interval(Duration::from_millis(25));
        loop {
            tick.tick().await;
            if let Some(found) = ask().await {
                return found;
            }
        }
    };
    match tokio::time::timeout(limit, asked).await {
        Ok(found) => found,
        Err(_) => panic!("{what}: not within {limit:?}"),
    }
}
