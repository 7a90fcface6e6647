//! What a point of a sweep gave: a record, or why there is none.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::Record;

/// A point of a sweep. In JSON it is exactly the record, or exactly the failed point.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SweepRow {
    /// It was run, or predicted.
    Done(Box<Record>),
    /// It could not be.
    Failed(FailedPoint),
}

/// A point of a sweep without figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedPoint {
    /// [`SCHEMA`](super::SCHEMA).
    pub schema: u32,
    /// The layer's full name.
    pub layer: String,
    /// The name of the parameter set.
    pub params: String,
    /// The algorithm's name.
    pub algorithm: String,
    /// `eager` or `lazy`.
    pub reduction: String,
    /// Why there are no figures.
    pub error: String,
}

impl<'de> Deserialize<'de> for SweepRow {
    /// The field `error` tells the two apart, so that what is wrong with either is told of it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.get("error").is_some() {
            serde_json::from_value(value).map(Self::Failed).map_err(D::Error::custom)
        } else {
            serde_json::from_value(value).map(Self::Done).map_err(D::Error::custom)
        }
    }
}

impl From<Record> for SweepRow {
    fn from(record: Record) -> Self {
        Self::Done(Box::new(record))
    }
}
