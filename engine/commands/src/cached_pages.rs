//! Pages that were parsed before: found by key, remembered, and reused.

use takeoff_core::model::{CachedBlob, CachedPage, Entity as _, Kind, Timestamp};
use takeoff_core::page::PageKey;
use takeoff_storage::catalog::NewRecord;
use takeoff_storage::{Batch, BlobInfo, Expect, Op, StoreError};

use crate::Desk;
use crate::load::find;
use crate::pages::StoredPage;

/// A record's age of use is kept to this, so that a hit mostly writes nothing.
const DAY_MS: i64 = 24 * 3_600_000;

/// What is kept under the key, of the desk's tenant only. A record that cannot be read is none.
pub async fn cached_page(desk: &Desk<'_>, key: PageKey) -> Result<Option<CachedPage>, StoreError> {
    match find::<CachedPage>(desk, CachedPage::id_of(key)).await {
        Ok(found) => Ok(found.map(|stored| stored.value).filter(|cached| cached.key == key)),
        Err(StoreError::Damaged { what, why }) => {
            tracing::warn!(what, why, "a cached page is passed over");
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

/// The page as the parse gave it then.
pub fn stored_of(cached: &CachedPage) -> StoredPage {
    let blob = |part: CachedBlob| BlobInfo { hash: part.hash, size: part.size };
    StoredPage {
        space: cached.space,
        inches: cached.inches,
        list: blob(cached.list),
        image: blob(cached.image),
        thumbnail: blob(cached.thumbnail),
        is_vector: cached.is_vector,
        path_count: cached.path_count,
        word_count: cached.word_count,
        findings: cached.findings.clone(),
    }
}

/// Has the batch hold only while the record lives, which keeps its blobs; the record is renewed when it was
/// last used a day ago.
pub fn reused(batch: &mut Batch, mut cached: CachedPage, now: Timestamp) {
    batch.expect.push(Expect::Exists(Kind::CachedPage, cached.id()));
    if now.ms_since(cached.used_at) >= DAY_MS {
        cached.used_at = now;
        put(batch, &cached);
    }
}

/// What the parse gave, to be kept under the key.
pub fn record_of(key: PageKey, stored: &StoredPage, now: Timestamp) -> CachedPage {
    let part = |blob: BlobInfo| CachedBlob { hash: blob.hash, size: blob.size };
    CachedPage {
        key,
        space: stored.space,
        inches: stored.inches,
        list: part(stored.list),
        image: part(stored.image),
        thumbnail: part(stored.thumbnail),
        is_vector: stored.is_vector,
        path_count: stored.path_count,
        word_count: stored.word_count,
        findings: stored.findings.clone(),
        used_at: now,
    }
}

/// Keeps the record, over one that is there already: equal keys mean equal results. The batch must store
/// the page itself too, as it registers the blobs.
pub fn remembered(batch: &mut Batch, cached: &CachedPage) {
    put(batch, cached);
}

/// At most one put of a record in a batch.
fn put(batch: &mut Batch, cached: &CachedPage) {
    let id = cached.id();
    let same = |op: &Op| matches!(op, Op::Put(r) if r.kind == Kind::CachedPage && r.id == id);
    if !batch.ops.iter().any(same) {
        batch.ops.push(Op::Put(NewRecord::of(cached)));
    }
}
