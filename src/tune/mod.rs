//! Many runs: all combinations of layers, parameter sets, algorithms and reductions.

pub mod measure;
pub mod sweep;
