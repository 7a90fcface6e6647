//! How one point becomes a record: by running it, or by predicting it.

use crate::conv::Observer;
use crate::job::{JobError, Prepared, RunSpec};
use crate::report::Record;

/// Runs the convolution.
///
/// # Errors
/// [`JobError`] where it cannot be run, fails or is cancelled.
pub fn run(spec: &RunSpec, observer: &dyn Observer) -> Result<Record, JobError> {
    Ok(Prepared::new(spec)?.run(observer)?.record)
}

/// Predicts the record without running anything. Any number of threads may predict at once.
///
/// # Errors
/// [`JobError::NoPrediction`]: this version has none.
pub const fn predict(_spec: &RunSpec) -> Result<Record, JobError> {
    Err(JobError::NoPrediction)
}
