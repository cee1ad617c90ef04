//! SIGKILL at random moments: what was acknowledged is there, nothing twice, nothing stuck.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use takeoff_tests::history::{Acknowledged, FOUND, Place, REST, Work, check};
use takeoff_tests::{Drawn, Node, eventually};

const ROUNDS: usize = 30;
const CLIENTS: usize = 3;
const SEED: u64 = 0x7a6b_0ff1;

/// What a round must have reached before the moment of its kill is drawn. Most wait for nothing; the
/// others see to it that a slow machine, too, is killed amid each kind of work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Nothing,
    Upload,
    CountStarted,
    CountMeasured,
}

impl After {
    const fn in_round(round: usize) -> Self {
        match round % 6 {
            1 => Self::CountStarted,
            3 => Self::CountMeasured,
            5 if round % 12 == 5 => Self::Upload,
            _ => Self::Nothing,
        }
    }

    fn reached(self, told: &Acknowledged) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Upload => told.documents.len(),
            Self::CountStarted => told.sessions.len(),
            Self::CountMeasured => told.sessions.values().filter(|s| s.made).count(),
        }
    }

    /// Waits until it was reached once more than `before`.
    async fn wait(self, told: &Mutex<Acknowledged>, before: usize) {
        if self != Self::Nothing {
            eventually("the clients get through", REST, || async {
                (self.reached(&told.lock().unwrap()) > before).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_loses_nothing_and_doubles_nothing() {
    let drawn = Drawn::open_with(&[]).await;
    let (place, undisturbed) = Place::undisturbed(&drawn).await;
    assert_eq!(undisturbed.len(), FOUND);
    let data = drawn.node.data().to_path_buf();
    drawn.node.kill();

    let told = Arc::new(Mutex::new(Acknowledged::default()));
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(SEED);
    for round in 0..ROUNDS {
        let node = Node::start(&data);
        let after = After::in_round(round);
        let before = after.reached(&told.lock().unwrap());
        let clients: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let work = Work {
                    client: node.client(),
                    place: place.clone(),
                    told: told.clone(),
                    upload: n == 0 && round % 6 == 5,
                    count: n == 1 && matches!(after, After::CountStarted | After::CountMeasured),
                };
                tokio::spawn(work.until_the_node_is_gone())
            })
            .collect();
        after.wait(&told, before).await;
        // The moment of the kill is what the test varies; nothing is waited for here.
        let longest = if after == After::Nothing { 1_500 } else { 300 };
        let moment = Duration::from_millis(random.random_range(1..longest));
        let _ = tokio::time::timeout(moment, std::future::pending::<()>()).await;
        node.kill();
        for client in clients {
            client.await.unwrap();
        }
    }
    let node = Node::start(&data);
    let told = std::mem::take(&mut *told.lock().unwrap());
    let client = node.client();
    check(&client, &place, &told, &undisturbed).await;
}
