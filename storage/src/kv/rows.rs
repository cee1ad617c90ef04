//! Stored forms. Each row begins with the number of its form.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use takeoff_core::model::{BlobHash, Id, Index, Kind, TenantId, Timestamp};

use crate::archive::row::{self, RecordRow as Portable, Row};
use crate::catalog::{Event, NewRecord, Record};
use crate::error::StoreError;

const FORM: u8 = 1;

/// A record with the lists and blobs it is entered under, so that a later put or delete removes them.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RecordRow {
    pub(super) version: u64,
    engine: String,
    format: u16,
    pub(super) lists: Vec<(Index, Id)>,
    pub(super) blobs: Vec<[u8; 32]>,
    body: Vec<u8>,
}

impl RecordRow {
    pub(super) fn of(new: NewRecord, version: u64, engine: &str) -> Self {
        Self {
            version,
            engine: engine.to_owned(),
            format: new.format,
            lists: new.lists,
            blobs: new.blobs.into_iter().map(|h| h.0).collect(),
            body: new.body,
        }
    }

    pub(super) fn of_portable(record: Portable) -> Self {
        let Portable { version, engine, format, lists, blobs, body, .. } = record;
        let blobs = blobs.into_iter().map(|h| h.0).collect();
        Self { version, engine, format, lists, blobs, body: body.into_bytes() }
    }

    pub(super) fn into_portable(self, tenant: TenantId, kind: Kind, id: Id) -> Result<Portable, StoreError> {
        let Self { version, engine, format, lists, blobs, body } = self;
        let body = row::utf8(|| format!("{kind:?} {id}"), body)?;
        let blobs = blobs.into_iter().map(BlobHash).collect();
        Ok(Portable { tenant, kind, id, version, engine, format, lists, blobs, body })
    }

    pub(super) fn blobs(&self) -> impl Iterator<Item = BlobHash> {
        self.blobs.iter().map(|h| BlobHash(*h))
    }

    pub(super) fn into_record(self, tenant: TenantId, kind: Kind, id: Id) -> Record {
        let Self { version, engine, format, body, .. } = self;
        Record { tenant, kind, id, version, engine, format, body }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BlobRow {
    pub(super) size: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EventRow {
    pub(super) at: Timestamp,
    name: String,
    /// JSON.
    payload: Vec<u8>,
}

impl EventRow {
    pub(super) fn of(at: Timestamp, name: String, payload: &Value) -> Self {
        Self { at, name, payload: json(payload) }
    }

    pub(super) fn of_text(at: Timestamp, name: String, payload: String) -> Self {
        Self { at, name, payload: payload.into_bytes() }
    }

    pub(super) fn into_portable(self, tenant: TenantId, project: Id, seq: u64) -> Result<Row, StoreError> {
        let Self { at, name, payload } = self;
        let payload = row::utf8(|| format!("event {seq}"), payload)?;
        Ok(Row::Event { tenant, project, seq, at, name, payload })
    }

    pub(super) fn into_event(self, seq: u64) -> Result<Event, StoreError> {
        let payload = serde_json::from_slice(&self.payload)
            .map_err(|e| damaged(format!("event {seq}"), format!("its payload is no JSON: {e}")))?;
        Ok(Event { seq, at: self.at, name: self.name, payload })
    }
}

pub(super) fn encode<T: Serialize>(row: &T) -> Vec<u8> {
    postcard::to_extend(row, vec![FORM]).expect("a row has no unserialisable part")
}

pub(super) fn decode<T: DeserializeOwned>(
    what: impl FnOnce() -> String,
    row: &[u8],
) -> Result<T, StoreError> {
    match row.split_first() {
        Some((&FORM, body)) => postcard::from_bytes(body).map_err(|e| damaged(what(), e.to_string())),
        Some((form, _)) => Err(damaged(what(), format!("unknown form {form}"))),
        None => Err(damaged(what(), "empty".to_owned())),
    }
}

fn json(value: &Value) -> Vec<u8> {
    // Bytes of a JSON value always serialise: its keys are strings.
    serde_json::to_vec(value).expect("a JSON value has string keys")
}

pub(super) fn encode_tenant(tenant: TenantId) -> Vec<u8> {
    tenant.0.to_be_bytes().to_vec()
}

pub(super) fn decode_tenant(key: &[u8], row: &[u8]) -> Result<TenantId, StoreError> {
    let bytes = row.try_into().map_err(|_| damaged(row_name(key), "no tenant".to_owned()))?;
    Ok(TenantId(u32::from_be_bytes(bytes)))
}

pub(super) fn decode_u64(key: &[u8], row: &[u8]) -> Result<u64, StoreError> {
    let bytes = row.try_into().map_err(|_| damaged(row_name(key), "no number".to_owned()))?;
    Ok(u64::from_be_bytes(bytes))
}

pub(super) fn damaged(what: String, why: String) -> StoreError {
    StoreError::Damaged { what, why }
}

/// A key for people.
pub(super) fn row_name(key: &[u8]) -> String {
    format!("row {}", key.escape_ascii())
}
