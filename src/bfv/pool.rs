//! Things that are kept to be used again.

use std::sync::{Mutex, PoisonError};

/// Things that were used and can be used again, by any thread.
#[derive(Debug)]
pub struct Pool<T>(Mutex<Vec<T>>);

impl<T> Pool<T> {
    /// One of them, whatever it holds, or what `make` makes where there is none.
    pub fn take(&self, make: impl FnOnce() -> T) -> T {
        // Only whole things are ever put in, so a thread that panicked has left nothing half done.
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(make)
    }

    /// Takes things back.
    pub fn give(&self, things: impl IntoIterator<Item = T>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(things);
    }
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}
