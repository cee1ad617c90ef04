//! Leases: taken, renewed, and taken away when they have run out. Each is one transaction over many jobs,
//! decided by the same state machine as everything else.

use std::collections::HashMap;

use takeoff_core::job::{Cause, Job};
use takeoff_core::model::{Id, Timestamp};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connect::Session;
use super::job_rows::{self, column, damaged};
use super::query;
use super::settle::decide;
use super::store::{self, Write};
use super::trouble::Trouble;
use super::writer::Place;
use crate::catalog::{LeaseRequest, Renewal, Renewed};
use crate::error::StoreError;

/// Times that it begins again, on another connection or after others were at the same rows.
const TRIES: u32 = 3;

/// Jobs looked at for each that is wanted, and beside them: other nodes may be at the first ones.
const PICKED_FOR_EACH: i64 = 4;
const PICKED_BESIDE: i64 = 32;

type Params<'p> = [&'p (dyn ToSql + Sync)];

/// What a decision comes to: the answer, and what is to be written.
type Decided<T> = Result<(T, Vec<Write>), StoreError>;

/// Locks jobs, decides, writes.
async fn transact<T>(
    place: &Place,
    pick: &'static str,
    params: &Params<'_>,
    mut decide: impl FnMut(Vec<Job>, Timestamp) -> Decided<T>,
) -> Result<T, StoreError> {
    let mut tries = 1;
    loop {
        match attempt(place, pick, params, &mut decide).await {
            Ok(done) => return Ok(done),
            Err(e @ (Trouble::Again(_) | Trouble::Lost(_))) if tries < TRIES => {
                tries += 1;
                e.forget_lost(&place.pool);
            }
            Err(e) => return Err(e.into_store()),
        }
    }
}

async fn attempt<T>(
    place: &Place,
    pick: &'static str,
    params: &Params<'_>,
    decide: &mut impl FnMut(Vec<Job>, Timestamp) -> Decided<T>,
) -> Result<T, Trouble> {
    let session = Session::open(&place.pool).await?;
    let done = within(&session, place, pick, params, decide).await;
    let over = match &done {
        Ok(_) => true,
        Err(_) => store::roll_back(&session).await.is_ok(),
    };
    if over {
        session.done();
    }
    done
}

async fn within<T>(
    session: &Session,
    place: &Place,
    pick: &'static str,
    params: &Params<'_>,
    decide: &mut impl FnMut(Vec<Job>, Timestamp) -> Decided<T>,
) -> Result<T, Trouble> {
    let client = session.client();
    let (pick, clock) = (client.prepare_cached(pick).await?, client.prepare_cached(query::CLOCK).await?);
    let given = place.given().map(|t| t.0);
    let now: [&(dyn ToSql + Sync); 1] = [&given];
    // Polled in this order, and so sent in it. The clock comes last: what was due is due.
    let (begun, picked, now) = futures::join!(
        client.batch_execute("BEGIN"),
        client.query(&pick, params),
        client.query_one(&clock, &now)
    );
    begun?;
    let (jobs, now) = (job_rows::jobs(&picked?)?, column(&now?, 0)?);
    let (answer, writes) = decide(jobs, Timestamp(now))?;
    store::commit(session, &writes).await?;
    Ok(answer)
}

pub(super) async fn lease(place: &Place, request: &LeaseRequest) -> Result<Vec<Job>, StoreError> {
    let (stage, given) = (request.stage as i16, place.given().map(|t| t.0));
    let limit = i64::try_from(request.max_jobs).unwrap_or(i64::MAX);
    let picked = limit.saturating_mul(PICKED_FOR_EACH).saturating_add(PICKED_BESIDE);
    let virtual_us = |us: u64| i64::try_from(us).unwrap_or(i64::MAX / 4);
    let turns = &request.turns;
    let paused: Vec<Uuid> = request.paused.iter().map(|id| id.0).collect();
    let projects: Vec<Uuid> =
        turns.standings.iter().map(|s| s.project.map_or(Uuid::nil(), |id| id.0)).collect();
    let at: Vec<i64> = turns.standings.iter().map(|s| virtual_us(s.at)).collect();
    let steps: Vec<i64> = turns.standings.iter().map(|s| virtual_us(s.step.max(1))).collect();
    let (floor, step) = (virtual_us(turns.floor), virtual_us(turns.step.max(1)));
    let params: [&(dyn ToSql + Sync); 10] =
        [&stage, &given, &limit, &paused, &projects, &at, &steps, &floor, &step, &picked];
    transact(place, query::PICK_DUE, &params, |due, now| {
        let cause = || Cause::Lease { node: request.node.clone(), lease_ms: request.lease_ms };
        let leased = due
            .iter()
            .map(|job| Ok(decide(job, cause(), now)?.job))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let writes = store::leases(&leased);
        Ok((leased, writes))
    })
    .await
}

pub(super) async fn renew(
    place: &Place,
    node: &str,
    lease_ms: i64,
    renewals: &[Renewal],
) -> Result<Vec<Renewed>, StoreError> {
    let ids: Vec<Uuid> = renewals.iter().map(|r| r.job.0).collect();
    transact(place, query::PICK_HELD, &[&ids, &node], |held, now| {
        let held: HashMap<Id, Job> = held.into_iter().map(|job| (job.id, job)).collect();
        let mut kept = Vec::new();
        let mut answers = Vec::with_capacity(renewals.len());
        for renewal in renewals {
            let job = held.get(&renewal.job).filter(|job| job.token == renewal.token);
            let Some(job) = job else {
                answers.push(Renewed::Lost);
                continue;
            };
            let progress = renewal.progress.clone();
            let after = decide(job, Cause::Renew { token: renewal.token, lease_ms, progress }, now)?.job;
            answers.push(after.lease.as_ref().map_or(Renewed::Lost, |lease| Renewed::Until(lease.until)));
            kept.push(after);
        }
        Ok((answers, store::leases(&kept)))
    })
    .await
}

/// Whoever let a lease run out may have died or may only be slow, and nobody can tell which. It is counted as
/// a death of the node, of which many in a row, without one attempt that came to an end, make a job suspect.
pub(super) async fn rescue(place: &Place, limit: usize) -> Result<usize, StoreError> {
    let given = place.given().map(|t| t.0);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    transact(place, query::PICK_EXPIRED, &[&given, &limit], |expired, now| {
        let rescued = expired
            .iter()
            .map(|job| Ok(decide(job, Cause::NodeDied, now)?.job))
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok((rescued.len(), store::jobs(&rescued)))
    })
    .await
}

/// Removes a blob's row unless a record refers to it; whether none does.
pub(super) async fn forget_blob(place: &Place, tenant: i32, hash: &[u8]) -> Result<bool, StoreError> {
    let mut tries = 1;
    loop {
        let session = match Session::open(&place.pool).await {
            Ok(session) => session,
            Err(e @ Trouble::Lost(_)) if tries < TRIES => {
                tries += 1;
                e.forget_lost(&place.pool);
                continue;
            }
            Err(e) => return Err(e.into_store()),
        };
        match forget(&session, tenant, hash).await {
            Ok(forgotten) => {
                session.done();
                return Ok(forgotten);
            }
            // It does the same however often it is done.
            Err(e @ (Trouble::Lost(_) | Trouble::Again(_))) if tries < TRIES => {
                tries += 1;
                e.forget_lost(&place.pool);
            }
            Err(e) => return Err(e.into_store()),
        }
    }
}

async fn forget(session: &Session, tenant: i32, hash: &[u8]) -> Result<bool, Trouble> {
    let client = session.client();
    let key: [&(dyn ToSql + Sync); 2] = [&tenant, &hash];
    let lock = client.prepare_cached(query::LOCK_BLOB).await?;
    let referred = client.prepare_cached(query::BLOB_IS_REFERRED_TO).await?;
    let delete = client.prepare_cached(query::DELETE_BLOB).await?;
    client.batch_execute("BEGIN").await?;
    client.query(&lock, &key).await?;
    // A statement of its own: it sees what those committed that the lock has waited for.
    let row = client.query(&referred, &key).await?;
    let row = row.first().ok_or_else(|| damaged("a blob", "nobody knows whether it is referred to"))?;
    let is_free = !column::<bool>(row, 0)?;
    if is_free {
        client.execute(&delete, &key).await?;
    }
    client.batch_execute("COMMIT").await?;
    Ok(is_free)
}
