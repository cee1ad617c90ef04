//! Projects.

use serde_json::json;
use takeoff_core::model::{Project, ProjectStatus};
use takeoff_storage::Batch;

use crate::check::{self, NAME_CHARS, TEXT_CHARS};
use crate::retry::Tries;
use crate::{CommandError, Ctx};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewProject {
    pub name: String,
    pub description: Option<String>,
    pub client_name: Option<String>,
    pub project_address: Option<String>,
}

pub async fn create(ctx: &Ctx<'_>, new: NewProject) -> Result<Project, CommandError> {
    check::text("the name", &new.name, NAME_CHARS)?;
    check::optional_text("the description", new.description.as_deref(), TEXT_CHARS)?;
    check::optional_text("the client's name", new.client_name.as_deref(), NAME_CHARS)?;
    check::optional_text("the address", new.project_address.as_deref(), TEXT_CHARS)?;
    let desk = ctx.desk();
    let project = Project {
        id: desk.ids.next(),
        name: new.name,
        description: new.description,
        client_name: new.client_name,
        project_address: new.project_address,
        status: ProjectStatus::Draft,
        created_at: desk.now,
        updated_at: desk.now,
    };
    let mut batch = Batch::new(ctx.tenant);
    batch.create(&project);
    batch.event(project.id, "project_created", json!({ "project_id": project.id }));
    if !Tries::new(ctx).commit(batch).await? {
        return Err(CommandError::Conflict);
    }
    Ok(project)
}
