//! One row of a sweep: the record of a point, or why there is none.

use serde::{Deserialize, Serialize};

use super::Record;

/// What a point of a sweep gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SweepRow {
    /// Its record.
    Done(Box<Record>),
    /// Why it has none.
    Failed(FailedPoint),
}

/// A point of a sweep that could not be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedPoint {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The layer's full name.
    pub layer: String,
    /// The parameter set's name.
    pub params: String,
    /// The algorithm's name.
    pub algorithm: String,
    /// `eager` or `lazy`.
    pub reduction: String,
    /// What was wrong, in one line.
    pub error: String,
}
