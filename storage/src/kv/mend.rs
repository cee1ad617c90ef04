//! What the writer does when its store has failed: nothing more, or open it again when its disk has space.

use std::sync::Arc;
use std::time::Duration;

use takeoff_core::job::Cause;
use tokio::sync::mpsc;

use super::recover::{Recovered, recover};
use super::writer::{Command, Writer, lock};
use super::{Kv, Opener};
use crate::catalog::Standing;
use crate::error::StoreError;
use crate::quiet::caught;

/// Between two looks at what waits in the queue.
const TICK: Duration = Duration::from_millis(100);
/// Ticks before the first attempt to open the store again, and most of them before a later one.
const FIRST_TICKS: u32 = 10;
const MOST_TICKS: u32 = 150;

const FULL: &str = "the disk of the data folder is full: nothing can be stored or read until there is space for trial \
                    data of 16 MiB, then the node goes on by itself";

impl<K: Kv> Writer<K> {
    /// Takes the store out of use.
    pub(super) fn failed(&mut self, cause: &StoreError) {
        let cause = cause.cause();
        let mends = self.again.is_some() && self.shelf.store().is_ok_and(|store| store.may_open_again());
        let standing = if mends {
            tracing::error!(cause, "the store's disk is full: free space on the disk of the data folder");
            Standing::Failed { why: FULL.to_owned() }
        } else {
            tracing::error!(cause, "the store has failed for good: remove the cause, then restart the node");
            let why = format!("the store has failed ({cause}): remove the cause, then restart the node");
            Standing::Dead { why }
        };
        self.broken = self.shelf.close(standing).or(self.broken.take());
        self.recent.clear();
    }

    /// Until the store is in use again, has failed for good, or nobody wants it any more.
    pub(super) fn mend(&mut self, commands: &mut mpsc::Receiver<Command>) {
        let mut ticks = FIRST_TICKS;
        while matches!(self.shelf.standing(), Standing::Failed { .. }) {
            for _ in 0..ticks {
                if commands.is_closed() && commands.is_empty() {
                    return;
                }
                while let Ok(command) = commands.try_recv() {
                    command.refuse(&StoreError::Full(FULL.to_owned()));
                }
                std::thread::park_timeout(TICK);
            }
            ticks = (ticks * 2).min(MOST_TICKS);
            // Reads that were under way still have it; two of them in one folder would be one too many.
            if self.broken.as_ref().is_some_and(|store| Arc::strong_count(store) > 1) {
                continue;
            }
            self.broken = None;
            let Some(again) = &self.again else { return };
            match self.open_again(again) {
                Ok((store, recovered)) => {
                    self.seq = recovered.seq;
                    *lock(&self.queue) = recovered.queue;
                    self.shelf.put_back(store);
                    tracing::info!("the store's disk has space again, the store is open");
                }
                Err(e) if e.is_outage() => {
                    tracing::warn!(why = e.cause(), "the store cannot be opened again yet");
                }
                Err(e) => {
                    tracing::error!(error = %e, "the store cannot be opened again: restart the node");
                    let why = format!("the store cannot be opened again ({}): restart the node", e.cause());
                    self.shelf.close(Standing::Dead { why });
                }
            }
        }
    }

    fn open_again(&self, again: &Opener<K>) -> Result<(K, Recovered), StoreError> {
        // The node lives on, so a lease that it holds has ended, but not by its death.
        let opened = caught(|| {
            let store = again()?;
            let recovered = recover(&store, self.clock.now(), &Cause::Expire)?;
            Ok((store, recovered))
        });
        opened.unwrap_or_else(|panic| Err(StoreError::Unusable(format!("it is damaged: {panic}"))))
    }
}
