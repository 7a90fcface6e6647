//! Many runs: sweeps over parameters, and the search for the best.

pub mod bench;
mod decide;
mod objective;
pub mod pareto;
mod search;
mod space;
pub mod sweep;

pub use decide::{Confirmation, Decision, decide, finalists};
pub use objective::Objective;
pub use search::{Candidate, Found, Query, Rejected, search};
pub use space::{Family, MAX_LIMBS, RING_DEGREES, plain_bits_for};
