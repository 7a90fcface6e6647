//! Networks from ONNX files, of which the server computes what is linear.
//!
//! Every convolution, and every product with a constant matrix, is the server's, over integers;
//! everything else is the client's, in floats, by RTen, node by node. So one network holds both, whatever
//! stands between its convolutions.
//!
//! - [`Model`]: a file, checked; nothing in it is believed.
//! - [`Served`]: the model for inputs of one shape, with the layers of the server and their integers.
//! - [`Served::run`] asks a callback for every convolution; [`Served::reference`] is the model in floats.
//!
//! # Scales
//! Weights have one scale for every output channel, so what is multiplied to a channel behind a
//! convolution, as by a batch normalisation, loses nothing by being the client's. Activations have one
//! scale a tensor. Biases are the client's: it adds them in floats to what it decrypts.

mod attributes;
mod axis;
mod bound;
mod builtin;
mod candidate;
mod coding;
mod error;
mod labels;
mod layer;
mod linear;
mod lower;
mod model;
mod operators;
mod panics;
mod picture;
mod reader;
mod run;
mod scan;
mod search;
mod served;
mod sides;
mod tensor;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::build::Builder as ModelBuilder;

pub use builtin::Builtin;
pub use coding::{Coding, range_of};
pub use error::ModelError;
pub use labels::read_labels;
pub use layer::{Bits, ServedLayer};
pub use model::{Model, digest};
pub use picture::{Order, PictureForm};
pub use run::Client;
pub use search::{Kept, fewest_bits};
pub use served::{ClientLayer, Given, Options, Reference, Served, ServedOutput};
