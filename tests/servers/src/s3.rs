//! A server that speaks S3: moto, which `ops/scripts/test-servers` puts on the PATH.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long it may take to listen.
const START: Duration = Duration::from_secs(60);

/// On a free port of loopback, with everything in memory and no bucket; stopped when dropped.
pub struct S3Server {
    child: Child,
    endpoint: String,
}

impl S3Server {
    /// Whether it can be started here.
    pub fn is_installed() -> bool {
        let asked =
            Command::new("moto_server").arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    }

    pub fn start() -> Self {
        let mut child = Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto_server on the PATH; `. ops/scripts/test-servers` puts it there");
        let log = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let (send, listens) = mpsc::channel();
        // Reads on to the end, so that the server never waits for its log.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if let Some((_, endpoint)) = line.split_once("Running on ") {
                    let _ = send.send(endpoint.trim().to_owned());
                }
            }
        });
        let mut server = Self { child, endpoint: String::new() };
        server.endpoint = listens.recv_timeout(START).expect("the server starts within a minute");
        server
    }

    /// Of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `http://ADDRESS:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
