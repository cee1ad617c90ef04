//! Single records and plain lists. Single ones are `NotFound` when absent; lists of an unknown parent are
//! empty unless said otherwise.

use takeoff_core::model::{
    Assembly, AssemblyTemplate, Condition, CountSession, Detection, Document, Id, Measurement, Page, Project,
};

use crate::{CommandError, Ctx};

type Result<T> = std::result::Result<T, CommandError>;

#[derive(Debug, Clone, PartialEq)]
pub struct ProjectView {
    pub project: Project,
    pub document_count: u64,
}

pub async fn project(_ctx: &Ctx<'_>, _id: Id) -> Result<ProjectView> {
    todo!()
}

/// Newest first.
pub async fn projects(_ctx: &Ctx<'_>) -> Result<Vec<ProjectView>> {
    todo!()
}

pub async fn document(_ctx: &Ctx<'_>, _id: Id) -> Result<Document> {
    todo!()
}

/// Newest first; `NotFound` for an unknown project.
pub async fn documents(_ctx: &Ctx<'_>, _project_id: Id) -> Result<Vec<Document>> {
    todo!()
}

pub async fn page(_ctx: &Ctx<'_>, _id: Id) -> Result<Page> {
    todo!()
}

pub async fn pages_by_number(_ctx: &Ctx<'_>, _document_id: Id) -> Result<Vec<Page>> {
    todo!()
}

/// Pages with a sheet number first, in its natural order, then the rest by page number.
pub async fn pages_by_sheet(_ctx: &Ctx<'_>, _document_id: Id) -> Result<Vec<Page>> {
    todo!()
}

/// `NotFound` also when the condition is another project's.
pub async fn condition(_ctx: &Ctx<'_>, _project_id: Id, _id: Id) -> Result<Condition> {
    todo!()
}

/// By sort order, then name.
pub async fn conditions(_ctx: &Ctx<'_>, _project_id: Id) -> Result<Vec<Condition>> {
    todo!()
}

pub async fn measurement(_ctx: &Ctx<'_>, _id: Id) -> Result<Measurement> {
    todo!()
}

/// Oldest first, rejected ones included.
pub async fn measurements_of_condition(_ctx: &Ctx<'_>, _condition_id: Id) -> Result<Vec<Measurement>> {
    todo!()
}

/// Oldest first, rejected ones included.
pub async fn measurements_of_page(_ctx: &Ctx<'_>, _page_id: Id) -> Result<Vec<Measurement>> {
    todo!()
}

pub async fn assembly(_ctx: &Ctx<'_>, _id: Id) -> Result<Assembly> {
    todo!()
}

pub async fn assembly_of(_ctx: &Ctx<'_>, _condition_id: Id) -> Result<Option<Assembly>> {
    todo!()
}

pub async fn template(_ctx: &Ctx<'_>, _id: Id) -> Result<AssemblyTemplate> {
    todo!()
}

/// Active ones by category, then name.
pub async fn templates(_ctx: &Ctx<'_>) -> Result<Vec<AssemblyTemplate>> {
    todo!()
}

pub async fn session(_ctx: &Ctx<'_>, _id: Id) -> Result<CountSession> {
    todo!()
}

/// Newest first.
pub async fn sessions_of_page(_ctx: &Ctx<'_>, _page_id: Id) -> Result<Vec<CountSession>> {
    todo!()
}

pub async fn detection(_ctx: &Ctx<'_>, _id: Id) -> Result<Detection> {
    todo!()
}

/// Highest confidence first.
pub async fn detections(_ctx: &Ctx<'_>, _session_id: Id) -> Result<Vec<Detection>> {
    todo!()
}
