//! Single records and plain lists. Single ones are `NotFound` when absent; lists of an unknown parent are
//! empty unless said otherwise.

use std::cmp::Reverse;

use takeoff_core::model::{
    Assembly, AssemblyTemplate, Condition, CountSession, Detection, Document, DocumentStatus, Entity, Id,
    Index, Kind, Page, PageStatus, Project,
};

use super::sheets::by_sheet;
use crate::count::Candidates;
use crate::erased;
use crate::load::{find, list, only, required};
use crate::{CommandError, Ctx};

pub(super) type Result<T> = std::result::Result<T, CommandError>;

pub(super) async fn one<E: Entity>(ctx: &Ctx<'_>, id: Id, what: &'static str) -> Result<E> {
    Ok(required::<E>(&ctx.desk(), id, what).await?.value)
}

/// Oldest first.
pub(super) async fn all<E: Entity>(ctx: &Ctx<'_>, index: Index, parent: Id) -> Result<Vec<E>> {
    Ok(list::<E>(&ctx.desk(), index, parent).await?.into_iter().map(|s| s.value).collect())
}

#[derive(Debug, Clone, PartialEq)]
pub struct ProjectView {
    pub project: Project,
    pub document_count: u64,
}

async fn view(ctx: &Ctx<'_>, project: Project) -> Result<ProjectView> {
    let catalog = ctx.handle.catalog();
    let document_count = catalog.count(ctx.tenant, Kind::Document, Index::ByProject, project.id).await?;
    Ok(ProjectView { project, document_count })
}

#[erased]
pub async fn project(ctx: &Ctx<'_>, id: Id) -> Result<ProjectView> {
    view(ctx, one(ctx, id, "Project").await?).await
}

/// Newest first.
#[erased]
pub async fn projects(ctx: &Ctx<'_>) -> Result<Vec<ProjectView>> {
    let mut views = Vec::new();
    for project in all::<Project>(ctx, Index::All, Id::NIL).await?.into_iter().rev() {
        views.push(view(ctx, project).await?);
    }
    Ok(views)
}

#[erased]
pub async fn document(ctx: &Ctx<'_>, id: Id) -> Result<Document> {
    one(ctx, id, "Document").await
}

/// Newest first; `NotFound` for an unknown project.
#[erased]
pub async fn documents(ctx: &Ctx<'_>, project_id: Id) -> Result<Vec<Document>> {
    one::<Project>(ctx, project_id, "Project").await?;
    let mut documents = all::<Document>(ctx, Index::ByProject, project_id).await?;
    documents.reverse();
    Ok(documents)
}

/// The oldest other document of the project that holds the same bytes.
#[erased]
pub async fn same_file(ctx: &Ctx<'_>, document: &Document) -> Result<Option<Document>> {
    let all = all::<Document>(ctx, Index::ByProject, document.project_id).await?;
    Ok(all.into_iter().find(|other| other.id != document.id && other.blob == document.blob))
}

#[erased]
pub async fn page(ctx: &Ctx<'_>, id: Id) -> Result<Page> {
    let mut page: Page = one(ctx, id, "Page").await?;
    if page.status == PageStatus::Processing {
        let document = find::<Document>(&ctx.desk(), page.document_id).await?;
        settled(&mut page, document.as_ref().map(|d| &d.value));
    }
    Ok(page)
}

/// A page that waits within a document that has failed waits for nothing: those are more than one commit moves.
fn settled(page: &mut Page, document: Option<&Document>) {
    if let Some(document) = document
        && document.status == DocumentStatus::Error
        && page.status == PageStatus::Processing
    {
        page.status = PageStatus::Error;
        page.processing_error.clone_from(&document.processing_error);
    }
}

#[erased]
pub async fn pages_by_number(ctx: &Ctx<'_>, document_id: Id) -> Result<Vec<Page>> {
    let mut pages = all::<Page>(ctx, Index::ByDocument, document_id).await?;
    let document = find::<Document>(&ctx.desk(), document_id).await?;
    for page in &mut pages {
        settled(page, document.as_ref().map(|d| &d.value));
    }
    pages.sort_by_key(|p| p.number);
    Ok(pages)
}

/// Pages with a sheet number first, in its natural order, then the rest by page number.
#[erased]
pub async fn pages_by_sheet(ctx: &Ctx<'_>, document_id: Id) -> Result<Vec<Page>> {
    let mut pages = pages_by_number(ctx, document_id).await?;
    pages.sort_by(by_sheet);
    Ok(pages)
}

/// `NotFound` also when the condition is another project's.
#[erased]
pub async fn condition(ctx: &Ctx<'_>, project_id: Id, id: Id) -> Result<Condition> {
    let condition: Condition = one(ctx, id, "Condition").await?;
    if condition.project_id != project_id {
        return Err(CommandError::NotFound { what: "Condition" });
    }
    Ok(condition)
}

/// By sort order, then name.
#[erased]
pub async fn conditions(ctx: &Ctx<'_>, project_id: Id) -> Result<Vec<Condition>> {
    let mut conditions = all::<Condition>(ctx, Index::ByProject, project_id).await?;
    conditions.sort_by(|a, b| (a.sort_order, &a.name).cmp(&(b.sort_order, &b.name)));
    Ok(conditions)
}

#[erased]
pub async fn assembly(ctx: &Ctx<'_>, id: Id) -> Result<Assembly> {
    one(ctx, id, "Assembly").await
}

#[erased]
pub async fn assembly_of(ctx: &Ctx<'_>, condition_id: Id) -> Result<Option<Assembly>> {
    Ok(only::<Assembly>(&ctx.desk(), Index::ByCondition, condition_id).await?.map(|a| a.value))
}

#[erased]
pub async fn template(ctx: &Ctx<'_>, id: Id) -> Result<AssemblyTemplate> {
    one(ctx, id, "Assembly template").await
}

/// Active ones by category, then name.
#[erased]
pub async fn templates(ctx: &Ctx<'_>) -> Result<Vec<AssemblyTemplate>> {
    let mut templates = all::<AssemblyTemplate>(ctx, Index::All, Id::NIL).await?;
    templates.retain(|t| t.is_active);
    templates.sort_by(|a, b| (&a.category, &a.name).cmp(&(&b.category, &b.name)));
    Ok(templates)
}

#[erased]
pub async fn session(ctx: &Ctx<'_>, id: Id) -> Result<CountSession> {
    one(ctx, id, "Session").await
}

/// Newest first.
#[erased]
pub async fn sessions_of_page(ctx: &Ctx<'_>, page_id: Id) -> Result<Vec<CountSession>> {
    let mut sessions = all::<CountSession>(ctx, Index::ByPage, page_id).await?;
    sessions.sort_by_key(|s| Reverse(s.id));
    Ok(sessions)
}

#[erased]
pub async fn detection(ctx: &Ctx<'_>, id: Id) -> Result<Detection> {
    one(ctx, id, "Detection").await
}

/// A session's detections, highest confidence first.
#[erased]
pub async fn detections(ctx: &Ctx<'_>, session_id: Id) -> Result<Vec<Detection>> {
    Ok(counted(ctx, session_id).await?.candidates.detections)
}

/// A session with its detections and near misses.
#[derive(Debug, Clone, PartialEq)]
pub struct CountView {
    pub session: CountSession,
    pub candidates: Candidates,
}

/// Readings of a session that changes meanwhile, before one is taken as it is.
const READINGS: u32 = 4;

/// The session and its candidates as they were at one time; a session that is changed again and again while it
/// is read is answered with what the last look showed.
#[erased]
pub async fn counted(ctx: &Ctx<'_>, session_id: Id) -> Result<CountView> {
    let desk = ctx.desk();
    let mut session = required::<CountSession>(&desk, session_id, "Session").await?;
    for reading in 1.. {
        let all = all::<Detection>(ctx, Index::BySession, session_id).await?;
        let now = required::<CountSession>(&desk, session_id, "Session").await?;
        if now.version == session.version || reading == READINGS {
            let candidates = Candidates::of(&now.value, all);
            return Ok(CountView { session: now.value, candidates });
        }
        session = now;
    }
    unreachable!("the last reading is taken")
}
