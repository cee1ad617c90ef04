//! The register of nodes: one statement each.

use takeoff_core::job::Stage;
use takeoff_core::model::{Id, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::job_rows::{column, damaged};
use super::query;
use super::reads::{ask, execute};
use super::writer::Place;
use crate::error::StoreError;
use crate::register::{Beat, FORGOTTEN_MS, Joined, NodeEntry, NodeIdentity, NodeState};

const STATES: [NodeState; 3] = [NodeState::Up, NodeState::Draining, NodeState::Gone];

fn state_code(state: NodeState) -> i16 {
    match state {
        NodeState::Up => 0,
        NodeState::Draining => 1,
        NodeState::Gone => 2,
    }
}

fn entry(row: &Row) -> Result<NodeEntry, StoreError> {
    let name: String = column(row, 0)?;
    let wrong = |what: &str| damaged(format!("node {name}"), format!("its {what} is none of this version"));
    let (codes, slots): (Vec<i16>, Vec<i64>) = (column(row, 4)?, column(row, 5)?);
    // Another version may have stages that this one does not know.
    let known = |code: i16| Stage::ALL.into_iter().find(|stage| *stage as i16 == code);
    let slots = slots.into_iter().map(|n| usize::try_from(n).unwrap_or(0));
    let stages = codes.into_iter().zip(slots).filter_map(|(code, n)| Some((known(code)?, n))).collect();
    let state: i16 = column(row, 7)?;
    let state = usize::try_from(state).ok().and_then(|at| STATES.get(at)).ok_or_else(|| wrong("state"))?;
    let silent_us: i64 = column(row, 11)?;
    Ok(NodeEntry {
        address: column(row, 2)?,
        state: *state,
        started_at: Timestamp(column(row, 8)?),
        beat_at: Timestamp(column(row, 9)?),
        drain_at: column::<Option<i64>>(row, 10)?.map(Timestamp),
        silent_ms: silent_us.max(0) / 1_000,
        node: NodeIdentity {
            life: Id(column(row, 1)?),
            roles: column(row, 3)?,
            stages,
            version: column(row, 6)?,
            name,
        },
    })
}

pub(super) async fn join(place: &Place, node: &NodeIdentity, silent_ms: i64) -> Result<Joined, StoreError> {
    let given = place.given().map(|t| t.0);
    let (forgotten_us, silent_us) =
        (FORGOTTEN_MS.saturating_mul(1_000), silent_ms.max(0).saturating_mul(1_000));
    execute(place, query::FORGET_NODES, &[&given, &forgotten_us]).await?;
    let stages: Vec<i16> = node.stages.iter().map(|(stage, _)| *stage as i16).collect();
    let slots: Vec<i64> = node.stages.iter().map(|(_, n)| i64::try_from(*n).unwrap_or(i64::MAX)).collect();
    let (address, up) = ("", state_code(NodeState::Up));
    let params: [&(dyn ToSql + Sync); 10] = [
        &node.name,
        &node.life.0,
        &address,
        &node.roles,
        &stages,
        &slots,
        &node.version,
        &up,
        &silent_us,
        &given,
    ];
    if let Some(row) = ask(place, query::JOIN_NODE, &params).await?.first() {
        return Ok(Joined::In(entry(row)?));
    }
    let there = nodes(place).await?.into_iter().find(|there| there.node.name == node.name);
    let there =
        there.ok_or_else(|| StoreError::Unavailable("the node that had the name is gone".to_owned()))?;
    Ok(Joined::Taken(there))
}

pub(super) async fn beat(place: &Place, beat: &Beat) -> Result<Option<NodeEntry>, StoreError> {
    let (state, given) = (state_code(beat.state), place.given().map(|t| t.0));
    let params: [&(dyn ToSql + Sync); 5] = [&beat.name, &beat.life.0, &state, &beat.address, &given];
    ask(place, query::BEAT_NODE, &params).await?.first().map(entry).transpose()
}

pub(super) async fn nodes(place: &Place) -> Result<Vec<NodeEntry>, StoreError> {
    let given = place.given().map(|t| t.0);
    ask(place, query::NODES, &[&given]).await?.iter().map(entry).collect()
}

pub(super) async fn ask_to_drain(place: &Place, name: &str) -> Result<Option<NodeEntry>, StoreError> {
    // No node has a name that the database cannot even hold.
    if name.contains('\0') {
        return Ok(None);
    }
    let given = place.given().map(|t| t.0);
    ask(place, query::DRAIN_NODE, &[&name, &given]).await?.first().map(entry).transpose()
}
