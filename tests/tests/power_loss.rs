//! Loss of power, which a kill cannot show: what was acknowledged is there although nothing is left of what was not
//! synced, or any part of it, and the folder opens as it is.

#![expect(clippy::disallowed_methods, reason = "clients of what is under test are tasks")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use takeoff_samples::{Habit, sheets};
use takeoff_tests::disk::{Disk, Journal, Left, Recorded, content};
use takeoff_tests::{Client, Node};

const SEED: u64 = 0x10_57ed;
/// Where the data folder is below the disk: the node makes the folders above it, too.
const DATA: &str = "srv/takeoff";
const CLIENTS: u8 = 2;
const ROUNDS: u8 = 3;
/// Moments that are tried in both ways.
const MOMENTS: usize = 18;

/// What clients were told, each with the place in the journal at which they knew it.
#[derive(Default)]
struct Told(Vec<(usize, Fact)>);

/// Paths whose syncs never happened.
type Ignored<'a> = &'a (dyn Fn(&str) -> bool + Sync);

#[derive(Clone, Debug)]
enum Fact {
    Project(String),
    Measurement { condition: String, id: String },
    Deleted(String),
    Original { document: String, hash: [u8; 32] },
}

#[track_caller]
fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

/// Projects, uploads, measurements and deletions, one after the other.
async fn work(client: Client, disk: Arc<Recorded>, told: Arc<Mutex<Told>>, n: u8) {
    let tell = |fact| told.lock().unwrap().0.push((disk.now(), fact));
    for round in 0..ROUNDS {
        let project = client.project(&format!("Project {n}.{round}")).await;
        tell(Fact::Project(project.clone()));
        let set = sheets(u64::from(n) * 100 + u64::from(round), 1, Habit::named("blocks").unwrap()).0;
        let hash = Sha256::digest(&set).into();
        let made = client.try_upload(&project, "set.pdf", set, "application/pdf").await.unwrap().expect(201);
        tell(Fact::Original { document: id(&made), hash });
        let pages = client.pages_of(&id(&made), 1).await;
        client.scale(pages[0]["id"].as_str().unwrap()).await;
        let body = json!({"name": "Devices", "measurement_type": "count", "unit": "EA"});
        let condition = id(&client.post(&format!("/projects/{project}/conditions"), body).await.expect(201));
        for m in 0..4 {
            let body = json!({
                "page_id": pages[0]["id"], "geometry_type": "point", "geometry_data": {"x": 10.0, "y": 10.0}
            });
            let path = format!("/conditions/{condition}/measurements");
            let made = id(&client.post(&path, body).await.expect(201));
            tell(Fact::Measurement { condition: condition.clone(), id: made.clone() });
            if m == 2 {
                client.delete(&format!("/measurements/{made}")).await.expect(204);
                tell(Fact::Deleted(made));
            }
        }
    }
}

/// Whether the folder opens by itself and holds what was told; the first thing that is wrong.
async fn check(data: &Path, told: &[Fact]) -> Result<(), String> {
    whole_blobs(data)?;
    let node = Node::try_start(data, &[])?;
    let client = node.client();
    let mut deleted = Vec::new();
    let mut measured: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for fact in told {
        match fact {
            Fact::Project(id) => drop(get(&client, &format!("/projects/{id}")).await?),
            Fact::Measurement { condition, id } => measured.entry(condition).or_default().push(id),
            Fact::Deleted(id) => deleted.push(id),
            Fact::Original { document, hash } => {
                let path = format!("/files/documents/{document}/original");
                let found = bytes(&client, &path).await?;
                if Sha256::digest(&found)[..] != hash[..] {
                    return Err(format!("{path} has other bytes"));
                }
                pages(&client, document).await?;
            }
        }
    }
    for (condition, all) in measured {
        let list =
            get(&client, &format!("/conditions/{condition}/measurements")).await?["measurements"].clone();
        let found: Vec<String> = list.as_array().ok_or("no list")?.iter().map(id).collect();
        for id in &all {
            let (gone, there) = (deleted.contains(id), found.contains(*id));
            if gone && there {
                return Err(format!("measurement {id} was deleted and is there"));
            }
            // The deletion of the third may have been sent and not been answered.
            if !gone && !there && all.len() != 3 {
                return Err(format!("measurement {id} is lost"));
            }
        }
    }
    node.kill();
    Ok(())
}

async fn get(client: &Client, path: &str) -> Result<Value, String> {
    let answer = client.try_send(Method::GET, path, None).await.map_err(|e| format!("{path}: {e}"))?;
    if answer.status != 200 {
        return Err(format!("{path}: {} {}", answer.status, answer.body));
    }
    Ok(answer.body)
}

async fn bytes(client: &Client, path: &str) -> Result<Vec<u8>, String> {
    let failed = |e: reqwest::Error| format!("{path}: {e}");
    let answer = client.request(Method::GET, path).send().await.and_then(reqwest::Response::error_for_status);
    Ok(answer.map_err(failed)?.bytes().await.map_err(failed)?.to_vec())
}

/// A page that is shown as ready has its picture.
async fn pages(client: &Client, document: &str) -> Result<(), String> {
    let list = get(client, &format!("/documents/{document}/pages")).await?;
    for page in list["pages"].as_array().ok_or("no list")?.iter().filter(|p| p["status"] == "ready") {
        let picture = bytes(client, &format!("/files/pages/{}/image.png", id(page))).await?;
        image::load_from_memory(&picture).map_err(|e| format!("the picture of {page}: {e}"))?;
    }
    Ok(())
}

/// Every blob that has its name has its bytes.
fn whole_blobs(data: &Path) -> Result<(), String> {
    let blobs = data.join("blobs/blobs");
    if !blobs.is_dir() {
        return Ok(());
    }
    for (path, bytes) in content(&blobs) {
        let Some(bytes) = bytes else { continue };
        let hash: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        if path.file_name().and_then(|n| n.to_str()) != Some(&hash) {
            return Err(format!("{} has other bytes", path.display()));
        }
    }
    Ok(())
}

/// Makes the disk as the loss of power at `moment` leaves it and checks it.
async fn lose_power(
    disk: &Recorded,
    journal: &Journal,
    told: &Told,
    moment: usize,
    mut left: Left,
) -> Result<(), String> {
    lose_power_without(disk, journal, told, moment, &mut left, &|_| false).await
}

async fn lose_power_without(
    disk: &Recorded,
    journal: &Journal,
    told: &Told,
    moment: usize,
    left: &mut Left,
    ignored: Ignored<'_>,
) -> Result<(), String> {
    let after = tempfile::tempdir().unwrap();
    let known: Vec<Fact> = told.0.iter().filter(|(at, _)| *at <= moment).map(|(_, f)| f.clone()).collect();
    let mut model = Disk::new(disk.root());
    journal.all().take_while(|(end, _)| *end <= moment).for_each(|(_, c)| model.apply(c, ignored));
    model.leave(after.path(), left);
    check(&after.path().join(DATA), &known).await
}

async fn record() -> (Arc<Recorded>, Told, usize) {
    let disk = Arc::new(Recorded::default());
    let environment = disk.environment(false);
    let settings: Vec<(&str, &str)> = environment.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let node = Node::start_with(&disk.root().join(DATA), &settings);
    let began = disk.now();
    let told = Arc::new(Mutex::new(Told::default()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| tokio::spawn(work(node.client(), Arc::clone(&disk), Arc::clone(&told), n)))
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    node.kill();
    let mut told = std::mem::take(&mut *told.lock().unwrap());
    told.0.sort_by_key(|(at, _)| *at);
    (disk, told, began)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_outlives_a_loss_of_power() {
    let (disk, told, began) = record().await;
    let journal = disk.journal();
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    // Some while the folder is made; most at the moment of an answer, when nothing may be missing; the rest anywhere.
    let end = disk.now();
    let moments: Vec<usize> = (0..MOMENTS)
        .map(|n| match n % 6 {
            0 => random.random_range(1..began),
            1 | 2 => random.random_range(began..end),
            _ => told.0[random.random_range(0..told.0.len())].0,
        })
        .collect();
    for moment in &moments {
        let some = Left::Some(Box::new(ChaCha8Rng::seed_from_u64(random.random())));
        let (all, part) = tokio::join!(
            lose_power(&disk, &journal, &told, *moment, Left::Nothing),
            lose_power(&disk, &journal, &told, *moment, some),
        );
        assert_eq!(all, Ok(()), "power lost at {moment} of {end}, nothing left of what was not synced");
        assert_eq!(part, Ok(()), "power lost at {moment} of {end}, a part left of what was not synced");
    }

    // Each sync that the promise rests on is missed.
    let missed: [(&str, Ignored<'_>); 4] = [
        ("a blob", &|path| path.contains("blobs/scratch/")),
        ("a blob's folder", &|path| path.contains("blobs/blobs/")),
        ("the log", &|path| path.ends_with("tree/db")),
        ("the folder of the data", &|path| path == "srv"),
    ];
    for (what, ignored) in missed {
        let lost = lose_power_without(&disk, &journal, &told, end, &mut Left::Nothing, ignored).await;
        assert!(lost.is_err(), "the sync of {what} is not needed");
    }
}
