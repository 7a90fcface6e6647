//! The algorithms on slots, one file each: they differ in the form of their weights.

pub mod conventional;
pub mod hadamard;
pub mod hadamard_fused;
pub mod padded;
