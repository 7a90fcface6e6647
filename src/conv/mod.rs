//! Convolution under encryption.
//!
//! A [`Layer`] is convolved by an [`Algorithm`], of which there is one file each; those that work
//! on slots share [`slots`], those in coefficients [`coefficients`]. [`kind`](AlgorithmKind) lists them.
//! [`pipeline`] takes an input from the client to the server and back, and measures.

mod algorithm;
mod any;
mod choice;
pub mod coefficients;
mod conventional;
pub mod cost;
pub mod data;
pub mod dense;
mod error;
mod explain;
pub mod gains;
mod grid;
mod hadamard;
mod hadamard_fused;
mod kind;
mod lanes;
pub mod layer;
pub mod mix;
pub mod noise;
mod padded;
pub mod panel;
pub mod pipeline;
pub mod planner;
mod progress;
mod reference;
mod server;
mod setting;
pub mod sizes;
pub mod slots;
mod stage;
pub mod sums;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod weights;
mod work;

pub use algorithm::{Algorithm, Need, PreparedWeights};
pub use any::AlgorithmChoice;
pub use choice::{Choice, WeightForm};
pub use conventional::DenseWeights;
pub use error::ConvError;
pub use explain::{Fact, FactValue, Facts};
pub use hadamard::walsh_hadamard;
pub use hadamard_fused::FusedWeights;
pub use kind::AlgorithmKind;
pub use lanes::LaneTransform;
pub use layer::{Layer, LayerError, LayerSpec};
pub use progress::{Observer, Silent, Steps};
pub use reference::{add_bias, convolve, convolve_reals, largest_output};
pub use server::Server;
pub use setting::Setting;
pub use stage::{Clock, Stage};
pub use work::{Operations, Units, WorkingBytes};
