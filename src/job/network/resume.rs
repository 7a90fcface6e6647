//! Layers that an earlier run has finished.

use serde::{Deserialize, Serialize};

use crate::job::RunSpec;
use crate::job::digest::Digest;
use crate::job::request::{add_layer, add_link, add_params};
use crate::network::Convolution;
use crate::report::{LayerRecord, NetworkLayer, PointParams};

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
    pub(super) const fn new(digest: String, layer: NetworkLayer) -> Self {
        Self { digest, layer }
    }

    /// Whether it is the layer with this digest, and exact.
    pub(super) fn is_of(&self, digest: &str) -> bool {
        self.layer.record.is_exact() && self.digest == digest
    }
}

/// Of a convolution, its data, and everything that its record depends on.
pub(super) fn digest(call: &Convolution<'_>, run: &RunSpec) -> String {
    let mut digest = Digest::new("heconv layer of a network 1");
    digest.text("heconv_version", env!("CARGO_PKG_VERSION"));
    digest.number("index", call.index as u64);
    add_layer(&mut digest, &LayerRecord::new(run.layer.full_name(), call.layer));
    digest.integers("input", call.input);
    digest.integers("weights", call.weights);
    match call.bias {
        None => digest.absent("bias"),
        Some(bias) => digest.integers("bias", bias),
    }
    let (params, security) = PointParams::new(&run.params, &run.policy);
    add_params(&mut digest, &params, &security);
    digest.text("algorithm", run.algorithm.name());
    digest.text("reduction", run.reduction.name());
    digest.text("backend", run.backend.name());
    digest.number("threads", run.threads as u64);
    digest.text("pinned", &run.pinned.to_string());
    digest.maybe("seed", run.seed);
    digest.number("repeat", run.repeat as u64);
    add_link(&mut digest, &run.link);
    digest.finish()
}
