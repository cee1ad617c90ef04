//! Connections beyond the limit: probes are answered on them, everything else is told to come back.
//!
//! A node whose connections are all taken, by many clients or by one that sits on them, must still be able
//! to say how it is. So it goes on accepting, a few at a time; when those are taken as well, the oldest is
//! cut for the newest. Clients that send nothing can then crowd each other out, but not the probes.

use std::collections::VecDeque;

use tokio::task::AbortHandle;

/// Connections beyond the limit at once.
const PLACES: usize = 32;

/// Marks a request that came beyond the limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowded;

/// The connections beyond the limit, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Reserve(VecDeque<AbortHandle>);

impl Reserve {
    pub(crate) fn admit(&mut self, connection: AbortHandle) {
        self.0.retain(|open| !open.is_finished());
        while self.0.len() >= PLACES {
            if let Some(oldest) = self.0.pop_front() {
                oldest.abort();
            }
        }
        self.0.push_back(connection);
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn the_oldest_makes_room_for_the_newest() {
        let mut reserve = Reserve::default();
        let mut tasks = JoinSet::new();
        let open: Vec<_> = (0..=PLACES).map(|_| tasks.spawn(std::future::pending::<()>())).collect();
        for connection in &open {
            reserve.admit(connection.clone());
        }
        assert!(tasks.join_next().await.unwrap().unwrap_err().is_cancelled());
        assert!(open[0].is_finished() && open[1..].iter().all(|connection| !connection.is_finished()));
        assert_eq!(reserve.0.len(), PLACES);
    }
}
