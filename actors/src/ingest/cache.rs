//! Pages that were parsed before, by key.
//!
//! A key is a hash of what the uploader sent, and only records of the uploader's own tenant are looked at:
//! a hit tells nobody anything that was not in the upload.

use metrics::counter;
use takeoff_commands::cached_pages::cached_page;
use takeoff_core::model::{CachedBlob, CachedPage};
use takeoff_core::page::PageKey;
use takeoff_core::page::request::ParseRequest;
use takeoff_engine::error::StageError;
use takeoff_engine::metrics::PAGE_CACHE;
use takeoff_engine::stage::{Attempt, Tools};
use takeoff_storage::StoreError;

use crate::parse::{By, Parser};

/// Parts larger than this are not looked through before they are given again, so pages that have one are
/// parsed.
const MAX_CHECKED_BYTES: u64 = 64 * 1024 * 1024;

/// What the cache knows of a page.
pub(super) enum Known {
    /// It was parsed before and all its parts are whole.
    Before(Box<CachedPage>),
    /// It has to be parsed; its result is to be kept under the key, if there is one.
    Not(Option<PageKey>),
}

/// Looks for a page that was parsed before.
pub(super) async fn look(
    attempt: &Attempt,
    tools: &Tools,
    parser: &Parser,
    request: &ParseRequest,
) -> Result<Known, StageError> {
    let key = parser.key(By { attempt, tools }, request).await.map_err(super::stage_error)?;
    let Some(key) = key else { return Ok(counted("no_key", Known::Not(None))) };
    let Some(cached) = cached_page(&crate::desk(attempt, tools), key).await? else {
        return Ok(counted("miss", Known::Not(Some(key))));
    };
    for part in cached.parts() {
        if !is_whole(attempt, tools, part).await? {
            return Ok(counted("damaged", Known::Not(Some(key))));
        }
    }
    Ok(counted("hit", Known::Before(Box::new(cached))))
}

fn counted(outcome: &'static str, known: Known) -> Known {
    counter!(PAGE_CACHE, "outcome" => outcome).increment(1);
    known
}

/// Whether the blob is there with the bytes that its name promises. One that is not is taken away, or the
/// store would take it for the one that is put next.
async fn is_whole(attempt: &Attempt, tools: &Tools, part: CachedBlob) -> Result<bool, StageError> {
    if part.size > MAX_CHECKED_BYTES {
        return Ok(false);
    }
    match tools.blobs.read(attempt.tenant(), part.hash, part.size).await {
        Ok(bytes) => Ok(bytes.len() as u64 == part.size),
        Err(StoreError::MissingBlob(_)) => Ok(false),
        Err(StoreError::Damaged { what, why }) => {
            tracing::warn!(what, why, "a part of a cached page is damaged, the page is parsed again");
            tools.blobs.delete(attempt.tenant(), part.hash).await?;
            Ok(false)
        }
        Err(e) => Err(e.into()),
    }
}
