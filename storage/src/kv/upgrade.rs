//! Rows of the first format, made into those of this one.

use takeoff_core::job::Job;

use super::job_row::decode_job;
use super::{Known, Kv, SEQ_KEY, Writes, keys, rows};
use crate::error::StoreError;

/// Rows that are changed at once.
const AT_ONCE: usize = 1_000;

/// Gives the ready rows their projects. May be interrupted and begun again at any point: each step changes its
/// rows as one, and rows of either format are told apart.
pub(crate) fn ready_rows<K: Kv>(store: &K) -> Result<(), StoreError> {
    let seq = match store.get(SEQ_KEY)? {
        Some(row) => rows::decode_u64(SEQ_KEY, &row)?,
        None => 0,
    };
    loop {
        let mut old = Vec::new();
        let from = [keys::READY];
        store.scan(&from, &keys::after_prefix(&from), false, &mut |key, row| {
            if keys::is_ready_of_format_1(key) {
                old.push((key.to_vec(), row.to_vec()));
            }
            Ok(old.len() < AT_ONCE)
        })?;
        if old.is_empty() {
            return Ok(());
        }
        let mut writes = Writes::new();
        for (key, tenant) in old {
            let project = job_of(store, &key, &tenant)?.project_id;
            let new = keys::ready_of_format_1(&key, project)
                .ok_or_else(|| rows::damaged(rows::row_name(&key), "no row of any format".to_owned()))?;
            writes.insert(key, None);
            writes.insert(new, Some(tenant));
        }
        store.apply(writes, &Known::new())?;
        store.flush(seq)?;
    }
}

fn job_of<K: Kv>(store: &K, key: &[u8], tenant: &[u8]) -> Result<Job, StoreError> {
    let damaged = |why: &str| rows::damaged(rows::row_name(key), why.to_owned());
    let id = keys::last_id(key).ok_or_else(|| damaged("no job"))?;
    let row = store.get(&keys::job(rows::decode_tenant(key, tenant)?, id))?;
    decode_job(id, &row.ok_or_else(|| damaged("its job does not exist"))?)
}
