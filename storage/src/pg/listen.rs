//! Wakes from other nodes, on a connection of its own, which also tells whether the server is there: when
//! it is lost, the catalogue is out of use until it is made again.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use takeoff_core::job::Stage;
use tokio::sync::broadcast;
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, Client, Connection, Socket};

use super::connect;
use super::settings::Address;
use super::task::{self, Task};
use super::tls::Encrypted;
use super::trouble::describe;
use crate::catalog::Standing;
use crate::error::StoreError;

/// Between two tries to reach a server that is away.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// Between two questions whether the server still answers, and the longest that it may take.
const ASK: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(5);

/// Wakes that a receiver may be behind; one that is further behind is told of all stages.
pub(super) const WAKES: usize = 256;

pub(super) type Shared = Arc<RwLock<Standing>>;

pub(super) struct Listener {
    address: Address,
    wakes: broadcast::Sender<Stage>,
    standing: Shared,
}

/// A connection that listens, with the task that drives it.
struct Ear {
    client: Client,
    driver: Task,
}

impl Listener {
    /// Returns when it listens.
    pub(super) async fn start(
        address: Address,
        wakes: broadcast::Sender<Stage>,
        standing: Shared,
    ) -> Result<Task, StoreError> {
        let listener = Self { address, wakes, standing };
        let ear = listener.listen().await?;
        Ok(task::start(listener.run(ear)))
    }

    async fn run(self, mut ear: Ear) {
        loop {
            let lost = ear.until_lost().await;
            tracing::warn!(error = lost.why(), "the connection for wakes is lost");
            if let Lost::Silent(why) = lost {
                // Nobody waits for a server that does not answer, this one least of all.
                self.stand(Standing::Failed { why });
            }
            // The connection alone may be lost: only a server that takes no other is away.
            ear = match self.listen().await {
                Ok(ear) => ear,
                Err(e) => {
                    tracing::warn!(error = e.cause(), "the database is away");
                    self.stand(Standing::Failed { why: e.cause() });
                    let ear = self.again().await;
                    tracing::info!("the database is back");
                    ear
                }
            };
            self.stand(Standing::Working);
            // What was told while nobody listened is made up for.
            wake_all(&self.wakes);
        }
    }

    async fn again(&self) -> Ear {
        let mut pause = SHORTEST;
        loop {
            tokio::time::sleep(pause).await;
            match self.listen().await {
                Ok(ear) => return ear,
                Err(e) => self.stand(Standing::Failed { why: e.cause() }),
            }
            pause = (pause * 2).min(LONGEST);
        }
    }

    async fn listen(&self) -> Result<Ear, StoreError> {
        let (client, connection) = connect::alone(&self.address).await?;
        let driver = task::start(drive(connection, self.wakes.clone()));
        let ear = Ear { client, driver };
        let heard = ear.ask("LISTEN takeoff_wake").await;
        heard.map(|()| ear).map_err(|lost| StoreError::Unavailable(lost.why().to_owned()))
    }

    fn stand(&self, standing: Standing) {
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) = standing;
    }
}

/// How a connection was lost.
enum Lost {
    Ended(String),
    /// It is there, and nobody answers.
    Silent(String),
}

impl Lost {
    fn why(&self) -> &str {
        let (Self::Ended(why) | Self::Silent(why)) = self;
        why
    }
}

impl Ear {
    async fn ask(&self, sql: &str) -> Result<(), Lost> {
        match timeout(ANSWER, self.client.batch_execute(sql)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(Lost::Ended(describe(&e))),
            Err(_) => {
                Err(Lost::Silent(format!("the database has not answered within {} s", ANSWER.as_secs())))
            }
        }
    }

    async fn until_lost(&self) -> Lost {
        let mut tick = tokio::time::interval(SHORTEST);
        let mut quiet = Duration::ZERO;
        loop {
            tick.tick().await;
            quiet += SHORTEST;
            if self.driver.is_over() {
                return Lost::Ended("the connection to the database has ended".to_owned());
            }
            if quiet >= ASK {
                quiet = Duration::ZERO;
                if let Err(lost) = self.ask("SELECT 1").await {
                    return lost;
                }
            }
        }
    }
}

/// Passes on what arrives, until the connection ends.
async fn drive(mut connection: Connection<Socket, Encrypted>, wakes: broadcast::Sender<Stage>) {
    while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notification(told) = message {
            for stage in stages(told.payload()) {
                // Nobody may be waiting for it.
                let _ = wakes.send(stage);
            }
        }
    }
}

/// `1,5` -> the stages of these numbers. One that is not known is of a newer node's.
fn stages(payload: &str) -> impl Iterator<Item = Stage> {
    payload.split(',').filter_map(|code| Stage::ALL.into_iter().find(|s| (*s as u8).to_string() == code))
}

fn wake_all(wakes: &broadcast::Sender<Stage>) {
    for stage in Stage::ALL {
        let _ = wakes.send(stage);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_read_and_strangers_left_out() {
        assert_eq!(stages("1,5").collect::<Vec<_>>(), [Stage::Ingest, Stage::Noop]);
        assert_eq!(stages("9,x,,3").collect::<Vec<_>>(), [Stage::AutoCount]);
    }
}
