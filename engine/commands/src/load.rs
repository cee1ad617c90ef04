//! Loading with the right error.

use takeoff_core::model::{Entity, Id, Index};
use takeoff_storage::{Batch, Expect, StoreError, Stored, entity};

use crate::{CommandError, Desk};

pub(crate) async fn find<E: Entity>(desk: &Desk<'_>, id: Id) -> Result<Option<Stored<E>>, StoreError> {
    entity::get(desk.catalog, desk.tenant, id).await
}

pub(crate) async fn required<E: Entity>(
    desk: &Desk<'_>,
    id: Id,
    what: &'static str,
) -> Result<Stored<E>, CommandError> {
    find(desk, id).await?.ok_or(CommandError::NotFound { what })
}

pub(crate) async fn list<E: Entity>(
    desk: &Desk<'_>,
    index: Index,
    parent: Id,
) -> Result<Vec<Stored<E>>, StoreError> {
    entity::list_all(desk.catalog, desk.tenant, index, parent).await
}

/// The one record of a list that holds at most one.
pub(crate) async fn only<E: Entity>(
    desk: &Desk<'_>,
    index: Index,
    parent: Id,
) -> Result<Option<Stored<E>>, StoreError> {
    Ok(entity::list_page(desk.catalog, desk.tenant, index, parent, None, false, 1).await?.pop())
}

/// The decision holds only as long as this record is as it was read.
pub(crate) fn relies_on<E: Entity>(batch: &mut Batch, read: &Stored<E>) {
    batch.expect.push(Expect::Version(E::KIND, read.value.id(), read.version));
}

/// Puts an unchanged record, so that whoever read it decides again.
pub(crate) fn touch<E: Entity>(batch: &mut Batch, read: &Stored<E>) {
    batch.update(read.version, &read.value);
}
