//! A benchmark: algorithms, reductions and numbers of threads side by side on every layer, with what
//! the machine allows.
//!
//! Runs of one layer take turns (A B C, A B C, ...), so that whatever disturbs the machine for a while
//! disturbs all of them, and ratios are taken within a turn.

mod execute;
mod ratios;
mod record;
#[cfg(test)]
mod tests;

pub use execute::{Bench, BenchError, Kind, bench};
pub use ratios::{Ratio, Ratios, ReductionRatio, ThreadsRatio};
pub use record::{BenchRecord, BenchRun, Figures, LayerBench, Spread};
