//! One command on the overlay: either all of it is there afterwards, or an error says why not and the
//! writer undoes it.

use std::collections::HashSet;

use takeoff_core::ENGINE_VERSION;
use takeoff_core::job::Stage;
use takeoff_core::model::{BlobHash, Id, Kind, TenantId, Timestamp};

use super::overlay::Overlay;
use super::queue::{Move, QueueState};
use super::rows::{self, BlobRow, EventRow, RecordRow};
use super::{Kv, keys};
use crate::catalog::{Batch, Claim, Committed, Expect, MAX_BATCH_OPS, NewEvent, NewRecord, Op};
use crate::error::StoreError;

/// A command in the making.
pub(super) struct Change<'c, 'o, K> {
    pub(super) rows: &'c mut Overlay<'o, K>,
    pub(super) queue: &'c QueueState,
    pub(super) now: Timestamp,
    pub(super) moves: Vec<Move>,
    pub(super) committed: Committed,
}

impl<'c, 'o, K: Kv> Change<'c, 'o, K> {
    pub(super) fn new(rows: &'c mut Overlay<'o, K>, queue: &'c QueueState, now: Timestamp) -> Self {
        Self { rows, queue, now, moves: Vec::new(), committed: Committed::default() }
    }

    pub(super) fn batch(&mut self, batch: Batch) -> Result<(), StoreError> {
        let count = batch.op_count();
        if count > MAX_BATCH_OPS {
            return Err(StoreError::TooManyOps { count, limit: MAX_BATCH_OPS });
        }
        let tenant = batch.tenant;
        for expect in batch.expect {
            self.expect(tenant, expect)?;
        }
        // A record may refer to a blob that the same batch registers, in any order.
        for op in &batch.ops {
            if let Op::BlobStored { hash, size } = op {
                self.rows.put(keys::blob(tenant, *hash), rows::encode(&BlobRow { size: *size }));
            }
        }
        for op in batch.ops {
            match op {
                Op::Put(new) => self.put(tenant, new)?,
                Op::Delete(kind, id) => self.delete(tenant, kind, id)?,
                Op::Claim(claim, owner) => self.claim(tenant, &claim, owner)?,
                Op::Release(claim) => self.rows.remove(keys::claim(tenant, &claim)),
                Op::BlobStored { .. } => {}
            }
        }
        for new in batch.jobs {
            self.enqueue(tenant, new)?;
        }
        for change in batch.changes {
            self.change_job(tenant, change)?;
        }
        for event in batch.events {
            self.event(tenant, event)?;
        }
        Ok(())
    }

    fn record(&self, tenant: TenantId, kind: Kind, id: Id) -> Result<Option<RecordRow>, StoreError> {
        let row = self.rows.get(&keys::record(tenant, kind, id))?;
        row.map(|row| rows::decode(|| format!("{kind:?} {id}"), &row)).transpose()
    }

    fn expect(&self, tenant: TenantId, expect: Expect) -> Result<(), StoreError> {
        let (Expect::Version(kind, id, _) | Expect::Absent(kind, id) | Expect::Exists(kind, id)) = expect;
        let found = self.record(tenant, kind, id)?.map(|r| r.version);
        let (holds, expected) = match expect {
            Expect::Version(_, _, version) => (found == Some(version), Some(version)),
            Expect::Absent(..) | Expect::Exists(..) => {
                (found.is_none() == matches!(expect, Expect::Absent(..)), None)
            }
        };
        if holds { Ok(()) } else { Err(StoreError::Conflict { kind, id, expected, found }) }
    }

    fn put(&mut self, tenant: TenantId, new: NewRecord) -> Result<(), StoreError> {
        let (kind, id) = (new.kind, new.id);
        let before = self.record(tenant, kind, id)?;
        let version = before.as_ref().map_or(1, |row| row.version + 1);
        let row = RecordRow::of(new, version, ENGINE_VERSION);
        if let Some(before) = &before {
            self.unlist(tenant, kind, id, before, Some(&row));
        }
        for (index, parent) in &row.lists {
            if before.as_ref().is_none_or(|b| !b.lists.contains(&(*index, *parent))) {
                self.rows.put(keys::listed(tenant, kind, *index, *parent, id), Vec::new());
            }
        }
        for hash in row.blobs() {
            if before.as_ref().is_some_and(|b| b.blobs.contains(&hash.0)) {
                continue;
            }
            self.known_blob(tenant, hash)?;
            self.rows.put(keys::blob_ref(tenant, hash, kind, id), Vec::new());
        }
        self.rows.put(keys::record(tenant, kind, id), rows::encode(&row));
        Ok(())
    }

    fn known_blob(&self, tenant: TenantId, hash: BlobHash) -> Result<(), StoreError> {
        match self.rows.get(&keys::blob(tenant, hash))? {
            Some(_) => Ok(()),
            None => Err(StoreError::MissingBlob(hash)),
        }
    }

    fn delete(&mut self, tenant: TenantId, kind: Kind, id: Id) -> Result<(), StoreError> {
        if let Some(before) = self.record(tenant, kind, id)? {
            self.unlist(tenant, kind, id, &before, None);
            self.rows.remove(keys::record(tenant, kind, id));
        }
        Ok(())
    }

    /// Removes the list and blob rows of `before` that `after` does not have.
    fn unlist(
        &mut self,
        tenant: TenantId,
        kind: Kind,
        id: Id,
        before: &RecordRow,
        after: Option<&RecordRow>,
    ) {
        for (index, parent) in &before.lists {
            if after.is_none_or(|a| !a.lists.contains(&(*index, *parent))) {
                self.rows.remove(keys::listed(tenant, kind, *index, *parent, id));
            }
        }
        for hash in before.blobs() {
            if after.is_none_or(|a| !a.blobs.contains(&hash.0)) {
                self.rows.remove(keys::blob_ref(tenant, hash, kind, id));
            }
        }
    }

    fn claim(&mut self, tenant: TenantId, claim: &Claim, owner: Id) -> Result<(), StoreError> {
        let key = keys::claim(tenant, claim);
        if let Some(row) = self.rows.get(&key)? {
            let taken_by = keys::last_id(&row)
                .ok_or_else(|| rows::damaged(format!("claim {}", claim.0), "no owner".to_owned()))?;
            if taken_by != owner {
                return Err(StoreError::Claimed { claim: claim.0.clone(), owner: taken_by });
            }
        }
        self.rows.put(key, owner.bytes().to_vec());
        Ok(())
    }

    fn event(&mut self, tenant: TenantId, new: NewEvent) -> Result<(), StoreError> {
        let counter = keys::event_count(tenant, new.project_id);
        let newest = match self.rows.get(&counter)? {
            Some(row) => rows::decode_u64(&counter, &row)?,
            None => 0,
        };
        let seq = newest + 1;
        let row = EventRow::of(self.now, new.name, &new.payload);
        self.rows.put(keys::event(tenant, new.project_id, seq), rows::encode(&row));
        self.rows.put(counter, seq.to_be_bytes().to_vec());
        Ok(())
    }

    /// Moves of the queue and what to tell, each stage and job once.
    pub(super) fn finish(mut self) -> (Vec<Move>, Committed) {
        let mut woken: Vec<Stage> = std::mem::take(&mut self.committed.woken);
        woken.sort_unstable();
        woken.dedup();
        let mut seen = HashSet::new();
        self.committed.ended.retain(|id| seen.insert(*id));
        self.committed.woken = woken;
        (self.moves, self.committed)
    }
}
