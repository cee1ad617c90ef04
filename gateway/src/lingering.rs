//! Request bodies that are read on after nobody wants them.
//!
//! An answer may be given before the request is read: the file is too large, the project unknown. A
//! connection that is then closed on a client that still sends is reset, and the client never sees the
//! answer. So the rest is read and thrown away, for a while.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::EXPECT;

/// Longest that a body is read on.
const LINGER: Duration = Duration::from_secs(30);

pub(crate) struct Lingering {
    /// Gone once the drop has taken it.
    body: Option<Incoming>,
    /// A client that waits for our consent sends nothing when it is refused.
    waits: bool,
}

impl Lingering {
    pub(crate) fn new(headers: &HeaderMap, body: Incoming) -> Self {
        Self { body: Some(body), waits: headers.contains_key(EXPECT) }
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Lingering {
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
    while let Some(Ok(_)) = body.frame().await {}
}
