//! Convolution under encryption.
//!
//! A [`Layer`] is convolved by an [`Algorithm`], of which there is one file each, listed in
//! [`kind`](AlgorithmKind): those that work on slots share [`slots`], those on coefficients
//! [`coefficients`]. An algorithm has [`Plan`]s for a layer, each of which tells its [`work`] and its
//! [`Outline`] before it is run; [`planner`] chooses one by [`pricing`] that. [`pipeline`] takes an input
//! from the client to the server and back, and measures.

mod algorithm;
mod any;
mod choice;
mod client;
pub mod coefficients;
pub mod cost;
pub mod data;
pub mod dense;
mod error;
mod explain;
pub mod gains;
mod grid;
mod kind;
pub mod layer;
pub mod mix;
mod near;
pub mod noise;
mod outline;
pub mod panel;
pub mod pipeline;
mod plan;
pub mod planner;
pub mod pricing;
mod progress;
mod reference;
mod reference_costs;
mod server;
mod session;
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
pub mod work;

pub use algorithm::{Algorithm, Moduli};
pub use any::AlgorithmChoice;
pub use choice::{Choice, WeightForm};
pub use error::ConvError;
pub use explain::{Fact, FactValue, Facts};
pub use kind::AlgorithmKind;
pub use layer::{Layer, LayerError, LayerSpec, MAX_ACTIVATION_BITS};
pub use outline::{Outline, WorkingBytes};
pub use plan::{Need, Plan, PreparedWeights};
pub use progress::{Observer, Silent, Steps};
pub use reference::{add_bias, convolve, convolve_reals, largest_output};
pub use server::Server;
pub use session::{KeyNeeds, Session};
pub use setting::Setting;
pub use stage::{Clock, Stage};
pub use work::{Operations, Units};
