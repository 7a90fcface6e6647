//! Convolution under encryption.
//!
//! A [`Layer`] is convolved by an [`Algorithm`], of which there is one file each; those that work
//! on slots share [`slots`]. [`pipeline`] takes an input from the client to the server and back,
//! and measures.

mod algorithm;
mod conventional;
pub mod data;
mod hadamard;
mod hadamard_fused;
mod kind;
mod lanes;
pub mod layer;
mod padded;
pub mod pipeline;
pub mod planner;
mod reference;
mod server;
pub mod slots;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod weights;

pub use algorithm::{Algorithm, Operations, PreparedWeights, StageNoise, Units};
pub use kind::AlgorithmKind;
pub use layer::{Layer, LayerError, LayerSpec};
pub use reference::convolve;
pub use server::{Clock, ConvError, Observer, Server, Silent, Stage, Steps};
