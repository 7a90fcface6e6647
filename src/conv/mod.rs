//! Convolution under encryption.
//!
//! A [`Layer`] is convolved by an [`Algorithm`], of which there is one file each; those that work
//! on slots share [`slots`]. [`pipeline`] takes an input from the client to the server and back,
//! and measures.

mod algorithm;
mod conventional;
pub mod cost;
pub mod data;
mod explain;
pub mod gains;
mod hadamard;
mod hadamard_fused;
mod kind;
mod lanes;
pub mod layer;
pub mod noise;
mod padded;
pub mod pipeline;
pub mod planner;
mod reference;
mod server;
mod setting;
pub mod sizes;
pub mod slots;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod weights;

pub use algorithm::{Algorithm, Operations, PreparedWeights, Units, WorkingBytes};
pub use conventional::DenseWeights;
pub use explain::{Fact, FactValue, Facts};
pub use hadamard_fused::FusedWeights;
pub use kind::AlgorithmKind;
pub use layer::{Layer, LayerError, LayerSpec};
pub use reference::{add_bias, convolve, largest_output};
pub use server::{Clock, ConvError, Observer, Server, Silent, Stage, Steps};
pub use setting::Setting;
