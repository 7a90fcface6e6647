//! Layers that an earlier run has finished.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::job::RunSpec;
use crate::network::Convolution;
use crate::report::NetworkLayer;

/// A layer that has been run and verified, with all that tells it from others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Of the layer, its data and how it was run.
    digest: String,
    /// Its record.
    #[serde(flatten)]
    pub layer: NetworkLayer,
}

impl Finished {
    pub(super) fn new(digest: u64, layer: NetworkLayer) -> Self {
        Self { digest: format!("{digest:016x}"), layer }
    }

    /// Whether it is the layer with this digest, and exact.
    pub(super) fn is_of(&self, digest: u64) -> bool {
        self.layer.record.is_exact() && self.digest == format!("{digest:016x}")
    }
}

/// Of a convolution, its data, and everything that its record depends on.
pub(super) fn digest(call: &Convolution<'_>, run: &RunSpec) -> u64 {
    let mut hasher = DefaultHasher::new();
    (call.index, run.layer.full_name(), format!("{:?}", call.layer)).hash(&mut hasher);
    call.input.hash(&mut hasher);
    call.weights.hash(&mut hasher);
    call.bias.hash(&mut hasher);
    let way = (run.algorithm, run.reduction.name(), run.backend.name(), run.threads, run.lanes);
    way.hash(&mut hasher);
    let (rate, delay) = (run.link.bandwidth_bits_per_second, run.link.rtt_ms);
    (format!("{:?}", run.params), run.seed, run.repeat).hash(&mut hasher);
    (rate.to_bits(), delay.to_bits(), env!("CARGO_PKG_VERSION")).hash(&mut hasher);
    hasher.finish()
}
