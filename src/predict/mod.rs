//! Every figure of a run without running it.
//!
//! Noise, sizes, counts and plaintext headroom follow from the plan, the weights and the parameters
//! by the very functions that a run reports with; times come from a [`Calibration`] of this machine.

mod calibration;
mod layer;
mod probe;
mod yardstick;

pub use calibration::Calibration;
pub use layer::{LayerPredictor, Planned, Plans, Prediction, Sketch, headroom_bits};
pub use probe::{Limits, Primitives};
pub use yardstick::{limits, primitives};
