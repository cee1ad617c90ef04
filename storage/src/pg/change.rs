//! A batch on the rows of its group: all of it, or an error that says why not and nothing of it.

use std::collections::HashSet;

use takeoff_core::model::{Id, Kind, TenantId};

use super::lock::{Entered, Group, RecordKey, RecordRow};
use super::rows::Rows;
use super::trouble::Trouble;
use crate::catalog::{Batch, Claim, Committed, Expect, MAX_BATCH_OPS, NewRecord, Op};
use crate::error::StoreError;

impl Group {
    /// # Errors
    /// `Trouble::Store` refuses this batch, with the group as it was before; `Trouble::Again` ends the group.
    pub(super) fn take(&mut self, batch: Batch) -> Result<Committed, Trouble> {
        let events = self.events.len();
        let absent = absences(&batch);
        let mut committed = Committed::default();
        match self.batch(batch, &mut committed) {
            Ok(()) => {
                self.each(Rows::keep, Rows::keep, Rows::keep, Rows::keep);
                self.absent.extend(absent);
                Ok(once_each(committed))
            }
            Err(e) => {
                self.each(Rows::undo, Rows::undo, Rows::undo, Rows::undo);
                self.events.truncate(events);
                Err(e)
            }
        }
    }

    fn each(
        &mut self,
        records: impl FnOnce(&mut Rows<RecordKey, RecordRow>),
        claims: impl FnOnce(&mut Rows<super::lock::ClaimKey, Id>),
        blobs: impl FnOnce(&mut Rows<super::lock::BlobKey, u64>),
        jobs: impl FnOnce(&mut Rows<super::lock::JobKey, takeoff_core::job::Job>),
    ) {
        records(&mut self.records);
        claims(&mut self.claims);
        blobs(&mut self.blobs);
        jobs(&mut self.jobs);
    }

    fn batch(&mut self, batch: Batch, committed: &mut Committed) -> Result<(), Trouble> {
        let count = batch.op_count();
        if count > MAX_BATCH_OPS {
            return Err(StoreError::TooManyOps { count, limit: MAX_BATCH_OPS }.into());
        }
        let tenant = batch.tenant;
        for expect in batch.expect {
            self.expect(tenant, expect)?;
        }
        // A record may refer to a blob that the same batch registers, in any order.
        for op in &batch.ops {
            if let Op::BlobStored { hash, size } = op {
                self.blobs.set((tenant, *hash), Some(*size));
            }
        }
        for op in batch.ops {
            match op {
                Op::Put(new) => self.put(tenant, new)?,
                Op::Delete(kind, id) => {
                    if self.records.get(&(tenant, kind, id)).is_some() {
                        self.records.set((tenant, kind, id), None);
                    }
                }
                Op::Claim(claim, owner) => self.claim(tenant, claim, owner)?,
                Op::Release(claim) => self.claims.set((tenant, claim.0.into_bytes()), None),
                Op::BlobStored { .. } => {}
            }
        }
        for new in batch.jobs {
            self.enqueue(tenant, new, committed)?;
        }
        for change in batch.changes {
            self.change_job(tenant, change, committed)?;
        }
        self.events.extend(batch.events.into_iter().map(|event| (tenant, event)));
        Ok(())
    }

    fn expect(&self, tenant: TenantId, expect: Expect) -> Result<(), StoreError> {
        let (Expect::Version(kind, id, _) | Expect::Absent(kind, id) | Expect::Exists(kind, id)) = expect;
        let found = self.records.get(&(tenant, kind, id)).map(|r| r.version);
        let (holds, expected) = match expect {
            Expect::Version(_, _, version) => (found == Some(version), Some(version)),
            Expect::Absent(..) => (found.is_none(), None),
            Expect::Exists(..) => (found.is_some(), None),
        };
        if holds { Ok(()) } else { Err(StoreError::Conflict { kind, id, expected, found }) }
    }

    fn put(&mut self, tenant: TenantId, new: NewRecord) -> Result<(), StoreError> {
        let key: (TenantId, Kind, Id) = (tenant, new.kind, new.id);
        let before = self.records.get(&key);
        let version = before.map_or(1, |row| row.version + 1);
        for hash in &new.blobs {
            let kept = before.is_some_and(|row| row.entered.blobs.contains(&hash.0));
            if !kept && self.blobs.get(&(tenant, *hash)).is_none() {
                return Err(StoreError::MissingBlob(*hash));
            }
        }
        let entered = Entered { lists: new.lists, blobs: new.blobs.into_iter().map(|h| h.0).collect() };
        self.records.set(key, Some(RecordRow { version, entered, put: Some((new.format, new.body)) }));
        Ok(())
    }

    fn claim(&mut self, tenant: TenantId, claim: Claim, owner: Id) -> Result<(), StoreError> {
        let key = (tenant, claim.0.clone().into_bytes());
        match self.claims.get(&key) {
            Some(taken_by) if *taken_by != owner => {
                Err(StoreError::Claimed { claim: claim.0, owner: *taken_by })
            }
            Some(_) => Ok(()),
            None => {
                self.claims.set(key, Some(owner));
                Ok(())
            }
        }
    }
}

fn absences(batch: &Batch) -> Vec<RecordKey> {
    let absent = |expect: &Expect| match *expect {
        Expect::Absent(kind, id) => Some((batch.tenant, kind, id)),
        Expect::Version(..) | Expect::Exists(..) => None,
    };
    batch.expect.iter().filter_map(absent).collect()
}

/// Each stage and job is told once.
fn once_each(mut committed: Committed) -> Committed {
    committed.woken.sort_unstable();
    committed.woken.dedup();
    let mut seen = HashSet::new();
    committed.ended.retain(|id| seen.insert(*id));
    committed
}
