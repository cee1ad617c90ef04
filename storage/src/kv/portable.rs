//! Rows out of a store and into an empty one, in the form that is no backend's.

use takeoff_core::model::{BlobHash, Id, Kind, TenantId, Timestamp};
use tokio::sync::mpsc;

use super::commit::Change;
use super::job_row::decode_job;
use super::rows::{self, BlobRow, EventRow, RecordRow};
use super::{Kv, keys};
use crate::archive::row::{self, Outbox, RecordRow as Portable, Row};
use crate::catalog::Clock;
use crate::error::StoreError;

/// Kinds of rows that are exported, in the order that all backends keep.
const ORDER: [u8; 6] = [b'b', keys::RECORD, b'c', keys::EVENT_COUNT, keys::EVENT, keys::JOB];

/// Sends every row, until `until` at most. Runs in the writer's thread, so that nothing changes meanwhile.
pub(super) fn export<K: Kv>(
    store: &K,
    out: &mpsc::Sender<Vec<Row>>,
    clock: &dyn Clock,
    until: Option<Timestamp>,
) -> Result<(), StoreError> {
    let mut outbox = Outbox::default();
    let send = |rows: Vec<Row>| {
        if until.is_some_and(|until| clock.now() > until) {
            let why = "the catalogue is too large to be read while the node runs: stop the node and back up its folder";
            return Err(StoreError::Unusable(why.to_owned()));
        }
        out.blocking_send(rows).map_err(|_| row::unwanted())
    };
    for prefix in ORDER {
        let from = [prefix];
        store.scan(&from, &keys::after_prefix(&from), false, &mut |key, value| {
            if let Some(full) = outbox.push(portable(key, value)?) {
                send(full)?;
            }
            Ok(true)
        })?;
    }
    send(outbox.take())
}

fn portable(key: &[u8], value: &[u8]) -> Result<Row, StoreError> {
    let unknown = || rows::damaged(rows::row_name(key), "no row of this format".to_owned());
    let (prefix, rest) = key.split_first().ok_or_else(unknown)?;
    let (tenant, rest) = rest.split_first_chunk::<4>().ok_or_else(unknown)?;
    let tenant = TenantId(u32::from_be_bytes(*tenant));
    let name = || rows::row_name(key);
    Ok(match *prefix {
        b'b' => {
            let hash = BlobHash(*rest.first_chunk::<32>().ok_or_else(unknown)?);
            Row::Blob { tenant, hash, size: rows::decode::<BlobRow>(name, value)?.size }
        }
        keys::RECORD => {
            let kind = rest.first().and_then(|code| Kind::ALL.into_iter().find(|k| k.code() == *code));
            let (kind, id) = kind.zip(keys::last_id(key)).ok_or_else(unknown)?;
            Row::Record(Box::new(rows::decode::<RecordRow>(name, value)?.into_portable(tenant, kind, id)?))
        }
        b'c' => {
            let claim = row::utf8(name, rest.to_vec())?;
            Row::Claim { tenant, claim, owner: keys::last_id(value).ok_or_else(unknown)? }
        }
        keys::EVENT_COUNT => {
            let (tenant, project, _) = keys::event_parts(key).ok_or_else(unknown)?;
            Row::EventCount { tenant, project, newest: rows::decode_u64(key, value)? }
        }
        keys::EVENT => {
            let (tenant, project, seq) = keys::event_parts(key).ok_or_else(unknown)?;
            rows::decode::<EventRow>(name, value)?.into_portable(tenant, project, seq.ok_or_else(unknown)?)?
        }
        keys::JOB => {
            let id = keys::last_id(key).ok_or_else(unknown)?;
            Row::Job(Box::new(decode_job(id, value)?))
        }
        _ => return Err(unknown()),
    })
}

/// Whether there is nothing that an import would add to.
pub(super) fn is_empty<K: Kv>(store: &K) -> Result<bool, StoreError> {
    let mut found = false;
    for prefix in ORDER {
        let from = [prefix];
        store.scan(&from, &keys::after_prefix(&from), false, &mut |_, _| {
            found = true;
            Ok(false)
        })?;
    }
    Ok(!found)
}

impl<K: Kv> Change<'_, '_, K> {
    /// Puts rows as they were elsewhere, their versions and numbers included.
    pub(super) fn import(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        rows.into_iter().try_for_each(|row| self.import_one(row))
    }

    fn import_one(&mut self, row: Row) -> Result<(), StoreError> {
        match row {
            Row::Blob { tenant, hash, size } => {
                self.rows.put(keys::blob(tenant, hash), rows::encode(&BlobRow { size }));
            }
            Row::Record(record) => self.import_record(*record),
            Row::Claim { tenant, claim, owner } => {
                let key = keys::claim(tenant, &crate::catalog::Claim(claim));
                self.rows.put(key, owner.bytes().to_vec());
            }
            Row::EventCount { tenant, project, newest } => {
                self.rows.put(keys::event_count(tenant, project), newest.to_be_bytes().to_vec());
            }
            Row::Event { tenant, project, seq, at, name, payload } => {
                let row = EventRow::of_text(at, name, payload);
                self.rows.put(keys::event(tenant, project, seq), rows::encode(&row));
            }
            Row::Job(job) => self.insert_job(*job)?,
        }
        Ok(())
    }

    fn import_record(&mut self, record: Portable) {
        let (tenant, kind, id): (TenantId, Kind, Id) = (record.tenant, record.kind, record.id);
        for (index, parent) in &record.lists {
            self.rows.put(keys::listed(tenant, kind, *index, *parent, id), Vec::new());
        }
        for hash in &record.blobs {
            self.rows.put(keys::blob_ref(tenant, *hash, kind, id), Vec::new());
        }
        self.rows.put(keys::record(tenant, kind, id), rows::encode(&RecordRow::of_portable(record)));
    }
}
