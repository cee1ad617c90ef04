//! The store in use, or why there is none.

use std::sync::{Arc, PoisonError, RwLock};

use crate::catalog::Standing;
use crate::error::StoreError;

enum State<K> {
    Open(Arc<K>),
    Closed(Standing),
}

/// After a failed write nobody knows what is in the store's memory, so it is taken out of use whole. What
/// is on the disk is sound, and opening it again is the way on.
pub(super) struct Shelf<K>(RwLock<State<K>>);

impl<K> Shelf<K> {
    pub(super) fn new(store: K) -> Self {
        Self(RwLock::new(State::Open(Arc::new(store))))
    }

    fn swap(&self, state: State<K>) -> State<K> {
        std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), state)
    }

    /// The store, for one command or read.
    ///
    /// # Errors
    /// Once it has failed: `Full` while it lacks nothing but room, else `Unavailable`.
    pub(super) fn store(&self) -> Result<Arc<K>, StoreError> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(store) => Ok(Arc::clone(store)),
            State::Closed(Standing::Failed { why }) => Err(StoreError::Full(why.clone())),
            State::Closed(standing) => Err(StoreError::Unavailable(standing.why().to_owned())),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(_) => Standing::Working,
            State::Closed(standing) => standing.clone(),
        }
    }

    /// Takes the store out of use. Gives it, if it was still in.
    pub(super) fn close(&self, standing: Standing) -> Option<Arc<K>> {
        match self.swap(State::Closed(standing)) {
            State::Open(store) => Some(store),
            State::Closed(_) => None,
        }
    }

    pub(super) fn put_back(&self, store: K) {
        self.swap(State::Open(Arc::new(store)));
    }
}
