//! Typed reads over the catalogue.

use serde_json::error::Category;
use takeoff_core::model::{Entity, Id, Index, TenantId};

use crate::catalog::{Catalog, ListQuery, Record};
use crate::error::StoreError;

/// A noun with the version it was loaded at.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<E> {
    pub version: u64,
    pub value: E,
}

fn decode<E: Entity>(record: Record) -> Result<Stored<E>, StoreError> {
    let what = format!("{:?} {}", record.kind, record.id);
    if record.format != E::FORMAT {
        let why = format!("its body has format {}, this engine reads {}", record.format, E::FORMAT);
        return Err(StoreError::Damaged { what, why });
    }
    match serde_json::from_slice(&record.body) {
        Ok(value) => Ok(Stored { version: record.version, value }),
        Err(e) => {
            let why = match e.classify() {
                Category::Data => format!("its body lacks something: {e}"),
                Category::Io | Category::Syntax | Category::Eof => format!("its body is no JSON: {e}"),
            };
            Err(StoreError::Damaged { what, why })
        }
    }
}

pub async fn get<E: Entity>(
    catalog: &dyn Catalog,
    tenant: TenantId,
    id: Id,
) -> Result<Option<Stored<E>>, StoreError> {
    catalog.get(tenant, E::KIND, id).await?.map(decode).transpose()
}

/// In the order of `ids`.
pub async fn get_many<E: Entity>(
    catalog: &dyn Catalog,
    tenant: TenantId,
    ids: &[Id],
) -> Result<Vec<Option<Stored<E>>>, StoreError> {
    let records = catalog.get_many(tenant, E::KIND, ids).await?;
    records.into_iter().map(|r| r.map(decode).transpose()).collect()
}

/// One page of a list, oldest first unless said otherwise.
pub async fn list_page<E: Entity>(
    catalog: &dyn Catalog,
    tenant: TenantId,
    index: Index,
    parent: Id,
    after: Option<Id>,
    newest_first: bool,
    limit: usize,
) -> Result<Vec<Stored<E>>, StoreError> {
    let query = ListQuery { tenant, kind: E::KIND, index, parent, after, newest_first, limit };
    catalog.list(query).await?.into_iter().map(decode).collect()
}

/// Records read from the store at a time.
const LIST_STEP: usize = 1_000;

/// A whole list, oldest first, read in steps; for lists that a request answers in full.
pub async fn list_all<E: Entity>(
    catalog: &dyn Catalog,
    tenant: TenantId,
    index: Index,
    parent: Id,
) -> Result<Vec<Stored<E>>, StoreError> {
    let mut all: Vec<Stored<E>> = Vec::new();
    loop {
        let after = all.last().map(|s| s.value.id());
        let step = list_page(catalog, tenant, index, parent, after, false, LIST_STEP).await?;
        let done = step.len() < LIST_STEP;
        all.extend(step);
        if done {
            return Ok(all);
        }
    }
}
