//! Calls to the server: each with a deadline, tried again a few times, and with errors that hold neither
//! keys nor what the server wrote.

use std::time::Duration;

use s3::error::S3Error;

use crate::error::StoreError;

/// For one try, beside what its bytes take.
const TRY: Duration = Duration::from_secs(10);
/// Bytes a second of a store that is slow and no slower.
const SLOW: u64 = 128 * 1024;
/// No other try begins when the first one was so long ago: whoever waits is told instead.
const PATIENCE: Duration = Duration::from_secs(10);
/// For the first question at the start, with all its tries.
const CHECK: Duration = Duration::from_secs(8);
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) enum Failure {
    Missing,
    /// There is no bucket of the name any more.
    NoBucket,
    Refused,
    /// There is no room: the store is full, or a quota is reached.
    Full(String),
    Other(String),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(match failure {
            Failure::Full(why) => return Self::Full(why),
            Failure::Missing => "the object store does not have what was asked for".into(),
            Failure::NoBucket => "the object store does not have the bucket".into(),
            Failure::Refused => "the object store refuses the credentials".into(),
            Failure::Other(why) => why,
        })
    }
}

/// A bucket that is only reached through [`Bucket::call`].
pub(super) struct Bucket(s3::Bucket);

impl Bucket {
    pub(super) fn new(mut bucket: s3::Bucket) -> Self {
        // The library's own tries wait whole seconds and leave out uploads.
        s3::set_retries(0);
        // Each call has its own.
        bucket.set_request_timeout(None);
        Self(bucket)
    }

    /// [`Bucket::call_with`] for what takes and gives next to nothing.
    pub(super) async fn call<T, F>(&self, what: &str, call: impl FnMut(s3::Bucket) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, S3Error>>,
    {
        self.call_with(what, 0, call).await
    }

    /// Tries `call`, which moves so many bytes, until it succeeds, fails for good, has failed [`TRIES`] times or has been
    /// tried for [`PATIENCE`]. Every call is one that can be done twice: keys say what the bytes are.
    pub(super) async fn call_with<T, F>(
        &self,
        what: &str,
        bytes: u64,
        mut call: impl FnMut(s3::Bucket) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, S3Error>>,
    {
        let limit = TRY + Duration::from_millis(bytes.saturating_mul(1_000) / SLOW);
        let begun = tokio::time::Instant::now();
        let mut pause = FIRST_PAUSE;
        for n in 1..=TRIES {
            let error = match tokio::time::timeout(limit, call(self.0.clone())).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) => Some(error),
                Err(_) => None,
            };
            let last = n == TRIES || begun.elapsed() >= PATIENCE;
            match &error {
                Some(S3Error::HttpFailWithBody(404, said)) if said.contains("NoSuchBucket") => {
                    return Err(Failure::NoBucket);
                }
                Some(S3Error::HttpFailWithBody(404, _)) => return Err(Failure::Missing),
                Some(S3Error::HttpFailWithBody(status, said)) if is_full(*status, said) => {
                    return Err(Failure::Full(format!("cannot {what}: the object store has no room left")));
                }
                Some(S3Error::HttpFailWithBody(401 | 403, _)) => return Err(Failure::Refused),
                error if last || !is_passing(error.as_ref()) => {
                    return Err(Failure::Other(format!("cannot {what}: {}", reason(error.as_ref()))));
                }
                _ => {}
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(Failure::Other(format!("cannot {what}")))
    }

    /// A server that is asked in the wrong one of the two gives no answer that says so.
    fn asked(&self) -> &'static str {
        if self.0.scheme().eq_ignore_ascii_case("https") {
            "asked with TLS, as `s3.endpoint` begins with https://"
        } else {
            "asked without TLS, which takes https:// in `s3.endpoint`"
        }
    }

    /// Asks for the bucket, in [`CHECK`] at most.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let list =
            |b: s3::Bucket| async move { b.list_page("blobs/".into(), None, None, None, Some(1)).await };
        let asked = tokio::time::timeout(CHECK, self.call("list the bucket", list)).await;
        let name = self.0.name();
        Err(StoreError::Unusable(match asked {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(Failure::Missing | Failure::NoBucket)) => {
                format!("the object store has no bucket {name:?} ({})", self.asked())
            }
            Ok(Err(Failure::Refused)) => {
                format!("the object store refuses the credentials for bucket {name:?}")
            }
            Ok(Err(Failure::Other(why) | Failure::Full(why))) => {
                format!("the object store is not usable: {why} ({})", self.asked())
            }
            Err(_) => {
                format!("the object store did not answer within {} s ({})", CHECK.as_secs(), self.asked())
            }
        }))
    }
}

/// Whether the server says that it takes nothing more. Servers say it in their own ways: 507, or a code of theirs with
/// 403 (Ceph, SeaweedFS) or 400 (a bucket's quota in MinIO).
fn is_full(status: u16, said: &str) -> bool {
    const CODES: [&str; 4] =
        ["QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"];
    status == 507 || CODES.iter().any(|code| said.contains(&format!("<Code>{code}</Code>")))
}

/// Whether trying again can help.
fn is_passing(error: Option<&S3Error>) -> bool {
    match error {
        None | Some(S3Error::Reqwest(_) | S3Error::Io(_)) => true,
        Some(S3Error::HttpFailWithBody(status, _)) => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
        Some(_) => false,
    }
}

/// In our own words: the library's quote the address and the server's answer.
fn reason(error: Option<&S3Error>) -> String {
    match error {
        None => "no answer in time".into(),
        Some(S3Error::HttpFailWithBody(status, _)) => format!("the server answered with status {status}"),
        Some(S3Error::Reqwest(e)) if e.is_connect() => "the server is not reached".into(),
        Some(S3Error::Reqwest(e)) if e.is_timeout() => "no answer in time".into(),
        Some(S3Error::Reqwest(_) | S3Error::Io(_)) => "the connection broke".into(),
        Some(_) => "the answer is not understood".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_without_room_is_told_from_one_that_refuses() {
        let said = |code: &str| format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        for (status, code) in [
            (507, "XMinioStorageFull"),
            (507, "SlowDown"),
            (400, "XMinioAdminBucketQuotaExceeded"),
            (403, "QuotaExceeded"),
        ] {
            assert!(is_full(status, &said(code)), "{status} {code}");
        }
        for (status, code) in [(403, "AccessDenied"), (503, "SlowDown"), (400, "EntityTooLarge")] {
            assert!(!is_full(status, &said(code)), "{status} {code}");
        }
    }
}
