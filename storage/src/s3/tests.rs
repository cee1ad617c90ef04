use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::time::Duration;

use s3::creds::Credentials;
use s3::{BucketConfiguration, Region};

use super::{S3Blobs, S3Settings};
use crate::conformance::blobs::BlobSubject;
use crate::error::StoreError;

/// A server of its own on a free port, shared by the tests that run at the time; stopped with the last.
struct Server {
    child: Child,
    endpoint: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static NEXT: AtomicU32 = AtomicU32::new(0);

fn server() -> Arc<Server> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = shared.upgrade() {
        return running;
    }
    let mut child = Command::new("moto_server")
        .args(["-H", "127.0.0.1", "-p", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("moto_server (PyPI: moto[s3,server]) on the PATH");
    let lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let (found, told) = mpsc::channel();
    // Reads on to the end, so that the server never waits for its log.
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some((_, endpoint)) = line.split_once("Running on ") {
                let _ = found.send(endpoint.trim().to_owned());
            }
        }
    });
    let endpoint = told.recv_timeout(Duration::from_secs(60));
    let running = Arc::new(Server { child, endpoint: endpoint.expect("the server starts within a minute") });
    *shared = Arc::downgrade(&running);
    running
}

fn settings(endpoint: &str, bucket: &str) -> S3Settings {
    S3Settings {
        endpoint: endpoint.into(),
        region: "us-east-1".into(),
        bucket: bucket.into(),
        access_key: "schluessel".into(),
        secret_key: "geheim".into(),
        path_style: true,
    }
}

async fn open_blobs() -> BlobSubject {
    let server = tokio::task::spawn_blocking(server).await.expect("server");
    let bucket = format!("bucket-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let region = Region::Custom { region: "us-east-1".into(), endpoint: server.endpoint.clone() };
    let keys = Credentials::new(Some("schluessel"), Some("geheim"), None, None, None).expect("keys");
    s3::Bucket::create_with_path_style(&bucket, region, keys, BucketConfiguration::default())
        .await
        .expect("bucket");
    let folder = tempfile::tempdir().expect("folder");
    let settings = settings(&server.endpoint, &bucket);
    let blobs = S3Blobs::open(&settings, &folder.path().join("scratch")).await.expect("open");
    BlobSubject { blobs: Arc::new(blobs), keep: Some(Box::new((folder, server))) }
}

crate::blob_conformance!(open_blobs);

async fn refusal(endpoint: &str) -> String {
    let folder = tempfile::tempdir().expect("folder");
    let opened = S3Blobs::open(&settings(endpoint, "nowhere"), &folder.path().join("scratch")).await;
    let Err(StoreError::Unusable(why)) = opened.map(|_| ()) else { panic!("it opened") };
    assert!(!why.contains("geheim") && !why.contains("schluessel"), "{why}");
    why
}

#[tokio::test]
async fn what_cannot_be_opened_is_said_without_secrets() {
    let server = tokio::task::spawn_blocking(server).await.expect("server");
    assert!(refusal(&server.endpoint).await.contains("no bucket \"nowhere\""));
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
    let closed = format!("http://user:geheim@{}", free.local_addr().expect("address"));
    drop(free);
    assert!(refusal(&closed).await.contains("not reached"));
}
