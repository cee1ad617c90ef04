//! What operators hold back, and whom they prefer.

use serde::Serialize;
use takeoff_commands::admin::CAUSE_CHARS;
use takeoff_core::job::MAX_WEIGHT;
use takeoff_core::model::Scope;
use takeoff_engine::controls;
use utoipa::ToSchema;
use uuid::Uuid;

use super::job::STAGES;
use super::scalar::Stamp;
use super::validate::{Fields, IdRule, OneOf, integer, text};

/// Something that starts no more jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Paused {
    /// `stage …`, `project …`, `node …`.
    what: String,
    since: Stamp,
    age_ms: i64,
    /// In the operator's words.
    cause: String,
}

impl From<controls::Paused> for Paused {
    fn from(p: controls::Paused) -> Self {
        Self { what: p.what, since: Stamp(p.since), age_ms: p.age_ms, cause: p.cause }
    }
}

/// Everything that is held back, the longest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pauses {
    paused: Vec<Paused>,
}

impl From<Vec<controls::Paused>> for Pauses {
    fn from(paused: Vec<controls::Paused>) -> Self {
        Self { paused: paused.into_iter().map(Paused::from).collect() }
    }
}

/// Exactly one of stage, project and node; `node` is a name, or empty for the node that is asked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what is read field by field")]
pub(crate) struct PauseRequest {
    stage: Option<String>,
    project_id: Option<String>,
    node: Option<String>,
    /// Why; needed to pause, ignored to resume.
    cause: Option<String>,
}

/// A stage, a project or a node by name; an empty name is the node that is asked. `None` when it is not
/// exactly one of them.
pub(crate) fn scope(body: &Fields<'_>) -> Option<Option<Scope>> {
    let stage = body.optional("stage", OneOf(STAGES));
    let project = body.optional("project_id", IdRule);
    let node = body.optional("node", text().max(255).line());
    let scopes = [stage?.map(Scope::Stage), project?.map(Scope::Project), node?.map(Scope::Node)];
    let mut named = scopes.into_iter().flatten();
    let first = named.next();
    Some(first.filter(|_| named.next().is_none()))
}

pub(crate) fn pause(body: &Fields<'_>) -> Option<(Option<Scope>, String)> {
    let scope = scope(body);
    let cause = body.required("cause", text().max(CAUSE_CHARS).line().not_blank());
    scope.zip(cause)
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what is read field by field")]
pub(crate) struct Weight {
    /// 1 to 1000; all have 10 unless they are given another.
    weight: u16,
}

/// What a project weighs now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Weighed {
    pub(crate) project_id: Uuid,
    pub(crate) weight: u16,
}

pub(crate) fn weight(body: &Fields<'_>) -> Option<u16> {
    let weight = body.required("weight", integer().ge(1).le(i64::from(MAX_WEIGHT)))?;
    u16::try_from(weight).ok()
}
