//! An S3 server of a test's own, with one bucket.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::client::Client;

const START: Duration = Duration::from_secs(60);

/// Stopped when dropped; it keeps what it has in memory.
pub struct Bucket {
    server: Child,
    endpoint: String,
}

impl Bucket {
    pub const NAME: &'static str = "drawings";

    pub async fn start() -> Self {
        let mut server = Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto_server on the PATH; `. ops/scripts/test-servers` puts it there");
        let log = BufReader::new(server.stderr.take().expect("stderr is piped"));
        let (send, listens) = mpsc::channel();
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if let Some((_, endpoint)) = line.split_once("Running on ") {
                    let _ = send.send(endpoint.trim().to_owned());
                }
            }
        });
        let endpoint = listens.recv_timeout(START).expect("the server starts");
        let bucket = Self { server, endpoint };
        let made = bucket.client().send(reqwest::Method::PUT, &format!("//{}", Self::NAME), None).await;
        assert!(made.status.is_success(), "{made:?}");
        bucket
    }

    fn client(&self) -> Client {
        Client::new(&self.endpoint)
    }

    /// What a node needs to know to store there.
    pub fn settings(&self) -> [(&str, &str); 4] {
        [
            ("MINIO_ENDPOINT", self.endpoint.as_str()),
            ("MINIO_ACCESS_KEY", "schluessel"),
            ("MINIO_SECRET_KEY", "geheim"),
            ("S3_BUCKET", Self::NAME),
        ]
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
