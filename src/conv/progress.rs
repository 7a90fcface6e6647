//! Progress of a run, and the wish to stop it.

use super::error::ConvError;
use super::stage::Stage;

/// Hears how a run goes, from any thread, and may stop it.
pub trait Observer: Sync {
    /// A stage begins, or goes on where a run takes turns between stages; it has `units` steps
    /// over the whole run.
    fn enter(&self, stage: Stage, units: u64);
    /// `units` steps of `stage` are done.
    fn advance(&self, stage: Stage, units: u64);
    /// The least noise budget seen in `stage` is `budget_bits` so far: of uploads, rotated inputs,
    /// sums, or outputs.
    fn measured(&self, stage: Stage, budget_bits: f64);
    /// Whether the run should stop.
    fn is_cancelled(&self) -> bool;
}

/// The steps of one stage: tells the observer of them and hears its wish to stop.
#[derive(Clone, Copy)]
pub struct Steps<'a> {
    observer: &'a dyn Observer,
    stage: Stage,
}

impl<'a> Steps<'a> {
    /// Enters `stage`, which has `units` steps.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`] once the observer wants to stop.
    pub fn enter(observer: &'a dyn Observer, stage: Stage, units: u64) -> Result<Self, ConvError> {
        observer.enter(stage, units);
        let steps = Self { observer, stage };
        steps.check()?;
        Ok(steps)
    }

    /// Tells that `units` more steps are done.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`] once the observer wants to stop.
    pub fn advance(&self, units: u64) -> Result<(), ConvError> {
        self.observer.advance(self.stage, units);
        self.check()
    }

    /// # Errors
    /// [`ConvError::Cancelled`] once the observer wants to stop.
    pub fn check(&self) -> Result<(), ConvError> {
        if self.observer.is_cancelled() { Err(ConvError::Cancelled) } else { Ok(()) }
    }
}

/// An observer that hears nothing and never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn enter(&self, _: Stage, _: u64) {}
    fn advance(&self, _: Stage, _: u64) {}
    fn measured(&self, _: Stage, _: f64) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}
