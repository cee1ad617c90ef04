//! Projects.

use serde_json::json;
use takeoff_core::model::{Id, Project, ProjectStatus, Timestamp};
use takeoff_storage::Batch;

use crate::check::{self, NAME_CHARS, TEXT_CHARS};
use crate::erased;
use crate::field::set;
use crate::load::required;
use crate::retry::Tries;
use crate::{CommandError, Ctx, Field};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewProject {
    pub name: String,
    pub description: Option<String>,
    pub client_name: Option<String>,
    pub project_address: Option<String>,
}

impl NewProject {
    /// What is wrong with it, before it is created.
    pub fn check(&self) -> Result<(), CommandError> {
        checked(self.clone().project(Id::NIL, ProjectStatus::Draft, Timestamp(0))).map(drop)
    }

    fn project(self, id: Id, status: ProjectStatus, now: Timestamp) -> Project {
        Project {
            id,
            name: self.name,
            description: self.description,
            client_name: self.client_name,
            project_address: self.project_address,
            status,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What of a project may be changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProjectPatch {
    pub name: Option<String>,
    pub description: Field<String>,
    pub client_name: Field<String>,
    pub project_address: Field<String>,
    pub status: Option<ProjectStatus>,
}

/// Makes it as a draft.
#[erased]
pub async fn create(ctx: &Ctx<'_>, new: NewProject) -> Result<Project, CommandError> {
    create_as(ctx, new, ProjectStatus::Draft).await
}

/// Makes it in the given status.
#[erased]
pub async fn create_as(
    ctx: &Ctx<'_>,
    new: NewProject,
    status: ProjectStatus,
) -> Result<Project, CommandError> {
    let desk = ctx.desk();
    let project = checked(new.project(desk.ids.next(), status, desk.now))?;
    let mut batch = Batch::new(ctx.tenant);
    batch.create(&project);
    batch.event(project.id, "project_created", json!({ "project_id": project.id }));
    if !Tries::new(ctx).commit(batch).await? {
        return Err(CommandError::Conflict);
    }
    Ok(project)
}

#[erased]
pub async fn update(ctx: &Ctx<'_>, id: Id, patch: ProjectPatch) -> Result<Project, CommandError> {
    let mut tries = Tries::new(ctx);
    loop {
        let desk = ctx.desk();
        let stored = required::<Project>(&desk, id, "Project").await?;
        let mut project = stored.value;
        patch.clone().write(&mut project);
        project.updated_at = desk.now;
        let project = checked(project)?;
        let mut batch = Batch::new(ctx.tenant);
        batch.update(stored.version, &project);
        batch.event(id, "project_updated", json!({ "project_id": id }));
        if tries.commit(batch).await? {
            return Ok(project);
        }
    }
}

impl ProjectPatch {
    fn write(self, project: &mut Project) {
        set(self.name, &mut project.name);
        self.description.write(&mut project.description);
        self.client_name.write(&mut project.client_name);
        self.project_address.write(&mut project.project_address);
        set(self.status, &mut project.status);
    }
}

fn checked(project: Project) -> Result<Project, CommandError> {
    check::line("the name", &project.name, NAME_CHARS)?;
    check::optional_text("the description", project.description.as_deref(), TEXT_CHARS)?;
    check::optional_text("the client's name", project.client_name.as_deref(), NAME_CHARS)?;
    check::optional_text("the address", project.project_address.as_deref(), TEXT_CHARS)?;
    if project.name.trim().is_empty() {
        return Err(CommandError::invalid("the project needs a name"));
    }
    Ok(project)
}
