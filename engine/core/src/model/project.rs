use serde::{Deserialize, Serialize};

use super::{Entity, Id, Index, Kind, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectStatus {
    Draft,
    InProgress,
    Completed,
    Archived,
}

/// A job that is estimated: the root of documents and conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    pub id: Id,
    pub name: String,
    pub description: Option<String>,
    pub client_name: Option<String>,
    pub project_address: Option<String>,
    pub status: ProjectStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Entity for Project {
    const KIND: Kind = Kind::Project;
    const FORMAT: u16 = 1;

    fn id(&self) -> Id {
        self.id
    }

    fn lists(&self) -> Vec<(Index, Id)> {
        vec![(Index::All, Id::NIL)]
    }
}
