//! Many runs: sweeps over parameters, and the search for the best.

mod answer;
mod any;
mod bandwidths;
pub mod bench;
mod cause;
mod decide;
pub mod network;
mod objective;
pub mod pareto;
mod plain;
mod search;
mod space;
pub mod sweep;

pub use crate::conv::planner::MARGIN_BITS;
pub use answer::Answer;
pub use any::{Standings, any};
pub use bandwidths::{AtBandwidth, BANDWIDTHS, Crossing, Curve, Landscape, landscape, survey};
pub use cause::Cause;
pub use decide::{Confirmation, Decision, REPEAT, Tied, decide, finalists};
pub use objective::Objective;
pub use plain::PlainRule;
pub use search::{Candidate, Found, Query, Rejected, search};
pub use space::{Family, MAX_LIMBS, RING_DEGREES, plain_bits_for};
