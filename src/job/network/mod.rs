//! A whole network in the client-aided protocol.
//!
//! Layer by layer the client encrypts, the server convolves, the client decrypts, applies what the
//! network says and encrypts again. Every layer is a run like any other: each byte that crosses is
//! written and read, and each value is held against the plain convolution. At the end the output is
//! held against the plain network, which runs by itself, and, where weights are trained, against
//! the same network in real values.
//!
//! Networks come as graphs of presets ([`PreparedNetwork`]) and as ONNX models ([`PreparedModel`]). Either
//! is a [`course::Course`], and [`executor::Executor`] runs both.

mod baseline;
mod course;
mod executor;
mod graph;
mod keys;
mod layer;
mod model;
mod overflow;
mod resume;

use ndarray::Array3;

use crate::conv::Observer;
use crate::report::NetworkRecord;

pub use baseline::{Baseline, Wire};
pub use course::NetworkOutput;
pub use graph::{NetworkSpec, PreparedNetwork, tell_largest};
pub use model::{ModelSpec, PreparedModel, Quick, model_runs, quick};
pub use resume::Finished;

/// Hears of a network's run.
pub trait NetworkObserver: Observer {
    /// Layer `index` begins.
    fn layer(&self, index: usize);

    /// Layer `index` is finished.
    fn finished(&self, index: usize, layer: &Finished);

    /// The server was sent a ciphertext, of whose words these are some, modulo a limb of so many bits.
    fn uploaded(&self, _words: &[u64], _limb_bits: u32) {}
}

/// What a network gave.
#[derive(Debug)]
pub struct NetworkResult {
    /// The record.
    pub record: NetworkRecord,
    /// The outputs, in real values.
    pub outputs: Vec<NetworkOutput>,
}

impl NetworkResult {
    /// The first output as planes.
    pub fn output(&self) -> Array3<f64> {
        self.outputs.first().map(NetworkOutput::planes).unwrap_or_default()
    }
}
