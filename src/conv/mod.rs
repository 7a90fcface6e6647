//! Convolution under encryption.

mod kind;
pub mod layer;

pub use kind::AlgorithmKind;
pub use layer::{Layer, LayerError, LayerSpec};
