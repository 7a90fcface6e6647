//! Networks that run: a graph of convolutions and what the client does between them.
//!
//! The protocol is client-aided. The server convolves encrypted activations; the client decrypts
//! the signed sums and, in this order, adds a shortcut, applies the activation, pools, and
//! *requantises* to the unsigned activations that the next convolution takes. [`run()`] does all of
//! that in plain integers and asks a callback for each convolution, so that the same code runs on
//! plain and on encrypted convolutions, and their results can be compared exactly.
//!
//! - [`Graph`]: the nodes in order, checked.
//! - [`Weights`]: of every node, seeded or read from a file.
//! - [`run()`]: an input through the graph.
//!
//! # Scales
//! Every tensor is integers times one real *scale*. The input's is `1 / (2^bits - 1)`, so that it
//! stands for values from 0 to 1. A convolution multiplies the scale of its input by that of its
//! weights; requantising by `2^shift` multiplies it by as much. A shortcut is brought to the scale
//! of the convolution it is added to, and a real bias is rounded to that scale. Scales are products
//! of IEEE doubles alone, which are the same on every machine.

mod graph;
mod layer_weights;
mod pool;
mod problem;
mod quantise;
mod read;
mod requantise;
mod run;
mod shortcut;
#[cfg(test)]
mod tests;
mod weights;

pub use graph::{Activation, Graph, GraphBuilder, INPUT, Node, NodeSpec, Normalise, Source};
pub use layer_weights::{Bias, LayerWeights};
pub use pool::{Pool, PoolKind};
pub use problem::{GraphError, GraphProblem};
pub use read::read_layer;
pub use requantise::Requantised;
pub use run::{Convolution, LayerReport, Outcome, RunError, plain, run};
pub use shortcut::Shortcut;
pub use weights::Weights;
