//! The store behind a line that breaks.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use takeoff_core::model::TenantId;

use super::tests::{bucket, settings};
use super::{PART_BYTES, S3Blobs, S3Settings};
use crate::blobs::BlobStore as _;
use crate::error::StoreError;

/// What happens to a connection.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Closed before anything is read.
    Refused,
    /// Answered by 503.
    Busy,
    /// Cut off after so many bytes from the client.
    CutAfter(usize),
    None,
}

/// Passes connections on to a server, each with the next fault of a list, and on without any.
#[derive(Clone)]
struct Line {
    server: String,
    faults: Arc<Vec<Fault>>,
    seen: Arc<AtomicU32>,
    /// Nothing is passed on any more.
    down: Arc<AtomicBool>,
}

impl Line {
    /// Opens the store through a line to `server`.
    async fn to(server: &S3Settings, faults: Vec<Fault>) -> (Self, S3Blobs, tempfile::TempDir) {
        let line = Self {
            server: server.endpoint.trim_start_matches("http://").to_owned(),
            faults: Arc::new(faults),
            seen: Arc::default(),
            down: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("port");
        let endpoint = format!("http://{}", listener.local_addr().expect("address"));
        let of_line = line.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let line = of_line.clone();
                std::thread::spawn(move || line.serve(client));
            }
        });
        let folder = tempfile::tempdir().expect("folder");
        let through = settings(&endpoint, &server.bucket);
        let blobs =
            S3Blobs::open(&through, &folder.path().join("scratch"), "a store", true).await.expect("open");
        (line, blobs, folder)
    }

    fn serve(&self, mut client: TcpStream) {
        let n = self.seen.fetch_add(1, Ordering::SeqCst) as usize;
        let fault = self.faults.get(n).copied().unwrap_or(Fault::None);
        let most = match fault {
            Fault::Refused => return,
            Fault::Busy => {
                let _ = client.read(&mut [0; 4_096]);
                let busy = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = client.write_all(busy);
                return;
            }
            Fault::CutAfter(most) => most,
            Fault::None => usize::MAX,
        };
        let Ok(upstream) = TcpStream::connect(&self.server) else { return };
        let (Ok(mut from), Ok(mut to)) = (upstream.try_clone(), client.try_clone()) else { return };
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
        let _ = self.pass(&mut client, upstream, most);
        let _ = client.shutdown(Shutdown::Both);
    }

    fn pass(&self, client: &mut TcpStream, mut upstream: TcpStream, mut left: usize) -> std::io::Result<()> {
        let mut bytes = [0; 65_536];
        loop {
            let read = client.read(&mut bytes)?;
            if read == 0 || read > left || self.down.load(Ordering::SeqCst) {
                return upstream.shutdown(Shutdown::Both);
            }
            left -= read;
            upstream.write_all(&bytes[..read])?;
        }
    }
}

#[tokio::test]
async fn a_line_that_breaks_now_and_then_loses_nothing() {
    let (_server, server) = bucket().await;
    let cut = Fault::CutAfter(1_000_000);
    let faults = vec![Fault::Refused, Fault::Busy, cut, Fault::Busy, cut, Fault::Refused, cut];
    let (line, blobs, _folder) = Line::to(&server, faults).await;
    let bytes: Vec<u8> = (0..PART_BYTES * 2 + 7).map(|i| (i * 17 % 253) as u8).collect();
    let path = blobs.scratch().join("upload");
    std::fs::write(&path, &bytes).expect("write");
    let info = blobs.put_file(TenantId::DEFAULT, &path).await.expect("put");
    assert_eq!(blobs.read(TenantId::DEFAULT, info.hash, info.size).await.expect("read"), bytes);
    assert!(line.seen.load(Ordering::SeqCst) >= 7, "the faults were met");
}

#[tokio::test]
async fn a_server_that_stays_away_is_an_error_and_the_file_stays() {
    let (_server, server) = bucket().await;
    let (line, blobs, _folder) = Line::to(&server, Vec::new()).await;
    let stored = blobs.put_bytes(TenantId::DEFAULT, "a drawing".into()).await.expect("put");
    line.down.store(true, Ordering::SeqCst);
    let path = blobs.scratch().join("upload");
    std::fs::write(&path, vec![7_u8; PART_BYTES + 1]).expect("write");
    let file = blobs.put_file(TenantId::DEFAULT, &path).await.map(|_| ());
    assert!(path.exists(), "what was not stored is still there");
    let read = blobs.read(TenantId::DEFAULT, stored.hash, 9).await.map(|_| ());
    let looked = blobs.stat(TenantId::DEFAULT, stored.hash).await.map(|_| ());
    for failed in [file, read, looked] {
        let Err(StoreError::Unavailable(why)) = failed else { panic!("{failed:?}") };
        assert!(!why.contains("geheim") && !why.contains("127.0.0.1"), "{why}");
    }
    line.down.store(false, Ordering::SeqCst);
    assert_eq!(blobs.read(TenantId::DEFAULT, stored.hash, 9).await.expect("read"), "a drawing");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_within_ten_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("port");
    let folder = tempfile::tempdir().expect("folder");
    let endpoint = format!("http://{}", silent.local_addr().expect("address"));
    let scratch = folder.path().join("scratch");
    let settings = settings(&endpoint, "drawings");
    let opened =
        tokio::time::timeout(Duration::from_secs(10), S3Blobs::open(&settings, &scratch, "a store", true))
            .await;
    let Ok(Err(StoreError::Unusable(why))) = opened.map(|o| o.map(|_| ())) else { panic!("no answer") };
    assert!(why.contains("did not answer"), "{why}");
}
