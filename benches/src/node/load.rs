//! GET requests over keep-alive connections, as fast as they are answered.
//!
//! A client of its own: the load shares the machine with the node, so what the client costs is missing
//! from the figure. This one does no more than frame answers by their length.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use takeoff_engine::clock::Stopwatch;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Room for an answer; the largest is some tens of kilobytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// What came of driving requests.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Load {
    pub(crate) per_second: f64,
    /// Of every request, ascending.
    pub(crate) latencies_ms: Vec<f64>,
}

/// Asks for `path` over `connections` connections at once, each as soon as the last answer is read.
///
/// # Errors
/// An answer is not 200, or a connection breaks.
pub(crate) async fn drive(
    address: &str,
    path: &str,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Load> {
    let request: Arc<[u8]> =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n\r\n")
            .into_bytes()
            .into();
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let watch = Stopwatch::start();
    let mut all = JoinSet::new();
    for stream in streams {
        all.spawn(one_connection(stream, Arc::clone(&request), watch, time));
    }
    let mut latencies_ms = Vec::new();
    while let Some(connection) = all.join_next().await {
        latencies_ms.extend(connection??);
    }
    let seconds = watch.elapsed().as_secs_f64();
    latencies_ms.sort_by(f64::total_cmp);
    Ok(Load { per_second: latencies_ms.len() as f64 / seconds, latencies_ms })
}

async fn one_connection(
    mut stream: TcpStream,
    request: Arc<[u8]>,
    since: Stopwatch,
    time: Duration,
) -> anyhow::Result<Vec<f64>> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut latencies_ms = Vec::new();
    loop {
        let asked = Stopwatch::start();
        stream.write_all(&request).await?;
        read_answer(&mut stream, &mut buffer).await?;
        latencies_ms.push(asked.elapsed_ms());
        if since.elapsed() >= time {
            return Ok(latencies_ms);
        }
    }
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<()> {
    let (mut filled, mut whole) = (0, None);
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        ensure!(read > 0, "the node closed a connection, or an answer has more than {BUFFER_BYTES} bytes");
        filled += read;
        if whole.is_none() {
            whole = answer_length(&buffer[..filled])?;
        }
        if whole.is_some_and(|whole| filled >= whole) {
            return Ok(());
        }
    }
}

/// Length of an answer with its head, once the head is there.
fn answer_length(bytes: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).context("an answer's head is no text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200 ") {
        bail!("the node answers {status}");
    }
    let length = lines
        .filter_map(|l| l.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("an answer names no length")?;
    let length: usize = length.1.trim().parse().context("an answer's length is no number")?;
    Ok(Some(end + 4 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_framed_by_their_length() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: a\r\ncontent-length: 5\r\n\r\nhello";
        assert_eq!(answer_length(answer).unwrap(), Some(answer.len()));
        assert_eq!(answer_length(&answer[..30]).unwrap(), None);
        assert!(answer_length(b"HTTP/1.1 500 No\r\ncontent-length: 5\r\n\r\n").is_err());
        assert!(answer_length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
