//! What the algorithms that work on slots share: how planes lie in slots, which rotations and
//! weights a convolution needs, and the rotate, multiply and mix stages.

mod algorithm;
mod form;
mod grid;
mod integers;
mod level;
mod lines;
mod mix;
mod multiply;
mod packing;
mod panel;
mod plan;
mod reach;
mod rows;
mod steps;
mod sums;
mod terms;

pub use algorithm::SlotAlgorithm;
pub use form::{MultiplyCost, Wave, WeightForm};
pub use integers::{derive_integers, integer_cost, integer_gains, largest_weight};
pub use lines::WeightLines;
pub use mix::mix;
pub use multiply::{Alike, multiply_dense, multiply_scalars, scalar_tiles};
pub use packing::{Layout, Packing, RowUse};
pub use panel::{CACHED_BYTES, Panels, rotate_inputs};
pub use plan::SlotPlan;
pub use rows::{ScalarRows, integer_bits};
pub use steps::{Move, Side, Split};
pub use sums::{Sums, SumsChunk};
pub use terms::{LaneWeight, Offset, Output, Shift, Term};
