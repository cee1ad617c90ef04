//! Projects.

use takeoff_core::model::Project;

use crate::{CommandError, Ctx};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewProject {
    pub name: String,
    pub description: Option<String>,
    pub client_name: Option<String>,
    pub project_address: Option<String>,
}

pub async fn create(_ctx: &Ctx<'_>, _new: NewProject) -> Result<Project, CommandError> {
    todo!()
}
