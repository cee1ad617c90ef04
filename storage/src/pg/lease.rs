//! Leases: taken, renewed, and taken away when they have run out. Each is one transaction over many jobs,
//! decided by the same state machine as everything else.

use std::collections::HashMap;

use takeoff_core::job::{Cause, Job, Stage};
use takeoff_core::model::{Id, Timestamp};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connect::Session;
use super::job_rows::{self, column, damaged};
use super::query;
use super::reads;
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
        client.batch_execute(store::BEGIN),
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

/// A lease of a node, by when it ends.
type Ends = (String, Timestamp);

/// How long a lease that was taken away is remembered: leases of one death end within one renewal of each other.
const REMEMBERED_US: i64 = 3_600 * 1_000_000;

/// Whether no other lease of the same node ended with this one. Those of the node's next life end later.
/// `leases` are those that are held, this one among them, and those that were taken away.
fn was_alone(of: &Ends, leases: &[Ends], renewed_ms: i64) -> bool {
    let with_it = |other: &&Ends| other.0 == of.0 && other.1.ms_since(of.1).abs() <= renewed_ms;
    leases.iter().filter(with_it).count() <= 1
}

/// Whoever let a lease run out may have died or may only be slow, and nobody can tell which. It is counted as
/// a death of the node.
///
/// Any number of nodes may do so at once: a lease goes from those that are held to those that were taken away in
/// one transaction, so whoever looks sees all of a death, in one place or the other.
pub(super) async fn rescue(place: &Place, renewed_ms: i64, limit: usize) -> Result<usize, StoreError> {
    let given = place.given().map(|t| t.0);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let leases = reads::ask(place, query::LEASES, &[]).await?;
    let leases = leases
        .iter()
        .map(|row| Ok((column(row, 0)?, Timestamp(column(row, 1)?))))
        .collect::<Result<Vec<Ends>, StoreError>>()?;
    transact(place, query::PICK_EXPIRED, &[&given, &limit], |expired, now| {
        let mut rescued = Vec::with_capacity(expired.len());
        let mut ended = Vec::with_capacity(expired.len());
        for job in &expired {
            let ends = job.lease.as_ref().map(|lease| (lease.node.clone(), lease.until));
            let alone = ends.as_ref().is_some_and(|ends| was_alone(ends, &leases, renewed_ms));
            rescued.push(decide(job, Cause::NodeDied { alone }, now)?.job);
            ended.extend(ends);
        }
        let mut writes = store::jobs(&rescued);
        // Whoever rescues need not run the stages.
        let mut woken: Vec<Stage> = rescued.iter().map(|job| job.stage).collect();
        woken.sort_unstable();
        woken.dedup();
        writes.extend(store::wakes(&woken));
        if !ended.is_empty() {
            let (nodes, until) = ended.into_iter().map(|(node, until)| (node, until.0)).unzip();
            writes.extend(store::ended_leases(nodes, until, now.0.saturating_sub(REMEMBERED_US)));
        }
        Ok((rescued.len(), writes))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_alone_unless_another_one_of_its_life_ended_with_it() {
        let ends = |node: &str, s: i64| (node.to_owned(), Timestamp(s * 1_000_000));
        let of = ends("a", 100);
        let alone = |others: &[Ends]| was_alone(&of, &[std::slice::from_ref(&of), others].concat(), 5_000);
        assert!(alone(&[]));
        assert!(alone(&[ends("b", 100)]), "another node's");
        assert!(alone(&[ends("a", 112), ends("a", 60)]), "the node's next life, and an earlier one");
        assert!(!alone(&[ends("a", 104)]), "leased after the last renewal");
        assert!(!alone(&[ends("a", 97)]), "taken away before");
    }
}
