//! What the algorithms that work on slots share: how planes lie in slots, which rotations and
//! weights a convolution needs, and the rotate, multiply and mix stages.

mod algorithm;
pub mod algorithms;
mod candidates;
mod form;
mod integers;
mod lanes;
mod level;
mod lines;
mod multiply;
mod packing;
mod plan;
mod reach;
mod rows;
mod steps;
mod terms;

pub use algorithm::{SlotAlgorithm, moved};
pub use candidates::OnSlots;
pub use form::{SlotWeights, Wave};
pub use integers::{derive_integers, integer_gains, integer_work, largest_weight};
pub use lanes::LaneTransform;
pub use lines::WeightLines;
pub use multiply::{multiply_scalars, runs};
pub use packing::{Layout, Packing, RowUse};
pub use plan::SlotPlan;
pub use rows::{ScalarRows, integer_bits};
pub use steps::{Move, Side, Split};
pub use terms::{LaneWeight, Offset, Output, Shift, Term};
