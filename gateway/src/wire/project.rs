use serde::Serialize;
use takeoff_commands::projects::{NewProject, ProjectPatch};
use takeoff_commands::reads::ProjectView;
use takeoff_core::model::ProjectStatus;
use utoipa::ToSchema;
use uuid::Uuid;

use super::scalar::Stamp;
use super::validate::{Fields, OneOf, Text, text};

/// A job that is estimated: the root of documents and conditions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Project {
    id: Uuid,
    name: String,
    description: Option<String>,
    client_name: Option<String>,
    project_address: Option<String>,
    /// `draft`, `in_progress`, `completed`, `archived`.
    status: ProjectStatusWord,
    document_count: u64,
    created_at: Stamp,
    updated_at: Stamp,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProjectStatusWord {
    Draft,
    InProgress,
    Completed,
    Archived,
}

impl From<ProjectView> for Project {
    fn from(view: ProjectView) -> Self {
        let ProjectView { project: p, document_count } = view;
        let status = match p.status {
            ProjectStatus::Draft => ProjectStatusWord::Draft,
            ProjectStatus::InProgress => ProjectStatusWord::InProgress,
            ProjectStatus::Completed => ProjectStatusWord::Completed,
            ProjectStatus::Archived => ProjectStatusWord::Archived,
        };
        Self {
            id: p.id.0,
            name: p.name,
            description: p.description,
            client_name: p.client_name,
            project_address: p.project_address,
            status,
            document_count,
            created_at: Stamp(p.created_at),
            updated_at: Stamp(p.updated_at),
        }
    }
}

const STATUSES: &[(&str, ProjectStatus)] = &[
    ("draft", ProjectStatus::Draft),
    ("in_progress", ProjectStatus::InProgress),
    ("completed", ProjectStatus::Completed),
    ("archived", ProjectStatus::Archived),
];

const fn name() -> Text {
    text().max(255).line().not_blank()
}

const fn client_name() -> Text {
    text().max(255).line()
}

/// A project to be.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `create_project` reads")]
pub(crate) struct CreateProject {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    description: Option<String>,
    #[schema(max_length = 255)]
    client_name: Option<String>,
    project_address: Option<String>,
    /// `draft` when absent.
    status: Option<ProjectStatusWord>,
}

pub(crate) fn new_project(fields: &Fields<'_>) -> Option<(NewProject, ProjectStatus)> {
    let name = fields.required("name", name());
    let description = fields.optional("description", text());
    let client_name = fields.optional("client_name", client_name());
    let project_address = fields.optional("project_address", text());
    let status = fields.optional("status", OneOf(STATUSES));
    let new = NewProject {
        name: name?,
        description: description?,
        client_name: client_name?,
        project_address: project_address?,
    };
    Some((new, status?.unwrap_or(ProjectStatus::Draft)))
}

/// What of a project may be changed. Absent leaves a value; `null` clears those that may be without.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `update_project` reads")]
pub(crate) struct UpdateProject {
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    description: Option<String>,
    #[schema(max_length = 255)]
    client_name: Option<String>,
    project_address: Option<String>,
    status: Option<ProjectStatusWord>,
}

pub(crate) fn project_patch(fields: &Fields<'_>) -> Option<ProjectPatch> {
    let name = fields.optional("name", name());
    let description = fields.patch("description", text());
    let client_name = fields.patch("client_name", client_name());
    let project_address = fields.patch("project_address", text());
    let status = fields.optional("status", OneOf(STATUSES));
    Some(ProjectPatch {
        name: name?,
        description: description?,
        client_name: client_name?,
        project_address: project_address?,
        status: status?,
    })
}
