//! Networks that run: a graph of convolutions and what the client does between them.
//!
//! The protocol is client-aided. The server convolves encrypted activations; the client decrypts
//! the signed sums and, in this order, multiplies them by their scale, adds a bias and a shortcut,
//! applies the activation, pools, and *quantises* to the few bits that the next convolution takes.
//! [`run()`] does all of that and asks a callback for each convolution, so that the same code runs on
//! plain and on encrypted convolutions, and their results can be compared exactly.
//!
//! - [`Graph`]: the nodes in order, checked.
//! - [`Weights`]: of every node, seeded or read from a file.
//! - [`run()`]: an input through the graph.
//! - [`RealNetwork`]: the same without quantisation, to see what that costs.
//!
//! # Scales
//! Between convolutions the client holds real values, in IEEE doubles whose arithmetic is the same on
//! every machine. What a convolution takes is integers times one *scale*: unsigned where no value can
//! be below 0, symmetric otherwise, the largest value being the largest integer. The input's scale is
//! that of the network, whatever the picture. Weights have one scale for every output channel. So a
//! sum stands for itself times the scale of the input and that of the channel; padding is a true 0.

mod activations;
mod answer;
mod builder;
mod client;
mod fidelity;
mod findings;
mod graph;
mod layer_weights;
mod left_out;
mod nonlinearity;
mod normalise;
pub mod onnx;
mod pool;
mod problem;
mod quantise;
mod read;
mod run;
mod shortcut;
#[cfg(test)]
mod tests;
mod weights;

pub use activations::Width;
pub use answer::{Answer, Ranked, best_class};
pub use builder::GraphBuilder;
pub use fidelity::{Fidelity, RealNetwork, signal_to_noise_db};
pub(crate) use findings::listed;
pub use findings::{Findings, Note};
pub use graph::{BatchNorm, Graph, INPUT, Node, NodeSpec, Origin, Source};
pub use layer_weights::{Bias, LayerWeights};
pub use nonlinearity::Activation;
pub use normalise::{InputForm, InputRange, Normalise};
pub use pool::{Pool, PoolKind, Window};
pub use problem::{GraphError, GraphProblem};
pub use read::read_layer;
pub use run::{Convolution, LayerReport, Outcome, RunError, plain, run};
pub use shortcut::Shortcut;
pub use weights::{Weights, largest_seeded_bias};
