//! What a point of a sweep gave: a record, or why there is none.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{LayerRecord, Link, PointParams, Record, Request, SecurityRecord};

/// A point of a sweep. In JSON it is the record or the failed point, with `request` beside its
/// fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepRow {
    /// What it gave.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What it was asked for; absent of runs that are no points of a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
}

/// What a point gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// It was run, or predicted.
    Done(Box<Record>),
    /// It could not be.
    Failed(Box<FailedPoint>),
}

/// A point of a sweep without figures: what a record of it would say of the request, under the same
/// names and with the same types, and the reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedPoint {
    /// [`SCHEMA`](super::SCHEMA).
    pub schema: u32,
    /// The version of this program.
    pub heconv_version: String,
    /// The layer.
    pub layer: LayerRecord,
    /// The encryption parameters, as far as there are such primes.
    pub params: PointParams,
    /// How they stand against the security table; not well where there are none.
    pub security: SecurityRecord,
    /// The algorithm's name.
    pub algorithm: String,
    /// `eager` or `lazy`.
    pub reduction: String,
    /// The instruction set.
    pub backend: String,
    /// Threads of the client and of the server.
    pub threads: usize,
    /// The seed of the data.
    pub seed: u64,
    /// Whether the seed gives the secrets too.
    pub seeded_secrets: bool,
    /// Whether it was to be predicted, not run.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub predicted: bool,
    /// How the transfer would be reckoned.
    pub link: Link,
    /// Why there are no figures.
    pub error: String,
    /// What does not permit the point; absent where it was tried and failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<Refusal>,
}

/// What does not permit a point, known before anything is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Refusal {
    /// Its parameters are above the security cap.
    Security,
    /// There are no such parameters: no primes of these sizes, or none that go together.
    Params,
    /// The layer does not fit the ring under the algorithm.
    Fit,
    /// It would hold more memory than it may.
    Memory,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Security, Self::Params, Self::Fit, Self::Memory];

    /// In a word, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Params => "params",
            Self::Fit => "fit",
            Self::Memory => "memory",
        }
    }

    /// What is said of points of which this is true.
    pub const fn of_points(self) -> &'static str {
        match self {
            Self::Security => "above the security cap",
            Self::Params => "without such parameters",
            Self::Fit => "too large for the ring",
            Self::Memory => "beyond the memory limit",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl SweepRow {
    /// The record, where there is one.
    pub fn record(&self) -> Option<&Record> {
        match &self.outcome {
            Outcome::Done(record) => Some(record),
            Outcome::Failed(_) => None,
        }
    }

    /// The point without figures, where it is one.
    pub fn failed(&self) -> Option<&FailedPoint> {
        match &self.outcome {
            Outcome::Done(_) => None,
            Outcome::Failed(point) => Some(point),
        }
    }
}

impl<'de> Deserialize<'de> for SweepRow {
    /// The field `error` tells the two apart, so that what is wrong with either is told of it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        let request = value.as_object_mut().and_then(|fields| fields.remove("request"));
        let request = request.map(serde_json::from_value).transpose().map_err(D::Error::custom)?;
        let outcome = if value.get("error").is_some() {
            serde_json::from_value(value).map(Outcome::Failed)
        } else {
            serde_json::from_value(value).map(Outcome::Done)
        };
        outcome.map(|outcome| Self { outcome, request }).map_err(D::Error::custom)
    }
}

impl From<Record> for SweepRow {
    fn from(record: Record) -> Self {
        Self { outcome: Outcome::Done(Box::new(record)), request: None }
    }
}
