//! Request bodies under watch.
//!
//! A client that sends nothing for a while is given up, however long the request may take in all; one that
//! is slow but steady is not. One that uploads has to send more than hardly anything: it holds a place that others
//! wait for.
//!
//! An answer may be given before the request is read: the file is too large, the project unknown. A
//! connection that is then closed on a client that still sends is reset, and the client never sees the
//! answer. So the rest is read and thrown away, for a while.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, EXPECT};
use tokio::time::Sleep;

/// What an upload has to bring while others may be silent, bytes a second and in all.
const UPLOAD_BYTES_A_SECOND: f64 = 512.0;
const UPLOAD_BYTES: u64 = 16 * 1024;

/// Longest that a body is read on, in all and without a byte.
const LINGER: Duration = Duration::from_secs(30);
const LINGER_IDLE: Duration = Duration::from_secs(2);

/// Why a body ends before it is whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the client sent nothing, or hardly anything, for {} ms", .0.as_millis())]
    Idle(Duration),
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

impl BodyError {
    /// Whether the client's silence is at the bottom of an error.
    pub(crate) fn is_idle(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(e) = cause {
            if matches!(e.downcast_ref::<Self>(), Some(Self::Idle(_))) {
                return true;
            }
            cause = e.source();
        }
        false
    }
}

/// Whether a request's body has arrived whole.
#[derive(Debug, Clone)]
pub(crate) struct Arrival(Arc<AtomicBool>);

impl Arrival {
    pub(crate) fn is_whole(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

pub(crate) struct Watched {
    /// Gone once the drop has taken it.
    body: Option<Incoming>,
    /// A client that waits for our consent sends nothing when it is refused.
    waits: bool,
    idle: Duration,
    /// Since the body was asked for more and had none, and too little has come since.
    silence: Option<Pin<Box<Sleep>>>,
    arrived: u64,
    /// So many bytes break a silence.
    least: u64,
    whole: Arc<AtomicBool>,
}

impl Watched {
    /// The body, which fails after `idle` without a byte, and the news of its end.
    pub(crate) fn new(headers: &HeaderMap, body: Incoming, idle: Duration) -> (Self, Arrival) {
        let whole = Arc::new(AtomicBool::new(body.is_end_stream()));
        let arrival = Arrival(Arc::clone(&whole));
        let waits = headers.contains_key(EXPECT);
        let upload = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
        let share = (idle.as_secs_f64() * UPLOAD_BYTES_A_SECOND) as u64;
        let least = if upload { share.clamp(1, UPLOAD_BYTES) } else { 1 };
        (Self { body: Some(body), waits, idle, silence: None, arrived: 0, least, whole }, arrival)
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let idle = self.idle;
        self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle))).as_mut().poll(cx)
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        match Pin::new(body).poll_frame(cx) {
            Poll::Ready(frame) => {
                let came = match &frame {
                    Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
                    _ => u64::MAX,
                };
                self.arrived = self.arrived.saturating_add(came);
                if self.arrived >= self.least {
                    (self.silence, self.arrived) = (None, 0);
                }
                let ends = frame.is_none() || self.body.as_ref().is_none_or(Body::is_end_stream);
                if ends {
                    self.whole.store(true, Ordering::Relaxed);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)))
            }
            Poll::Pending if self.poll_silence(cx).is_ready() => {
                // Nothing more is expected of it, so nothing is read on either.
                self.body = None;
                Poll::Ready(Some(Err(BodyError::Idle(self.idle))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream() && !self.waits) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        // Bounded by the connection that it belongs to: when that goes, the body ends.
        runtime.spawn(async move {
            let _ = tokio::time::timeout(LINGER, read_out(body)).await;
        });
    }
}

async fn read_out(mut body: Incoming) {
    use http_body_util::BodyExt as _;
    while let Ok(Some(Ok(_))) = tokio::time::timeout(LINGER_IDLE, body.frame()).await {}
}
