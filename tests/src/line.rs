//! A line between a node and a server of its, on which faults happen when a test says so.

#![expect(clippy::disallowed_methods, reason = "the two ends of a line are tasks of the test's own")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::hold::Hold;

/// What becomes of what is sent. A change cuts what is connected: nothing goes on under a fault that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Nobody listens.
    Refused,
    /// Each answer of the server comes so much later.
    Slow(Duration),
    /// What is asked is taken, and never answered.
    Silent,
    /// HTTP requests that would store something are answered by this status and S3 code. The others as well when `all`.
    Answered {
        status: u16,
        code: &'static str,
        all: bool,
    },
    /// PostgreSQL: of so many commits one is done, and its answer is lost with the connection.
    LostCommits(u32),
}

/// On a free port of loopback, until it is dropped.
pub struct Line {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    commits: Arc<Commits>,
    hold: Arc<Hold>,
    listens: JoinHandle<()>,
}

#[derive(Default)]
struct Commits {
    seen: AtomicU32,
    lost: AtomicU32,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.listens.abort();
    }
}

impl Line {
    /// To the server at `HOST:PORT`.
    pub async fn to(server: &str) -> Self {
        Self::from("127.0.0.1", server).await
    }

    /// As [`Line::to`], on a free port of another address of this machine.
    pub async fn from(host: &str, server: &str) -> Self {
        let listener = TcpListener::bind((host, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (fault, watched) = watch::channel(Fault::None);
        let commits = Arc::new(Commits::default());
        let hold = Arc::<Hold>::default();
        let end = End { server: server.to_owned(), commits: Arc::clone(&commits), hold: Arc::clone(&hold) };
        let listens = tokio::spawn(listen(listener, end, watched));
        Self { address, fault, commits, hold, listens }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// What goes through it without a fault can be held on its way, without cutting anything.
    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    /// Commits whose answers were lost so far.
    pub fn lost_commits(&self) -> u32 {
        self.commits.lost.load(Ordering::Relaxed)
    }
}

/// Where a line leads, and what is seen of it on the way.
#[derive(Clone)]
struct End {
    server: String,
    commits: Arc<Commits>,
    hold: Arc<Hold>,
}

async fn listen(listener: TcpListener, end: End, mut fault: watch::Receiver<Fault>) {
    let address = listener.local_addr().expect("it listens");
    let mut listener = Some(listener);
    loop {
        if *fault.borrow_and_update() == Fault::Refused {
            listener = None;
        } else if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.expect("its own port again"));
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await.expect("a connection").0,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = fault.changed() => if changed.is_err() { return },
            client = accepted => {
                let (end, mut until) = (end.clone(), fault.clone());
                let now = *until.borrow_and_update();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = until.changed() => {}
                        _ = carry(client, &end, now) => {}
                    }
                });
            }
        }
    }
}

async fn carry(mut client: TcpStream, end: &End, fault: Fault) -> std::io::Result<()> {
    let server = end.server.as_str();
    match fault {
        Fault::Refused => Ok(()),
        Fault::Silent => take_in(&mut client).await,
        Fault::None => {
            let server = TcpStream::connect(server).await?;
            end.hold.carry(client, server).await
        }
        Fault::Slow(pause) => {
            let server = TcpStream::connect(server).await?;
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = server.into_split();
            let later = async {
                let mut bytes = vec![0; 65_536];
                loop {
                    let n = from_server.read(&mut bytes).await?;
                    if n == 0 {
                        return Ok(());
                    }
                    // The fault itself; nothing is waited for here.
                    let _ = tokio::time::timeout(pause, std::future::pending::<()>()).await;
                    to_client.write_all(&bytes[..n]).await?;
                }
            };
            tokio::select! {
                done = tokio::io::copy(&mut from_client, &mut to_server) => done.map(drop),
                done = later => done,
            }
        }
        Fault::Answered { status, code, all } => answered(client, server, status, code, all).await,
        Fault::LostCommits(every) => losing(client, server, every, &end.commits).await,
    }
}

async fn take_in(client: &mut TcpStream) -> std::io::Result<()> {
    let mut bytes = vec![0; 65_536];
    while client.read(&mut bytes).await? > 0 {}
    Ok(())
}

/// One request a connection, answered here or by the server.
async fn answered(
    mut client: TcpStream,
    server: &str,
    status: u16,
    code: &str,
    all: bool,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let end = loop {
        if let Some(at) = request.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&request[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    let whole = end + length.unwrap_or(0);
    while request.len() < whole && client.read_buf(&mut request).await? > 0 {}
    if all || head.starts_with("PUT") || head.starts_with("POST") {
        let body = format!("<Error><Code>{code}</Code><Message>a fault of the test's</Message></Error>");
        let answer = format!(
            "HTTP/1.1 {status} No\r\nContent-Type: application/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
            body.len(),
            if head.starts_with("HEAD") { "" } else { &body }
        );
        client.write_all(answer.as_bytes()).await?;
        return client.shutdown().await;
    }
    let mut server = TcpStream::connect(server).await?;
    let first = head.find("\r\n").expect("a request has a first line") + 2;
    server.write_all(&request[..first]).await?;
    server.write_all(b"Connection: close\r\n").await?;
    server.write_all(&request[first..]).await?;
    tokio::io::copy(&mut server, &mut client).await?;
    client.shutdown().await
}

/// `COMMIT` as a simple query, and what the server says when it is done.
pub const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
pub(crate) const DONE: &[u8] = b"C\0\0\0\x0bCOMMIT\0";

async fn losing(mut client: TcpStream, server: &str, every: u32, commits: &Commits) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut asked, mut said) = (vec![0; 65_536], vec![0; 65_536]);
    let mut lose = false;
    // What a message boundary may have cut in two.
    let mut tail = Vec::new();
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let n = read?;
                if n == 0 {
                    return Ok(());
                }
                if contains(&asked[..n], COMMIT) && commits.seen.fetch_add(1, Ordering::Relaxed) % every == every - 1 {
                    lose = true;
                }
                server.write_all(&asked[..n]).await?;
            }
            read = server.read(&mut said) => {
                let n = read?;
                if n == 0 {
                    return Ok(());
                }
                tail.extend_from_slice(&said[..n]);
                if lose && contains(&tail, DONE) {
                    commits.lost.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                let kept = tail.len().saturating_sub(DONE.len());
                tail.drain(..kept);
                client.write_all(&said[..n]).await?;
            }
        }
    }
}

pub(crate) fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w == what)
}
