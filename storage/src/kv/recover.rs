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
    // What is not due yet, and when the store was last in use.
    let (mut waiting, mut in_use): (Vec<(TenantId, Id)>, Option<Timestamp>) = (Vec::new(), None);
    let (mut seq, mut sum) = (0, RowSum::default());
    store.scan(&[], &[u8::MAX], false, &mut |key, row| {
        sum = sum.with(key, row);
        match key.first() {
            Some(&keys::READY) => {
                let (stage, group) = keys::ready_parts(key).ok_or_else(|| unknown(key))?;
                let at = keys::ready_run_at(key).ok_or_else(|| unknown(key))?;
                queue.found(stage, JobState::Ready, Some((group, at)));
                if at > now {
                    let id = keys::last_id(key).ok_or_else(|| unknown(key))?;
                    waiting.push((rows::decode_tenant(key, row)?, id));
                }
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
                    let ended = register::ended(key, row)?;
                    in_use = in_use.max(ended.as_ref().map(|(_, beat_at)| *beat_at));
                    old.extend(ended.map(|(row, _)| (key.to_vec(), Some(row))));
                }
            }
            _ => return Err(unknown(key)),
        }
        Ok(true)
    })?;
    store.check_sum(sum)?;
    let back_us = in_use.map_or(0, |at| at.0.saturating_sub(now.0));
    if back_us > 0 {
        bring_near(store, &mut queue, &waiting, &mut seq, (now, back_us))?;
    }
    end_earlier_run(store, &mut queue, (&leased, old), &mut seq, (now, why))?;
    Ok(Recovered { queue, seq, released: leased.len() })
}

/// Jobs of one step when times are corrected.
const AT_ONCE: usize = 5_000;

/// The machine's clock was put back while the store was not in use: what was due is due, and what waits does so no longer
/// than it had to.
fn bring_near<K: Kv>(
    store: &K,
    queue: &mut QueueState,
    waiting: &[(TenantId, Id)],
    seq: &mut u64,
    (now, back_us): (Timestamp, i64),
) -> Result<(), StoreError> {
    tracing::warn!(
        seconds = back_us / 1_000_000,
        jobs = waiting.len(),
        "the machine's clock was put back since the store was last in use: jobs are due by so much sooner"
    );
    for some in waiting.chunks(AT_ONCE) {
        let recent = Recent::default();
        let mut rows = Overlay::new(store, &recent);
        let mut change = Change::new(&mut rows, queue, now);
        for (tenant, id) in some {
            change.bring_near(*tenant, *id, back_us)?;
        }
        let (moves, _) = change.finish();
        queue.take(moves);
        *seq += 1;
        rows.put(SEQ_KEY.to_vec(), seq.to_be_bytes().to_vec());
        let (writes, known, _) = rows.into_parts();
        store.apply(writes, &known)?;
        store.flush(*seq)?;
    }
    Ok(())
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
