//! Opening a store that has been used: read everything once, count the queue, void all leases.

use takeoff_core::job::{Cause, JobState, Stage};
use takeoff_core::model::{Id, TenantId, Timestamp};

use super::commit::Change;
use super::job_row::job_head;
use super::overlay::Overlay;
use super::queue::QueueState;
use super::recent::Recent;
use super::{Kv, RowSum, SEQ_KEY, keys, register, rows};
use crate::error::StoreError;

/// What the writer starts from.
pub(super) struct Recovered {
    pub(super) queue: QueueState,
    pub(super) seq: u64,
    /// Jobs whose lease was void.
    pub(super) released: usize,
}

/// A key and what it is to have; `None` is no row.
type Rewrite = (Vec<u8>, Option<Vec<u8>>);

/// Reads every row, so that damage is found now and not in the middle of work. All leases end, by `why`; whether a
/// job was alone when its node died is found here.
pub(super) fn recover<K: Kv>(store: &K, now: Timestamp, why: &Cause) -> Result<Recovered, StoreError> {
    let mut queue = QueueState::default();
    let mut leased: Vec<(TenantId, Id)> = Vec::new();
    // Rows that become others, or go: of nodes that were there, and of the formats that listed leases.
    let mut old: Vec<Rewrite> = Vec::new();
    let (mut seq, mut sum) = (0, RowSum::default());
    store.scan(&[], &[u8::MAX], false, &mut |key, row| {
        sum = sum.with(key, row);
        match key.first() {
            Some(&keys::READY) => {
                let (stage, group) = keys::ready_parts(key).ok_or_else(|| unknown(key))?;
                let at = keys::ready_run_at(key).ok_or_else(|| unknown(key))?;
                queue.found(stage, JobState::Ready, Some((group, at)));
            }
            Some(&keys::WAITING) => queue.found(stage_of(key)?, JobState::Waiting, None),
            Some(&keys::DEAD) => queue.found(stage_of(key)?, JobState::Dead, None),
            Some(&keys::LEASED) => old.push((key.to_vec(), None)),
            Some(&keys::JOB) => {
                let (tenant, id) = keys::job_parts(key).ok_or_else(|| unknown(key))?;
                if job_head(id, row)?.state == JobState::Leased {
                    leased.push((tenant, id));
                }
            }
            Some(prefix) if keys::PREFIXES.contains(prefix) => {
                if key == SEQ_KEY {
                    seq = rows::decode_u64(key, row)?;
                } else if key.starts_with(keys::NODES) {
                    old.extend(register::ended(key, row)?.map(|row| (key.to_vec(), Some(row))));
                }
            }
            _ => return Err(unknown(key)),
        }
        Ok(true)
    })?;
    store.check_sum(sum)?;
    end_earlier_run(store, &mut queue, (&leased, old), &mut seq, (now, why))?;
    Ok(Recovered { queue, seq, released: leased.len() })
}

/// Leases are void, and the nodes that were there are there no more.
fn end_earlier_run<K: Kv>(
    store: &K,
    queue: &mut QueueState,
    (leased, old): (&[(TenantId, Id)], Vec<Rewrite>),
    seq: &mut u64,
    (now, why): (Timestamp, &Cause),
) -> Result<(), StoreError> {
    if leased.is_empty() && old.is_empty() {
        return Ok(());
    }
    // The whole node died, and with it whatever it had leased.
    let why = match why {
        Cause::NodeDied { .. } => &Cause::NodeDied { alone: leased.len() == 1 },
        other => other,
    };
    let recent = Recent::default();
    let mut rows = Overlay::new(store, &recent);
    for (key, row) in old {
        match row {
            Some(row) => rows.put(key, row),
            None => rows.remove(key),
        }
    }
    let mut change = Change::new(&mut rows, queue, now);
    for (tenant, id) in leased {
        change.void_lease(*tenant, *id, why.clone())?;
    }
    let (moves, _) = change.finish();
    queue.take(moves);
    *seq += 1;
    rows.put(SEQ_KEY.to_vec(), seq.to_be_bytes().to_vec());
    let (writes, known, _) = rows.into_parts();
    store.apply(writes, &known)?;
    store.flush(*seq)
}

fn stage_of(key: &[u8]) -> Result<Stage, StoreError> {
    keys::stage_of(key).ok_or_else(|| unknown(key))
}

fn unknown(key: &[u8]) -> StoreError {
    rows::damaged(rows::row_name(key), "no row of this format".to_owned())
}
