//! Signals that end a command.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::conv::{Observer, Stage};

/// Whether SIGINT or SIGTERM came; a second one ends the program at once.
#[derive(Clone, Debug)]
pub(super) struct Interruption(Arc<AtomicBool>);

impl Interruption {
    /// Waits for the signals from now on.
    ///
    /// # Errors
    /// That they cannot be caught.
    pub(super) fn catch() -> io::Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_conditional_shutdown(signal, 130, came.clone())?;
            signal_hook::flag::register(signal, came.clone())?;
        }
        Ok(Self(came))
    }

    /// Whether one came.
    pub(super) fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Hears of nothing, and stops a run when a signal came.
pub(super) struct Watch<'a>(pub(super) &'a Interruption);

impl Observer for Watch<'_> {
    fn enter(&self, _: Stage, _: u64) {}

    fn advance(&self, _: Stage, _: u64) {}

    fn measured(&self, _: Stage, _: f64) {}

    fn is_cancelled(&self) -> bool {
        self.0.came()
    }
}
